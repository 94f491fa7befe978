"""The composition root: the one place where routes, guard, triage and ledger meet."""

import threading
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from fastapi import FastAPI

from api import problems
from api.access import Doorkeeper
from api.champion import Champion
from api.console import pages
from api.counter import Counter
from api.delivery import Destinations, Sender
from api.guard import Guard
from api.hotline import DRAW, Hotline
from api.metrics import Metrics
from api.open311.routes import router as open311
from api.outbox import Postman, Strongbox
from api.routes import (
    appeals,
    batches,
    directory,
    health,
    keys,
    machines,
    models,
    orders,
    route,
    session,
    statistics,
    webhooks,
)
from api.routing import Router
from api.settings import CHECKOUT, Settings
from api.together import Together
from api.worker import Worker
from triage.citypack import CHINA
from triage.ledger.ledger import Ledger
from triage.ledger.originals import public_key
from triage.machines import city_machines

_TAGS = [
    {"name": "routing", "description": "研判：诉求属于什么事项、在哪里、由谁承办"},
    {"name": "orders", "description": "工单：受理、派单、签收、退单、并单、办结、回访"},
    {"name": "machines", "description": "物联感知与其他热线的事件"},
    {"name": "webhooks", "description": "向承办单位与受理系统推送"},
    {"name": "access", "description": "密钥与会话"},
    {"name": "statistics", "description": "响应率、解决率、满意率与派单质量"},
    {"name": "directory", "description": "派单目录：承办单位与事项"},
    {"name": "open311", "description": "Open311 GeoReport v2"},
    {"name": "health", "description": "运行状态"},
]


class _Paidan(FastAPI):
    def openapi(self) -> dict[str, Any]:
        described = super().openapi()
        described["components"]["schemas"].update(problems.schemas())
        return described


def create_app(
    router: Router | None, settings: Settings, ledger: Ledger | None = None, *, draw: Callable[[], float] = DRAW
) -> FastAPI:
    """Build the service around a triage and a ledger; without either it is alive, and answers 503 for what needs it.

    Parameters
    ----------
    draw
        What a person looks at: a number from 0 up to 1 for each order.
    """
    app = _Paidan(
        title="Paidan 派单",
        summary="Reads a citizen's complaint in Chinese, sends it to the unit that must act, and follows it to its end",
        version=_version(),
        openapi_tags=_TAGS,
        docs_url=None,  # FastAPI's pages load scripts from elsewhere; this service runs offline too
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_working,
    )
    state = app.state
    state.router, state.settings, state.metrics = router, settings, Metrics()
    state.draw = draw
    state.together = Together(router) if router else None
    if isinstance(router, Champion):
        state.metrics.watch(router.shadow)
    state.ledger, state.hotline, state.desk, state.doorkeeper, state.worker, state.strongbox = ledger, *[None] * 5
    state.machines = city_machines(CHINA, settings.pack)
    if ledger:
        _open_ledger(app, ledger)
    app.add_middleware(Guard, body_limit=settings.body_limit, import_limit=settings.import_limit, metrics=state.metrics)
    problems.install(app)
    modules = (
        route,
        batches,
        appeals,
        orders,
        machines,
        webhooks,
        keys,
        session,
        statistics,
        directory,
        models,
        health,
    )
    routers = [*(module.router for module in modules), open311, pages]
    for included in routers:
        app.include_router(included)
    state.routes = [one for included in routers for one in included.routes]
    return app


def _open_ledger(app: FastAPI, ledger: Ledger) -> None:
    state, settings = app.state, app.state.settings
    state.doorkeeper = Doorkeeper(ledger, rate_limit=settings.rate_limit)
    state.strongbox = Strongbox(settings.state / "webhooks.key")
    sender = Sender(destinations=Destinations(networks=settings.webhook_networks))
    state.worker = Worker(ledger, Postman(ledger, sender, state.strongbox))
    if state.router:
        sealing = public_key(settings.originals_key) if settings.originals_key else None
        state.hotline = Hotline(state.router, ledger, originals_key=sealing, draw=state.draw)
        state.desk = Counter(state.hotline, state.doorkeeper)


class _Runs(Protocol):
    def run(self) -> None: ...

    def stop(self) -> None: ...


@asynccontextmanager
async def _working(app: FastAPI) -> AsyncIterator[None]:
    """Let what works beside the server work: the worker, if it is to, and what follows a registry."""
    running = _runs(app)
    threads = [threading.Thread(target=one.run, name=type(one).__name__.lower(), daemon=True) for one in running]
    for thread in threads:
        thread.start()
    yield
    for one in running:
        one.stop()
    for thread in threads:
        thread.join(timeout=15)


def _runs(app: FastAPI) -> list[_Runs]:
    state = app.state
    running: list[_Runs] = [state.worker] if state.worker and state.settings.worker else []
    if isinstance(state.router, Champion):
        running += [state.router, state.router.shadow]
    return running


def _version() -> str:
    # The checkout says it, also where nobody has installed the package.
    project: dict[str, str] = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
    return project["version"]
