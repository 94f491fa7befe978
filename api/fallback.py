"""Who answers when the champion cannot: the last good bundle, then the directory and rules alone, then nobody.

What stands in says so, in every answer and to whoever watches the service.
"""

import json
import logging
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal, Self

from api.routing import Pack, Router, open_triage
from triage.citypack import CityPack, load_pack
from triage.domain import Appeal, Routing, Versions
from triage.errors import InputError, NotReadyError, PaidanError, TamperedError
from triage.explanation import Explanation
from triage.policy import Policy

if TYPE_CHECKING:
    from triage.pipeline import Triage

CHAMPION, LAST_GOOD, DIRECTORY = "champion", "last_good", "directory"

State = Literal["ready", "degraded", "dead"]

_PAUSE = 30.0  # seconds until a router that failed is tried again
_FAILURES = 3  # different texts in a row: one that no router can read says little about the router
_TRIED_ON = Appeal(id="smoke", text="小区门口的路灯坏了三天没有人修，晚上出行不便，请尽快处理。")
_MEMORY = "last-good.json"
_log = logging.getLogger("paidan.routing")


class Fallback:
    """A `Router` over several: each appeal is answered by the first that can. Several threads may call it.

    Parameters
    ----------
    routers
        By name, the one that is preferred first. Answers of all but `CHAMPION` are marked with the name.
    reasons
        Why others could not be opened.
    clock
        Seconds, from any beginning.
    """

    def __init__(
        self,
        routers: Sequence[tuple[str, Router]],
        *,
        reasons: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steps = [_Step(name=name, router=router, breaker=_Breaker(clock)) for name, router in routers]
        self._refused = tuple(reasons)

    @property
    def state(self) -> State:
        """`ready` while the champion answers, `dead` while none does."""
        if all(step.breaker.resting for step in self._steps):
            return "dead"
        first = self._steps[0]
        return "ready" if first.name == CHAMPION and not first.breaker.is_open else "degraded"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Say why what is preferred does not answer, without a word of any appeal."""
        failing = [f"{step.name}: {step.breaker.why}" for step in self._steps if step.breaker.is_open]
        return (*self._refused, *failing)

    @property
    def pack(self) -> Pack:
        return self._first.router.pack

    @property
    def policy(self) -> Policy:
        return self._first.router.policy

    @property
    def versions(self) -> Versions:
        return self._first.router.versions

    def route(self, appeal: Appeal) -> Routing:
        return self.route_many([appeal])[0]

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]:
        """Route each appeal by the first router that can.

        Raises
        ------
        InputError
            A router refuses an appeal, and no other is asked.
        NotReadyError
            No router could route one of the appeals.
        """
        found: dict[int, Routing] = {}
        for last, step in enumerate(self._steps, 1 - len(self._steps)):
            left = [at for at in range(len(appeals)) if at not in found]
            answers = step.answers([appeals[at] for at in left], always=not last)
            found |= {at: answer for at, answer in zip(left, answers, strict=True) if answer}
        if len(found) < len(appeals):
            raise NotReadyError("neither a bundle nor the directory could route this; see the log")
        return [found[at] for at in range(len(appeals))]

    def explain(self, routing: Routing) -> Explanation | None:
        """Ask the router that made a routing; None where it cannot tell, or is no longer here."""
        step = next((step for step in self._steps if step.mark == routing.degraded), None)
        if step is None or step.router.versions != routing.versions:
            return None
        try:
            return step.router.explain(routing)
        except InputError:
            raise
        except Exception as error:  # noqa: BLE001 - an answer without its explanation is better than none
            _tell(f"{step.name} could not explain", error)
            return None

    @property
    def _first(self) -> "_Step":
        return next((step for step in self._steps if not step.breaker.is_open), self._steps[0])


class _Breaker:
    """Keeps a router that fails from being asked for a while, and then lets one appeal through to try it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._lock = clock, Lock()
        self._failing: set[int] = set()
        self._retry_at: float | None = None
        self.why = ""

    @property
    def is_open(self) -> bool:
        """Whether it failed last."""
        return self._retry_at is not None

    @property
    def resting(self) -> bool:
        """Whether it is not to be tried again yet."""
        retry_at = self._retry_at
        return retry_at is not None and self._clock() < retry_at

    def admits(self, count: int) -> int:
        """Return how many of so many appeals may be tried now: all, one, or none."""
        with self._lock:
            if self._retry_at is None:
                return count
            if self._clock() < self._retry_at:
                return 0
            self._retry_at = self._clock() + _PAUSE  # others wait for how this one goes
            return min(count, 1)

    def answered(self) -> None:
        with self._lock:
            self._failing.clear()
            self._retry_at = None

    def failed(self, appeal: Appeal, error: Exception) -> None:
        with self._lock:
            self._failing.add(hash(appeal.text))
            if self._retry_at is not None or len(self._failing) >= _FAILURES:
                self._retry_at = self._clock() + _PAUSE
                self.why = f"{type(error).__name__} while routing; it is tried again every {_PAUSE:.0f} seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    name: str
    router: Router
    breaker: _Breaker
    mark: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mark", "" if self.name == CHAMPION else self.name)

    def answers(self, appeals: Sequence[Appeal], *, always: bool) -> list[Routing | None]:
        """Return an answer for each appeal, None where there is none; `always` tries even what rests."""
        found: list[Routing | None] = []
        while left := len(appeals) - len(found):
            count = left if always else self.breaker.admits(left)
            if not count:
                return found + [None] * left
            found += self._tried(appeals[len(found) : len(found) + count], always=always)
        return found

    def _tried(self, appeals: Sequence[Appeal], *, always: bool) -> list[Routing | None]:
        try:
            routings = self.router.route_many(appeals)
        except InputError:
            self.breaker.answered()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the next router may do better
            _tell(f"{self.name} could not route {len(appeals)}", error)
            if len(appeals) > 1:  # so that one text degrades itself alone
                return [answer for appeal in appeals for answer in self.answers([appeal], always=always)]
            self.breaker.failed(appeals[0], error)
            return [None]
        self.breaker.answered()
        return [replace(routing, degraded=self.mark) for routing in routings]


def open_with_fallback(bundle: Path, city: Path | None, *, pack: Path, state: Path) -> Fallback:
    """Open a bundle with what stands in for it; where it cannot be opened, only that.

    Parameters
    ----------
    city
        A pack that governs the bundle; it also is what is left where no bundle can be opened.
    pack
        What is left where no `city` is given.
    state
        Folder in which the last bundle that worked is remembered.

    Raises
    ------
    Exception
        That of the bundle, where nothing at all can be opened.
    """
    try:
        return open_champion(bundle, city, state=state)
    except Exception as error:  # whatever is wrong with a bundle or its libraries: a stand-in answers and says why
        reasons = [reason_for(CHAMPION, error)]
        standing_in = _standing_in(bundle, city, pack=pack, state=state, reasons=reasons)
        if not standing_in:
            raise
        return Fallback(standing_in, reasons=reasons)


def open_champion(bundle: Path, city: Path | None, *, state: Path, name: str = CHAMPION) -> Fallback:
    """Open a bundle that routes, with the directory of its own pack behind it, and remember it.

    Raises
    ------
    Exception
        Whatever is wrong with the bundle.
    """
    triage = proven(bundle, city)
    _remember(bundle, triage, state)
    reasons: list[str] = []
    directory = _opened(DIRECTORY, lambda: _handbook(triage.pack), reasons)
    return Fallback(_listed((name, triage), (DIRECTORY, directory)), reasons=reasons)


def open_directory(city: Path | None, *, pack: Path, state: Path) -> Fallback:
    """Open what answers where there is no bundle at all.

    Raises
    ------
    InputError
        The pack has faults, or is of another city than the last bundle that worked.
    """
    return Fallback([(DIRECTORY, _handbook(_pack(city, pack, state)))])


def _standing_in(
    bundle: Path, city: Path | None, *, pack: Path, state: Path, reasons: list[str]
) -> list[tuple[str, Router]]:
    last = _opened(LAST_GOOD, lambda: _last_good(state, city, other_than=bundle), reasons)
    directory = _opened(DIRECTORY, lambda: _handbook(last.pack if last else _pack(city, pack, state)), reasons)
    return _listed((LAST_GOOD, last), (DIRECTORY, directory))


def _opened(name: str, opening: "Callable[[], Triage]", reasons: list[str]) -> "Triage | None":
    try:
        return opening()
    except Exception as error:  # noqa: BLE001 - what cannot be opened is passed over, and said
        reasons.append(reason_for(name, error))
        return None


def _listed(*opened: tuple[str, Router | None]) -> list[tuple[str, Router]]:
    return [(name, router) for name, router in opened if router]


def proven(bundle: Path, city: Path | None) -> "Triage":
    """Open a bundle that also routes: its files may be whole and still not go together with these libraries."""
    triage = open_triage(bundle, city)
    triage.route(_TRIED_ON)
    return triage


def _handbook(pack: CityPack) -> "Triage":
    from triage.handbook import open_handbook  # noqa: PLC0415

    return open_handbook(pack)


def _pack(city: Path | None, pack: Path, state: Path) -> CityPack:
    """Read the pack to fall back on, unless it is of another city than the last bundle that worked."""
    found = load_pack(city or pack)
    last = _Remembered.read(state)
    if city is None and last and last.pack != found.name:
        message = f"this pack is {found.name}, and the last bundle that worked was of {last.pack}; name its pack"
        raise InputError(message, file=pack)
    return found


def _last_good(state: Path, city: Path | None, *, other_than: Path) -> "Triage":
    last = _Remembered.read(state)
    if last is None:
        raise InputError("no bundle has worked here yet", file=state / _MEMORY)
    if Path(last.path) == other_than.resolve():
        raise InputError("the last bundle that worked is the one that does not now", file=last.path)
    triage = proven(Path(last.path), city)
    if triage.versions.bundle != last.id:
        message = f"this is {triage.versions.bundle}; the last bundle that worked was {last.id}"
        raise InputError(message, file=last.path)
    return triage


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    """The last bundle that worked, and of which pack it was."""

    path: str
    id: str
    pack: str

    @classmethod
    def read(cls, state: Path) -> Self | None:
        """Return what is remembered; None where nothing is, or nothing that can be read."""
        try:
            last = cls(**json.loads((state / _MEMORY).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return last if all(isinstance(value, str) for value in (last.path, last.id, last.pack)) else None

    def write(self, state: Path) -> None:
        """Replace the file in one step, so that nobody finds half of it."""
        state.mkdir(parents=True, exist_ok=True)
        new = state / f"{_MEMORY}.new"
        new.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n", "utf-8")
        new.replace(state / _MEMORY)


def _remember(bundle: Path, triage: "Triage", state: Path) -> None:
    last = _Remembered(path=str(bundle.resolve()), id=triage.versions.bundle, pack=triage.pack.name)
    try:
        last.write(state)
    except OSError as error:  # a disk that is full or read-only is no reason not to route
        _log.warning("the last good bundle could not be remembered: %s", error)


def reason_for(name: str, error: Exception) -> str:
    """Say why something could not be opened, and log it; a file that was changed is an alarm."""
    if not isinstance(error, PaidanError):
        _tell(f"{name} cannot be opened", error)
        return f"{name}: {type(error).__name__}"
    first_line = str(error).partition("\n")[0]
    reason = f"{name}: {error.code}, {first_line}"
    _log.log(logging.CRITICAL if isinstance(error, TamperedError) else logging.ERROR, "cannot be opened: %s", reason)
    return reason


def _tell(what: str, error: Exception) -> None:
    """Log the type and the lines of code alone: a message may quote a citizen."""
    where = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s: %s\n%s", what, type(error).__name__, where)
