"""Orders are found by what is known of them, and no page repeats or leaves out one of them."""

from datetime import timedelta

import pytest

from tests.triage.ledger.desk import (
    AGENT,
    AUDITOR,
    DUE,
    NOON,
    POWER,
    SENSORS,
    STREET,
    SURE,
    TRAFFIC,
    UNSURE,
    receive,
    routed,
    send_back,
)
from triage.directory import CHINA_TIME
from triage.ledger.database import reading
from triage.ledger.order import Status
from triage.ledger.search import Filters, every, find


def found(ledger, *, limit=100, **filters):
    entries, more = find(ledger, Filters(**filters), limit=limit)
    assert more is None
    return [entry.order.id for entry in entries]


def pages(ledger, *, limit, between=lambda: None):
    """Turn all pages, and let something happen between them."""
    after, ids = None, []
    while True:
        entries, after = find(ledger, Filters(), limit=limit, after=after)
        ids.append([entry.order.id for entry in entries])
        if after is None:
            return ids
        between()


def test_the_newest_come_first(ledger):
    ids = [receive(ledger) for _ in range(3)]
    assert found(ledger) == ids[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 100])
def test_pages_neither_repeat_nor_leave_out_while_new_orders_come_in(ledger, limit):
    ids = [receive(ledger) for _ in range(7)]
    turned = pages(ledger, limit=limit, between=lambda: receive(ledger, "后来的"))
    assert [id_ for page in turned for id_ in page] == ids[::-1]
    assert all(page for page in turned)
    assert all(len(page) == limit for page in turned[:-1])


def test_pages_hold_their_order_while_orders_go_on(ledger):
    ids = [receive(ledger, UNSURE) for _ in range(6)]
    left = list(ids)
    turned = pages(ledger, limit=2, between=lambda: ledger.close(left.pop(0), actor=AGENT))
    assert [id_ for page in turned for id_ in page] == ids[::-1]


def test_an_empty_ledger_has_one_empty_page(ledger):
    assert find(ledger, Filters(), limit=10) == ([], None)


@pytest.fixture
def several(ledger, clock):
    """Orders that differ in everything that can be looked for."""
    first = receive(ledger, SURE, routing=routed(SURE, due=DUE, channel="网站"), reference="A-1", received_at=NOON)
    second = receive(ledger, UNSURE, actor=SENSORS, received_at=NOON + timedelta(hours=1))
    third = receive(ledger, SURE, received_at=NOON + timedelta(hours=2))
    clock.at = DUE.feedback_by
    while ledger.ring(first):
        pass
    ledger.dispatch(second, unit=POWER, assist=[TRAFFIC], actor=AGENT)
    ledger.close(third, unit=POWER, actor=AGENT)
    return first, second, third


FILTERS = [
    ({}, "321"),
    ({"status": Status.DISPATCHED}, "21"),
    ({"status": Status.CLOSED}, "3"),
    ({"status": Status.MERGED}, ""),
    ({"unit": STREET}, "31"),
    ({"unit": POWER}, "32"),
    ({"unit": TRAFFIC}, "2"),
    ({"topic": "T0101"}, "321"),
    ({"topic": "T0301"}, ""),
    ({"district": "朝阳区"}, "31"),
    ({"district": ""}, "2"),
    ({"street": "望京街道"}, ""),
    ({"channel": "网站"}, "1"),
    ({"reference": "A-1"}, "1"),
    ({"owner": SENSORS.id}, "2"),
    ({"received_from": NOON}, "321"),
    ({"received_from": NOON + timedelta(hours=1)}, "32"),
    ({"received_to": NOON + timedelta(hours=1)}, "1"),
    ({"received_from": NOON + timedelta(hours=1), "received_to": NOON + timedelta(hours=2)}, "2"),
    ({"overdue": True}, "1"),
    ({"overdue": False}, "32"),
    ({"unit": POWER, "status": Status.CLOSED}, "3"),
]


def test_each_filter_finds_what_fits_it(ledger, several):
    expected = [(filters, [several[int(number) - 1] for number in numbers]) for filters, numbers in FILTERS]
    assert [(filters, found(ledger, **filters)) for filters, _ in FILTERS] == expected


def test_times_are_compared_whatever_their_zone(ledger, several):
    later = (NOON + timedelta(hours=1)).astimezone(CHINA_TIME)
    assert found(ledger, received_from=later) == [several[2], several[1]]


def test_a_unit_sees_what_it_has_and_not_what_it_sent_back(ledger):
    order = receive(ledger, UNSURE)
    assert found(ledger, unit=POWER) == []
    ledger.dispatch(order, unit=POWER, assist=[TRAFFIC], actor=AGENT)
    assert found(ledger, unit=POWER) == found(ledger, unit=TRAFFIC) == [order]
    send_back(ledger, order)
    assert found(ledger, unit=POWER) == found(ledger, unit=TRAFFIC) == []
    ledger.dispatch(order, unit=STREET, actor=AGENT)
    assert found(ledger, unit=STREET) == [order]
    assert found(ledger, unit=POWER) == []


def test_a_page_shows_words_without_routing(ledger):
    order = receive(ledger, SURE, routing=routed(SURE, address="望京花园"))
    [entry], _ = find(ledger, Filters(), limit=10)
    assert entry.order == ledger.order(order)
    assert (entry.text, entry.address, entry.routing) == (SURE, "望京花园", None)


def test_an_erased_order_is_found_without_its_words_and_not_by_them(ledger):
    order = receive(ledger, SURE, reference="A-1")
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    [entry], _ = find(ledger, Filters(), limit=10)
    assert (entry.order.id, entry.text) == (order, None)
    assert found(ledger, reference="A-1") == []


@pytest.mark.parametrize("words", ["'; DROP TABLE orders; --", "%", "_", "A-1%", "望京"])
def test_what_is_looked_for_is_a_value_and_nothing_else(ledger, words):
    order = receive(ledger, reference="A-1")
    assert found(ledger, reference=words) == []
    assert found(ledger, unit=words) == []
    assert found(ledger, reference="A-1") == [order]


def test_all_orders_are_read_some_at_a_time(ledger):
    ids = [receive(ledger) for _ in range(7)]
    with reading(ledger.engine) as connection:
        assert [entry.order.id for entry in every(connection, Filters(), at_once=3)] == ids[::-1]
        assert list(every(connection, Filters(unit=POWER), at_once=3)) == []
