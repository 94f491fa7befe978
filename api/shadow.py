"""A bundle that routes what the champion routed, unheard, and how often both say the same.

It never keeps an answer waiting: what it has no room for it passes over, and it rests longer than it works.
"""

import logging
import queue
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from api.routing import Router
from triage.domain import Action, Appeal, Routing

_ROOM = 256
_REST = 4.0  # times as long as it works: of one core it takes a fifth
_WAIT = 0.5  # seconds until it looks whether it is to stop
_log = logging.getLogger("paidan.shadow")


@dataclass(slots=True)
class Tally:
    """How many answers were compared, and in how many unit and action were the same."""

    compared: int = 0
    same_unit: int = 0
    same_action: int = 0
    difference: float = 0.0

    def add(self, ours: "_Answer", theirs: "_Answer") -> None:
        self.compared += 1
        self.same_unit += ours.unit == theirs.unit
        self.same_action += ours.action is theirs.action
        self.difference += ours.confidence - theirs.confidence

    @property
    def mean_difference(self) -> float | None:
        """By how much the shadow is surer than the champion."""
        return self.difference / self.compared if self.compared else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A shadow and a champion, over all and by the district that the champion found; `""` where it found none."""

    total: Tally = field(default_factory=Tally)
    districts: Mapping[str, Tally] = field(default_factory=dict)


@dataclass(slots=True)
class Totals:
    """What became of all that was offered, whoever was the shadow; `failed` is what it could not route."""

    compared: int = 0
    same_unit: int = 0
    same_action: int = 0
    skipped: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is compared of a routing."""

    unit: str
    action: Action
    confidence: float

    @classmethod
    def of(cls, routing: Routing) -> "_Answer":
        first = routing.suggestions[0] if routing.suggestions else None
        return cls(first.unit.name if first else "", routing.decision.action, first.probability if first else 0.0)


@dataclass(frozen=True, slots=True)
class _Asked:
    appeal: Appeal
    champion: str
    district: str
    answer: _Answer


class Shadow:
    """Compares a router with the champion; without one it does nothing. Several threads may call it.

    Parameters
    ----------
    room
        How many appeals wait at most; they are forgotten as soon as they are compared.
    """

    def __init__(self, *, room: int = _ROOM) -> None:
        self._waiting: queue.Queue[_Asked] = queue.Queue(room)
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._router: Router | None = None
        self._found: dict[str, Agreement] = {}
        self.totals = Totals()

    @property
    def bundle(self) -> str | None:
        """Which bundle is the shadow."""
        router = self._router
        return router.versions.bundle if router else None

    def follow(self, router: Router | None) -> None:
        """Take another router, and begin to count anew."""
        with self._lock:
            self._router, self._found = router, {}

    def offer(self, routings: Iterable[Routing]) -> None:
        """Take what a champion answered, as far as there is room; this never waits."""
        if self._router is None:
            return
        for routing in routings:
            if routing.degraded:
                continue
            district = routing.place.district or ""
            try:
                self._waiting.put_nowait(_Asked(routing.appeal, routing.versions.bundle, district, _Answer.of(routing)))
            except queue.Full:
                with self._lock:
                    self.totals.skipped += 1

    def agreement(self, champion: str) -> Agreement:
        """Return how often shadow and champion agreed."""
        return self._found.get(champion) or Agreement()

    def run(self) -> None:
        """Compare until told to stop."""
        self._stopped.clear()
        while not self._stopped.is_set():
            self._stopped.wait(self.compare(wait=_WAIT) * _REST)

    def stop(self) -> None:
        self._stopped.set()

    def compare(self, *, wait: float = 0.0) -> float:
        """Compare one appeal, if one comes in so many seconds, and return how long that took."""
        try:
            asked = self._waiting.get(timeout=wait) if wait else self._waiting.get_nowait()
        except queue.Empty:
            return 0.0
        began = time.perf_counter()
        router = self._router
        if router:
            self._compare(asked, router)
        return time.perf_counter() - began

    def _compare(self, asked: _Asked, router: Router) -> None:
        try:
            answer = _Answer.of(router.route(asked.appeal))
        except Exception as error:  # noqa: BLE001 - nobody waits for this answer; a message may quote a citizen
            _log.warning("the shadow could not route: %s", type(error).__name__)
            with self._lock:
                self.totals.failed += 1
            return
        with self._lock:
            if router is self._router:
                self._count(asked, answer)

    def _count(self, asked: _Asked, answer: _Answer) -> None:
        found = self._found.setdefault(asked.champion, Agreement(districts={}))
        districts = dict(found.districts)
        of_district = districts.setdefault(asked.district, Tally())
        self._found[asked.champion] = Agreement(total=found.total, districts=districts)
        for tally in (found.total, of_district):
            tally.add(answer, asked.answer)
        self.totals.compared += 1
        self.totals.same_unit += answer.unit == asked.answer.unit
        self.totals.same_action += answer.action is asked.answer.action
