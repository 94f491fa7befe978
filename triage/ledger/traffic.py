"""What passes through the hotline: orders of a time as they were first routed, sent and sent back."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select, tuple_

from triage.ledger.database import reading
from triage.ledger.events import EventKind
from triage.ledger.tables import contents, events, orders

_TOLD = (EventKind.ROUTED, EventKind.DISPATCHED, EventKind.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """An order as it was first routed: later routings know who returned it, and only old orders have any.

    Parameters
    ----------
    text
        The masked words; empty where they were erased.
    topic, unit
        Codes; the unit is the one that was suggested first, or that it was sent to where none was.
    sure, fits
        The probabilities of that suggestion and of the first topic; None where there is none, or it was erased.
    bundle
        Which one routed it.
    sent_at, returned_at, returned_by
        When it was first sent to a unit and first sent back, and by which unit.
    """

    id: str
    received_at: datetime
    text: str = ""
    topic: str = ""
    district: str = ""
    unit: str = ""
    sure: float | None = None
    fits: float | None = None
    bundle: str = ""
    sent_at: datetime | None = None
    returned_at: datetime | None = None
    returned_by: str = ""


def passed(engine: Engine, *, since: datetime, until: datetime, at_once: int = 1_000) -> Iterator[Passed]:
    """Return the orders that came in from one time up to another, without the latter, the oldest first.

    However many there are, `at_once` of them are in memory, and no connection is kept while the caller works.
    """
    last: tuple[datetime, int] | None = None
    while page := _page(engine, since, until, last, at_once):
        for row, story in page:
            yield _passed(row, story)
        last = page[-1][0].received_at, page[-1][0].first


_Story = Mapping[EventKind, Row[Any]]


def _page(
    engine: Engine, since: datetime, until: datetime, last: tuple[datetime, int] | None, at_once: int
) -> list[tuple[Row[Any], _Story]]:
    asked = (orders.c.id, orders.c.first, orders.c.received_at, orders.c.first_unit)
    wanted: Select[Any] = select(*asked, contents.c.content.label("said"))
    wanted = wanted.outerjoin(contents, contents.c.number == orders.c.first)
    wanted = wanted.where(orders.c.received_at >= (last[0] if last else since), orders.c.received_at < until)
    if last:
        wanted = wanted.where(tuple_(orders.c.received_at, orders.c.first) > last)
    with reading(engine, one_moment=True) as connection:
        rows = connection.execute(wanted.order_by(orders.c.received_at, orders.c.first).limit(at_once)).all()
        stories = _stories(connection, [row.id for row in rows])
    return [(row, stories[row.id]) for row in rows]


def _stories(connection: Connection, ids: Sequence[str]) -> Mapping[str, _Story]:
    """Return the first event of each kind, with the routing where it is one."""
    routings = (contents.c.number == events.c.number) & (events.c.kind == EventKind.ROUTED.value)
    asked = (events.c.order, events.c.kind, events.c.at, events.c.facts, events.c.versions, contents.c.content)
    wanted: Select[Any] = select(*asked).outerjoin(contents, routings).where(events.c.order.in_(ids))
    wanted = wanted.where(events.c.kind.in_([kind.value for kind in _TOLD])).order_by(events.c.number)
    stories: defaultdict[str, dict[EventKind, Row[Any]]] = defaultdict(dict)
    for row in connection.execute(wanted):
        stories[row.order].setdefault(EventKind(row.kind), row)
    return stories


def _passed(row: Row[Any], story: _Story) -> Passed:
    routed, sent, returned = (story.get(kind) for kind in _TOLD)
    facts = routed.facts if routed else {}
    suggested = (facts.get("suggestions") or [(row.first_unit, None)])[0]
    topics = ((routed.content if routed else None) or {}).get("routing", {}).get("topics")
    return Passed(
        id=row.id,
        received_at=row.received_at,
        text=(row.said or {}).get("text") or "",
        topic=facts.get("topic", ""),
        district=facts.get("district", ""),
        unit=suggested[0],
        sure=suggested[1],
        fits=topics[0]["probability"] if topics else None,
        bundle=routed.versions.get("bundle", "") if routed else "",
        sent_at=sent.at if sent else None,
        returned_at=returned.at if returned else None,
        returned_by=returned.facts["unit"] if returned else "",
    )
