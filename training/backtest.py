"""What would have been, week by week: fitted on what was known before a week began, tried on what came in during it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from itertools import compress
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from training.judgements import Judgements
from triage.domain import Closure
from triage.errors import InputError

Model = TypeVar("Model")
Weights = NDArray[np.float64]
Fit = Callable[[Sequence[Closure], Weights], Model]
Judge = Callable[[Model, Sequence[Closure]], Judgements]
Progress = Callable[[str], None]
Store = MutableMapping[str, Judgements]
Days = NDArray[np.datetime64]

WEEK = timedelta(days=7)
_OPENED: Mapping[str, date] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How far back is learned from: a window of `days` (None: all there is), and after how many days a row counts half.

    Written as `all`, `180 days`, `half after 90 days`.
    """

    days: int | None = None
    half_life: int | None = None

    def weights(self, age: NDArray[np.integer]) -> Weights:
        """Return how much rows of an age in days count; 0 for those outside the window."""
        counts = np.ones(len(age)) if self.half_life is None else 0.5 ** (age / self.half_life)
        return counts if self.days is None else np.where(age <= self.days, counts, 0.0)

    @property
    def forgets(self) -> tuple[float, float]:
        """Order from the simplest memory on: one that keeps everything comes first."""
        return sum(1 / days for days in (self.days, self.half_life) if days), 1 / (self.days or np.inf)

    def __str__(self) -> str:
        window = f"{self.days} days" if self.days else "all"
        return f"{window}, half after {self.half_life} days" if self.half_life else window


ALL = Memory()
MEMORIES = (ALL, *(Memory(days=days) for days in (365, 180, 90)), *(Memory(half_life=days) for days in (180, 90, 45)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """The days from `first` until before `after`, and how many rows were learned from and tried."""

    first: date
    after: date
    learned: int
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Every order tried once, in the order of the weeks; `undated` rows were neither learned from nor tried."""

    weeks: tuple[Week, ...]
    judged: Judgements
    undated: int


def rolling(
    rows: Sequence[Closure],
    *,
    since: date,
    until: date,
    fit: Fit[Model],
    judge: Judge[Model],
    settings: str,
    every: timedelta = WEEK,
    closed: Mapping[str, date] = _OPENED,
    memory: Memory = ALL,
    store: Store | None = None,
    progress: Progress = lambda _: None,
) -> Backtest:
    """Fit before each week from `since` until before `until`, and try the orders that came in during it.

    Parameters
    ----------
    fit
        Makes a model of rows and how much each of them counts; `judge` tries it on others, in their order.
    settings
        What else `fit` and `judge` depend on: which model, its seed, its pack. A week is found in `store` again only
        under the same.
    closed
        When orders closed, by id. An order is learned from after that day; where it is not known, after it came in,
        which is earlier than anybody could have.
    store
        Keeps what weeks were judged; a backtest that was broken off goes on where it stopped.

    Raises
    ------
    InputError
        No order came in during those weeks, or there was nothing to learn from before one of them.
    """
    store = {} if store is None else store
    timeline = _Timeline(rows, closed)
    weeks: list[Week] = []
    parts: list[Judgements] = []
    for first, after in _weeks(since, until, every):
        learned, weights, tried = timeline.split(first, after, memory)
        if not tried.any():
            continue
        if not learned.any():
            raise InputError(f"no order had closed before {first}; let the backtest begin later")
        weeks.append(Week(first=first, after=after, learned=int(learned.sum()), tried=int(tried.sum())))
        key = timeline.digest(learned, weights, tried, settings)
        if key not in store:
            store[key] = _tried(list(compress(rows, learned)), weights, list(compress(rows, tried)), fit, judge)
        parts.append(store[key])
        progress(f"week of {first}: {weeks[-1].learned} learned ({memory}), {weeks[-1].tried} tried")
    if not parts:
        raise InputError(f"no order came in from {since} until before {until}; name other days")
    return Backtest(weeks=tuple(weeks), judged=Judgements.joined(parts), undated=timeline.undated)


def _tried(
    learned: Sequence[Closure], weights: Weights, tried: Sequence[Closure], fit: Fit[Model], judge: Judge[Model]
) -> Judgements:
    judged = judge(fit(learned, weights), tried)
    if judged.id.tolist() != [row.id for row in tried]:
        raise ValueError("every order of the week must be judged, in order")
    return judged


def _weeks(since: date, until: date, every: timedelta) -> Iterator[tuple[date, date]]:
    while since < until:
        yield since, min(since + every, until)
        since += every


class _Timeline:
    """When each row came in, and when it was known how it ended."""

    def __init__(self, rows: Sequence[Closure], closed: Mapping[str, date]) -> None:
        self._opened: Days = np.array([row.opened_on for row in rows], dtype="datetime64[D]")
        # An order that closed before it came in has a wrong date: it must not be learned from before it is tried.
        ended: Days = np.array([closed.get(row.id, row.opened_on) for row in rows], dtype="datetime64[D]")
        self._known = np.maximum(self._opened, ended)
        self._digests = [_digest(row) for row in rows]

    @property
    def undated(self) -> int:
        return int(np.isnat(self._opened).sum())

    def split(self, first: date, after: date, memory: Memory) -> tuple[NDArray[np.bool_], Weights, NDArray[np.bool_]]:
        """Return which rows are learned from, how much each of these counts, and which are tried."""
        begin, end = np.datetime64(first, "D"), np.datetime64(after, "D")
        known = self._known < begin
        age = np.where(known, begin - self._opened, np.timedelta64(0, "D")).astype(int)
        counts = np.where(known, memory.weights(age), 0.0)
        learned = counts > 0
        return learned, counts[learned], (self._opened >= begin) & (self._opened < end)

    def digest(self, learned: NDArray[np.bool_], weights: Weights, tried: NDArray[np.bool_], settings: str) -> str:
        """Name what a week's judgements follow from."""
        total = hashlib.sha256(settings.encode())
        for part in (learned, tried):
            total.update(b"/")
            total.update(b"".join(compress(self._digests, part)))
        total.update(weights.tobytes())
        return total.hexdigest()


def _digest(row: Closure) -> bytes:
    told = [getattr(row, field.name) for field in fields(row) if field.compare]
    return hashlib.sha256(repr(told).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a memory did: top-1, and how far behind the best, with the standard error of that."""

    memory: Memory
    top1: float
    behind: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    memory: Memory
    trials: tuple[Trial, ...]


def choose(
    rows: Sequence[Closure],
    *,
    until: date,
    fit: Fit[Model],
    judge: Judge[Model],
    settings: str,
    weeks: int = 4,
    memories: Sequence[Memory] = MEMORIES,
    closed: Mapping[str, date] = _OPENED,
    store: Store | None = None,
    progress: Progress = lambda _: None,
) -> Choice:
    """Choose how far back to learn from by the last weeks before `until`.

    Of the memories whose top-1 is within one standard error of the best (Breiman et al., 1984), the one is taken that
    forgets least. The error is that of the difference from the best on the same orders: how hard a week was, both feel.
    Memories that come to the same rows and weights, as windows longer than the data do, are fitted once.
    """
    store = {} if store is None else store
    since = until - weeks * WEEK
    hits = [
        rolling(
            rows,
            since=since,
            until=until,
            fit=fit,
            judge=judge,
            settings=settings,
            closed=closed,
            memory=memory,
            store=store,
            progress=progress,
        )
        .judged.within(1)
        .astype(float)
        for memory in memories
    ]
    best = max(hits, key=lambda hit: float(hit.mean()))
    trials = tuple(_trial(memory, hit, best) for memory, hit in zip(memories, hits, strict=True))
    near = [trial.memory for trial in trials if trial.behind <= trial.error]
    return Choice(memory=min(near, key=lambda memory: memory.forgets), trials=trials)


def _trial(memory: Memory, hit: NDArray[np.float64], best: NDArray[np.float64]) -> Trial:
    behind = best - hit
    error = float(behind.std() / np.sqrt(len(hit)))
    return Trial(memory=memory, top1=float(hit.mean()), behind=float(behind.mean()), error=error)


class Shelf(MutableMapping[str, Judgements]):
    """Judgements in a folder, one file each; a file is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __getitem__(self, key: str) -> Judgements:
        path = self._path(key)
        if not path.is_file():
            raise KeyError(key)
        with np.load(path, allow_pickle=False) as kept:
            columns = {name: kept[name] for name in kept.files}
        return Judgements(
            **{name: np.asarray(of, dtype=object if of.dtype.kind == "U" else None) for name, of in columns.items()}
        )

    def __setitem__(self, key: str, judged: Judgements) -> None:
        columns = {field.name: getattr(judged, field.name) for field in fields(judged)}
        plain = {
            name: values.astype(str) if values.dtype == object else values
            for name, values in columns.items()
            if values is not None
        }
        fresh = self._path(key).with_suffix(".new.npz")
        np.savez_compressed(fresh, **plain)
        fresh.replace(self._path(key))

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._path(key).unlink()

    def __contains__(self, key: object) -> bool:
        return self._path(str(key)).is_file()

    def __iter__(self) -> Iterator[str]:
        return (path.stem for path in sorted(self._folder.glob("*.npz")) if not path.stem.endswith(".new"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"
