"""A server process that is killed and started again."""

import multiprocessing
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.crash.patience import until
from tests.crash.ports import free_port
from tests.crash.server import serve

# Forked from a process that has imported everything and done nothing yet: a new server is there in no time.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.crash.server"])


@dataclass(kw_only=True)
class Service:
    """The service on one port, with a log that all of its processes write to."""

    database: str
    folder: Path
    port: int = field(default_factory=free_port)
    process: BaseProcess | None = None

    @property
    def log(self) -> Path:
        return self.folder / f"server-{self.port}.log"

    def start(self, *, ahead: int = 0) -> None:
        """Start a process, and wait until it is ready; its clock may be ahead by some seconds."""
        self.launch(ahead=ahead)
        self.wait()

    def launch(self, *, ahead: int = 0) -> None:
        """Start a process, without waiting for it."""
        self.log.touch()
        how = {"port": self.port, "state": self.folder / "state", "log": self.log, "ahead": ahead}
        self.process = _context.Process(target=serve, args=(self.database,), kwargs=how)
        self.process.start()

    def wait(self) -> None:
        """Wait until the process is ready."""
        until(self._is_ready, f"the service starts, see {self.log}")

    def kill(self) -> None:
        """End the process at once, whatever it is doing; nothing if there is none."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it ended by itself
                self.process.kill()
            self.process.join()
            self.process.close()
        self.process = None

    def is_alive(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def _is_ready(self) -> bool:
        assert self.is_alive(), self.log.read_text()[-5_000:]
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def start_all(services: Sequence[Service]) -> None:
    """Start at once those services that do not run."""
    for service in services:
        if not service.is_alive():
            service.launch()
    for service in services:
        service.wait()
