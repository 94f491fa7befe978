"""Keys open what their role is for while they hold, and the database knows none of them."""

from datetime import timedelta

import pytest

from tests.triage.ledger.desk import NOON, STREET, everything
from triage.errors import ConflictError, MissingError
from triage.ledger import keys
from triage.ledger.database import reading, writing
from triage.ledger.events import Actor
from triage.ledger.keys import Role
from triage.ledger.verify import verify

HOUR = timedelta(hours=1)
BOSS = Actor(id="k-boss", role="administrator")


def unlocked(ledger, words):
    with reading(ledger.engine) as connection:
        return keys.with_words(connection, words, at=ledger.now())


def log_in(ledger, key):
    with writing(ledger.engine) as connection:
        return keys.begin_session(connection, key, at=ledger.now())


def inside(ledger, token):
    with reading(ledger.engine) as connection:
        return keys.in_session(connection, token, at=ledger.now())


@pytest.mark.parametrize("role", Role)
def test_a_key_is_found_by_its_words_with_its_role(ledger, role):
    unit = STREET if role is Role.UNIT else ""
    key, words = ledger.create_key(role=role, name="座席一组", unit=unit)
    assert unlocked(ledger, words) == key
    assert key.actor == Actor(id=key.id, role=role.value, owner=key.id)
    assert key.unit == unit


@pytest.mark.parametrize(("role", "unit"), [(Role.UNIT, ""), (Role.AGENT, STREET), (Role.ADMINISTRATOR, STREET)])
def test_a_unit_belongs_to_the_key_of_a_unit_alone(ledger, role, unit):
    with pytest.raises(ConflictError):
        ledger.create_key(role=role, unit=unit)
    assert verify(ledger.engine).events == 0


@pytest.mark.parametrize("words", ["", "paidan_", "x" * 100_000, "\x00", "\ud800", "密钥", "' OR 1=1 --"])
def test_other_words_open_nothing(ledger, words):
    ledger.create_key(role=Role.AGENT)
    assert unlocked(ledger, words) is None
    assert inside(ledger, words) is None


def test_words_that_differ_in_one_letter_open_nothing(ledger):
    _, words = ledger.create_key(role=Role.AGENT)
    for other in (words[:-1], words + "a", words.upper(), f" {words}"):
        assert unlocked(ledger, other) is None


def test_keys_are_never_the_same(ledger):
    made = [ledger.create_key(role=Role.AGENT) for _ in range(20)]
    assert len({words for _, words in made}) == len({key.id for key, _ in made}) == 20
    assert all(len(words) > 43 for _, words in made)


def test_a_key_holds_until_it_expires(ledger, clock):
    _, words = ledger.create_key(role=Role.AGENT, expires_at=NOON + HOUR)
    clock.at = NOON + HOUR - timedelta(microseconds=1)
    assert unlocked(ledger, words)
    clock.at = NOON + HOUR
    assert unlocked(ledger, words) is None


def test_a_revoked_key_and_its_sessions_end_at_once(ledger):
    key, words = ledger.create_key(role=Role.AGENT)
    other, _ = ledger.create_key(role=Role.AGENT)
    token, _ = log_in(ledger, key)
    kept, _ = log_in(ledger, other)
    assert ledger.revoke_key(key.id, actor=BOSS).revoked_at == NOON
    assert unlocked(ledger, words) is None
    assert inside(ledger, token) is None
    assert inside(ledger, kept)[0] == other


def test_a_key_is_revoked_when_it_was_first(ledger, clock):
    key, _ = ledger.create_key(role=Role.AGENT)
    ledger.revoke_key(key.id)
    clock.forward(hours=1)
    assert ledger.revoke_key(key.id).revoked_at == NOON


def test_a_rotated_key_goes_on_for_a_while(ledger, clock):
    old, old_words = ledger.create_key(role=Role.UNIT, unit=STREET, name="望京")
    new, new_words = ledger.rotate_key(old.id, overlap=HOUR)
    assert (new.role, new.unit, new.name) == (old.role, old.unit, old.name)
    assert new.id != old.id
    assert unlocked(ledger, old_words).id == old.id
    clock.forward(hours=1)
    assert unlocked(ledger, old_words) is None
    assert unlocked(ledger, new_words) == new


def test_a_key_that_expires_earlier_is_not_prolonged_by_its_rotation(ledger, clock):
    key, words = ledger.create_key(role=Role.AGENT, expires_at=NOON + HOUR)
    ledger.rotate_key(key.id, overlap=48 * HOUR)
    clock.forward(hours=1)
    assert unlocked(ledger, words) is None


@pytest.mark.parametrize("ended", ["expired", "revoked"])
def test_a_key_that_ended_is_not_rotated(ledger, clock, ended):
    key, _ = ledger.create_key(role=Role.AGENT, expires_at=NOON + HOUR)
    if ended == "revoked":
        ledger.revoke_key(key.id)
    else:
        clock.forward(hours=1)
    with pytest.raises(ConflictError):
        ledger.rotate_key(key.id, overlap=HOUR)


def test_a_key_that_was_never_made_is_missing(ledger):
    with pytest.raises(MissingError):
        ledger.rotate_key("k0000000000", overlap=HOUR)
    with pytest.raises(MissingError):
        ledger.revoke_key("k0000000000")
    assert verify(ledger.engine).events == 0


def test_a_session_ends_after_its_time(ledger, clock):
    key, _ = ledger.create_key(role=Role.AGENT)
    token, csrf = log_in(ledger, key)
    assert inside(ledger, token) == (key, csrf)
    clock.at = NOON + keys.SESSION - timedelta(microseconds=1)
    assert inside(ledger, token)
    clock.at = NOON + keys.SESSION
    assert inside(ledger, token) is None


def test_a_session_ends_with_its_key(ledger, clock):
    key, _ = ledger.create_key(role=Role.AGENT, expires_at=NOON + HOUR)
    token, _ = log_in(ledger, key)
    clock.forward(hours=1)
    assert inside(ledger, token) is None


def test_who_logs_out_is_out(ledger):
    key, _ = ledger.create_key(role=Role.AGENT)
    token, _ = log_in(ledger, key)
    other, _ = log_in(ledger, key)
    with writing(ledger.engine) as connection:
        keys.end_session(connection, token)
    assert inside(ledger, token) is None
    assert inside(ledger, other)


def test_what_is_repeated_against_forgery_opens_nothing_by_itself(ledger):
    key, _ = ledger.create_key(role=Role.AGENT)
    token, csrf = log_in(ledger, key)
    assert token != csrf
    assert inside(ledger, csrf) is None
    assert unlocked(ledger, csrf) is None


def test_neither_words_nor_tokens_are_in_the_database(ledger):
    key, words = ledger.create_key(role=Role.AGENT)
    _, new_words = ledger.rotate_key(key.id, overlap=HOUR)
    token, _ = log_in(ledger, key)
    kept = everything(ledger)
    for secret in (words, new_words, token):
        assert secret not in kept
        assert secret[-43:] not in kept  # the random part
        assert keys.digest(secret) in kept


def test_that_keys_were_made_and_revoked_is_in_the_chain(ledger):
    old, _ = ledger.create_key(role=Role.AGENT, actor=BOSS)
    new, _ = ledger.rotate_key(old.id, overlap=HOUR, actor=BOSS)
    ledger.revoke_key(new.id, actor=BOSS)
    told = ledger.history("")
    assert [(e.kind, e.by, e.facts["key"]) for e in told] == [
        ("key_created", BOSS.id, old.id),
        ("key_created", BOSS.id, new.id),
        ("key_revoked", BOSS.id, new.id),
    ]
    assert verify(ledger.engine).events == 3


def test_keys_are_listed_the_oldest_first(ledger, clock):
    made = []
    for _ in range(3):
        made.append(ledger.create_key(role=Role.AGENT)[0])
        clock.forward(seconds=1)
    with reading(ledger.engine) as connection:
        assert keys.listed(connection) == made
