"""The service that the browser opens, with an agent's key to it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from api.app import create_app
from api.settings import Settings
from tests.console.fakes import TellingTriage
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    url: str
    key: str


@contextmanager
def start_site(folder: Path) -> Iterator[Site]:
    """Serve the application with a ledger in a folder, on a free port of this machine, to an agent with a key."""
    ledger = Ledger.open(f"sqlite:///{folder / 'paidan.db'}")
    _, words = ledger.create_key(role=Role.AGENT, name="演示座席")
    app = create_app(TellingTriage(), Settings(state=folder, worker=False), ledger)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, ws="none"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield Site(url=f"http://127.0.0.1:{listening.getsockname()[1]}", key=words)
        server.should_exit = True
        thread.join()
    ledger.engine.dispose()
