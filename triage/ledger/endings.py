"""How orders ended, or where they stand: what is learned from, read from the ledger some orders at a time."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from triage.citypack import CityPack
from triage.directory import CHINA_TIME
from triage.domain import Closure, Ended
from triage.ledger.database import reading
from triage.ledger.events import EventKind, Facts
from triage.ledger.tables import contents, events, orders

_SENT = (EventKind.DISPATCHED, EventKind.REDISPATCHED)
_TOLD = (EventKind.DECIDED, *_SENT, EventKind.RETURNED, EventKind.CLOSED)
_Event = tuple[EventKind, Facts]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Course:
    """What the events of an order tell that its state does not."""

    returned: tuple[tuple[str, str], ...] = ()
    propensity: float = 1.0
    disputed: bool = False
    reopened: bool = False


class _Names:
    """Names of units and paths of topics by their codes; a unit that the pack does not have is called by its code."""

    def __init__(self, pack: CityPack) -> None:
        self._units = {str(unit.code): unit.name for unit in pack.units}
        self._topics = {str(topic.code): topic.path for topic in pack.topics}

    def unit(self, code: str) -> str:
        return self._units.get(code, code)

    def topic(self, code: str) -> tuple[str, ...]:
        return self._topics.get(code, ())


def endings(engine: Engine, pack: CityPack, *, since: datetime | None = None, at_once: int = 1_000) -> Iterator[Ended]:
    """Return every order, the oldest first, also those that nobody can learn from.

    However many there are, `at_once` of them are in memory, and no connection is kept while the caller works.

    Parameters
    ----------
    since
        Leaves out what came in before.
    """
    names, last = _Names(pack), 0
    while page := _page(engine, last, since, at_once):
        for row, course in page:
            yield _ended(row, course, names)
        last = page[-1][0].first


def _page(engine: Engine, last: int, since: datetime | None, at_once: int) -> list[tuple[Row[Any], _Course]]:
    wanted = select(orders, contents.c.content.label("said")).outerjoin(contents, contents.c.number == orders.c.first)
    wanted = wanted.where(orders.c.first > last).order_by(orders.c.first).limit(at_once)
    if since is not None:
        wanted = wanted.where(orders.c.received_at >= since)
    with reading(engine, one_moment=True) as connection:
        rows = connection.execute(wanted).all()
        stories = _stories(connection, [row.id for row in rows])
    return [(row, _course(stories[row.id])) for row in rows]


def _stories(connection: Connection, ids: Sequence[str]) -> Mapping[str, list[_Event]]:
    wanted = select(events.c.order, events.c.kind, events.c.facts).where(events.c.order.in_(ids))
    wanted = wanted.where(events.c.kind.in_([kind.value for kind in _TOLD])).order_by(events.c.number)
    stories: defaultdict[str, list[_Event]] = defaultdict(list)
    for order, kind, facts in connection.execute(wanted):
        stories[order].append((EventKind(kind), facts))
    return stories


def _course(story: Sequence[_Event]) -> _Course:
    kinds = [kind for kind, _ in story]
    drawn = [facts["propensity"] for kind, facts in story if kind is EventKind.DECIDED and "propensity" in facts]
    closed = kinds.index(EventKind.CLOSED) if EventKind.CLOSED in kinds else len(kinds)
    moves = [kind for kind in kinds[:closed] if kind in _SENT or kind is EventKind.RETURNED]
    return _Course(
        returned=tuple((facts["unit"], facts["reason"]) for kind, facts in story if kind is EventKind.RETURNED),
        propensity=drawn[0] if drawn else 1.0,
        disputed=closed < len(kinds) and moves[-1:] == [EventKind.RETURNED],
        reopened=any(kind in _SENT for kind in kinds[closed:]),
    )


def _ended(row: Row[Any], course: _Course, names: _Names) -> Ended:
    said = row.said or {}
    return Ended(
        closure=Closure(
            id=row.id,
            text=said.get("text") or "",
            unit=names.unit(row.final_unit),
            topic=names.topic(row.topic),
            opened_on=row.received_at.astimezone(CHINA_TIME).date(),
            district=row.district,
            street=row.street,
            kind=row.kind,
            source=f"order {row.id}",
        ),
        status=row.status,
        address=said.get("address") or "",
        channel=row.channel or row.source,
        returned=tuple((names.unit(unit), reason) for unit, reason in course.returned),
        first_unit=names.unit(row.first_unit),
        automatic=row.sent_by_model,
        audited=row.audited,
        propensity=course.propensity,
        contacted=row.contacted,
        solved=row.solved,
        satisfaction=row.satisfaction,
        disputed=course.disputed,
        reopened=course.reopened,
        closed_on=row.closed_at.astimezone(CHINA_TIME).date() if row.closed_at else None,
        merged_into=row.merged_into,
        erased=row.erased,
        topic_routed=True,
    )
