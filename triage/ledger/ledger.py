"""The ledger: orders are received, sent, signed, sent back, merged, closed, and nothing of it is lost or altered."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, delete, select

from triage.domain import ReturnReason, Routing, Versions
from triage.errors import ConflictError, MissingError
from triage.ledger import drafts, keys, outbox
from triage.ledger.book import Book, events_of, order_from, stated, writing_book
from triage.ledger.database import open_database, reading, truncate_log, writing
from triage.ledger.drafts import Reception
from triage.ledger.events import SYSTEM, Actor, Draft, Event, EventKind, Facts, Link
from triage.ledger.keys import Key, Role
from triage.ledger.order import OPEN, Alarm, Entry, Order, Said, dispatch_kind, folded
from triage.ledger.reception import Receipt, receive
from triage.ledger.tables import contents, events, head, orders, originals, requests


class Ledger:
    """Orders and their events in a database.

    Events that a routing leads to state the versions that it was made with; others the `versions` that were set last.

    Parameters
    ----------
    now
        The clock; tests bring their own.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] | None = None) -> None:
        self.engine = engine
        self.versions: Facts = {}
        self.now = now or (lambda: datetime.now(UTC))

    @classmethod
    def open(cls, url: str, *, fresh: bool = True) -> "Ledger":
        """Open the ledger in a database; see `open_database` for parameters and errors."""
        return cls(open_database(url, fresh=fresh))

    def made_with(self, versions: Versions) -> None:
        """State the versions in every event that no routing leads to, from now on."""
        self.versions = stated(versions)

    def receive(self, receptions: Sequence[tuple[Reception, Actor]]) -> list[Receipt | ConflictError]:
        """Write appeals down, all in one transaction; after it they are there, whatever happens.

        One whose key was used before is not written again: the receipt is that of the first time, or an error if its
        body is another one. An event of a machine whose storm is still an open order is a repetition of that.
        """
        with self._book(SYSTEM) as book:
            return receive(book, receptions)

    def entry(self, order: str, *, version: int | None = None) -> Entry:
        """Return an order as it stands, or as it stood at a version.

        Raises
        ------
        MissingError
            There is no such order.
        """
        with reading(self.engine) as connection:
            happened = events_of(connection, order, upto=version)
        state = folded(happened)
        if state is None:
            raise MissingError(f"there is no order {order}")
        return _entry(state, happened)

    def order(self, order: str) -> Order:
        """Return the state of an order alone."""
        with reading(self.engine) as connection:
            row = connection.execute(select(orders).where(orders.c.id == order)).one_or_none()
        if row is None:
            raise MissingError(f"there is no order {order}")
        return order_from(row)

    def end(self) -> Link:
        """Return the end of the chain."""
        with reading(self.engine) as connection:
            found = connection.execute(select(head.c.number, head.c.hash)).one()
        return Link(number=found.number, hash=found.hash)

    def history(self, order: str, *, after: int = 0, limit: int | None = None) -> list[Event]:
        """Return what happened to an order after the event of a number, at most so many events."""
        with reading(self.engine) as connection:
            return events_of(connection, order, after=after, limit=limit)

    def dispatch(
        self,
        order: str,
        *,
        unit: str,
        assist: Sequence[str] = (),
        note: str = "",
        actor: Actor,
        version: int | None = None,
    ) -> None:
        """派单: send an order to a unit, for the first time or again after it came back."""
        with self._book(actor) as book:
            kind = dispatch_kind(book.order(order, version=version))
            book.append(drafts.dispatch(order, kind, unit=unit, assist=assist, note=note))

    def sign(self, order: str, *, actor: Actor, version: int | None = None) -> None:
        """签收: the unit takes the order."""
        with self._book(actor) as book:
            unit = book.order(order, version=version).unit
            book.append(Draft(order=order, kind=EventKind.SIGNED, facts={"unit": unit}))

    def return_(
        self,
        order: str,
        *,
        reason: ReturnReason,
        proposed: str = "",
        note: str = "",
        routing: Routing,
        actor: Actor,
        version: int,
    ) -> None:
        """退单: the unit sends the order back; `routing` is the new one, without the units that returned it."""
        with self._book(actor) as book:
            facts = {"unit": book.order(order, version=version).unit, "reason": reason.value, "proposed": proposed}
            content = drafts.noted(note)
            returned = Draft(order=order, kind=EventKind.RETURNED, facts=facts, content=content)
            book.append(returned, versions=routing.versions)
            for draft in drafts.routed(order, routing):
                book.append(draft, actor=SYSTEM, versions=routing.versions)

    def merge(self, order: str, *, into: str, actor: Actor, version: int | None = None) -> None:
        """并单: an order is the same matter as another one, under which it goes on."""
        if order == into:
            raise ConflictError("an order cannot be merged into itself", code="same_order")
        with self._book(actor) as book:
            book.order(order, version=version)
            if (target := book.order(into)).status not in OPEN:
                raise ConflictError(f"order {into} is {target.status}; merge into one that is open", code="not_now")
            book.append(Draft(order=order, kind=EventKind.MERGED, facts={"into": into}))
            book.append(Draft(order=into, kind=EventKind.REPEATED, facts={"order": order}))

    def close(
        self,
        order: str,
        *,
        unit: str = "",
        solution: str = "",
        said: Said | None = None,
        actor: Actor,
        version: int | None = None,
    ) -> None:
        """办结: the order is done, by the unit that has it or by another one, or was answered without any.

        Orders that were merged into it are closed with it, so that those who submitted them hear of it.
        """
        with self._book(actor) as book:
            state = book.order(order, version=version)
            if state.merged_into:
                message = f"the order was merged into {state.merged_into} and is closed with it; close that one"
                raise ConflictError(message, code="not_now")
            facts = {"unit": unit or state.unit}
            content = {"solution": drafts.masked(solution)} if solution else None
            book.append(Draft(order=order, kind=EventKind.CLOSED, facts=facts, content=content))
            for merged in _merged_into(book.connection, order):
                book.order(merged)
                along = {**facts, "with": order}
                book.append(Draft(order=merged, kind=EventKind.CLOSED, facts=along, content=content))
            if said:
                book.append(drafts.called_back(order, said))

    def call_back(self, order: str, said: Said, *, note: str = "", actor: Actor, version: int | None = None) -> None:
        """回访: what the citizen said after the order was closed."""
        with self._book(actor) as book:
            book.order(order, version=version)
            book.append(drafts.called_back(order, said, note=note))

    def alarms(self, *, most: int) -> list[str]:
        """Return the orders that the clock has something to say about."""
        due = select(orders.c.id).where(orders.c.alarm_at <= self.now()).order_by(orders.c.alarm_at).limit(most)
        with reading(self.engine) as connection:
            return list(connection.scalars(due))

    def ring(self, order: str) -> Alarm | None:
        """Append the reminder or the passing of a deadline that is due by now, unless somebody else has."""
        with self._book(SYSTEM) as book:
            state = book.order(order)
            alarm = state.alarm
            if alarm is None or alarm.at > book.at:
                return None
            facts = {"of": alarm.of, "due": alarm.at.isoformat(), "unit": state.unit}
            book.append(Draft(order=order, kind=alarm.kind, facts=facts))
            return alarm

    def create_key(
        self, *, role: Role, name: str = "", unit: str = "", expires_at: datetime | None = None, actor: Actor = SYSTEM
    ) -> tuple[Key, str]:
        """Make a key, and return it with its words; see `keys.create`."""
        with self._book(actor) as book:
            made = keys.create(book.connection, role=role, name=name, unit=unit, at=book.at, expires_at=expires_at)
            book.append(drafts.key_created(made[0]))
            return made

    def rotate_key(self, id_: str, *, overlap: timedelta, actor: Actor = SYSTEM) -> tuple[Key, str]:
        """Make a key like another one, which goes on to hold for a while; see `keys.rotate`."""
        with self._book(actor) as book:
            made = keys.rotate(book.connection, id_, at=book.at, overlap=overlap)
            book.append(drafts.key_created(made[0], replaces=id_))
            return made

    def revoke_key(self, id_: str, *, actor: Actor = SYSTEM) -> Key:
        """End a key and its sessions at once, and its webhooks if no other key of the same owner holds."""
        with self._book(actor) as book:
            key = keys.revoke(book.connection, id_, at=book.at)
            outbox.end_orphans(book.connection, at=book.at)
            book.append(Draft(order="", kind=EventKind.KEY_REVOKED, facts={"key": key.id}))
            return key

    def original(self, order: str, *, reason: str, actor: Actor) -> bytes:
        """Return the sealed words of an order, after writing down who reads them and why.

        Raises
        ------
        MissingError
            None were kept, or they were erased.
        """
        with self._book(actor) as book:
            book.order(order)
            sealed = book.connection.scalar(select(originals.c.sealed).where(originals.c.order == order))
            if sealed is None:
                raise MissingError(f"no original of order {order} is kept")
            book.append(Draft(order=order, kind=EventKind.READ, content={"reason": drafts.masked(reason)}))
        return bytes(sealed)

    def erase(self, order: str, *, reason: str, actor: Actor) -> int:
        """Erase what was written about an order, and return of how many events; that they happened stays."""
        with self._book(actor) as book:
            book.order(order)
            kept = (EventKind.READ, EventKind.ERASED)  # who read and erased, and why, is not about the citizen
            written = select(events.c.number).where(events.c.order == order, events.c.kind.not_in(kept))
            erased = book.connection.execute(delete(contents).where(contents.c.number.in_(written))).rowcount
            book.connection.execute(delete(originals).where(originals.c.order == order))
            book.append(
                Draft(
                    order=order,
                    kind=EventKind.ERASED,
                    facts={"events": erased},
                    content={"reason": drafts.masked(reason)},
                )
            )
        truncate_log(self.engine)
        return erased

    def forget_requests(self, *, before: datetime, most: int = 1_000) -> int:
        """Forget under which keys so many appeals at most came before a time, and return of how many."""
        old = select(requests.c.key).where(requests.c.at < before).limit(most)
        with writing(self.engine) as connection:
            return connection.execute(delete(requests).where(requests.c.key.in_(old))).rowcount

    def _book(self, actor: Actor) -> AbstractContextManager[Book]:
        return writing_book(self.engine, actor=actor, versions=self.versions, now=self.now)


def _merged_into(connection: Connection, order: str) -> list[str]:
    """Return the orders that go on under another one, also those merged into one that was merged later."""
    found, fresh = [], [order]
    while fresh:
        merged = select(orders.c.id).where(orders.c.merged_into.in_(fresh)).order_by(orders.c.first)
        fresh = list(connection.scalars(merged))
        found += fresh
    return found


def _entry(state: Order, happened: Sequence[Event]) -> Entry:
    said = next((event.content for event in happened if event.kind is EventKind.RECEIVED), None) or {}
    routed = next((event.content for event in reversed(happened) if event.number == state.routed), None) or {}
    return Entry.of(state, said, routed)
