"""Databases that are killed, and a subscriber who listens meanwhile."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.cluster import Cluster, new_cluster
from tests.crash.receiver import Receiver
from tests.web import served


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, which PostgreSQL's sockets need."""
    with tempfile.TemporaryDirectory(prefix="paidan-crash-") as folder:
        yield Path(folder)


@pytest.fixture
def cluster(folder: Path) -> Iterator[Cluster]:
    """A PostgreSQL server that runs."""
    with new_cluster(folder / "primary") as cluster:
        cluster.create()
        cluster.start()
        yield cluster


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with served(Receiver()) as receiver:
        yield receiver
