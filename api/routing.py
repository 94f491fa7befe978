"""What the service asks of a triage, how one is opened, and how many appeals pass through it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from triage.domain import Appeal, Mandate, Routing, Topic, Unit, Versions
from triage.errors import InputError
from triage.explanation import Explanation
from triage.lines import Line, Numbered, error_line, explained_line, routed_line
from triage.policy import Policy

if TYPE_CHECKING:
    from triage.pipeline import Triage


class Pack(Protocol):
    """A city pack, as far as it is shown."""

    @property
    def name(self) -> str: ...

    @property
    def units(self) -> tuple[Unit, ...]: ...

    @property
    def topics(self) -> tuple[Topic, ...]: ...

    @property
    def mandates(self) -> tuple[Mandate, ...]: ...


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


@runtime_checkable
class Relay(Protocol):
    """A router in whose place others come while the service runs."""

    @property
    def current(self) -> Router: ...


def current(router: Router) -> Router:
    """Return the router to ask for the whole of a call, whoever comes into its place meanwhile."""
    return router.current if isinstance(router, Relay) else router


def open_triage(bundle: Path, city: Path | None = None) -> "Triage":
    """Open a bundle; terms, rules and directory are those of the pack `city` where one is named.

    Raises
    ------
    InputError
        There is no bundle, it must not be loaded, or the pack has faults.
    """
    if not bundle.is_dir():
        raise InputError("no bundle here; `make run` fits one, or name another with --bundle", file=bundle)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    from models.bundle import load_triage  # noqa: PLC0415
    from triage.citypack import load_pack  # noqa: PLC0415

    threadpool_limits(1)  # the matrices of a few appeals are too small to be worth sharing between cores
    return load_triage(bundle, city=load_pack(city) if city else None)


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
