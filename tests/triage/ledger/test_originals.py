"""The words as given are kept for whoever has the private key, and nobody reads them unseen."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.triage.ledger.desk import AGENT, AUDITOR, event_count, everything, receive
from triage.errors import InputError, MissingError
from triage.ledger import originals
from triage.ledger.originals import make_keys, opened, private_key, public_key, seal
from triage.ledger.tables import originals as kept
from triage.ledger.verify import verify

WORDS = "我叫王小明，电话13800138000，路灯不亮"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    directory = tmp_path_factory.mktemp("keys")
    private, public = directory / "private.pem", directory / "public.pem"
    make_keys(private, public)
    return private, public


@pytest.fixture
def order(ledger, pair):
    return receive(ledger, WORDS, sealed=seal(public_key(pair[1]), WORDS, "望京花园3号楼402室"))


def test_an_original_is_opened_with_the_private_key(ledger, pair, order):
    sealed = ledger.original(order, reason="核实地址", actor=AUDITOR)
    assert opened(private_key(pair[0]), sealed) == (WORDS, "望京花园3号楼402室")


def test_an_original_is_in_the_database_encrypted_alone(ledger, order):
    assert "13800138000" not in everything(ledger)
    assert "402室" not in everything(ledger)


def test_the_same_words_are_sealed_differently_each_time(pair):
    key = public_key(pair[1])
    assert seal(key, WORDS, None) != seal(key, WORDS, None)


@given(st.text(alphabet=st.characters()), st.none() | st.text())
def test_any_words_come_back_as_they_were(pair, text, address):
    assert opened(private_key(pair[0]), seal(public_key(pair[1]), text, address)) == (text, address)


def test_who_reads_an_original_is_written_down_with_the_reason(ledger, order):
    ledger.original(order, reason="核实 13800138000", actor=AUDITOR)
    last = ledger.history(order)[-1]
    assert (last.kind, last.by, last.role) == ("read", AUDITOR.id, "auditor")
    assert last.content == {"reason": "核实 〔电话〕"}
    verify(ledger.engine)


def test_every_reading_is_written_down(ledger, order):
    for _ in range(3):
        ledger.original(order, reason="核实", actor=AUDITOR)
    assert [e.kind for e in ledger.history(order)].count("read") == 3


def test_an_erased_order_has_no_original(ledger, order):
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    with ledger.engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(kept)) == 0
    before = event_count(ledger)
    with pytest.raises(MissingError):
        ledger.original(order, reason="核实", actor=AUDITOR)
    assert event_count(ledger) == before


def test_the_original_of_another_order_stays(ledger, pair, order):
    other = receive(ledger, WORDS, sealed=seal(public_key(pair[1]), WORDS, None))
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    assert ledger.original(other, reason="核实", actor=AUDITOR)


def test_where_none_is_kept_none_is_missing_but_the_original(ledger):
    order = receive(ledger)
    with pytest.raises(MissingError, match=order):
        ledger.original(order, reason="核实", actor=AUDITOR)
    assert ledger.entry(order).text


def test_erasure_leaves_what_happened_and_nothing_that_was_written(ledger, order):
    ledger.close(order, solution="已修复", actor=AGENT)
    assert ledger.erase(order, reason="本人要求", actor=AUDITOR) == 3
    entry = ledger.entry(order)
    assert (entry.text, entry.address, entry.routing, entry.order.reference) == (None, None, None, "")
    assert entry.order.erased
    assert entry.order == ledger.order(order)
    *before, erased = ledger.history(order)
    assert all(e.content is None and e.salt is None for e in before)
    assert erased.content == {"reason": "本人要求"}
    assert [e.kind for e in ledger.history(order)] == ["received", "routed", "decided", "closed", "erased"]


def test_the_private_key_is_for_its_owner_alone(pair):
    assert stat.S_IMODE(pair[0].stat().st_mode) == 0o600


def test_another_private_key_opens_nothing(pair, tmp_path):
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem")
    sealed = seal(public_key(pair[1]), WORDS, None)
    with pytest.raises(InputError, match="another key"):
        opened(private_key(tmp_path / "private.pem"), sealed)


@pytest.mark.parametrize("broken", [b"", b"short", b"x" * 400, None], ids=["empty", "short", "rubbish", "altered"])
def test_what_was_altered_is_not_opened(pair, broken):
    sealed = bytearray(seal(public_key(pair[1]), WORDS, None))
    sealed[-1] ^= 1
    with pytest.raises(InputError):
        opened(private_key(pair[0]), bytes(sealed) if broken is None else broken)


def test_keys_that_are_there_are_not_overwritten(pair):
    before = [path.read_bytes() for path in pair]
    with pytest.raises(InputError):
        make_keys(*pair)
    assert [path.read_bytes() for path in pair] == before


@pytest.mark.parametrize("read", [originals.public_key, originals.private_key])
@pytest.mark.parametrize("content", [b"", b"no key", None], ids=["empty", "rubbish", "missing"])
def test_a_file_that_holds_no_key_is_refused_with_a_remedy(tmp_path, read, content):
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="paidan originals keys"):
        read(path)


def test_one_half_is_not_taken_for_the_other(pair):
    with pytest.raises(InputError):
        public_key(pair[0])
    with pytest.raises(InputError):
        private_key(pair[1])
