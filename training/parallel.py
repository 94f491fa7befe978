"""The one door to joblib: work that is spread over the cores of a machine, or over a cluster that joblib knows."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from joblib import Parallel, delayed

T = TypeVar("T")


def in_parallel(jobs: Iterable[Callable[[], T]]) -> Iterator[T]:
    """Run the jobs on all cores and give their results in the order of the jobs, each as soon as it is due."""
    results: Iterator[T] = Parallel(n_jobs=-1, prefer="threads", return_as="generator")(delayed(job)() for job in jobs)
    return results
