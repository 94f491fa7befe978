"""A service that is killed while it makes its tables and its keys is no worse off the next time."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from api.outbox import Strongbox
from tests.crash.cluster import Cluster
from tests.crash.proof import failures
from tests.crash.service import Service, start_all
from triage.ledger.ledger import Ledger
from triage.ledger.verify import verify

_TIMES = 12


@pytest.fixture(params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest, folder: Path) -> Callable[[], str]:
    """Return how to make a database without any tables."""
    numbers = count(1)
    if request.param == "sqlite":
        return lambda: f"sqlite:///{folder}/{next(numbers)}.db"
    cluster: Cluster = request.getfixturevalue("cluster")

    def made() -> str:
        name = f"new_{next(numbers)}"
        cluster.ask(f"CREATE DATABASE {name}")
        return cluster.url(name)

    return made


@pytest.mark.long
def test_services_that_are_killed_while_they_start_for_the_first_time_start_again(
    new_database: Callable[[], str], folder: Path
):
    draw = random.Random(20261122)
    for number in range(_TIMES):
        database, home = new_database(), folder / f"home-{number}"
        home.mkdir()
        services = [Service(database=database, folder=home) for _ in range(2)]
        try:
            for service in services:
                service.launch()
            time.sleep(draw.uniform(0, 0.4))
            for service in services:
                service.kill()
            start_all(services)
        finally:
            for service in services:
                service.kill()
        assert [line for service in services for line in failures(service)] == []
        ledger = Ledger.open(database)
        verify(ledger.engine)
        ledger.engine.dispose()


def test_services_that_start_at_once_share_one_key_to_secrets(tmp_path: Path):
    """Whoever comes second must not read a key that is not written yet."""
    for number in range(50):
        file = tmp_path / str(number) / "webhooks.key"
        together = Barrier(4)

        def opened(_: int, file: Path = file, together: Barrier = together) -> Strongbox:
            together.wait()
            return Strongbox(file)

        with ThreadPoolExecutor(4) as threads:
            first, *others = threads.map(opened, range(4))
        assert {other.open(first.lock("whsec")) for other in others} == {"whsec"}
