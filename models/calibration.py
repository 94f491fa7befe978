"""Scores made into probabilities that hold, and the threshold above which a promise holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick, put, softmax

_TINY = np.float32(1e-6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Turns the scores of a short list into probabilities (Platt, 1999, on the log-odds of the first).

    Parameters
    ----------
    slope, intercept
        Of the log-odds that the first is right, over its log-odds within the list.
    reach
        How often the right one is on the list at all when it is not the first.
    """

    slope: float = 1.0
    intercept: float = 0.0
    reach: float = 1.0

    def probabilities(self, scores: Floats) -> Floats:
        """Return probabilities of shape `scores.shape`, in the same order.

        A row sums to 1 less what is left for units that are not on the list.
        """
        shares = softmax(scores)
        at = best(shares, 1)
        first = pick(shares, at)
        sure = _logistic(np.float32(self.slope) * _log_odds(first) + np.float32(self.intercept))
        rest = np.minimum((1 - sure) * np.float32(self.reach) / np.maximum(1 - first, _TINY), sure / first)
        probabilities: Floats = shares * rest
        put(probabilities, at, sure)
        return probabilities


def fit_calibration(scores: Floats, right: NDArray[np.bool_], weight: NDArray[np.floating]) -> Calibration:
    """Fit on rows that nothing else was fitted on.

    Parameters
    ----------
    scores, right
        Shape `(lists, candidates)`; `right` is true at the candidate that closed the order, and nowhere if none did.
    weight
        How much each list counts, shape `(lists,)`.
    """
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import, and whoever only routes never fits

    shares = softmax(scores)
    odds, hit = _log_odds(shares.max(axis=1)), pick(right, best(scores, 1))[:, 0]

    def loss(line: NDArray[np.float64]) -> float:
        predicted = line[0] * odds + line[1]
        lost = np.logaddexp(0, predicted) - hit * predicted
        return float(np.average(lost, weights=weight)) + 1e-4 * float((line[0] - 1) ** 2)

    slope, intercept = minimize(loss, x0=np.array([1.0, 0.0]), method="L-BFGS-B").x
    missed = weight[~hit]
    reach = (missed[right[~hit].any(axis=1)].sum() + 1) / (missed.sum() + 2)
    return Calibration(slope=float(slope), intercept=float(intercept), reach=float(reach))


def _log_odds(shares: Floats) -> Floats:
    odds = np.log(np.maximum(shares, _TINY)) - np.log(np.maximum(1 - shares, _TINY))
    return np.asarray(odds, dtype=np.float32)


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), dtype=np.float32)


def expected_calibration_error(probability: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean gap between stated probability and share that was right, over equal bins (Guo et al., 2017)."""
    cell = np.minimum((probability * bins).astype(int), bins - 1)
    gap = np.bincount(cell, weights=right.astype(float) - probability, minlength=bins)
    return float(np.abs(gap).sum() / max(1, len(probability)))


def threshold_for(precision: float, probability: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Lowest probability above which at least `precision` of the rows were right; above 1 where there is none."""
    order = np.argsort(-probability, kind="stable")
    falling = probability[order]
    last_of_equals = np.append(falling[1:] < falling[:-1], True)  # equal rows are dispatched together or not at all
    holds = (np.cumsum(right[order]) >= precision * np.arange(1, len(order) + 1)) & last_of_equals
    return float(falling[np.flatnonzero(holds)[-1]]) if holds.any() else 1.01
