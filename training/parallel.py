"""The one door to joblib: work that is spread over the cores of a machine, or over a cluster that joblib knows."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from joblib import Parallel, delayed

T = TypeVar("T")


def in_parallel(jobs: Sequence[Callable[[], T]]) -> Iterator[T]:
    """Run the jobs on all cores and give their results in the order of the jobs, each as soon as it is due.

    In processes: liblinear draws its random numbers from one generator that all threads of a process would share, and
    the same seed would not give the same model.
    """
    if not jobs:
        return iter(())  # joblib would warn
    results: Iterator[T] = Parallel(n_jobs=-1, return_as="generator")(delayed(job)() for job in jobs)
    return results
