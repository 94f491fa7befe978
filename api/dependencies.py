"""What routes ask for."""

from typing import Annotated

from fastapi import Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.routing import Router
from api.settings import Settings
from triage.errors import NotReadyError


def json_only(request: Request) -> None:
    """Refuse a body that does not say it is JSON: a form of another site's page can say only other things."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, headers={"Accept": "application/json"})


def _router(request: Request) -> Router:
    router: Router | None = request.app.state.router
    if router is None:
        raise NotReadyError
    return router


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


ReadyRouter = Annotated[Router, Depends(_router)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
