"""The clock reminds before a deadline and tells after it, each once, whoever looks at it."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from tests.triage.ledger.desk import (
    AGENT,
    DUE,
    NOON,
    POWER,
    SURE,
    UNSURE,
    at_once,
    event_count,
    receive,
    routed,
    send_back,
)
from triage.domain import Action
from triage.ledger.order import Said
from triage.ledger.verify import verify


@pytest.fixture
def waiting(ledger):
    """An order that a person has to dispatch."""
    return receive(ledger, routing=routed(UNSURE, due=DUE))


@pytest.fixture
def sent(ledger):
    return receive(ledger, routing=routed(SURE, due=DUE))


def rung(ledger, order):
    return [(e.kind.value, e.facts["of"]) for e in ledger.history(order) if e.kind in {"reminded", "overdue"}]


def ring_all(ledger):
    while due := ledger.alarms(most=10):
        for order in due:
            ledger.ring(order)


def test_nothing_rings_before_its_time(ledger, clock, waiting):
    clock.at = DUE.dispatch_remind_at - timedelta(microseconds=1)
    assert ledger.alarms(most=10) == []
    assert ledger.ring(waiting) is None
    assert event_count(ledger) == 3


def test_a_reminder_comes_before_the_deadline(ledger, clock, waiting):
    clock.at = DUE.dispatch_remind_at
    assert ledger.alarms(most=10) == [waiting]
    alarm = ledger.ring(waiting)
    assert (alarm.kind, alarm.of, alarm.at) == ("reminded", "dispatch", DUE.dispatch_remind_at)
    assert ledger.alarms(most=10) == []
    assert ledger.ring(waiting) is None
    clock.at = DUE.dispatch_by
    assert ledger.ring(waiting).kind == "overdue"
    assert ledger.ring(waiting) is None
    assert rung(ledger, waiting) == [("reminded", "dispatch"), ("overdue", "dispatch")]


def test_both_come_in_their_order_where_nobody_looked_for_long(ledger, clock, waiting):
    clock.forward(days=30)
    ring_all(ledger)
    assert rung(ledger, waiting) == [("reminded", "dispatch"), ("overdue", "dispatch")]


def test_after_a_dispatch_the_deadlines_are_those_of_the_answer(ledger, clock, waiting):
    ledger.dispatch(waiting, unit=POWER, actor=AGENT)
    clock.at = DUE.dispatch_by
    assert ledger.alarms(most=10) == []
    clock.at = DUE.feedback_remind_at
    assert ledger.alarms(most=10) == [waiting]
    clock.at = DUE.feedback_by
    ring_all(ledger)
    assert rung(ledger, waiting) == [("reminded", "feedback"), ("overdue", "feedback")]
    assert ledger.order(waiting).overdue


def test_a_late_dispatch_alone_is_no_late_answer(ledger, clock, waiting):
    clock.at = DUE.dispatch_by
    ring_all(ledger)
    ledger.dispatch(waiting, unit=POWER, actor=AGENT)
    ledger.close(waiting, actor=AGENT)
    assert not ledger.order(waiting).overdue


def test_an_order_that_comes_back_has_no_more_time_than_before(ledger, clock, sent):
    later = replace(DUE, feedback_by=NOON + timedelta(days=9), feedback_remind_at=NOON + timedelta(days=8))
    clock.forward(hours=5)
    send_back(ledger, sent, routing=routed(UNSURE, due=later))
    assert ledger.order(sent).feedback_by == DUE.feedback_by
    clock.at = DUE.feedback_by
    ring_all(ledger)
    assert rung(ledger, sent) == [("reminded", "feedback"), ("overdue", "feedback")]


def test_an_alarm_that_went_off_does_not_again_after_a_return(ledger, clock, sent):
    clock.at = DUE.feedback_by
    ring_all(ledger)
    send_back(ledger, sent, routing=routed(UNSURE, due=DUE))
    ledger.dispatch(sent, unit=POWER, actor=AGENT)
    clock.forward(days=30)
    ring_all(ledger)
    assert rung(ledger, sent) == [("reminded", "feedback"), ("overdue", "feedback")]


ENDS = {
    "closed": lambda ledger, order: ledger.close(order, actor=AGENT),
    "merged": lambda ledger, order: ledger.merge(order, into=receive(ledger), actor=AGENT),
}


@pytest.mark.parametrize("end", ENDS)
def test_nothing_rings_for_an_order_that_is_done(ledger, clock, sent, end):
    ENDS[end](ledger, sent)
    assert ledger.order(sent).status == end
    clock.forward(days=30)
    assert ledger.alarms(most=10) == []
    assert ledger.ring(sent) is None


@pytest.mark.parametrize("action", [Action.TRANSFER, Action.DECLINE])
def test_nothing_rings_for_an_order_that_went_elsewhere(ledger, clock, action):
    order = receive(ledger, routing=routed(due=DUE, action=action))
    clock.forward(days=30)
    assert ledger.alarms(most=10) == []
    assert ledger.ring(order) is None


@pytest.mark.parametrize("action", [Action.TRANSFER, Action.DECLINE])
def test_what_came_back_waits_for_a_person_whatever_it_looks_like_now(ledger, clock, sent, action):
    send_back(ledger, sent, routing=routed(action=action, due=DUE))
    assert ledger.order(sent).status == "returned"
    clock.at = DUE.feedback_by
    ring_all(ledger)
    assert rung(ledger, sent) == [("reminded", "feedback"), ("overdue", "feedback")]


def test_an_order_that_was_not_solved_is_on_the_clock_again(ledger, clock, sent):
    ledger.close(sent, actor=AGENT)
    ledger.call_back(sent, Said(solved=False), actor=AGENT)
    ledger.dispatch(sent, unit=POWER, actor=AGENT)
    clock.at = DUE.feedback_by
    ring_all(ledger)
    assert rung(ledger, sent) == [("reminded", "feedback"), ("overdue", "feedback")]


def test_an_order_that_is_answered_too_late_is_overdue_though_nothing_rang(ledger, clock, sent):
    clock.at = DUE.feedback_by + timedelta(microseconds=1)
    ledger.close(sent, actor=AGENT)
    assert ledger.order(sent).overdue


def test_an_order_that_is_answered_in_the_last_moment_is_not(ledger, clock, sent):
    clock.at = DUE.feedback_by
    ledger.close(sent, actor=AGENT)
    assert not ledger.order(sent).overdue


def test_an_order_without_deadlines_never_rings(ledger, clock):
    order = receive(ledger)
    clock.forward(days=3650)
    assert ledger.alarms(most=10) == []
    assert ledger.ring(order) is None


def test_four_who_ring_at_once_ring_once(ledger, clock, waiting):
    clock.at = DUE.dispatch_by
    rang = at_once(*[partial(ledger.ring, waiting) for _ in range(4)])
    assert sorted(alarm.kind for alarm in rang if alarm) == ["overdue", "reminded"]
    assert rung(ledger, waiting) == [("reminded", "dispatch"), ("overdue", "dispatch")]
    verify(ledger.engine)


def test_the_earliest_ring_first_and_no_more_than_asked_for(ledger, clock):
    late = receive(ledger, routing=routed(UNSURE, due=replace(DUE, dispatch_remind_at=NOON + timedelta(minutes=9))))
    soon = receive(ledger, routing=routed(UNSURE, due=replace(DUE, dispatch_remind_at=NOON + timedelta(minutes=3))))
    clock.forward(minutes=10)
    assert ledger.alarms(most=10) == [soon, late]
    assert ledger.alarms(most=1) == [soon]
