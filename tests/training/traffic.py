"""What comes in at the hotline of the invented city, day by day into a ledger, and what its units do with it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tests import city
from tests.triage.ledger.desk import AGENT, Clock
from triage.citypack import CityPack
from triage.domain import (
    Action,
    Appeal,
    Decision,
    Place,
    RankedTopic,
    Reading,
    Routing,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.ledger.book import writing_book
from triage.ledger.drafts import Reception
from triage.ledger.events import Draft, EventKind
from triage.ledger.ledger import Ledger
from triage.ledger.reception import receive

UNITS = {
    name: Unit(code=UnitCode(f"u{at}"), name=name, kind=UnitKind.OTHER)
    for at, name in enumerate((*city.UNITS, "云岭市消防救援支队"))
}
NEW_UNIT = list(UNITS.values())[-1]
TOPICS = {m.topic: Topic(code=TopicCode(f"t{at}"), path=m.topic) for at, m in enumerate(city.MATTERS)}
PACK = CityPack(name="yunling", title="云岭市", version="1", units=tuple(UNITS.values()), topics=tuple(TOPICS.values()))
DAILY = 17


@dataclass(frozen=True, kw_only=True)
class Call:
    """An order to come: what is said, how it is routed, and how probable it is that its unit sends it back."""

    text: str
    topic: Topic
    unit: Unit
    district: str
    sure: float
    fits: float
    returned: float = 0.1


Change = Callable[[Call, random.Random], Call]


Due = dict[date, list[tuple[str, str]]]


def pass_days(
    ledger: Ledger, clock: Clock, days: int, *, seed: int = 0, change: Change | None = None, due: Due | None = None
) -> Due:
    """Let days pass: each has its orders, which are sent at once, and come back within three days if they do.

    Returns which are still to come back, and when; `due` are those of the days before.
    """
    draw = random.Random(seed)
    rows = iter(city.closures(days * DAILY, seed=seed))
    due = dict(due or {})
    for _ in range(days):
        clock.forward(days=1)
        calls = [_call(next(rows), draw) for _ in range(DAILY)]
        calls = [change(call, draw) for call in calls] if change else calls
        with writing_book(ledger.engine, actor=AGENT, versions={}, now=clock) as book:
            for order, unit in due.pop(clock().date(), []):
                book.order(order)
                facts = {"unit": unit, "reason": "职能不符", "proposed": ""}
                book.append(Draft(order=order, kind=EventKind.RETURNED, facts=facts))
            receipts = receive(book, [(_reception(call, clock, at), AGENT) for at, call in enumerate(calls)])
        for receipt, call in zip(receipts, calls, strict=True):
            if draw.random() < call.returned:
                day = clock().date() + timedelta(days=draw.randint(1, 3))
                due[day] = [*due.get(day, []), (receipt.order, call.unit.code)]
    return due


def _call(row, draw: random.Random) -> Call:
    return Call(
        text=row.text,
        topic=TOPICS[row.topic],
        unit=UNITS[row.unit],
        district=row.district,
        sure=draw.betavariate(4, 2),
        fits=draw.betavariate(6, 1.5),
    )


def _reception(call: Call, clock: Clock, at: int) -> Reception:
    routing = Routing(
        appeal=Appeal(id="1", text=call.text),
        reading=Reading(masked=call.text, tokens=(call.text,)),
        topics=(RankedTopic(topic=call.topic, probability=call.fits),),
        place=Place(district=call.district),
        candidates=(),
        suggestions=(Suggestion(unit=call.unit, probability=call.sure),),
        decision=Decision(action=Action.DISPATCH, reason="sure", why="。", units=(call.unit.code,)),
        versions=Versions(bundle="b1", pack="yunling", policy="1"),
    )
    return Reception(routing=routing, received_at=clock() - timedelta(seconds=at + 1))


def batteries(call: Call, draw: random.Random) -> Call:
    """Now and then somebody speaks of what nobody spoke of before, and no topic fits."""
    if draw.random() > 0.2:
        return call
    what = draw.choice(("半夜充电冒烟", "电池柜嗡嗡响", "占了消防通道", "电池柜着火"))
    place = draw.choice(("小区", "路口", "商场"))
    text = f"{place}新装的换电柜{what}，{draw.choice(('担心', '害怕'))}换电柜爆炸"
    return replace(call, text=text, fits=0.2)


def a_unit_takes_over(call: Call, draw: random.Random) -> Call:
    """Three in ten orders are suggested to a unit that had none before."""
    return replace(call, unit=NEW_UNIT) if draw.random() < 0.3 else call
