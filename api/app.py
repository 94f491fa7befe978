"""The composition root: the one place where routes, guard and triage meet."""

import tomllib
from typing import Any

from fastapi import FastAPI

from api import problems
from api.guard import Guard
from api.routes import directory, health, route
from api.routing import Router
from api.settings import CHECKOUT, Settings

_TAGS = [
    {"name": "routing", "description": "研判：诉求属于什么事项、在哪里、由谁承办"},
    {"name": "directory", "description": "派单目录：承办单位与事项"},
    {"name": "health", "description": "运行状态"},
]


class _Paidan(FastAPI):
    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        described["components"]["schemas"].update(problems.schemas())
        return described


def create_app(router: Router | None, settings: Settings) -> FastAPI:
    """Build the service around a triage, or without one: then it is alive and not ready."""
    app = _Paidan(
        title="Paidan 派单",
        summary="Reads a citizen's complaint in Chinese and tells the unit that must act",
        version=_version(),
        openapi_tags=_TAGS,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere; this service runs offline too
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.router, app.state.settings = router, settings
    app.add_middleware(Guard, body_limit=settings.body_limit)
    problems.install(app)
    for routes in (route.router, directory.router, health.router):
        app.include_router(routes)
    return app


def _version() -> str:
    # The checkout says it, also where nobody has installed the package.
    project: dict[str, str] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["version"]
