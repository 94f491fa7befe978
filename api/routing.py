"""What the service asks of a triage, and how many appeals pass through it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from triage.domain import Appeal, Routing, Topic, Unit, Versions
from triage.lines import Line, Numbered, error_line, routed_line


class Pack(Protocol):
    """A city pack, as far as it is shown."""

    @property
    def units(self) -> tuple[Unit, ...]: ...

    @property
    def topics(self) -> tuple[Topic, ...]: ...


class Router(Protocol):
    """Whatever reads appeals and says who must act; `triage.pipeline.Triage` does."""

    @property
    def pack(self) -> Pack: ...

    @property
    def versions(self) -> Versions: ...

    def route(self, appeal: Appeal) -> Routing: ...

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]: ...


def routed_chunks(router: Router, entries: Iterable[Numbered], *, size: int) -> Iterator[list[Line]]:
    """Answer each entry in its place, a chunk at a time: enough to share work, not so much that a stream waits."""
    remaining = iter(entries)
    while chunk := list(islice(remaining, size)):
        yield _routed(router, chunk)


def _routed(router: Router, chunk: Sequence[Numbered]) -> list[Line]:
    routings = iter(router.route_many([found for _, found in chunk if isinstance(found, Appeal)]))
    return [
        routed_line(next(routings)) if isinstance(found, Appeal) else error_line(id_, found) for id_, found in chunk
    ]
