"""Figures of a routing against the units that closed the orders, with intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.calibration import expected_calibration_error, threshold_for
from training.judgements import Judgements, Texts
from triage.errors import InputError

FIGURES = (
    *("top1", "top3", "top5", "macro_f1", "coverage", "dispatched", "precision"),
    *("set_coverage", "calibration_error", "expected"),
)
AXES = ("unit", "district", "topic", "channel")
_BINS = 15
_BLOCK = 5  # replicates at a time: more are slower, since they do not fit into the cache
_WHOLE, _ROOM = 10_000, 24  # a promise to a hundredth of a percent, for up to 16 million rows
_RESAMPLES = 1_000
_INTERVAL = (2.5, 97.5)
_FREQUENT = 5

Counts = NDArray[np.float64]
Draws = NDArray[np.integer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a router did on rows: what it named, best first, how sure it was of the first, and what was right."""

    named: Sequence[Sequence[str]]
    sure: NDArray[np.float64]
    right: Sequence[str]

    def within(self, depth: int) -> NDArray[np.bool_]:
        """For each row, whether the right unit is among the first `depth`."""
        return np.array([unit in names[:depth] for names, unit in zip(self.named, self.right, strict=True)], dtype=bool)


def figures(outcome: Outcome) -> dict[str, float]:
    """Top-1, top-3, top-5, macro-F1 of units with five rows, coverage at 95 % precision, calibration error."""
    hit = outcome.within(1)
    return {
        "top1": float(hit.mean()),
        "top3": float(outcome.within(3).mean()),
        "top5": float(outcome.within(5).mean()),
        "macro_f1": _macro_f1([names[0] if names else "" for names in outcome.named], outcome.right),
        "coverage_at_95": float((outcome.sure >= threshold_for(0.95, outcome.sure, hit)).mean()),
        "calibration_error": expected_calibration_error(outcome.sure, hit),
    }


def paired_gain(ours: Outcome, theirs: Outcome, *, depth: int, seed: int = 0) -> tuple[float, float, float]:
    """Return the gain in accuracy within `depth`, and its 95 % interval by a bootstrap over the rows both routed."""
    gain = ours.within(depth).astype(float) - theirs.within(depth)
    random = np.random.default_rng(seed)
    means = [gain[random.integers(0, len(gain), len(gain))].mean() for _ in range(_RESAMPLES)]
    low, high = np.percentile(means, _INTERVAL)
    return float(gain.mean()), float(low), float(high)


def topic_figures(found: Sequence[Sequence[Sequence[str]]], right: Sequence[Sequence[str]]) -> dict[str, float]:
    """Share of rows whose first topic, and one of the first three, agrees to each of three levels."""
    rows = [(paths, path) for paths, path in zip(found, right, strict=True) if path]
    result: dict[str, float] = {}
    for depth in (1, 2, 3) if rows else ():
        for listed in (1, 3):
            agree = [any(tuple(p[:depth]) == tuple(path[:depth]) for p in paths[:listed]) for paths, path in rows]
            result[f"topic_level{depth}_top{listed}"] = sum(agree) / len(rows)
    return result


def _macro_f1(predicted: Sequence[str], right: Sequence[str]) -> float:
    rows: Mapping[str, int] = {unit: right.count(unit) for unit in set(right)}
    scores = []
    for unit in (unit for unit, count in rows.items() if count >= _FREQUENT):
        hits = sum(p == r == unit for p, r in zip(predicted, right, strict=True))
        scores.append(2 * hits / (rows[unit] + sum(p == unit for p in predicted)))
    return float(np.mean(scores)) if scores else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """A figure of both, ours less theirs, and the 95 % interval of that; nan where there is nothing to measure."""

    ours: float
    theirs: float
    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Two routers on the same rows: all of them (`axis` and `name` empty), or those of a unit, district and so on.

    Parameters
    ----------
    won, lost
        Matters that one of the two told better: rows, near-duplicates being one, where ours was right more often and
        less often.
    """

    axis: str
    name: str
    rows: int
    won: int
    lost: int
    gains: Mapping[str, Gain]

    @property
    def returns_avoided(self) -> Gain:
        """Of 1,000 orders that go where they are suggested first, how many fewer go wrong, with its interval."""
        top1 = self.gains["top1"]
        return Gain(
            ours=1_000 * (1 - top1.ours),
            theirs=1_000 * (1 - top1.theirs),
            gain=1_000 * top1.gain,
            low=1_000 * top1.low,
            high=1_000 * top1.high,
        )


def measure(judged: Judgements, *, promise: float, fewest: int = 30) -> dict[tuple[str, str], dict[str, float]]:
    """Return the figures over all under `("", "")`, and by axis and name for slices of at least `fewest` rows.

    Of the unit that was right macro-F1 is its F1. Coverage is the largest share of rows, surest first, of which
    `promise` are right; precision that of what was dispatched; expected the mean probability of the first suggestion,
    the share of first dispatches that the router itself expects to be right, to stand beside top1. A row counts as
    often as the orders that it stands for. Figures are nan where there is nothing to measure.
    """
    one_each = np.ones((1, len(judged)), dtype=np.int16)
    found: dict[tuple[str, str], dict[str, float]] = {}
    for axis in _axes(judged, fewest):
        table = _Sums(judged, axis, np.arange(len(judged)), promise).figures(one_each)[:, :, 0]
        for at, name in enumerate(axis.names):
            found[axis.name, name] = dict(zip(FIGURES, table[:, at].tolist(), strict=True))
    return found


def compare(
    ours: Judgements,
    theirs: Judgements,
    *,
    promise: float,
    groups: Sequence[int] | None = None,
    fewest: int = 30,
    replicates: int = 500,
    seed: int = 0,
) -> tuple[Slice, ...]:
    """Compare two routers over the same rows, with intervals of a paired bootstrap (Efron and Tibshirani, 1993).

    Every replicate draws matters, not rows: what one citizen says five times is not five witnesses (the cluster
    bootstrap of Davison and Hinkley, 1997, section 3.8). Both routers are measured on the same draw.

    Parameters
    ----------
    groups
        Near-duplicate group of each row; without, every row stands for itself.

    Returns
    -------
    tuple of Slice
        First all rows, then the slices of at least `fewest` rows, axis by axis.
    """
    if not np.array_equal(ours.id, theirs.id):
        raise ValueError("two routers can be compared on the same rows in the same order only")
    of = np.unique(np.arange(len(ours)) if groups is None else np.asarray(groups), return_inverse=True)[1]
    axes = _axes(ours, fewest)
    pairs = [tuple(_Sums(judged, axis, of, promise) for judged in (ours, theirs)) for axis in axes]
    drawn: list[list[NDArray[np.float64]]] = [[] for _ in axes]
    for counts in _draws(int(of.max(initial=-1)) + 1, replicates, seed):
        for gains, (one, other) in zip(drawn, pairs, strict=True):
            gains.append(one.figures(counts) - other.figures(counts))
    once = np.ones((1, int(of.max(initial=-1)) + 1), dtype=np.int16)
    slices: list[Slice] = []
    for axis, gains, (one, other) in zip(axes, drawn, pairs, strict=True):
        points = [sums.figures(once)[:, :, 0] for sums in (one, other)]
        slices += _slices(axis, points, np.concatenate(gains, axis=2), one.hits - other.hits)
    return tuple(slices)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Slices of the rows: their names, and the slice of each row, -1 for none."""

    name: str
    names: tuple[str, ...]
    of: NDArray[np.intp]


class _Sums:
    """What every figure is made of: sums over cells of the rows, for any number of times that each matter is drawn."""

    def __init__(self, judged: Judgements, axis: _Axis, matter: NDArray[np.intp], promise: float) -> None:
        self._slices = len(axis.names)
        kept = np.flatnonzero(axis.of >= 0)
        within = {depth: judged.within(depth)[kept] for depth in (1, 3, 5)}
        of, matters, sure, sent = axis.of[kept], matter[kept], judged.sure[kept], judged.dispatched[kept]
        counts = judged.counts[kept]
        inside = np.full(len(kept), np.nan) if judged.inside is None else judged.inside[kept]
        every = int(matter.max(initial=-1)) + 1
        columns = (np.ones(len(kept)), *within.values(), sent, sent & within[1], inside, sure)
        self._plain = [_cells(of, matters, counts * values, (self._slices, every)) for values in columns]
        self.hits = _cells(of, matters, within[1], (self._slices, every))  # rows, whatever they stand for
        bins = np.minimum((sure * _BINS).astype(np.intp), _BINS - 1)
        self._bins = _cells(of * _BINS + bins, matters, counts * (within[1] - sure), (self._slices * _BINS, every))
        self._frequent = _Frequent(judged, axis, matter)
        self._surest = _Surest(of, sure, within[1], matters, counts, promise)

    def figures(self, drawn: Draws) -> Counts:
        """Return `FIGURES` for matters `drawn` so many times, `(draws, matters)`; shape `(figures, slices, draws)`."""
        counts = np.ascontiguousarray(drawn.T, dtype=float)
        rows, top1, top3, top5, sent, kept, inside, expected = (cells @ counts for cells in self._plain)
        gaps = np.abs(self._bins @ counts).reshape(self._slices, _BINS, -1).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.stack(
                [
                    *(top1 / rows, top3 / rows, top5 / rows, self._frequent.macro_f1(counts)),
                    *(self._surest.rows(drawn) / rows, sent / rows, kept / sent),
                    *(inside / rows, gaps / rows, expected / rows),
                ]
            )


class _Frequent:
    """Units with five rows in a slice: how often each was right, was named first, and both."""

    def __init__(self, judged: Judgements, axis: _Axis, matter: NDArray[np.intp]) -> None:
        known, codes = np.unique(np.concatenate([judged.unit, judged.named[:, 0]]), return_inverse=True)
        right, first = np.split(codes, 2)
        of_first = axis.of
        if axis.name == "unit":  # whoever is named wrongly is so in a row that belongs to another unit's slice
            slice_of = {name: at for at, name in enumerate(axis.names)}
            of_first = np.array([slice_of.get(name, -1) for name in known], dtype=np.intp)[first]
        owns = np.where(axis.of >= 0, axis.of * len(known) + right, -1)
        gets = np.where(of_first >= 0, of_first * len(known) + first, -1)
        pairs, seen = np.unique(owns[owns >= 0], return_counts=True)
        pairs = pairs[seen >= _FREQUENT]
        shape, counts = (len(pairs), int(matter.max(initial=-1)) + 1), judged.counts
        self._right = _cells(_place(owns, pairs), matter, counts, shape)
        self._named = _cells(_place(gets, pairs), matter, counts, shape)
        self._both = _cells(_place(owns, pairs), matter, counts * (right == first), shape)
        of_pair = (pairs // len(known), np.arange(len(pairs)))
        self._of_slice = csr_matrix((np.ones(len(pairs)), of_pair), shape=(len(axis.names), len(pairs)))

    def macro_f1(self, counts: Counts) -> Counts:
        """Return the mean F1 of those that were drawn at all, 0 where none were; shape `(slices, draws)`."""
        right = self._right @ counts
        scores = np.where(right > 0, 2 * (self._both @ counts) / np.maximum(right + self._named @ counts, 1), 0)
        mean: Counts = (self._of_slice @ scores) / np.maximum(self._of_slice @ (right > 0).astype(float), 1)
        return mean


class _Surest:
    """Rows of each slice from the surest down, to find how far down a promise holds."""

    def __init__(
        self,
        of: NDArray[np.intp],
        sure: NDArray[np.floating],
        hit: NDArray[np.bool_],
        matter: NDArray[np.intp],
        counts: NDArray[np.int64],
        promise: float,
    ) -> None:
        order = np.lexsort((-sure, of))
        of, sure = of[order], sure[order]
        # Two sums in one number, since this is most of the time that an interval takes: how many rows were let through,
        # and above them how far the right ones among these exceed the promise.
        spare = np.where(hit[order], _WHOLE, 0) - round(promise * _WHOLE)
        self._both, self._matter = ((spare << _ROOM) + 1) * counts[order], matter[order]
        self._first = np.flatnonzero(np.append(True, of[1:] != of[:-1]))
        # Rows of one probability are dispatched together or not at all.
        self._last_of_equals = np.append((of[1:] != of[:-1]) | (sure[1:] < sure[:-1]), True)

    def rows(self, counts: Draws) -> Draws:
        """Return how many rows the lowest threshold that keeps the promise lets through; shape `(slices, draws)`."""
        sums = np.take(counts, self._matter, axis=1) * self._both
        sums[:, self._first[1:]] -= np.add.reduceat(sums, self._first, axis=1)[:, :-1]  # every slice begins at 0
        np.cumsum(sums, axis=1, out=sums)
        let_through = np.where((sums >= 0) & self._last_of_equals, sums & ((1 << _ROOM) - 1), 0)
        most: Draws = np.maximum.reduceat(let_through, self._first, axis=1)
        return most.T


def _cells(
    cell: NDArray[np.intp], matter: NDArray[np.intp], values: NDArray[Any], shape: tuple[int, int]
) -> csr_matrix:
    """Sum values by cell and matter; rows of no cell, and zeros, are left out."""
    kept = (cell >= 0) & (values != 0)
    return csr_matrix((values[kept].astype(float), (cell[kept], matter[kept])), shape=shape)


def _place(codes: NDArray[np.intp], among: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where each code stands among sorted ones, -1 where it does not."""
    if not len(among):
        return np.full(len(codes), -1)
    at = np.minimum(np.searchsorted(among, codes), len(among) - 1)
    return np.where(among[at] == codes, at, -1)


def _axes(judged: Judgements, fewest: int) -> list[_Axis]:
    if not len(judged):
        raise InputError("nothing was tried, so nothing can be measured; name weeks that have closed orders")
    whole = _Axis(name="", names=("",), of=np.zeros(len(judged), dtype=np.intp))
    found = [_axis(name, getattr(judged, name), fewest) for name in AXES]
    return [whole, *(axis for axis in found if axis.names)]


def _axis(name: str, values: Texts, fewest: int) -> _Axis:
    found, of, seen = np.unique(values, return_inverse=True, return_counts=True)
    enough = (seen >= fewest) & (found != "")
    number = np.where(enough, np.cumsum(enough) - 1, -1)
    return _Axis(name=name, names=tuple(found[enough].tolist()), of=number[of])


def _draws(matters: int, replicates: int, seed: int) -> Iterator[Draws]:
    """Yield how often each matter is drawn, shape `(draws, matters)`, a block of draws at a time."""
    random = np.random.default_rng(seed)
    for start in range(0, replicates, _BLOCK):
        drawn = random.integers(0, matters, (min(_BLOCK, replicates - start), matters))
        yield np.stack([np.bincount(draw, minlength=matters) for draw in drawn]).astype(np.int16)


def _slices(axis: _Axis, points: Sequence[Counts], drawn: Counts, better: csr_matrix) -> Iterator[Slice]:
    """Put the slices of an axis together; `better` tells how many more rows of a matter ours has right."""
    low, high = _percentiles(drawn)
    ours, theirs = points
    parts = (ours, theirs, ours - theirs, low, high)
    sizes = np.bincount(axis.of[axis.of >= 0], minlength=len(axis.names))
    won, lost = (np.asarray((side > 0).sum(axis=1)).ravel() for side in (better, -better))
    for at, name in enumerate(axis.names):
        gains = {
            figure: Gain(**dict(zip(("ours", "theirs", "gain", "low", "high"), map(float, values), strict=True)))
            for figure, *values in zip(FIGURES, *(part[:, at] for part in parts), strict=True)
        }
        yield Slice(axis=axis.name, name=name, rows=int(sizes[at]), won=int(won[at]), lost=int(lost[at]), gains=gains)


def _percentiles(drawn: Counts) -> tuple[Counts, Counts]:
    """Return the ends of the 95 % interval over the last axis, of the draws in which there was something to measure."""
    ranked = np.sort(drawn, axis=-1)  # nan goes last
    last = np.isfinite(ranked).sum(axis=-1, keepdims=True) - 1
    low, high = (_interpolated(ranked, np.maximum(last, 0) * percent / 100) for percent in _INTERVAL)
    return low, high


def _interpolated(ranked: Counts, at: Counts) -> Counts:
    below = np.floor(at).astype(np.intp)
    one, two = (np.take_along_axis(ranked, place, axis=-1) for place in (below, np.ceil(at).astype(np.intp)))
    between: Counts = (one + (at - below) * (two - one))[..., 0]
    return between
