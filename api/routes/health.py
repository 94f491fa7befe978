"""For whoever watches the service: is it alive, and can it route?"""

from dataclasses import asdict

from fastapi import APIRouter

from api.dependencies import ReadyRouter
from api.problems import declared
from api.schemas import Alive, Ready, VersionsOut

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=declared(500), operation_id="alive")
async def alive() -> Alive:
    """Tell that the process answers; it may have nothing to route with."""
    return Alive()


@router.get("/readyz", responses=declared(500, 503), operation_id="ready")
async def ready(triage: ReadyRouter) -> Ready:
    """Tell which versions answer, or that none can."""
    return Ready(versions=VersionsOut(**asdict(triage.versions)))
