"""派单目录: the units that can be made responsible, and the topics that appeals are about."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.dependencies import ReadyRouter
from api.problems import declared
from api.schemas import Promises, TopicOut, Topics, UnitOut, Units
from triage.domain import Unit, UnitKind
from triage.lines import promise_line

router = APIRouter(tags=["directory"])


@router.get("/v1/units", responses=declared(422, 500, 503), operation_id="listUnits")
async def units(
    *,
    triage: ReadyRouter,
    district: Annotated[str | None, Query(description="Units of this district", examples=["朝阳区"])] = None,
    kind: Annotated[UnitKind | None, Query(description="Units of this level")] = None,
    q: Annotated[str | None, Query(description="Words of a name, an alias or a duty", examples=["望京"])] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out at the front")] = 0,
) -> Units:
    """List the units of the city pack, in its order."""
    found = [
        unit
        for unit in triage.pack.units
        if (district is None or unit.district == district)
        and (kind is None or unit.kind == kind)
        and (q is None or _mentions(unit, q.casefold()))
    ]
    return Units(units=[_shown(unit) for unit in found[offset : offset + limit]], total=len(found))


@router.get("/v1/promise", responses=declared(500, 503), operation_id="promise")
async def promise(triage: ReadyRouter) -> Promises:
    """Show what is promised of orders that are dispatched by themselves, and what other promises would cost."""
    return Promises.model_validate(promise_line(triage.policy))


@router.get("/v1/topics", responses=declared(500, 503), operation_id="listTopics")
async def topics(triage: ReadyRouter) -> Topics:
    """List the topics of the city pack, in its order."""
    return Topics(
        topics=[
            TopicOut(code=topic.code, name=topic.name, path=list(topic.path), meaning=topic.meaning)
            for topic in triage.pack.topics
        ]
    )


def _mentions(unit: Unit, words: str) -> bool:
    return any(words in text.casefold() for text in (unit.name, unit.duty, *unit.aliases))


def _shown(unit: Unit) -> UnitOut:
    return UnitOut(
        code=unit.code,
        name=unit.name,
        kind=unit.kind,
        district=unit.district,
        duty=unit.duty,
        aliases=list(unit.aliases),
    )
