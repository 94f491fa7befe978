"""What the watch over all orders found, as events about no order; none is written again while it goes on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from triage.ledger.book import event_from, writing_book
from triage.ledger.database import reading
from triage.ledger.events import SYSTEM, Draft, Event, EventKind, Facts
from triage.ledger.ledger import Ledger
from triage.ledger.tables import contents, events

MATTERS = "matters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What is to be told of an axis: `facts` are codes and numbers, `content` words that stand in appeals."""

    axis: str
    facts: Facts
    content: Facts | None = None


def alerts(ledger: Ledger, *, since: datetime) -> list[Event]:
    """Return the alerts after a time, the oldest first."""
    with reading(ledger.engine) as connection:
        return _alerts(connection, since)


def alert(ledger: Ledger, found: Sequence[Alert], *, silent: timedelta) -> list[Event]:
    """Write alerts down, but for those whose like was written within the time in which it is to be `silent`.

    They are like each other if their axis is the same; new matters if they share half the orders, or half the words,
    of whichever has fewer.
    """
    written: list[Event] = []
    if not found:
        return written
    with writing_book(ledger.engine, actor=SYSTEM, versions=ledger.versions, now=ledger.now) as book:
        known = _alerts(book.connection, book.at - silent)
        for one in found:
            if not any(_is_like(one, event) for event in [*known, *written]):
                facts = {"axis": one.axis, **one.facts}
                written.append(book.append(Draft(order="", kind=EventKind.ALERTED, facts=facts, content=one.content)))
    return written


def _alerts(connection: Connection, since: datetime) -> list[Event]:
    # Few events are about no order, and an index leads to them; none does to their kind or time.
    wanted = select(events, contents.c.salt, contents.c.content).outerjoin(contents).where(events.c.order == "")
    wanted = wanted.where(events.c.kind == EventKind.ALERTED.value, events.c.at > since).order_by(events.c.number)
    return [event_from(row) for row in connection.execute(wanted)]


def _is_like(found: Alert, event: Event) -> bool:
    if found.axis != event.facts["axis"]:
        return False
    if found.axis != MATTERS:
        return True
    return _overlap(found.facts["orders"], event.facts["orders"]) or _overlap(
        (found.content or {}).get("words", ()), (event.content or {}).get("words", ())
    )


def _overlap(one: Collection[Any], other: Collection[Any]) -> bool:
    fewer = min(len(one), len(other))
    return bool(fewer) and 2 * len(set(one) & set(other)) >= fewer
