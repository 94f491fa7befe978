"""What another directory would do with appeals that came in, before anybody is bound by it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from triage.domain import Action, Appeal, Routing, Unit, UnitCode


class Router(Protocol):
    """Whatever routes appeals; `triage.pipeline.Triage` does."""

    def route_many(self, appeals: Sequence[Appeal], /) -> list[Routing]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An appeal that is routed otherwise. What the citizen said is not in it.

    `source` and `target` name the unit that was and is suggested first; `units_before` and `units_after` are those of
    the decision, the one that leads first.
    """

    id: str
    topic: str
    source: str
    target: str
    action_before: Action
    action_after: Action
    units_before: tuple[UnitCode, ...] = ()
    units_after: tuple[UnitCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """How many appeals of a topic are suggested to another unit first; the name is empty where none is suggested."""

    topic: str
    source: str
    target: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """How the same appeals fare before and after.

    Of `appeals`, `kept` have the same first suggestion; `units` are decided for other units, be it one that assists,
    and `actions` with another action. `moves` has the most frequent first, `cases` all that differ in any of this.
    """

    appeals: int
    kept: int
    units: int
    actions: int
    moves: tuple[Move, ...]
    cases: tuple[Case, ...]


def replay(before: Router, after: Router, appeals: Iterable[Appeal], *, size: int = 256) -> Replay:
    """Route appeals with both, `size` at a time, and tell what differs; only the cases that differ are kept."""
    remaining, count = iter(appeals), 0
    cases: list[Case] = []
    moved = Counter[tuple[str, str, str]]()
    while chunk := list(islice(remaining, size)):
        count += len(chunk)
        for one, other in zip(before.route_many(chunk), after.route_many(chunk), strict=True):
            case = _case(one, other)
            if moves := _code(one) != _code(other):
                moved[case.topic, case.source, case.target] += 1
            if moves or _decided(one) != _decided(other):
                cases.append(case)
    return Replay(
        appeals=count,
        kept=count - moved.total(),
        units=sum(case.units_before != case.units_after for case in cases),
        actions=sum(case.action_before is not case.action_after for case in cases),
        moves=tuple(
            Move(topic=topic, source=source, target=target, count=times)
            for (topic, source, target), times in sorted(moved.items(), key=lambda move: (-move[1], move[0]))
        ),
        cases=tuple(cases),
    )


def _case(before: Routing, after: Routing) -> Case:
    return Case(
        id=before.appeal.id,
        topic=before.topics[0].topic.name if before.topics else "",
        source=_name(before),
        target=_name(after),
        action_before=before.decision.action,
        action_after=after.decision.action,
        units_before=before.decision.units,
        units_after=after.decision.units,
    )


def _first(routing: Routing) -> Unit | None:
    return routing.suggestions[0].unit if routing.suggestions else None


def _code(routing: Routing) -> str:
    unit = _first(routing)
    return unit.code if unit else ""


def _name(routing: Routing) -> str:
    unit = _first(routing)
    return unit.name if unit else ""


def _decided(routing: Routing) -> tuple[Action, tuple[UnitCode, ...]]:
    return routing.decision.action, routing.decision.units
