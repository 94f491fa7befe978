"""A webhook ends with the last key of its maker, whatever is written at the same time, and old deliveries go."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.triage.ledger.desk import AGENT, NOON, POWER, receive, reception
from tests.triage.ledger.subscriber import claim, deliveries, end, listen, retry, settle
from triage.errors import UnavailableError
from triage.ledger import outbox
from triage.ledger.book import writing_book
from triage.ledger.database import reading, writing
from triage.ledger.events import Draft, EventKind
from triage.ledger.keys import Role
from triage.ledger.outbox import State

MINUTE = timedelta(minutes=1)


def end_orphans(ledger):
    with writing(ledger.engine) as connection:
        return outbox.end_orphans(connection, at=ledger.now())


def hook_of_key(ledger, **lasting):
    """Make a key, and a webhook with it that is to be told something."""
    key, _ = ledger.create_key(role=Role.INTAKE, **lasting)
    webhook = listen(ledger, kinds=("received",), made_by=key.owner)
    receive(ledger)
    return key, webhook


def has_ended(ledger, webhook):
    with reading(ledger.engine) as connection:
        ended = outbox.one(connection, webhook).ended_at is not None
    [delivery] = deliveries(ledger, webhook)
    assert (delivery.state, delivery.answer) == ((State.DEAD, "webhook ended") if ended else (State.WAITING, ""))
    return ended


def test_the_webhooks_of_a_key_end_when_it_is_revoked_and_those_of_others_do_not(ledger):
    (_, other), (key, webhook) = hook_of_key(ledger), hook_of_key(ledger)
    ledger.revoke_key(key.id)
    receive(ledger)
    assert has_ended(ledger, webhook)
    assert [one.webhook.id for one in claim(ledger)] == [other] * 3


def test_a_webhook_ends_when_the_key_of_its_maker_expires(ledger, clock):
    _, webhook = hook_of_key(ledger, expires_at=NOON + MINUTE)
    clock.forward(seconds=59)
    assert (end_orphans(ledger), has_ended(ledger, webhook)) == (0, False)
    clock.forward(seconds=1)
    assert (end_orphans(ledger), has_ended(ledger, webhook)) == (1, True)
    assert end_orphans(ledger) == 0


def test_a_webhook_goes_on_under_the_key_that_replaces_its_own(ledger, clock):
    key, webhook = hook_of_key(ledger)
    fresh, _ = ledger.rotate_key(key.id, overlap=timedelta(hours=1))
    assert (end_orphans(ledger), has_ended(ledger, webhook)) == (0, False)
    clock.forward(hours=2)
    assert (end_orphans(ledger), has_ended(ledger, webhook)) == (0, False)
    ledger.revoke_key(key.id)
    assert not has_ended(ledger, webhook)
    ledger.revoke_key(fresh.id)
    assert has_ended(ledger, webhook)


@pytest.fixture
def impatient(ledger):
    """A ledger in which whoever would have to wait for another one gives up at once."""
    sqlite = ledger.engine.dialect.name == "sqlite"

    @event.listens_for(ledger.engine, "connect")
    def settle(connection, _):
        connection.cursor().execute("PRAGMA busy_timeout = 10" if sqlite else "SET lock_timeout = 10")
        connection.commit()

    ledger.engine.dispose()
    return ledger


@pytest.mark.parametrize("act", ["end", "end orphans", "retry"])
def test_who_ends_or_retries_waits_for_who_writes_down_what_is_to_be_told(impatient, act):
    webhook, order = listen(impatient, kinds=("received", "closed")), receive(impatient)
    [dead] = claim(impatient)
    settle(impatient, dead, State.DEAD)
    acts = {
        "end": lambda: end(impatient, webhook),
        "end orphans": lambda: end_orphans(impatient),
        "retry": lambda: retry(impatient, dead.delivery.id, webhook),
    }
    with writing_book(impatient.engine, actor=AGENT, versions={}, now=impatient.now) as book:
        book.order(order)
        book.append(Draft(order=order, kind=EventKind.CLOSED, facts={"unit": POWER}))
        book.flush()
        with pytest.raises(UnavailableError):
            acts[act]()
    acts[act]()
    end(impatient, webhook)
    assert {delivery.state for delivery in deliveries(impatient, webhook)} == {State.DEAD}


def forget(ledger, state, *, most=1000):
    with writing(ledger.engine) as connection:
        return outbox.forget(connection, state, before=ledger.now(), most=most)


def test_old_deliveries_are_forgotten_state_by_state_a_few_at_a_time(ledger, clock):
    webhook = listen(ledger, kinds=("received",))
    ledger.receive([(reception(), AGENT)] * 7)
    *delivered, dead, _ = claim(ledger)
    for one in delivered:
        settle(ledger, one, State.DELIVERED)
    settle(ledger, dead, State.DEAD)
    assert forget(ledger, State.DELIVERED) == 0
    clock.forward(seconds=1)
    assert [forget(ledger, State.DELIVERED, most=3) for _ in range(3)] == [3, 2, 0]
    assert [one.state for one in deliveries(ledger, webhook)] == [State.WAITING, State.DEAD]
    assert forget(ledger, State.DEAD) == 1
    assert [one.state for one in deliveries(ledger, webhook)] == [State.WAITING]
