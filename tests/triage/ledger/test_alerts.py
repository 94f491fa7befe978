"""What the watch found is written once while it goes on, chained to the rest, and told to who hears of all orders."""

from datetime import timedelta

import pytest
from sqlalchemy import delete

from tests.triage.ledger.desk import NOON, POWER, SENSORS, at_once, receive
from tests.triage.ledger.subscriber import claim, deliveries, listen
from triage.errors import LedgerError
from triage.ledger.alerts import Alert, alert, alerts
from triage.ledger.database import writing
from triage.ledger.keys import Role
from triage.ledger.tables import contents
from triage.ledger.verify import verify

WEEK = timedelta(days=7)
UNITS = Alert(axis="units", facts={"index": 0.3, "moved": [[POWER, 0.1, 0.4]]})
TOPICS = Alert(axis="topics", facts={"index": 0.2, "moved": []})


def matter(*orders, words=("换电柜", "冒烟")):
    return Alert(axis="matters", facts={"orders": list(orders)}, content={"words": list(words)})


def write(ledger, *found):
    return [event.facts["axis"] for event in alert(ledger, found, silent=WEEK)]


def test_an_alert_is_an_event_about_no_order(ledger):
    receive(ledger)
    assert write(ledger, UNITS, matter("a", "b")) == ["units", "matters"]
    units, other = alerts(ledger, since=NOON - WEEK)
    assert (units.order, units.kind, units.by, units.role) == ("", "alerted", "paidan", "system")
    assert (units.facts, units.content) == ({"axis": "units", **UNITS.facts}, None)
    assert (other.facts, other.content) == ({"axis": "matters", "orders": ["a", "b"]}, {"words": ["换电柜", "冒烟"]})
    assert verify(ledger.engine).orders == 1


def test_of_nothing_nothing_is_written(ledger):
    before = ledger.end()
    assert write(ledger) == []
    assert ledger.end() == before


def test_an_axis_is_silent_until_its_last_alert_is_old(ledger, clock):
    assert write(ledger, UNITS) == ["units"]
    assert write(ledger, UNITS, TOPICS) == ["topics"]
    clock.forward(days=7, seconds=-1)
    assert write(ledger, UNITS, TOPICS) == []
    clock.forward(seconds=1)
    assert write(ledger, UNITS) == ["units"]
    assert write(ledger, UNITS) == []


@pytest.mark.parametrize(
    ("orders", "words", "told"),
    [
        ("abcd", ("换电柜",), False),
        ("cdef", ("无人机",), False),
        ("cd", ("无人机",), False),
        ("cdefghijkl", ("无人机",), False),
        ("defg", ("无人机",), True),
        ("wxyz", ("无人机",), True),
        ("wxyz", ("冒烟", "电池"), False),
        ("wxyz", (), True),
    ],
)
def test_a_matter_is_silent_where_half_of_its_orders_or_words_were_told(ledger, orders, words, told):
    write(ledger, matter(*"abcd"))
    assert write(ledger, matter(*orders, words=words)) == ["matters"] * told


def test_a_matter_twice_at_once_is_one(ledger):
    assert write(ledger, matter("a", "b"), matter("b", "a"), matter("c", words=("无人机",))) == ["matters"] * 2


def test_two_who_watch_at_once_write_it_once(ledger):
    written = at_once(*[lambda: write(ledger, UNITS)] * 4)
    assert sorted(written) == [[], [], [], ["units"]]


def test_alerts_are_found_among_other_events_about_no_order(ledger, clock):
    ledger.create_key(role=Role.AGENT)
    write(ledger, UNITS)
    clock.forward(days=1)
    ledger.create_key(role=Role.AGENT)
    assert len(alerts(ledger, since=NOON - WEEK)) == 1
    assert alerts(ledger, since=NOON) == []


def test_who_hears_of_all_orders_is_told_and_nobody_else(ledger):
    everybody, asked = listen(ledger), listen(ledger, kinds=("alerted",))
    other = listen(ledger, kinds=("closed",))
    unit, sender = listen(ledger, unit=POWER, kinds=("alerted",)), listen(ledger, owner=SENSORS.id, kinds=("alerted",))
    ledger.create_key(role=Role.AGENT)
    write(ledger, UNITS)
    assert [len(deliveries(ledger, webhook)) for webhook in (everybody, asked, other, unit, sender)] == [1, 1, 0, 0, 0]
    assert {one.event.facts["axis"] for one in claim(ledger)} == {"units"}


def test_keys_are_told_to_nobody_even_who_asks(ledger):
    webhook = listen(ledger, kinds=("key_created", "key_revoked"))
    key, _ = ledger.create_key(role=Role.AGENT)
    ledger.revoke_key(key.id)
    assert deliveries(ledger, webhook) == []


def test_words_that_somebody_took_from_an_alert_are_missed(ledger):
    write(ledger, matter("a", "b"))
    with writing(ledger.engine) as connection:
        connection.execute(delete(contents))
    with pytest.raises(LedgerError, match="event 1 is missing"):
        verify(ledger.engine)
