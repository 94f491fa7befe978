"""研判: who must act on an appeal, or on many."""

from asyncio import sleep
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import Response

from api.answers import Lines
from api.dependencies import OPEN, CurrentSettings, ReadyRouter, ReadyTogether, json_only, who_routes
from api.examples import APPEAL, ENGLISH
from api.problems import declared
from api.routing import explanation_line, routed_chunks
from api.schemas import AppealIn, BatchIn, BatchOut, Explained, RoutedLine
from triage.errors import InputError
from triage.lines import Line, appeals_from, routed_line

router = APIRouter(
    tags=["routing"],
    dependencies=[Depends(who_routes), Depends(json_only)],
    responses=declared(400, 401, 403, 413, 415, 422, 429, 500, 503),
)

# Between chunks other requests get their turn: a batch takes a second or more, a chunk some milliseconds.
_CHUNK = 32


@router.post("/v1/route", response_model=RoutedLine, response_class=Lines, operation_id="route", openapi_extra=OPEN)
async def route(
    appeal: Annotated[
        AppealIn,
        Body(
            openapi_examples={
                "中文": {"summary": "一条诉求", "value": APPEAL},
                "English": {"summary": "Only the text is required", "value": ENGLISH},
            }
        ),
    ],
    together: ReadyTogether,
) -> Response:
    """Tell what an appeal is about, where it is and which unit must act."""
    return Lines(routed_line(await together.route(appeal.appeal())))


@router.post("/v1/explain", response_model=Explained, response_class=Lines, operation_id="explain", openapi_extra=OPEN)
async def explain(
    appeal: Annotated[AppealIn, Body(openapi_examples={"中文": {"summary": "一条诉求", "value": APPEAL}})],
    triage: ReadyRouter,
) -> Response:
    """Route an appeal and tell why: the words, the duty, similar closed orders, and why the runner-up lost."""
    return Lines(explanation_line(triage, triage.route(appeal.appeal())))


@router.post(
    "/v1/route/batch", response_model=BatchOut, response_class=Lines, operation_id="routeBatch", openapi_extra=OPEN
)
async def route_batch(
    batch: Annotated[
        BatchIn,
        Body(openapi_examples={"batch": {"summary": "两条诉求", "value": {"appeals": [APPEAL, ENGLISH]}}}),
    ],
    triage: ReadyRouter,
    settings: CurrentSettings,
) -> Response:
    """Route many appeals (1,000 at most by default). One that cannot be used has an error in its place."""
    if len(batch.appeals) > settings.batch_limit:
        message = f"{len(batch.appeals):,} appeals; at most {settings.batch_limit:,} are taken at a time"
        raise InputError(message, code="too_many_appeals", field="appeals")
    lines: list[Line] = []
    for chunk in routed_chunks(triage, appeals_from(batch.appeals), size=_CHUNK):
        lines += chunk
        await sleep(0)
    return Lines({"routed": lines})
