"""Webhooks: who wants to hear of what, and what is still to be told, written in the transaction of the event itself.

A delivery is claimed for a while by whoever sends it. One that dies while sending leaves its claim to run out, and the
event is told again: at least once, always under the same id.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from triage.errors import ConflictError, MissingError
from triage.ledger import keys
from triage.ledger.events import Event, EventKind
from triage.ledger.order import Order
from triage.ledger.tables import deliveries, events, head, webhooks

CLAIM = timedelta(minutes=2)
_EACH = 8  # of one webhook at a time, so that one that does not answer keeps no other waiting
TOLD = tuple(
    kind
    for kind in EventKind
    if kind not in (EventKind.ROUTED, EventKind.READ, EventKind.KEY_CREATED, EventKind.KEY_REVOKED)
)


class State(StrEnum):
    """Of a delivery."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where events are told: those of some kinds (all where none is named), of a unit, or of orders that a key made.

    `secret` is encrypted; whoever sends has the key to it. `made_by` is the owner of the key that it was made with.
    """

    id: str
    url: str
    secret: bytes
    kinds: tuple[str, ...] = ()
    unit: str = ""
    owner: str = ""
    made_by: str
    created_at: datetime
    ended_at: datetime | None = None

    @property
    def hears_of_all(self) -> bool:
        """Whether it is told of every order, and so may be told what all of them together show."""
        return not self.unit and not self.owner

    def wants(self, event: Event, order: Order | None) -> bool:
        """Tell whether an event, after which an order stands so, is to be told here.

        Of the events that are about no order, alerts are; those about keys are told nobody.
        """
        if event.kind not in (self.kinds or TOLD):
            return False
        if order is None:
            return event.kind is EventKind.ALERTED and self.hears_of_all
        concerned = {order.unit, order.final_unit, *order.assist, event.facts.get("unit", "")}
        return (not self.unit or self.unit in concerned) and (not self.owner or self.owner == order.owner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An event that a webhook is still to be told, or was; one that is done with was so at `next_at`."""

    id: str
    webhook: str
    event: int
    state: State
    attempts: int
    next_at: datetime
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery with what is needed to send it."""

    delivery: Delivery
    webhook: Webhook
    event: Row[Any]


def enqueue(connection: Connection, happened: Sequence[tuple[Event, Order | None]], *, at: datetime) -> None:
    """Write down who is to be told of events; part of the transaction that they happen in."""
    listening = [_webhook(row) for row in connection.execute(select(webhooks).where(webhooks.c.ended_at.is_(None)))]
    due = [
        {
            "id": f"msg_{uuid.uuid4().hex}",
            "webhook": webhook.id,
            "event": event.number,
            "state": State.WAITING,
            "attempts": 0,
            "next_at": at,
            "answer": "",
        }
        for event, order in happened
        for webhook in listening
        if webhook.wants(event, order)
    ]
    if due:
        connection.execute(insert(deliveries), due)


def any_due(connection: Connection, *, at: datetime) -> bool:
    """Tell whether something is to be sent, without keeping anybody from writing."""
    due = select(deliveries.c.id).where(deliveries.c.state == State.WAITING, deliveries.c.next_at <= at)
    return connection.execute(due.limit(1)).one_or_none() is not None


def claim(connection: Connection, *, at: datetime, most: int) -> list[Claimed]:
    """Take deliveries that are due, so that nobody else sends them for a while."""
    due = (deliveries.c.state == State.WAITING) & (deliveries.c.next_at <= at)
    place = func.row_number().over(
        partition_by=deliveries.c.webhook, order_by=(deliveries.c.next_at, deliveries.c.event)
    )
    first = select(deliveries.c.id, place.label("place")).where(due).subquery()
    fair = select(first.c.id).where(first.c.place <= _EACH)
    ids = connection.scalars(
        select(deliveries.c.id)
        .where(due, deliveries.c.id.in_(fair))
        .order_by(deliveries.c.next_at, deliveries.c.event)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    if not ids:
        return []
    connection.execute(update(deliveries).where(deliveries.c.id.in_(ids)).values(next_at=at + CLAIM))
    taken = select(deliveries).where(deliveries.c.id.in_(ids)).order_by(deliveries.c.event)
    return [_claimed(connection, row) for row in connection.execute(taken)]


def settle(connection: Connection, id_: str, *, state: State, next_at: datetime, answer: str) -> None:
    """Write down how an attempt went."""
    done = {"state": state, "next_at": next_at, "answer": answer, "attempts": deliveries.c.attempts + 1}
    # Whoever sent it when the claim had run out may have delivered it meanwhile.
    waiting = (deliveries.c.id == id_) & (deliveries.c.state == State.WAITING)
    connection.execute(update(deliveries).where(waiting).values(done))


def retry(connection: Connection, id_: str, *, webhook: str, at: datetime) -> Delivery:
    """Take a delivery from the dead letters, to be sent again now."""
    _wait_for_writers(connection)
    dead = (deliveries.c.id == id_) & (deliveries.c.webhook == webhook) & (deliveries.c.state == State.DEAD)
    if connection.execute(select(deliveries.c.id).where(dead).with_for_update()).one_or_none() is None:
        raise MissingError(f"there is no dead letter {id_}")
    if one(connection, webhook).ended_at is not None:
        raise ConflictError(f"webhook {webhook} has ended and is told nothing more", code="webhook_ended")
    waiting = {"state": State.WAITING, "attempts": 0, "next_at": at}
    connection.execute(update(deliveries).where(deliveries.c.id == id_).values(waiting))
    return _delivery(connection.execute(select(deliveries).where(deliveries.c.id == id_)).one())


def add(connection: Connection, webhook: Webhook) -> None:
    """Let a webhook hear of what happens from now on."""
    connection.execute(insert(webhooks).values({column.name: getattr(webhook, column.name) for column in webhooks.c}))


def end(connection: Connection, id_: str, *, at: datetime) -> None:
    """Tell a webhook nothing more; what was not delivered yet becomes a dead letter."""
    _wait_for_writers(connection)
    if connection.execute(update(webhooks).where(webhooks.c.id == id_).values(ended_at=at)).rowcount == 0:
        raise MissingError(f"there is no webhook {id_}")
    waiting = (deliveries.c.webhook == id_) & (deliveries.c.state == State.WAITING)
    connection.execute(update(deliveries).where(waiting).values(state=State.DEAD, next_at=at, answer="webhook ended"))


def orphans(connection: Connection, *, at: datetime) -> list[str]:
    """Return the webhooks whose maker has no key left that holds."""
    left = webhooks.c.ended_at.is_(None) & webhooks.c.made_by.not_in(keys.owners(at))
    return list(connection.scalars(select(webhooks.c.id).where(left)))


def end_orphans(connection: Connection, *, at: datetime) -> int:
    """End the webhooks whose maker has no key left that holds, and return how many there were."""
    _wait_for_writers(connection)
    ended = orphans(connection, at=at)
    for id_ in ended:
        end(connection, id_, at=at)
    return len(ended)


def forget(connection: Connection, state: State, *, before: datetime, most: int) -> int:
    """Delete deliveries that were done with before a time, and return how many there were."""
    old = select(deliveries.c.id).where(deliveries.c.state == state, deliveries.c.next_at < before).limit(most)
    # Under a lock: a dead letter may be taken back to be sent again at the same time.
    ids = connection.scalars(old.with_for_update(skip_locked=True)).all()
    if ids:
        connection.execute(delete(deliveries).where(deliveries.c.id.in_(ids)))
    return len(ids)


def listed(connection: Connection) -> list[Webhook]:
    """Return the webhooks that hear of something."""
    active = select(webhooks).where(webhooks.c.ended_at.is_(None)).order_by(webhooks.c.created_at)
    return [_webhook(row) for row in connection.execute(active)]


def one(connection: Connection, id_: str) -> Webhook:
    """Return a webhook, also one that has ended."""
    row = connection.execute(select(webhooks).where(webhooks.c.id == id_)).one_or_none()
    if row is None:
        raise MissingError(f"there is no webhook {id_}")
    return _webhook(row)


def deliveries_of(connection: Connection, webhook: str, *, state: State | None, limit: int) -> list[Delivery]:
    """Return the newest deliveries of a webhook."""
    wanted: Select[Any] = select(deliveries).where(deliveries.c.webhook == webhook)
    if state:
        wanted = wanted.where(deliveries.c.state == state)
    rows = connection.execute(wanted.order_by(deliveries.c.event.desc()).limit(limit))
    return [_delivery(row) for row in rows]


def _wait_for_writers(connection: Connection) -> None:
    """Let who writes events finish: they may be writing down what a webhook is to be told that is about to end."""
    connection.execute(select(head.c.id).with_for_update())


def _claimed(connection: Connection, row: Row[Any]) -> Claimed:
    delivery = _delivery(row)
    event = connection.execute(select(events).where(events.c.number == delivery.event)).one()
    return Claimed(delivery=delivery, webhook=one(connection, delivery.webhook), event=event)


def _webhook(row: Row[Any]) -> Webhook:
    found = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
    return Webhook(**found | {"kinds": tuple(found["kinds"])})


def _delivery(row: Row[Any]) -> Delivery:
    found = dict(row._mapping)  # noqa: SLF001
    return Delivery(**found | {"state": State(found["state"])})
