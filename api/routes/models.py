"""Which bundle answers, which one answered before, and how the shadow does."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from api.champion import Champion
from api.dependencies import ReadyRouter, WhoCounts
from api.problems import declared
from api.shadow import Shadow, Tally

router = APIRouter(tags=["statistics"])


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChampionOut(_Out):
    bundle: str
    at: str = Field(description="When it was made the champion, UTC")
    by: str
    why: str


class CompareOut(_Out):
    compared: int
    same_unit: int = Field(description="How often both suggested the same unit first")
    same_action: int
    mean_difference: float | None = Field(description="By how much the shadow is surer of its first suggestion")


class DistrictOut(CompareOut):
    district: str | None


class ShadowOut(CompareOut):
    bundle: str
    runs: bool = Field(description="Whether it could be opened")
    districts: list[DistrictOut]


class Models(_Out):
    """`champion`, `previous` and `shadow` are those of the registry, null where the service follows none."""

    answering: str = Field(description="The bundle that answers now")
    champion: ChampionOut | None = None
    previous: str | None = None
    shadow: ShadowOut | None = None


@router.get("/v1/models", responses=declared(401, 403, 429, 500, 503), operation_id="listModels")
async def models(
    triage: ReadyRouter,
    request: Request,
    caller: WhoCounts,  # noqa: ARG001 - it is asked for its role
) -> Models:
    """Tell which bundle answers, which one a roll back returns to, and how far the shadow agrees with the champion."""
    champion, answering = request.app.state.router, triage.versions.bundle
    if not isinstance(champion, Champion):
        return Models(answering=answering)
    known = champion.known
    since = known.since
    return Models(
        answering=answering,
        champion=ChampionOut(bundle=since.bundle, at=since.at, by=since.by, why=since.why) if since else None,
        previous=known.previous,
        shadow=_shadow(champion.shadow, known.shadow, answering) if known.shadow else None,
    )


def _shadow(shadow: Shadow, bundle: str, champion: str) -> ShadowOut:
    found = shadow.agreement(champion)
    districts = [
        DistrictOut(district=district or None, **_compared(tally))
        for district, tally in sorted(found.districts.items())
    ]
    return ShadowOut(bundle=bundle, runs=shadow.bundle == bundle, districts=districts, **_compared(found.total))


def _compared(tally: Tally) -> dict[str, Any]:
    return {
        "compared": tally.compared,
        "same_unit": tally.same_unit,
        "same_action": tally.same_action,
        "mean_difference": tally.mean_difference,
    }
