"""A ledger in each of the two databases, new for every test, and a clock that tests move."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Postgres, running_postgres
from tests.triage.ledger.desk import Clock, opened
from triage.ledger.database import open_database
from triage.ledger.ledger import Ledger

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def migrated(postgres: Postgres) -> str:
    """The name of a database with the tables of the ledger."""
    name = postgres.create()
    open_database(postgres.url(name)).dispose()
    return name


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("migrated") / "ledger.db"
    open_database(f"sqlite:///{file}").dispose()
    return file


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A ledger in which nothing has happened."""
    if backend == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path)}"
    server, name = request.getfixturevalue("postgres"), request.getfixturevalue("migrated")
    server.empty(name)
    return server.url(name)


@pytest.fixture
def empty_url(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any tables."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    server = request.getfixturevalue("postgres")
    return server.url(server.create())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(url: str, clock: Clock) -> Iterator[Ledger]:
    with opened(url, clock) as ledger:
        yield ledger
