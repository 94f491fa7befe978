"""What was begun and not finished is not there, and what was finished is, whatever happens in between."""

import subprocess
import sys

import pytest
from sqlalchemy import event, select

from tests.triage.ledger.desk import (
    AGENT,
    POWER,
    SURE,
    UNSURE,
    at_once,
    event_count,
    everything,
    opened,
    receive,
    reception,
    routed,
    send_back,
)
from triage.ledger import outbox
from triage.ledger.book import writing_book
from triage.ledger.database import reading, writing
from triage.ledger.events import SYSTEM, Draft, EventKind
from triage.ledger.tables import events
from triage.ledger.verify import verify


class PowerCutError(Exception):
    """Whatever goes wrong."""


@pytest.fixture
def order(ledger):
    return receive(ledger, UNSURE, key="k", fingerprint="f")


def close_and_fail(book, order):
    book.order(order)
    book.append(Draft(order=order, kind=EventKind.CLOSED, facts={"unit": POWER}))
    book.flush()
    raise PowerCutError


def test_a_transaction_that_raises_leaves_nothing(ledger, order):
    before = everything(ledger)
    opening = writing_book(ledger.engine, actor=SYSTEM, versions={}, now=ledger.now)
    with pytest.raises(PowerCutError), opening as book:
        close_and_fail(book, order)
    assert everything(ledger) == before
    verify(ledger.engine)


TABLES = ["events", "contents", "orders", "holders", "deliveries", "head", "requests", "originals"]


@pytest.mark.parametrize("table", TABLES)
def test_a_batch_is_written_as_a_whole_or_not_at_all(ledger, order, table):
    """The connection fails when it comes to one of the tables."""
    with writing(ledger.engine) as connection:
        listener = {"id": "w", "url": "https://example.org", "secret": b"s", "made_by": "k", "created_at": ledger.now()}
        outbox.add(connection, outbox.Webhook(**listener))
    before = everything(ledger)

    @event.listens_for(ledger.engine, "before_cursor_execute")
    def fail(connection, cursor, statement, *_):
        if statement.startswith((f"INSERT INTO {table} ", f"UPDATE {table} ")):
            raise PowerCutError

    batch = [(reception(SURE, key="new", fingerprint="f", sealed=b"sealed"), AGENT), (reception(UNSURE), AGENT)]
    with pytest.raises(PowerCutError):
        ledger.receive(batch)
    event.remove(ledger.engine, "before_cursor_execute", fail)
    assert everything(ledger) == before
    ledger.receive(batch)
    assert verify(ledger.engine).orders == 3


def test_a_return_whose_routing_fails_is_no_return(ledger):
    order = receive(ledger, SURE)
    before = ledger.order(order)

    @event.listens_for(ledger.engine, "before_cursor_execute")
    def fail(connection, cursor, statement, *_):
        if statement.startswith("INSERT INTO contents "):
            raise PowerCutError

    with pytest.raises(PowerCutError):
        send_back(ledger, order, routing=routed())
    event.remove(ledger.engine, "before_cursor_execute", fail)
    assert ledger.order(order) == before
    assert ledger.entry(order).order == before


KILLED = """
import os, sys
from sqlalchemy import event, select
from tests.triage.ledger.desk import AGENT, Clock, opened, reception

with opened(sys.argv[1], Clock()) as ledger:
    ledger.receive([(reception("第一个"), AGENT)])

    @event.listens_for(ledger.engine, "commit")
    def die(connection):
        os._exit(9)

    ledger.receive([(reception("第二个"), AGENT)])
"""


def test_a_process_that_dies_before_the_commit_leaves_what_it_had_committed(url, clock):
    died = subprocess.run([sys.executable, "-c", KILLED, url], check=False, capture_output=True, timeout=40)  # noqa: S603
    assert died.returncode == 9, died.stderr
    with opened(url, clock) as ledger:
        assert verify(ledger.engine).orders == 1
        assert receive(ledger) == "20261122-4"
        verify(ledger.engine)


def test_readers_do_not_see_what_is_not_committed(ledger, order):
    with writing_book(ledger.engine, actor=AGENT, versions={}, now=ledger.now) as book:
        book.order(order)
        book.append(Draft(order=order, kind=EventKind.CLOSED, facts={"unit": POWER}))
        book.flush()
        assert ledger.order(order).status == "received"
        assert event_count(ledger) == 3
    assert ledger.order(order).status == "closed"


def test_readers_do_not_wait_for_a_writer(ledger, order):
    with writing(ledger.engine), reading(ledger.engine):
        assert ledger.entry(order).text == UNSURE


def test_times_in_the_chain_do_not_run_backwards_between_threads(ledger, clock):
    def write():
        clock.forward(seconds=1)
        receive(ledger)

    at_once(*[write] * 8)
    with reading(ledger.engine) as connection:
        times = connection.scalars(select(events.c.at).order_by(events.c.number)).all()
    assert len(times) == 24
    assert times == sorted(times)
