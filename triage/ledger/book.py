"""One transaction that writes: the events appended in it, and the state that follows from them, are committed together.

Whoever writes holds the end of the chain until the commit, so that events follow each other without gaps, and what
was read in between, the state of an order or whether a key was used before, is still so when it is written.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from triage.domain import Versions
from triage.errors import ConflictError, MissingError, StaleError
from triage.ledger import outbox
from triage.ledger.database import writing
from triage.ledger.events import Actor, Draft, Event, EventKind, Facts, Link, chained
from triage.ledger.order import Order, Status, after
from triage.ledger.tables import contents, events, head, holders, orders

_FIELDS = tuple(field.name for field in fields(Order))
_LISTS = ("assist", "returned_by", "rung")


class Book:
    """What is written in one transaction by one actor. Made by `writing_book` alone."""

    def __init__(self, connection: Connection, *, end: Link, at: datetime, actor: Actor, versions: Facts) -> None:
        self.connection, self.at, self.actor = connection, at, actor
        self._versions, self.end = versions, end
        self._orders: dict[str, Order] = {}
        self._loaded: set[str] = set()
        self._events: list[tuple[Event, Order | None]] = []

    def order(self, id_: str, *, version: int | None = None) -> Order:
        """Return an order as it stands in this transaction.

        Raises
        ------
        MissingError
            There is no such order.
        StaleError
            It is not at the version that is expected.
        """
        if id_ not in self._orders:
            row = self.connection.execute(select(orders).where(orders.c.id == id_)).one_or_none()
            if row is None:
                raise MissingError(f"there is no order {id_}")
            self._orders[id_] = order_from(row)
            self._loaded.add(id_)
        found = self._orders[id_]
        if version is not None and found.version != version:
            raise StaleError(f"the order is {found.status} by now, at version {found.version}, {self._latest(found)}")
        return found

    def append(self, draft: Draft, *, actor: Actor | None = None, versions: Versions | None = None) -> Event:
        """Append an event, if the order takes it as it stands; `versions` are those that a routing was made with.

        Raises
        ------
        ConflictError
            The order does not take it now.
        """
        made_with = stated(versions) if versions else self._versions
        event = chained(draft, at=self.at, actor=actor or self.actor, versions=made_with, after=self.end)
        state = None
        if draft.order:
            state = self._after(event)
            self._orders[draft.order] = state
        self.end = Link(number=event.number, hash=event.hash)
        self._events.append((event, state))
        return event

    def _after(self, event: Event) -> Order:
        order = self._orders.get(event.order)
        try:
            return after(order, event)
        except ConflictError as error:
            since = f", {self._latest(order)}" if order else ""
            raise ConflictError(f"{error.message}{since}", code=error.code) from None

    def _latest(self, order: Order) -> str:
        """Tell what happened to an order last, for whoever came too late."""
        found = select(events.c.kind, events.c.at, events.c.by, events.c.role).where(events.c.number == order.version)
        row = self.connection.execute(found).one_or_none()
        return f"{row.kind} by {row.role} {row.by} at {row.at:%Y-%m-%d %H:%M:%S} UTC" if row else "in this request"

    def flush(self) -> None:
        """Write what was appended: events, contents, states, and what webhooks have to tell."""
        if not self._events:
            return
        happened = [event for event, _ in self._events]
        self.connection.execute(insert(events), [_event_row(event) for event in happened])
        if written := [_content_row(event) for event in happened if event.content is not None]:
            self.connection.execute(insert(contents), written)
        self._write_orders({state.id: state for _, state in self._events if state})
        outbox.enqueue(self.connection, self._events, at=self.at)
        self.connection.execute(update(head).values(number=self.end.number, hash=self.end.hash))
        self._events.clear()

    def _write_orders(self, changed: Mapping[str, Order]) -> None:
        fresh = [state for id_, state in changed.items() if id_ not in self._loaded]
        if fresh:
            self.connection.execute(insert(orders), [order_row(state) for state in fresh])
        for id_ in changed.keys() & self._loaded:
            self.connection.execute(update(orders).where(orders.c.id == id_).values(order_row(changed[id_])))
            self.connection.execute(delete(holders).where(holders.c.order == id_))
        held = [{"order": state.id, "unit": unit} for state in changed.values() for unit in sorted(holding(state))]
        if held:
            self.connection.execute(insert(holders), held)
        self._loaded |= changed.keys()


@contextmanager
def writing_book(engine: Engine, *, actor: Actor, versions: Facts, now: Callable[[], datetime]) -> Iterator[Book]:
    """Open a transaction at the end of the chain, and commit what was appended if nothing goes wrong."""
    with writing(engine) as connection:
        end = connection.execute(select(head.c.number, head.c.hash).with_for_update()).one()
        # The clock is read under the lock, so that times in the chain do not run backwards between writers.
        link = Link(number=end.number, hash=end.hash)
        book = Book(connection, end=link, at=now(), actor=actor, versions=versions)
        yield book
        book.flush()


def stated(versions: Versions) -> Facts:
    """Return versions as events state them."""
    return {"bundle": versions.bundle, "pack": versions.pack, "policy": versions.policy}


def order_from(row: Row[Any]) -> Order:
    """Return the order in a row."""
    found = {name: getattr(row, name) for name in _FIELDS}
    lists = {name: tuple(found[name]) for name in _LISTS}
    return Order(**found | lists | {"status": Status(found["status"])})


def order_row(order: Order) -> dict[str, Any]:
    """Return the row of an order."""
    row: dict[str, Any] = {name: getattr(order, name) for name in _FIELDS}
    return row | {"alarm_at": order.alarm.at if order.alarm else None}


def holding(order: Order) -> set[str]:
    """Return the units whose order it is."""
    return {unit for unit in (order.unit, order.final_unit, *order.assist) if unit}


def events_of(
    connection: Connection, order: str, *, after: int = 0, upto: int | None = None, limit: int | None = None
) -> list[Event]:
    """Return the history of an order between two numbers of events, with what was written and not erased."""
    wanted = select(events, contents.c.salt, contents.c.content).outerjoin(contents).where(events.c.order == order)
    wanted = wanted.where(events.c.number > after)
    if upto is not None:
        wanted = wanted.where(events.c.number <= upto)
    return [event_from(row) for row in connection.execute(wanted.order_by(events.c.number).limit(limit))]


def event_from(row: Row[Any]) -> Event:
    """Return the event in a row of `events` joined with `contents`."""
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
    return Event(**found | {"kind": EventKind(found["kind"])})


def _event_row(event: Event) -> dict[str, Any]:
    return {column.name: getattr(event, column.name) for column in events.columns}


def _content_row(event: Event) -> dict[str, Any]:
    return {"number": event.number, "salt": event.salt, "content": event.content}
