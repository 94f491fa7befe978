"""Whatever is killed, and whenever: what was acknowledged is there, once, and is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crash.cluster import Cluster
from tests.crash.crowd import Crowd
from tests.crash.patience import until
from tests.crash.proof import failures, prove_kept, prove_told, waiting
from tests.crash.receiver import Receiver
from tests.crash.service import Service, start_all
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger

# A claim on a delivery runs out after two minutes, and a signature is taken for five.
_AHEAD_SECONDS = 180
_POSTGRESQL_DIES_IN, _TWO_SERVE_IN = (4, 10, 16), range(7, 13)


def test_a_service_that_is_killed_loses_and_doubles_nothing(folder: Path, receiver: Receiver):
    with surviving(f"sqlite:///{folder}/paidan.db", folder, receiver) as (crowd, services):
        killed_while_they_work(crowd, services[:1], times=2)


@pytest.mark.long
def test_sqlite_loses_and_doubles_nothing_though_its_service_is_killed_twenty_times(folder: Path, receiver: Receiver):
    with surviving(f"sqlite:///{folder}/paidan.db", folder, receiver) as (crowd, services):
        killed_while_they_work(crowd, services[:1], times=20)


@pytest.mark.long
def test_postgresql_loses_and_doubles_nothing_though_it_and_its_services_are_killed_twenty_times(
    folder: Path, cluster: Cluster, receiver: Receiver
):
    with surviving(cluster.url(), folder, receiver) as (crowd, services):
        for number in range(20):
            serving = services if number in _TWO_SERVE_IN else services[:1]
            start_all(serving)
            if number in _POSTGRESQL_DIES_IN:
                crowd.work_a_while()
                cluster.kill()
                cluster.start()
                assert all(service.is_alive() for service in serving)
            killed_while_they_work(crowd, serving, times=1)


def killed_while_they_work(crowd: Crowd, services: Sequence[Service], *, times: int) -> None:
    """Kill services at moments that chance chooses; the first is started again at once."""
    for _ in range(times):
        crowd.work_a_while()
        for service in services:
            service.kill()
        services[0].start()


@contextmanager
def surviving(url: str, folder: Path, receiver: Receiver) -> Iterator[tuple[Crowd, Sequence[Service]]]:
    """Let clients work while services are killed; in the end everything must be as they were told."""
    ledger = Ledger.open(url)
    services = [Service(database=url, folder=folder) for _ in range(2)]
    try:
        services[0].start()
        receiver.subscribe(services[0].port, ledger.create_key(role=Role.ADMINISTRATOR)[1])
        _, words = ledger.create_key(role=Role.AGENT)
        with Crowd([service.port for service in services], words) as crowd:
            yield crowd, services
            crowd.work_a_while()
        services[0].kill()
        services[0].start(ahead=_AHEAD_SECONDS)
        until(lambda: not waiting(ledger), "everything is told")
        prove_kept(ledger, crowd.cases)
        prove_told(ledger, receiver)
        assert set(crowd.statuses) <= {201, 409, 412, 503}
        assert [line for service in services for line in failures(service)] == []
    finally:
        for service in services:
            service.kill()
        ledger.engine.dispose()
