"""Figures of a routing against the units that closed the orders, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import expected_calibration_error, threshold_for

_RESAMPLES = 1_000
_INTERVAL = (2.5, 97.5)
_FREQUENT = 5


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
