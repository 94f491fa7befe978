"""Orders of a time are read as they were first routed, in pages, in either database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from tests.training.traffic import PACK, a_unit_takes_over, pass_days
from tests.triage.ledger.desk import (
    AGENT,
    AUDITOR,
    NOON,
    POWER,
    STREET,
    SURE,
    TRAFFIC,
    UNSURE,
    receive,
    routed,
    send_back,
)
from training.watch import watch
from triage.domain import Action
from triage.ledger.alerts import alerts
from triage.ledger.traffic import Passed, passed
from triage.ledger.verify import verify

DAY = timedelta(days=1)


def read(ledger, since=NOON - DAY, until=NOON + 60 * DAY, **given):
    return list(passed(ledger.engine, since=since, until=until, **given))


def test_of_no_orders_there_is_nothing_to_read(ledger):
    assert read(ledger) == []


def test_an_order_as_it_was_routed_and_sent_by_itself(ledger):
    order = receive(ledger, SURE)
    assert read(ledger) == [
        Passed(
            id=order,
            received_at=NOON,
            text=SURE,
            topic="T0101",
            district="朝阳区",
            unit=STREET,
            sure=0.9,
            fits=0.666667,
            bundle="small-1",
            sent_at=NOON,
        )
    ]


def test_personal_data_is_masked(ledger):
    receive(ledger, f"{UNSURE}，电话13800138000")  # made up for this test
    [found] = read(ledger)
    assert ("13800138000" in found.text, "〔" in found.text) == (False, True)


def test_later_routings_change_nothing_and_the_first_return_counts(ledger, clock):
    order = receive(ledger, SURE)
    [before] = read(ledger)
    clock.forward(hours=1)
    send_back(ledger, order, routing=routed(UNSURE))
    clock.forward(hours=1)
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    clock.forward(hours=1)
    send_back(ledger, order, routing=routed(UNSURE))
    [after] = read(ledger)
    assert after == replace(before, returned_at=NOON + timedelta(hours=1), returned_by=STREET)


def test_where_nothing_was_suggested_the_unit_is_the_one_that_it_was_sent_to(ledger):
    routing = replace(routed(UNSURE, action=Action.REVIEW), suggestions=(), topics=())
    order = receive(ledger, routing=routing)
    [found] = read(ledger)
    assert (found.unit, found.sure, found.fits, found.sent_at) == ("", None, None, None)
    ledger.dispatch(order, unit=TRAFFIC, actor=AGENT)
    [found] = read(ledger)
    assert (found.unit, found.sure, found.sent_at) == (TRAFFIC, None, NOON)


def test_what_was_erased_has_no_words_and_no_topics_of_its_routing(ledger):
    order = receive(ledger, SURE)
    ledger.erase(order, reason="市民要求", actor=AUDITOR)
    [found] = read(ledger)
    assert (found.text, found.fits) == ("", None)
    assert (found.topic, found.unit, found.sure) == ("T0101", STREET, 0.9)


def test_the_time_is_from_one_moment_up_to_another_without_it(ledger):
    orders = [receive(ledger, received_at=NOON + hours * timedelta(hours=1)) for hours in (3, 0, 1, 2)]
    found = read(ledger, since=NOON, until=NOON + timedelta(hours=3))
    assert [one.id for one in found] == [orders[1], orders[2], orders[3]]


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 8])
def test_pages_neither_repeat_nor_leave_out_an_order(ledger, at_once):
    for at in (4, 1, 1, 1, 0, 1, 3):
        receive(ledger, received_at=NOON + timedelta(microseconds=at))
    whole = read(ledger)
    assert len({one.id for one in whole}) == 7
    assert read(ledger, at_once=at_once) == whole == sorted(whole, key=lambda one: one.received_at)


def test_a_page_costs_two_questions_and_no_order_outside_the_time_any(ledger):
    for at in range(20):
        send_back(ledger, receive(ledger, SURE, received_at=NOON + at * DAY))
    asked = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert len(read(ledger, since=NOON + 12 * DAY, until=NOON + 18 * DAY, at_once=3)) == 6
    assert sum(question.lstrip().startswith("SELECT") for question in asked) <= 2 * 3


def test_what_moved_becomes_an_event_in_either_database(ledger, clock):
    due = pass_days(ledger, clock, 28)
    pass_days(ledger, clock, 7, seed=100, change=a_unit_takes_over, due=due)
    clock.forward(seconds=1)
    found = watch(ledger, PACK, now=clock())
    assert [one.facts["axis"] for one in found.alerts] == ["units"]
    assert watch(ledger, PACK, now=clock()).alerts == ()
    assert [one.number for one in alerts(ledger, since=NOON)] == [ledger.end().number] == [found.alerts[0].number]
    assert verify(ledger.engine).orders == found.before + found.now
