"""`paidan serve` and `paidan worker`: the service in a process, or its worker alone."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from api.settings import DEFAULT_PACK, Settings
from triage.errors import InputError

if TYPE_CHECKING:
    from api.routing import Router
    from triage.ledger.ledger import Ledger

LOCAL_KEY = "local.key"


def serve(settings: Settings) -> None:
    """Answer over HTTP until told to stop."""
    import uvicorn  # noqa: PLC0415

    from api.app import create_app  # noqa: PLC0415
    from api.logs import log_to_stderr  # noqa: PLC0415
    from triage.ledger.ledger import Ledger  # noqa: PLC0415

    log_to_stderr()
    ledger = Ledger.open(settings.database)
    _settle_keys(ledger, settings)
    # uvicorn's own access log has the whole address, which may hold anything; the guard logs instead.
    uvicorn.run(
        create_app(_router(settings), settings, ledger),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        proxy_headers=settings.behind_proxy,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=20,
    )


def work(settings: Settings) -> None:
    """Watch deadlines and deliver webhooks until told to stop."""
    from api.delivery import Destinations, Sender  # noqa: PLC0415
    from api.logs import log_to_stderr  # noqa: PLC0415
    from api.outbox import Postman, Strongbox  # noqa: PLC0415
    from api.worker import Worker  # noqa: PLC0415
    from triage.ledger.ledger import Ledger  # noqa: PLC0415

    log_to_stderr()
    ledger = Ledger.open(settings.database)
    sender = Sender(destinations=Destinations(networks=settings.webhook_networks))
    worker = Worker(ledger, Postman(ledger, sender, Strongbox(settings.state / "webhooks.key")))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()


def _router(settings: Settings) -> "Router":
    """Open the bundle that is named, or the champion of a registry, with what stands in for either."""
    city, pack, state = settings.pack, settings.pack or DEFAULT_PACK, settings.state
    if settings.registry is None:
        from api.fallback import open_with_fallback  # noqa: PLC0415

        return open_with_fallback(settings.bundle, city, pack=pack, state=state)
    from api.champion import BundleOpener, Champion  # noqa: PLC0415
    from models.registry import Registry  # noqa: PLC0415

    registry = Registry.open(settings.registry, public_key=settings.registry_key, cache=state / "registry")
    return Champion(registry, BundleOpener(city=city, pack=pack, state=state))


def _settle_keys(ledger: "Ledger", settings: Settings) -> None:
    """Make a first key where only this machine can ask, and refuse to serve others without any."""
    from triage.ledger import keys  # noqa: PLC0415
    from triage.ledger.database import reading  # noqa: PLC0415

    now = ledger.now()
    with reading(ledger.engine) as connection:
        if any(key.holds(now) for key in keys.listed(connection)):
            return
    if not settings.is_local:
        message = "nobody could ask: there is no key yet; `paidan keys create --role administrator` makes one"
        raise InputError(message, code="no_keys", field="host")
    file = settings.state / LOCAL_KEY
    with _private(file) as fresh:
        key, words = ledger.create_key(role=keys.Role.ADMINISTRATOR, name="local")
        fresh.write(words + "\n")
    typer.echo(f"There was no key yet: {key.id}, which may do everything, is in {file}", err=True)


@contextmanager
def _private(file: Path) -> Iterator[TextIO]:
    """Open a new file that only its owner can read."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        number = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise InputError(f"{error.strerror}; set PAIDAN_STATE to a folder that can be written", file=file) from None
    with os.fdopen(number, "w") as fresh:
        yield fresh
