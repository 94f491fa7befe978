"""Proof that the ledger is as it was written: every event follows the one before, and the state follows from them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any

from sqlalchemy import Column, Connection, Engine, Row, select, tuple_
from sqlalchemy.sql import ColumnElement

from triage.errors import ConflictError, LedgerError
from triage.ledger.book import event_from, holding, order_from
from triage.ledger.database import reading
from triage.ledger.events import GENESIS, Event, EventKind, Link, is_whole, link
from triage.ledger.order import Order, folded
from triage.ledger.tables import contents, events, head, holders, orders

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was proved: so many events of so many orders, of which some were erased, up to an end to be written down."""

    events: int
    orders: int
    erased: int
    end: Link


def verify(engine: Engine, *, anchor: Link | None = None) -> Proof:
    """Prove the whole ledger.

    Parameters
    ----------
    anchor
        The end of the chain as somebody wrote it down elsewhere: whoever can write to the database could make another
        chain, but not one that still holds this.

    Raises
    ------
    LedgerError
        Something was altered, removed or added; the message names the event or order.
    """
    with reading(engine, one_moment=True) as connection, _readable():
        end = _chain(connection, anchor)
        count = erased = 0
        for states in _states(connection):
            _compare(connection, states)
            count += len(states)
            erased += sum(state.erased for state in states)
        known = connection.scalar(select(orders.c.id).where(orders.c.id.not_in(select(events.c.order))).limit(1))
        if known is not None:
            raise LedgerError(f"order {known} has a state and no events")
        held = connection.scalar(select(holders.c.order).where(holders.c.order.not_in(select(orders.c.id))).limit(1))
        if held is not None:
            raise LedgerError(f"order {held} is with a unit and has no state")
    return Proof(events=end.number, orders=count, erased=erased, end=end)


@contextmanager
def _readable() -> Iterator[None]:
    """Whoever alters a value may leave one that nothing could have written."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        raise LedgerError(f"something was written that cannot be read: {error}") from None


def _chain(connection: Connection, anchor: Link | None) -> Link:
    end = GENESIS
    for event in _events(connection, events.c.number):
        if not is_whole(event, after=end):
            raise LedgerError(f"event {event.number} is not as it was written, or one before it is missing")
        if not event.order and event.digest and event.content is None:
            raise LedgerError(f"what was written in event {event.number} is missing, and nobody could erase it")
        end = link(event)
        if anchor and anchor.number == end.number and anchor.hash != end.hash:
            raise LedgerError(f"event {end.number} is another one than was written down")
    stated = [Link(number=row.number, hash=row.hash) for row in connection.execute(select(head))]
    if stated != [end]:
        written = ", ".join(str(one.number) for one in stated) or "none"
        raise LedgerError(f"the chain ends at event {end.number}, and what was written at event {written}")
    if anchor and anchor.number > end.number:
        raise LedgerError(f"the chain ends at event {end.number}, before event {anchor.number} that was written down")
    return end


def _states(connection: Connection) -> Iterator[list[Order]]:
    """Fold the events of each order, some orders at a time."""
    stories = groupby(_events(connection, events.c.order, events.c.number), key=lambda event: event.order)
    states = (_folded(id_, list(story)) for id_, story in stories if id_)
    while some := list(islice(states, _AT_ONCE)):
        yield some


def _folded(id_: str, story: list[Event]) -> Order:
    try:
        state = folded(story)
    except (ConflictError, KeyError, ValueError, TypeError) as error:
        raise LedgerError(f"the events of order {id_} do not follow from each other: {error}") from None
    assert state is not None  # noqa: S101 - a group has an event
    erased = max((event.number for event in story if event.kind is EventKind.ERASED), default=0)
    kept = (EventKind.READ, EventKind.ERASED)
    gone = [event for event in story if event.digest and event.content is None]
    if any(event.number >= erased or event.kind in kept for event in gone):
        raise LedgerError(f"what was written about order {id_} is missing, and nobody erased it")
    return state


def _compare(connection: Connection, states: list[Order]) -> None:
    ids = [state.id for state in states]
    rows = {row.id: row for row in connection.execute(select(orders).where(orders.c.id.in_(ids)))}
    held: dict[str, set[str]] = {}
    for row in connection.execute(select(holders).where(holders.c.order.in_(ids))):
        held.setdefault(row.order, set()).add(row.unit)
    for state in states:
        if not _follows(rows.get(state.id), state) or held.get(state.id, set()) != holding(state):
            raise LedgerError(f"the state of order {state.id} does not follow from its events")


def _follows(row: Row[Any] | None, state: Order) -> bool:
    alarm_at = state.alarm.at if state.alarm else None
    return row is not None and order_from(row) == state and row.alarm_at == alarm_at


def _events(connection: Connection, *order: Column[Any]) -> Iterator[Event]:
    """Read all events in an order, some at a time; without a cursor, which would be left open where the proof fails."""
    wanted = select(events, contents.c.salt, contents.c.content).outerjoin(contents).order_by(*order).limit(_AT_ONCE)
    rest: ColumnElement[bool] | None = None
    while rows := connection.execute(wanted if rest is None else wanted.where(rest)).all():
        yield from map(event_from, rows)
        rest = tuple_(*order) > tuple(getattr(rows[-1], column.name) for column in order)
