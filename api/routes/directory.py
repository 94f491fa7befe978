"""派单目录: the units that can be made responsible, and the topics that appeals are about."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from api.access import identified
from api.dependencies import OPEN, ReadyRouter
from api.problems import declared
from api.schemas import DirectoryLine, DirectoryLines, Promises, TopicOut, Topics, UnitOut, Units, VersionsNow
from triage.directory import today
from triage.domain import Mandate, Unit, UnitKind, holds
from triage.lines import promise_line

router = APIRouter(tags=["directory"], dependencies=[Depends(identified)])


@router.get("/v1/units", responses=declared(401, 403, 422, 429, 500, 503), operation_id="listUnits", openapi_extra=OPEN)
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


@router.get("/v1/promise", responses=declared(401, 403, 429, 500, 503), operation_id="promise", openapi_extra=OPEN)
async def promise(triage: ReadyRouter) -> Promises:
    """Show what is promised of orders that are dispatched by themselves, and what other promises would cost."""
    return Promises.model_validate(promise_line(triage.policy))


@router.get("/v1/topics", responses=declared(401, 403, 429, 500, 503), operation_id="listTopics", openapi_extra=OPEN)
async def topics(triage: ReadyRouter) -> Topics:
    """List the topics of the city pack, in its order."""
    return Topics(
        topics=[
            TopicOut(code=topic.code, name=topic.name, path=list(topic.path), meaning=topic.meaning)
            for topic in triage.pack.topics
        ]
    )


@router.get(
    "/v1/directory",
    responses=declared(401, 403, 422, 429, 500, 503),
    operation_id="listDirectory",
    openapi_extra=OPEN,
)
async def directory(
    *,
    triage: ReadyRouter,
    topic: Annotated[str | None, Query(description="Lines of this topic, by code")] = None,
    district: Annotated[str | None, Query(description="Lines that hold in this district", examples=["朝阳区"])] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000, description="How many to leave out at the front")] = 0,
) -> DirectoryLines:
    """List the lines of the directory that hold today: which kind of office leads a topic, and who assists."""
    day = today()
    found = [
        line
        for line in triage.pack.mandates
        if holds(line, day)
        and (topic is None or line.topic == topic)
        and (district is None or line.district in ("", district))
    ]
    return DirectoryLines(lines=[_line(line) for line in found[offset : offset + limit]], total=len(found))


@router.get("/v1/versions", responses=declared(401, 403, 429, 500, 503), operation_id="versions", openapi_extra=OPEN)
async def versions(triage: ReadyRouter, request: Request) -> VersionsNow:
    """Tell which bundle, city pack, policy and program answer."""
    return VersionsNow(**asdict(triage.versions), paidan=request.app.version)


def _line(line: Mandate) -> DirectoryLine:
    return DirectoryLine(
        topic=line.topic,
        district=line.district or None,
        lead=str(line.lead),
        assist=[str(office) for office in line.assist],
        basis=line.basis,
        deadline=line.deadline,
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
