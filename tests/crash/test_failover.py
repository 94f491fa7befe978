"""A primary dies, its standby takes over, and the service goes on with it by itself."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.cluster import Cluster, new_cluster
from tests.crash.crowd import Crowd
from tests.crash.patience import until
from tests.crash.proof import failures, prove_kept
from tests.crash.service import Service
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger


@pytest.fixture
def standby(folder: Path, cluster: Cluster) -> Iterator[Cluster]:
    """A server that has everything before the primary says that it is written."""
    with new_cluster(folder / "standby") as standby:
        standby.copy(cluster)
        standby.start()
        cluster.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
        cluster.ask("SELECT pg_reload_conf()")
        until(lambda: cluster.ask("SELECT sync_state FROM pg_stat_replication") == [("sync",)], "the standby follows")
        yield standby


@pytest.fixture
def url(cluster: Cluster, standby: Cluster) -> str:
    """Either of two servers, whichever takes what is written."""
    places = f"host={cluster.place}&host={standby.place}"
    return f"postgresql://postgres@/postgres?{places}&target_session_attrs=read-write"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    ledger = Ledger.open(url)
    yield ledger
    ledger.engine.dispose()


@pytest.fixture
def service(url: str, folder: Path) -> Iterator[Service]:
    service = Service(database=url, folder=folder)
    yield service
    service.kill()


@pytest.mark.long
def test_nothing_acknowledged_is_lost_with_a_primary(
    cluster: Cluster, standby: Cluster, ledger: Ledger, service: Service
):
    _, words = ledger.create_key(role=Role.AGENT)
    service.start()
    with Crowd([service.port], words) as crowd:
        crowd.advance(by=200)
        cluster.kill_all()
        until(lambda: crowd.statuses[503], "clients are told to try again")
        standby.promote()
        crowd.advance(by=200)
        assert service.is_alive()
    prove_kept(ledger, crowd.cases)
    assert set(crowd.statuses) <= {201, 409, 412, 503}
    assert failures(service) == []


@pytest.mark.long
def test_a_server_that_takes_connections_and_says_nothing_is_passed_over(folder: Path, cluster: Cluster):
    """As one whose machine hangs does, or whose network lets nothing through any more."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        places = f"host=127.0.0.1:{mute.getsockname()[1]}&host={cluster.place}"
        service = Service(database=f"postgresql://postgres@/postgres?{places}", folder=folder)
        try:
            service.start()
        finally:
            service.kill()
