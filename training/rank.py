"""Rankers and their calibration, from short lists that were described by models which had not seen the rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick
from models.calibration import Calibration, expected_calibration_error, fit_calibration, threshold_for
from models.learned import Ranking
from models.promise import Tried
from models.ranker import Ranker, fit_ranker
from training.dataset import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """Short lists of `rows`: the `units` on them, their `features`, and where the `right` one is.

    `topic` is the first topic of each row, shape `(rows,)`, -1 where none is predicted; `weight` how much each counts.
    """

    rows: NDArray[np.intp]
    units: NDArray[np.intp]
    features: Floats
    right: NDArray[np.bool_]
    topic: NDArray[np.intp]
    weight: NDArray[np.float64]

    def of(self, rows: Mask) -> "Lists":
        """Keep the lists of some rows of the dataset."""
        kept = rows[self.rows]
        return Lists(
            rows=self.rows[kept],
            units=self.units[kept],
            features=self.features[kept],
            right=self.right[kept],
            topic=self.topic[kept],
            weight=self.weight[kept],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A ranking, and how it did on rows that neither the ranker nor the calibration was fitted on."""

    ranking: Ranking
    tried: Tried
    metrics: dict[str, float]


def together(lists: Sequence[Lists]) -> Lists:
    """Join lists of different rows."""
    return Lists(
        rows=np.concatenate([part.rows for part in lists]),
        units=np.concatenate([part.units for part in lists]),
        features=np.concatenate([part.features for part in lists]),
        right=np.concatenate([part.right for part in lists]),
        topic=np.concatenate([part.topic for part in lists]),
        weight=np.concatenate([part.weight for part in lists]),
    )


def rank_ahead(out_of_fold: Lists, ahead: Lists, *, older: Mask, halves: NDArray[np.intp], seed: int) -> Ranked:
    """Fit on all lists; calibrate on the `older` rows and try on those ahead in time, with rankers of the others."""
    before = out_of_fold.of(older)
    scored = (np.concatenate(parts) for parts in zip(*_crosswise(before, halves, seed), strict=True))
    calibration = fit_calibration(*scored)
    return _ranked(out_of_fold, calibration, ahead, fit_ranker(*_fields(before), seed=seed).score(ahead.features), seed)


def rank_crosswise(lists: Lists, *, halves: NDArray[np.intp], seed: int) -> Ranked:
    """Fit on all lists; calibrate on one half and try on the other, each as a ranker of the other half scores it."""
    scored, (ahead, _, _) = _crosswise(lists, halves, seed)
    return _ranked(lists, fit_calibration(*scored), lists.of(halves == 1), ahead, seed)


def _crosswise(
    lists: Lists, halves: NDArray[np.intp], seed: int
) -> list[tuple[Floats, NDArray[np.bool_], NDArray[np.float64]]]:
    """Score each half of the lists by a ranker of the other; the scores, what is right and what each list counts."""
    parts = [lists.of(halves == half) for half in (0, 1)]
    rankers = [fit_ranker(*_fields(part), seed=seed) for part in reversed(parts)]
    return [(ranker.score(part.features), part.right, part.weight) for ranker, part in zip(rankers, parts, strict=True)]


def _ranked(lists: Lists, calibration: Calibration, ahead: Lists, scores: Floats, seed: int) -> Ranked:
    ranker: Ranker = fit_ranker(*_fields(lists), seed=seed)
    probability, order = calibration.probabilities(scores), best(scores, 1)
    tried = Tried(
        sure=pick(probability, order)[:, 0],
        right=pick(ahead.right, order)[:, 0],
        unit=pick(ahead.units, order)[:, 0].astype(np.int32),
        topic=ahead.topic.astype(np.int32),
        owned=np.where(ahead.right, probability, 0).max(axis=1),
        weight=ahead.weight,
    )
    ranking = Ranking(ranker=ranker, calibration=calibration)
    return Ranked(ranking=ranking, tried=tried, metrics=figures(calibration, scores, ahead.right))


def figures(calibration: Calibration, scores: Floats, right: NDArray[np.bool_]) -> dict[str, float]:
    """Tell how good calibrated scores are on rows where the right one is known."""
    sure = calibration.probabilities(scores).max(axis=1)
    among = pick(right, best(scores, 5))
    found = {
        "rows": len(sure),
        **{f"top{depth}": among[:, :depth].any(axis=1).mean() for depth in (1, 3, 5)},
        "coverage_at_95": (sure >= threshold_for(0.95, sure, among[:, 0])).mean(),
        "calibration_error": expected_calibration_error(sure, among[:, 0]),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def _fields(lists: Lists) -> tuple[Floats, NDArray[np.bool_]]:
    return lists.features, lists.right
