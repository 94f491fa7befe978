"""For whoever watches the service: is it alive, can it route and write, and what does it do."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.access import May, allowed
from api.champion import Champion
from api.dependencies import OPEN, ReadyRouter
from api.fallback import Fallback
from api.metrics import Metrics
from api.problems import declared
from api.routing import Router
from api.schemas import Alive, Ready, VersionsOut
from triage.errors import NotReadyError, UnavailableError
from triage.ledger.counts import Counts, counted
from triage.ledger.ledger import Ledger

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=declared(500), operation_id="alive")
async def alive() -> Alive:
    """Tell that the process answers; it may have nothing to route with."""
    return Alive()


@router.get("/readyz", responses=declared(500, 503), operation_id="ready")
def ready(triage: ReadyRouter, request: Request) -> Ready:
    """Tell which versions answer: as they should, degraded to a stand-in and why, or not at all (503)."""
    ledger: Ledger | None = request.app.state.ledger
    if ledger:
        ledger.end()
    state, reasons = _state(request.app.state.router)
    if state == "dead":
        raise NotReadyError
    return Ready(
        status="ready" if state == "ready" else "degraded",
        reasons=reasons,
        versions=VersionsOut(**asdict(triage.versions)),
    )


@router.get(
    "/metrics",
    dependencies=[Depends(allowed(May.WATCH))],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **declared(401, 403, 429, 500)},
    operation_id="metrics",
    openapi_extra=OPEN,
)
def metrics(request: Request) -> Response:
    """Requests, times, orders and deliveries in Prometheus' text format."""
    told: Metrics = request.app.state.metrics
    router: Router | None = request.app.state.router
    state = _state(router)[0] if router else "dead"
    return Response(told.read(state=state, counts=_counts(request.app.state.ledger)), media_type=told.MEDIA_TYPE)


def _state(router: Router) -> tuple[str, list[str]]:
    """Return whether stand-ins answer, and the kinds of trouble without the paths that the log has."""
    if not isinstance(router, (Champion, Fallback)):
        return "ready", []
    return router.state, [reason.partition(",")[0] for reason in router.reasons]


def _counts(ledger: Ledger | None) -> Counts | None:
    try:
        return counted(ledger.engine) if ledger else None
    except UnavailableError:
        return None
