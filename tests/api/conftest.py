import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import BrokenTriage, KeywordTriage
from triage.ledger.database import truncate_log
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger


@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(create_app(KeywordTriage(), Settings(batch_limit=5))) as client:
        yield client


@pytest.fixture
def unready() -> Iterator[TestClient]:
    with TestClient(create_app(None, Settings())) as client:
        yield client


@pytest.fixture
def broken() -> Iterator[TestClient]:
    with TestClient(create_app(BrokenTriage(), Settings())) as client:
        yield client


@pytest.fixture(scope="session")
def empty_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the tables of the ledger, to be copied: that is quicker than to make them each time."""
    file = tmp_path_factory.mktemp("empty") / "ledger.db"
    engine = Ledger.open(f"sqlite:///{file}").engine
    truncate_log(engine)
    engine.dispose()
    return file


@pytest.fixture
def ledger(tmp_path: Path, empty_ledger: Path) -> Ledger:
    file = tmp_path / "ledger.db"
    shutil.copy(empty_ledger, file)
    return Ledger.open(f"sqlite:///{file}")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path / "state", worker=False)


@pytest.fixture
def office(ledger: Ledger, settings: Settings) -> Iterator[TestClient]:
    """A hotline with a ledger; whoever asks with `office` shows no key."""
    with TestClient(create_app(KeywordTriage(), settings, ledger)) as client:
        yield client


@pytest.fixture
def key_of(ledger: Ledger):
    """Make a key of a role, and return the headers that show it."""

    def made(role: str, unit: str = "") -> dict[str, str]:
        _, words = ledger.create_key(role=Role(role), name=role, unit=unit)
        return {"Authorization": f"Bearer {words}"}

    return made
