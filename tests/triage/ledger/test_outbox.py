"""Webhooks are told of what they want to hear, by one sender at a time, until it was told or given up."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from tests.triage.ledger.desk import (
    AGENT,
    NOON,
    POWER,
    SENSORS,
    STREET,
    SURE,
    UNSURE,
    at_once,
    receive,
    reception,
    send_back,
)
from tests.triage.ledger.subscriber import claim, deliveries, end, listen, retry, settle
from triage.errors import ConflictError, MissingError
from triage.ledger import outbox
from triage.ledger.counts import counted
from triage.ledger.database import reading, writing
from triage.ledger.keys import Role
from triage.ledger.outbox import CLAIM, State
from triage.ledger.search import Filters, find

MINUTE = timedelta(minutes=1)


def told(ledger, webhook):
    """The kinds of events that a webhook is to be told, the oldest first."""
    kinds = {e.number: e.kind.value for order in orders_of(ledger) for e in ledger.history(order)}
    return [kinds[delivery.event] for delivery in reversed(deliveries(ledger, webhook))]


def orders_of(ledger):
    return [entry.order.id for entry in find(ledger, Filters(), limit=1000)[0]]


def finish(ledger):
    order = receive(ledger, UNSURE)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    send_back(ledger, order)
    ledger.dispatch(order, unit=STREET, actor=AGENT)
    ledger.close(order, actor=AGENT)
    return order


def test_a_webhook_without_wishes_hears_all_but_what_is_internal(ledger):
    webhook = listen(ledger)
    finish(ledger)
    ledger.create_key(role=Role.AGENT)
    assert told(ledger, webhook) == [
        "received",
        "decided",
        "dispatched",
        "returned",
        "decided",
        "redispatched",
        "closed",
    ]


def test_a_webhook_hears_the_kinds_that_it_asked_for(ledger):
    webhook = listen(ledger, kinds=("returned", "closed"))
    finish(ledger)
    assert told(ledger, webhook) == ["returned", "closed"]


def test_a_webhook_of_a_unit_hears_what_concerns_it_alone(ledger):
    power, street = listen(ledger, unit=POWER), listen(ledger, unit=STREET)
    finish(ledger)
    assert told(ledger, power) == ["dispatched", "returned"]
    assert told(ledger, street) == ["redispatched", "closed"]


def test_a_unit_that_assists_is_told(ledger):
    webhook = listen(ledger, unit=STREET)
    order = receive(ledger, UNSURE)
    ledger.dispatch(order, unit=POWER, assist=[STREET], actor=AGENT)
    ledger.sign(order, actor=AGENT)
    assert told(ledger, webhook) == ["dispatched", "signed"]


def test_a_webhook_of_an_owner_hears_of_its_own_orders_alone(ledger):
    webhook = listen(ledger, owner=SENSORS.id, kinds=("received", "closed"))
    receive(ledger, actor=AGENT)
    mine = receive(ledger, actor=SENSORS)
    ledger.close(mine, actor=AGENT)
    assert told(ledger, webhook) == ["received", "closed"]


def test_wishes_hold_together(ledger):
    webhook = listen(ledger, owner=SENSORS.id, unit=STREET, kinds=("dispatched",))
    receive(ledger, SURE, actor=AGENT)
    receive(ledger, UNSURE, actor=SENSORS)
    receive(ledger, SURE, actor=SENSORS)
    assert told(ledger, webhook) == ["dispatched"]


def test_nothing_is_told_of_what_was_before_or_did_not_happen(ledger):
    order = receive(ledger)
    webhook = listen(ledger)
    with pytest.raises(ConflictError):
        ledger.sign(order, actor=AGENT)
    assert told(ledger, webhook) == []


def test_events_are_told_in_their_order(ledger):
    listen(ledger)
    finish(ledger)
    assert (numbers := [claimed.event.number for claimed in claim(ledger)]) == sorted(numbers)


def test_a_claim_holds_until_it_runs_out(ledger, clock):
    listen(ledger, kinds=("received",))
    receive(ledger)
    [first] = claim(ledger)
    assert (first.event.kind, first.webhook.url) == ("received", "https://example.org/hook")
    assert claim(ledger) == []
    clock.at = NOON + CLAIM - timedelta(microseconds=1)
    assert claim(ledger) == []
    clock.at = NOON + CLAIM
    [again] = claim(ledger)
    assert again.delivery.id == first.delivery.id


def test_no_more_is_claimed_than_was_asked_for(ledger):
    listen(ledger)
    finish(ledger)
    sizes = [len(claim(ledger, most=3)) for _ in range(4)]
    assert sizes == [3, 3, 1, 0]


def test_threads_that_claim_at_once_share_and_repeat_nothing(ledger):
    webhook = listen(ledger, kinds=("received",))
    for _ in range(40):
        receive(ledger)

    def claim_all():
        mine = []
        while some := claim(ledger, most=3):
            mine += some
        return mine

    claimed = [one.delivery.id for mine in at_once(*[claim_all] * 6) for one in mine]
    assert sorted(claimed) == sorted(delivery.id for delivery in deliveries(ledger, webhook))


def test_what_was_delivered_is_not_claimed_again(ledger, clock):
    webhook = listen(ledger, kinds=("received",))
    receive(ledger)
    settle(ledger, claim(ledger)[0], State.DELIVERED)
    clock.forward(days=1)
    assert claim(ledger) == []
    [delivery] = deliveries(ledger, webhook)
    assert (delivery.state, delivery.attempts) == (State.DELIVERED, 1)


def test_what_failed_is_claimed_again_when_it_is_due(ledger, clock):
    listen(ledger, kinds=("received",))
    receive(ledger)
    [first] = claim(ledger)
    settle(ledger, first, State.WAITING, after=MINUTE)
    clock.forward(seconds=59)
    assert claim(ledger) == []
    clock.forward(seconds=1)
    [again] = claim(ledger)
    assert (again.delivery.id, again.delivery.attempts, again.delivery.answer) == (first.delivery.id, 1, "503")


def test_a_dead_letter_waits_for_somebody_to_retry_it(ledger, clock):
    webhook = listen(ledger, kinds=("received",))
    receive(ledger)
    [first] = claim(ledger)
    settle(ledger, first, State.DEAD)
    clock.forward(days=1)
    assert claim(ledger) == []
    assert [delivery.id for delivery in deliveries(ledger, webhook, State.DEAD)] == [first.delivery.id]
    with writing(ledger.engine) as connection:
        retried = outbox.retry(connection, first.delivery.id, webhook=webhook, at=clock())
    assert (retried.state, retried.attempts) == (State.WAITING, 0)
    assert [one.delivery.id for one in claim(ledger)] == [first.delivery.id]


def test_what_is_no_dead_letter_of_the_webhook_is_not_retried(ledger):
    webhook, other = listen(ledger, kinds=("received",)), listen(ledger, kinds=("closed",))
    receive(ledger)
    [waiting] = claim(ledger)
    with pytest.raises(MissingError):
        retry(ledger, "msg_none", webhook)
    with pytest.raises(MissingError):
        retry(ledger, waiting.delivery.id, webhook)
    settle(ledger, waiting, State.DEAD)
    with pytest.raises(MissingError):
        retry(ledger, waiting.delivery.id, other)


def test_threads_that_retry_at_once_do_it_once(ledger):
    webhook = listen(ledger, kinds=("received",))
    receive(ledger)
    [dead] = claim(ledger)
    settle(ledger, dead, State.DEAD)
    results = at_once(*[partial(retry, ledger, dead.delivery.id, webhook)] * 4)
    assert sum(isinstance(result, MissingError) for result in results) == 3


def test_a_webhook_that_ended_hears_nothing_more(ledger, clock):
    webhook, other = listen(ledger, kinds=("received",)), listen(ledger, kinds=("received",))
    receive(ledger)
    end(ledger, webhook)
    receive(ledger)
    assert [one.webhook.id for one in claim(ledger)] == [other, other]
    assert [delivery.state for delivery in deliveries(ledger, webhook)] == [State.DEAD]
    with reading(ledger.engine) as connection:
        assert [one.id for one in outbox.listed(connection)] == [other]
        assert outbox.one(connection, webhook).ended_at == NOON


def test_a_dead_letter_of_a_webhook_that_ended_stays_dead(ledger):
    webhook = listen(ledger, kinds=("received",))
    receive(ledger)
    end(ledger, webhook)
    [dead] = deliveries(ledger, webhook)
    with pytest.raises((MissingError, ConflictError)):
        retry(ledger, dead.id, webhook)
    assert claim(ledger) == []


def test_a_webhook_that_was_never_added_is_missing(ledger):
    with pytest.raises(MissingError):
        end(ledger, "wh_none")
    with reading(ledger.engine) as connection, pytest.raises(MissingError):
        outbox.one(connection, "wh_none")


def test_whether_something_is_due_is_told_without_claiming(ledger, clock):
    listen(ledger, kinds=("received",))

    def due():
        with reading(ledger.engine) as connection:
            return outbox.any_due(connection, at=clock())

    assert not due()
    receive(ledger)
    assert due()
    assert due()
    claim(ledger)
    assert not due()
    clock.forward(minutes=2)
    assert due()


def test_a_webhook_that_does_not_answer_keeps_no_other_waiting(ledger):
    silent = listen(ledger, kinds=("received",))
    ledger.receive([(reception(), AGENT)] * 100)
    other = listen(ledger, kinds=("received",))
    receive(ledger)
    assert Counter(one.webhook.id for one in claim(ledger, most=32)) == {silent: 8, other: 1}
    assert Counter(one.webhook.id for one in claim(ledger, most=32)) == {silent: 8}


def test_only_what_was_not_delivered_is_counted(ledger):
    assert counted(ledger.engine).deliveries == {"waiting": 0, "dead": 0}
    listen(ledger)
    finish(ledger)
    delivered, dead, *_ = claim(ledger)
    settle(ledger, delivered, State.DELIVERED)
    settle(ledger, dead, State.DEAD)
    assert counted(ledger.engine).deliveries == {"waiting": 5, "dead": 1}
