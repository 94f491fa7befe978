"""`paidan keys`, `paidan ledger`, `paidan originals`, and the first key of a machine."""

import getpass
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from api import cli, serving
from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import everything, receive
from triage.errors import InputError
from triage.ledger import keys
from triage.ledger.database import reading
from triage.ledger.ledger import Ledger
from triage.ledger.originals import make_keys, public_key, seal
from triage.ledger.verify import verify

WORDS = "张三投诉路灯不亮，电话13800138000"  # made up for these tests


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
def paidan(capsys, monkeypatch, url):
    """Run a command on the ledger of the test; answer its exit code, its output and its complaints."""
    monkeypatch.setenv("PAIDAN_DATABASE", url)

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return caught.value.code or 0, out, err

    return run


@pytest.fixture
def holds(office):
    """Tell whether the words of a key open anything."""

    def asked(words):
        office.app.state.doorkeeper.forget()
        return office.get("/v1/session", headers={"Authorization": f"Bearer {words}"}).status_code == 200

    return asked


def made(out):
    """Return id and words of a key as the command tells them."""
    assert out.count("\n") == 1
    return out.split()[0], out.split()[-1]


def test_a_key_is_the_last_word_and_opens_the_service(paidan, holds, ledger):
    code, out, err = paidan("keys", "create", "--role", "agent", "--name", "座席 一号")
    id_, words = made(out)
    assert (code, err) == (0, "")
    assert words.startswith(f"paidan_{id_}_")
    assert "座席 一号" in out
    assert holds(words)
    assert words.split("_", 2)[2] not in everything(ledger)


def test_keys_are_listed_without_their_words(paidan):
    _, out, _ = paidan("keys", "create", "--role", "unit", "--unit", "cy-wj", "--days", "3")
    id_, words = made(out)
    code, out, err = paidan("keys", "list")
    assert (code, err) == (0, "")
    assert out.startswith(f"{id_}  unit           cy-wj  until 20")
    assert words.split("_", 2)[2] not in out
    paidan("keys", "revoke", id_)
    assert "revoked 20" in paidan("keys", "list")[1]


def test_no_keys_are_no_lines(paidan):
    assert paidan("keys", "list") == (0, "", "")


def test_a_revoked_key_opens_nothing(paidan, holds):
    id_, words = made(paidan("keys", "create", "--role", "agent")[1])
    assert holds(words)
    assert paidan("keys", "revoke", id_) == (0, f"{id_} is revoked\n", "")
    assert not holds(words)


def test_a_rotated_key_holds_for_as_long_as_was_said(paidan, holds):
    id_, old = made(paidan("keys", "create", "--role", "agent")[1])
    code, out, _ = paidan("keys", "rotate", id_, "--hours", "1")
    second, new = made(out)
    assert (code, holds(old), holds(new)) == (0, True, True)
    _, out, _ = paidan("keys", "rotate", second, "--hours", "0")
    assert (holds(new), holds(made(out)[1])) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("keys", "create", "--role", "king"), "'king' is no role; take one of agent, intake"),
        (("keys", "create", "--role", "agent", "--database", "x"), "no database URL; write sqlite:///file.db"),
        (("keys", "create", "--role", "agent", "--database", "mysql://x/y"), "not a database for a ledger"),
        (("keys", "create", "--role", "agent", "--database", "sqlite://"), "not a database for a ledger"),
        (
            ("keys", "create", "--role", "agent", "--database", "sqlite:////proc/x/y.db"),
            "name a file that can be written",
        ),
        (("ledger", "verify", "--anchor", "x"), "an anchor is NUMBER:HASH"),
        (
            ("originals", "read", "20261122-1", "--private", "nowhere.pem", "--reason", "x"),
            "nowhere.pem: no private key",
        ),
    ],
)
def test_bad_input_is_told_in_one_line(arguments, words, paidan):
    code, out, err = paidan(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("paidan: ")
    assert words in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create"),
        ("keys", "create", "--role", "agent", "--days", "0"),
        ("keys", "rotate", "k1", "--hours", "-1"),
        ("keys", "destroy", "k1"),
        ("ledger", "erase", "20261122-1"),
        ("originals", "read", "20261122-1", "--reason", "x"),
    ],
)
def test_a_command_that_is_incomplete_is_bad_input(arguments, paidan):
    code, out, err = paidan(*arguments)
    assert (code, out) == (2, "")
    assert "Error: " in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "create", "--role", "agent", "--days", "99999999"),
        ("keys", "create", "--role", "agent", "--name", "\udcff"),
        ("keys", "rotate", "{key}", "--hours", "99999999999"),
    ],
    ids=["days", "name", "hours"],
)
def test_a_number_or_name_that_nothing_can_be_done_with_is_bad_input(arguments, paidan):
    key, _ = made(paidan("keys", "create", "--role", "agent")[1])
    code, out, err = paidan(*[argument.replace("{key}", key) for argument in arguments])
    assert (code, out) == (2, "")
    assert err


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "revoke", "k0000000000"),
        ("keys", "rotate", "k0000000000"),
        ("ledger", "erase", "20261122-1", "--reason", "x"),
        ("keys", "create", "--role", "unit"),
        ("keys", "create", "--role", "agent", "--unit", "cy-wj"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_told_in_one_line(arguments, paidan):
    code, out, err = paidan(*arguments)
    assert code in (1, 2)
    assert (out, err.count("\n"), err.startswith("paidan: ")) == ("", 1, True)


def test_a_ledger_is_proved_and_the_end_is_an_anchor(paidan, ledger):
    receive(ledger)
    code, out, _ = paidan("ledger", "verify")
    assert (code, out.splitlines()[0]) == (0, "3 events of 1 orders are as they were written; 0 erased")
    anchor = out.split()[-1]
    receive(ledger)
    assert paidan("ledger", "verify", "--anchor", anchor)[0] == 0
    number, hash_ = anchor.split(":")
    other = f"{number}:{hash_[::-1]}"
    code, out, err = paidan("ledger", "verify", "--anchor", other)
    assert (code, out) == (1, "")
    assert err.startswith(f"paidan: event {number} is another one")


def test_a_ledger_that_was_altered_is_told(paidan, ledger):
    order = receive(ledger)
    with ledger.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET district = '海淀区'")
    code, out, err = paidan("ledger", "verify")
    assert (code, out) == (1, "")
    assert err == f"paidan: the state of order {order} does not follow from its events\n"


def test_erasing_leaves_that_it_happened(paidan, ledger):
    order = receive(ledger)
    code, out, _ = paidan("ledger", "erase", order, "--reason", "当事人申请")
    assert (code, out) == (0, f"what was written in 2 events of {order} is erased\n")
    assert ledger.entry(order).text is None
    assert verify(ledger.engine).erased == 1


def test_keys_of_originals_are_made_once_and_private(paidan, tmp_path):
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    command = ("originals", "keys", "--private", private, "--public", public)
    assert paidan(*command)[0] == 0
    assert private.stat().st_mode & 0o777 == 0o600
    kept = private.read_bytes()
    code, _, err = paidan(*command)
    assert (code, err.count("\n")) == (2, 1)
    assert "name a new file" in err
    assert private.read_bytes() == kept


@pytest.fixture
def kept(ledger, tmp_path):
    """An order whose words are kept as they were said."""
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem")
    sealed = seal(public_key(tmp_path / "public.pem"), WORDS, "望京西园四区")
    return receive(ledger, sealed=sealed)


def test_an_original_is_read_and_that_it_was_is_written_down(paidan, kept, ledger, tmp_path):
    private, why = tmp_path / "private.pem", "需联系当事人"
    code, out, _ = paidan("originals", "read", kept, "--private", private, "--reason", why, "--by", "保管员")
    assert (code, out) == (0, f"{WORDS}\n望京西园四区\n")
    last = ledger.history(kept)[-1]
    assert (last.kind, last.by, last.role, last.content) == ("read", "保管员", "operator", {"reason": why})


def test_who_runs_a_command_is_written_down(paidan, kept, ledger):
    paidan("ledger", "erase", kept, "--reason", "x")
    assert (ledger.history(kept)[-1].by, ledger.history(kept)[-1].role) == (getpass.getuser(), "operator")
    code, _, err = paidan("ledger", "erase", kept, "--reason", "x", "--by", "x" * 41)
    assert (code, err.count("\n")) == (2, 1)
    assert "by" in err


def test_another_key_opens_no_original(paidan, kept, tmp_path):
    make_keys(tmp_path / "other.pem", tmp_path / "other.pub.pem")
    code, out, err = paidan("originals", "read", kept, "--private", tmp_path / "other.pem", "--reason", "x")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "another key" in err


def test_an_original_that_was_erased_is_read_no_more(paidan, kept, tmp_path):
    paidan("ledger", "erase", kept, "--reason", "x")
    code, out, err = paidan("originals", "read", kept, "--private", tmp_path / "private.pem", "--reason", "x")
    assert (code, out) == (1, "")
    assert err == f"paidan: no original of order {kept} is kept\n"


def test_the_first_key_of_a_machine_is_in_a_file_for_its_owner(ledger, settings, holds, capsys):
    serving._settle_keys(ledger, settings)
    file = settings.state / serving.LOCAL_KEY
    assert file.stat().st_mode & 0o777 == 0o600
    words = file.read_text().strip()
    assert holds(words)
    told = capsys.readouterr().err
    assert str(file) in told
    assert words.split("_", 2)[2] not in told
    serving._settle_keys(ledger, settings)
    assert (file.read_text().strip(), capsys.readouterr().err) == (words, "")


def test_the_first_key_replaces_one_of_a_ledger_that_is_gone(ledger, settings, holds):
    file = settings.state / serving.LOCAL_KEY
    file.write_text("old\n")
    file.chmod(0o644)
    serving._settle_keys(ledger, settings)
    assert file.stat().st_mode & 0o777 == 0o600
    assert holds(file.read_text().strip())


def test_others_are_not_served_where_nobody_has_a_key(ledger, settings):
    with pytest.raises(InputError, match="paidan keys create"):
        serving._settle_keys(ledger, replace(settings, behind_proxy=True))
    assert not (settings.state / serving.LOCAL_KEY).exists()
    key, _ = ledger.create_key(role=keys.Role.ADMINISTRATOR)
    serving._settle_keys(ledger, replace(settings, behind_proxy=True))
    ledger.revoke_key(key.id)
    with pytest.raises(InputError):
        serving._settle_keys(ledger, replace(settings, behind_proxy=True))


def test_no_key_is_made_where_its_words_cannot_be_written(ledger, tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(InputError, match="PAIDAN_STATE"):
        serving._settle_keys(ledger, Settings(state=tmp_path / "state"))
    with reading(ledger.engine) as connection:
        assert keys.listed(connection) == []


def test_a_database_that_does_not_answer_is_no_bad_input(paidan):
    code, out, err = paidan("keys", "list", "--database", "postgresql://127.0.0.1:1/none")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("paidan: the database does not answer")


def test_the_file_of_a_ledger_is_for_its_owner_alone(ledger, tmp_path):
    assert isinstance(ledger, Ledger)
    assert (tmp_path / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_a_session_of_the_console_begins_with_the_first_key(ledger, settings):
    serving._settle_keys(ledger, settings)
    words = (settings.state / serving.LOCAL_KEY).read_text().strip()
    with TestClient(create_app(KeywordTriage(), settings, ledger)) as client:
        assert client.post("/v1/session", json={"key": words}).json()["role"] == "administrator"


def test_a_ledger_that_is_not_there_is_not_proved(paidan, tmp_path):
    missing = tmp_path / "typed-wrong.db"
    code, _, err = paidan("ledger", "verify", "--database", f"sqlite:///{missing}")
    assert (code, err.count("\n")) == (2, 1)
    assert "there is no ledger here" in err
    assert not missing.exists()
