"""A cluster gives the same bundle as one machine, also when a worker is killed while it works."""

import json
import os
import signal
import threading
import time

import pytest

from training.make import make_bundle, prepare
from training.parallel import in_parallel, on_cluster
from triage.errors import InputError, UnavailableError

distributed = pytest.importorskip("distributed", reason="the extra cluster is not installed")


@pytest.fixture
def cluster():
    """Two workers of one thread each, in processes of their own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, worker_dashboard_address=None
    ) as running:
        yield running


def bundle_id(folder):
    return json.loads((folder / "manifest.json").read_bytes())["id"]


@pytest.mark.long
def test_the_bundle_is_the_same_though_a_worker_is_killed(cluster, city_export, tmp_path):
    prepared = prepare([city_export], pack=None, name="yunling")
    make_bundle(prepared, tmp_path / "alone", seed=0, progress=lambda _: None)
    killed, ready = [], threading.Event()

    def kill_one():
        ready.wait(60)
        worker = next(iter(cluster.workers.values()))
        os.kill(worker.pid, signal.SIGKILL)
        killed.append(worker.pid)

    killer = threading.Thread(target=kill_one)
    killer.start()
    with on_cluster(cluster.scheduler_address):
        make_bundle(
            prepared, tmp_path / "together", seed=0, progress=lambda said: ready.set() if "heads 1" in said else None
        )
    killer.join()
    assert killed
    assert bundle_id(tmp_path / "together") == bundle_id(tmp_path / "alone")


def test_results_come_in_the_order_of_the_jobs(cluster):
    jobs = [lambda number=number: (time.sleep(0.05 * (3 - number % 3)), number)[1] for number in range(9)]
    with on_cluster(cluster.scheduler_address):
        assert list(in_parallel(jobs)) == list(range(9))


def test_workers_with_several_threads_are_refused_with_a_remedy():
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None) as running,
        pytest.raises(InputError, match="--nthreads 1"),
        on_cluster(running.scheduler_address),
    ):
        pytest.fail("it was not refused")


def test_a_cluster_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr("training.parallel._PATIENCE", "1s")
    with (
        pytest.raises(UnavailableError, match=r"no cluster answers at tcp://127\.0\.0\.1:9"),
        on_cluster("tcp://127.0.0.1:9"),
    ):
        pytest.fail("it was not refused")
