"""Orders by what is known of them, newest first, a page at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, exists, null, select

from triage.ledger.book import order_from
from triage.ledger.database import reading
from triage.ledger.ledger import Ledger
from triage.ledger.order import Entry, Status
from triage.ledger.tables import contents, holders, orders

_LISTS = {"ids": "id", "statuses": "status", "topics": "topic"}
_ROUTED = contents.alias("routed_contents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What orders are looked for; None where it does not matter. Times are from and up to, without the latter.

    `ids`, `topics` and `statuses` are any of several.

    `owner` and `held_by` are the key and the unit whose orders alone somebody sees.
    """

    ids: tuple[str, ...] | None = None
    statuses: tuple[Status, ...] | None = None
    topics: tuple[str, ...] | None = None
    status: Status | None = None
    unit: str | None = None
    topic: str | None = None
    district: str | None = None
    street: str | None = None
    channel: str | None = None
    reference: str | None = None
    owner: str | None = None
    held_by: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    overdue: bool | None = None


def find(
    ledger: Ledger, filters: Filters, *, limit: int, after: int | None = None, routing: bool = False
) -> tuple[list[Entry], int | None]:
    """Return a page of orders, with their routing if it is asked for, and after which number the next one begins.

    The pages of one search neither repeat nor leave out an order, whatever comes in between: `after` is the number of
    the last order's first event.
    """
    with reading(ledger.engine) as connection:
        rows = connection.execute(_wanted(filters, after=after, routing=routing).limit(limit + 1)).all()
    page = [_entry(row) for row in rows[:limit]]
    return page, page[-1].order.first if len(rows) > limit else None


def every(ledger: Ledger, filters: Filters, *, at_once: int = 500) -> Iterator[Entry]:
    """Return all orders that fit, newest first, some at a time: whoever reads slowly keeps no connection meanwhile."""
    last: int | None = None
    while True:
        page, last = find(ledger, filters, limit=at_once, after=last)
        yield from page
        if last is None:
            return


def _wanted(filters: Filters, *, after: int | None, routing: bool) -> Select[Any]:
    routed = _ROUTED.c.content if routing else null()
    wanted = select(orders, contents.c.content.label("said"), routed.label("routed_as"))
    wanted = wanted.outerjoin(contents, contents.c.number == orders.c.first)
    if routing:
        wanted = wanted.outerjoin(_ROUTED, _ROUTED.c.number == orders.c.routed)
    wanted = wanted.where(*_conditions(filters)).order_by(orders.c.first.desc())
    return wanted if after is None else wanted.where(orders.c.first < after)


def _conditions(filters: Filters) -> Iterator[ColumnElement[bool]]:
    for field in fields(filters):
        value = getattr(filters, field.name)
        if value is None:
            continue
        if field.name in _LISTS:
            yield orders.c[_LISTS[field.name]].in_(value)
        elif field.name in ("unit", "held_by"):
            yield exists().where(holders.c.order == orders.c.id, holders.c.unit == value)
        elif field.name == "received_from":
            yield orders.c.received_at >= value
        elif field.name == "received_to":
            yield orders.c.received_at < value
        elif field.name == "overdue":
            yield orders.c.overdue.is_(value)
        else:
            yield orders.c[field.name] == value


def _entry(row: Row[Any]) -> Entry:
    return Entry.of(order_from(row), row.said or {}, row.routed_as or {})
