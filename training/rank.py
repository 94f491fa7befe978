"""Rankers and their calibration, from short lists that were described by models which had not seen the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick
from models.assessor import Ranking
from models.calibration import Calibration, expected_calibration_error, fit_calibration, threshold_for
from models.ranker import fit_ranker
from training.dataset import Mask

_PROMISE = 0.95
_ENOUGH_FOR_PROMISE = 50  # rows above the threshold; fewer may all be right by luck


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Short lists: the `rows` they are of, the `features` of each candidate, and where the `right` one is."""

    rows: NDArray[np.intp]
    features: Floats
    right: NDArray[np.bool_]

    def of(self, rows: Mask) -> "Lists":
        """Keep the lists of some rows of the dataset."""
        kept = rows[self.rows]
        return Lists(rows=self.rows[kept], features=self.features[kept], right=self.right[kept])


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """A calibration, how good the scores were on its rows, and from which probability on the promise held there."""

    calibration: Calibration
    metrics: dict[str, float]
    dispatch_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A ranking, and what calibrating it told."""

    ranking: Ranking
    tried: Calibrated


def together(lists: Sequence[Lists]) -> Lists:
    """Join lists of different rows."""
    return Lists(
        rows=np.concatenate([part.rows for part in lists]),
        features=np.concatenate([part.features for part in lists]),
        right=np.concatenate([part.right for part in lists]),
    )


def rank_ahead(out_of_fold: Lists, ahead: Lists, *, older: Mask, seed: int) -> Ranked:
    """Fit on all lists; calibrate on the lists ahead in time, as a ranker of the `older` rows scores them."""
    trial = fit_ranker(*_fields(out_of_fold.of(older)), seed=seed)
    return _ranked(out_of_fold, trial.score(ahead.features), ahead.right, seed)


def rank_crosswise(lists: Lists, *, halves: NDArray[np.intp], seed: int) -> Ranked:
    """Fit on all lists; calibrate each half of them as a ranker of the other half scores them."""
    half = halves == 0
    scores, right = [], []
    for learned, tried in ((lists.of(half), lists.of(~half)), (lists.of(~half), lists.of(half))):
        scores.append(fit_ranker(*_fields(learned), seed=seed).score(tried.features))
        right.append(tried.right)
    return _ranked(lists, np.concatenate(scores), np.concatenate(right), seed)


def calibrated(scores: Floats, right: NDArray[np.bool_]) -> Calibrated:
    """Calibrate scores of rows that the models behind them have not seen."""
    calibration = fit_calibration(scores, right)
    sure = calibration.probabilities(scores).max(axis=1)
    among = pick(right, best(scores, 5))
    threshold = threshold_for(_PROMISE, sure, among[:, 0])
    figures = {
        "rows": len(sure),
        **{f"top{depth}": among[:, :depth].any(axis=1).mean() for depth in (1, 3, 5)},
        "coverage_at_95": (sure >= threshold).mean(),
        "calibration_error": expected_calibration_error(sure, among[:, 0]),
    }
    return Calibrated(
        calibration=calibration,
        metrics={name: round(float(value), 4) for name, value in figures.items()},
        dispatch_at=threshold if (sure >= threshold).sum() >= _ENOUGH_FOR_PROMISE else 1.01,
    )


def _ranked(lists: Lists, scores: Floats, right: NDArray[np.bool_], seed: int) -> Ranked:
    found = calibrated(scores, right)
    ranking = Ranking(ranker=fit_ranker(*_fields(lists), seed=seed), calibration=found.calibration)
    return Ranked(ranking=ranking, tried=found)


def _fields(lists: Lists) -> tuple[Floats, NDArray[np.bool_]]:
    return lists.features, lists.right
