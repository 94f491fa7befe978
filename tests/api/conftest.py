from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import BrokenTriage, KeywordTriage


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
