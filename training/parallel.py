"""The one door to joblib: work that is spread over the cores of a machine, or over a cluster of several."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from joblib import Parallel, delayed, parallel_config

from triage.errors import InputError, UnavailableError

T = TypeVar("T")
_PATIENCE = "10s"


def in_parallel(jobs: Sequence[Callable[[], T]]) -> Iterator[T]:
    """Run the jobs on all cores and give their results in the order of the jobs, each as soon as it is due.

    In processes: liblinear draws its random numbers from one generator that all threads of a process would share, and
    the same seed would not give the same model.
    """
    if not jobs:
        return iter(())  # joblib would warn
    results: Iterator[T] = Parallel(n_jobs=-1, return_as="generator")(delayed(job)() for job in jobs)
    return results


@contextmanager
def on_cluster(address: str) -> Iterator[None]:
    """Run jobs on the workers of a Dask cluster; a worker that dies loses its jobs to the others.

    Parameters
    ----------
    address
        Of its scheduler, `tcp://host:8786`. Workers have this checkout and one thread each (see `in_parallel`):
        `dask worker ADDRESS --nthreads 1 --nworkers 4`.

    Raises
    ------
    InputError
        The extra is missing, or a worker has several threads.
    UnavailableError
        The cluster does not answer, or has no workers.
    """
    try:
        from distributed import Client  # noqa: PLC0415
    except ImportError:
        raise InputError("dask.distributed is not installed; install the extra cluster", field="--cluster") from None
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"no cluster answers at {address}: {type(error).__name__}") from None
    with client:
        threads = client.nthreads()
        if not threads:
            raise UnavailableError(f"the cluster at {address} has no workers; start some with `dask worker {address}`")
        if any(count != 1 for count in threads.values()):
            raise InputError("a worker has several threads; start each with --nthreads 1", field="--cluster")
        with parallel_config(backend="dask", client=client):
            yield
