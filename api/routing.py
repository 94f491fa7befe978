"""What the service asks of a triage, and how many appeals pass through it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from triage.domain import Appeal, Routing, Topic, Unit, Versions
from triage.explanation import Explanation
from triage.lines import Line, Numbered, error_line, explained_line, routed_line
from triage.policy import Policy


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
    def policy(self) -> Policy: ...

    @property
    def versions(self) -> Versions: ...

    def route(self, appeal: Appeal) -> Routing: ...

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]: ...

    def explain(self, routing: Routing) -> Explanation | None: ...


def routed_chunks(
    router: Router, entries: Iterable[Numbered], *, size: int, explained: bool = False
) -> Iterator[list[Line]]:
    """Answer each entry in its place, a chunk at a time: enough to share work, not so much that a stream waits."""
    remaining = iter(entries)
    while chunk := list(islice(remaining, size)):
        yield _routed(router, chunk, explained=explained)


def explanation_line(router: Router, routing: Routing) -> Line:
    """Write a routing and why it was made."""
    return explained_line(routing, router.explain(routing))


def _routed(router: Router, chunk: Sequence[Numbered], *, explained: bool) -> list[Line]:
    routings = iter(router.route_many([found for _, found in chunk if isinstance(found, Appeal)]))
    return [
        _line(router, next(routings), explained=explained) if isinstance(found, Appeal) else error_line(id_, found)
        for id_, found in chunk
    ]


def _line(router: Router, routing: Routing, *, explained: bool) -> Line:
    return explanation_line(router, routing) if explained else routed_line(routing)
