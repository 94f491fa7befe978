"""What was tried on the newest orders, and the promises that follow from it.

Two promises are kept. Of what is dispatched by itself, a stated share is right: the lowest threshold is chosen whose
error is below the promise with the stated confidence, tested from the surest rows down and stopped at the first failure
(fixed-sequence testing of Learn Then Test, Angelopoulos et al., 2021, with the bound of Clopper and Pearson, 1934). And
the set shown to a person holds the right unit in a stated share of the appeals (split conformal, Vovk et al., 2005).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from models.arrays import Floats
from triage.citypack import CityPack, Group
from triage.directory import Directory
from triage.domain import Topic
from triage.policy import NEVER, Dialled, Policy, group_of
from triage.rules import Rulebook

_DIAL = (0.8, 0.85, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
_STEP = 0.01  # of the rows, between two thresholds that are tested
_FIRST = 0.1  # of the rows, at the first threshold: fewer may all be right by luck


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """Rows that neither the ranker nor the calibration was fitted on, each array of shape `(rows,)`.

    Parameters
    ----------
    sure
        Probability of the first suggestion; `right` tells whether that unit closed the order.
    unit, topic
        Columns of the first suggestion, and of the first topic (-1 where topics are not learned).
    owned
        Probability that was given to the unit that closed the order, 0 where it was not on the list.
    weight
        How much each row counts: one that was drawn at random from others stands for them.
    """

    sure: Floats
    right: NDArray[np.bool_]
    unit: NDArray[np.int32]
    topic: NDArray[np.int32]
    owned: Floats
    weight: NDArray[np.float64]

    def of(self, rows: NDArray[np.bool_]) -> "Tried":
        return Tried(
            sure=self.sure[rows],
            right=self.right[rows],
            unit=self.unit[rows],
            topic=self.topic[rows],
            owned=self.owned[rows],
            weight=self.weight[rows],
        )


def dial(tried: Tried, promise: float, *, confidence: float) -> Dialled:
    """Find the lowest threshold that keeps a promise with confidence; `NEVER` where none does."""
    order = np.argsort(-tried.sure, kind="stable")
    sure, wrong, weight = tried.sure[order], ~tried.right[order], tried.weight[order]
    kept = 0
    for rows in _sequence(sure, at_least=np.log(1 - confidence) / np.log(promise)):
        if upper_bound(*effective(wrong[:rows], weight[:rows]), confidence=confidence) > 1 - promise:
            break
        kept = rows
    if not kept:
        return Dialled(promise=promise, threshold=NEVER, coverage=0.0, precision=0.0, at_least=0.0)
    errors, of = effective(wrong[:kept], weight[:kept])
    return Dialled(
        promise=promise,
        threshold=float(sure[kept - 1]),
        coverage=float(weight[:kept].sum() / weight.sum()),
        precision=1 - errors / of,
        at_least=1 - upper_bound(errors, of, confidence=confidence),
    )


def effective(wrong: NDArray[np.bool_], weight: NDArray[np.number]) -> tuple[float, float]:
    """Return how many errors among how many rows of equal weight tell as much as these do.

    So Korn and Graubard, Confidence intervals for proportions with small expected number of positive counts estimated
    from survey data, Survey Methodology 24 (1998), bound a share that is measured on a sample of unequal weights.
    """
    whole = weight.sum()
    each = whole / (weight**2).sum() if whole else 0.0
    return float(weight[wrong].sum() * each), float(whole * each)


def _sequence(sure: Floats, *, at_least: float) -> list[int]:
    """How many of the surest rows each tested threshold lets through; rows of one probability pass together.

    `at_least` so many must be right without an error to prove anything.
    """
    count = len(sure)
    first = max(_FIRST, at_least / max(count, 1))
    wanted = {*np.ceil(np.arange(first, 1, _STEP) * count).astype(int).tolist(), *([count] if first <= 1 else [])}
    return sorted({int(np.searchsorted(-sure, -sure[rows - 1], side="right")) for rows in wanted if 0 < rows <= count})


def upper_bound(errors: float, rows: float, *, confidence: float) -> float:
    """Bound the share of errors from above, given how many of the rows were wrong (Clopper and Pearson, 1934)."""
    return 1.0 if errors >= rows else float(betaincinv(errors + 1, rows - errors, confidence))


def set_threshold(tried: Tried, coverage: float) -> float:
    """Return the probability down to which units belong to the set, so that `coverage` of the sets hold the right one.

    0, which takes in every unit on the list, where even all of them do not.
    """
    order = np.argsort(tried.owned, kind="stable")
    missed = np.cumsum(tried.weight[order])
    rank = int(np.searchsorted(missed, (1 - coverage) * (tried.weight.sum() + 1), side="right"))
    return float(tried.owned[order[rank - 1]]) if rank >= 1 else 0.0


def make_policy(pack: CityPack, topics: Sequence[Topic], tried: Tried, *, dispatches: bool, on: date) -> Policy:
    """Choose the thresholds that keep the promises of a pack, group by group where it promises by group.

    Parameters
    ----------
    topics
        In the order of the columns that `tried.topic` has.
    dispatches
        Whether the rows were closed orders: what was tried on written appeals promises nothing about citizens.
    """
    promise = pack.terms.promise
    by_group = groups(pack, topics, tried) if dispatches else {}
    found = {
        group: dial(tried.of(rows), promise.precision, confidence=promise.confidence)
        for group, rows in by_group.items()
    }
    return Policy(
        terms=pack.terms,
        rulebook=Rulebook(pack.rules, on=on),
        directory=Directory(pack, on=on),
        dispatch_at={group: dialled.threshold for group, dialled in found.items()},
        set_at=set_threshold(tried, promise.set),
        kept=found,
        dial=tuple(dial(tried, share, confidence=promise.confidence) for share in _DIAL) if dispatches else (),
        tried=len(tried.sure),
    )


def groups(pack: CityPack, topics: Sequence[Topic], tried: Tried) -> dict[str, NDArray[np.bool_]]:
    """Return for each group that the promise is kept for which rows are of it."""
    by = pack.terms.promise.by
    if by is Group.ALL:
        return {"": np.ones(len(tried.sure), dtype=bool)}
    of = [
        group_of(by, pack.units[unit], topics[topic] if topic >= 0 else None)
        for unit, topic in zip(tried.unit.tolist(), tried.topic.tolist(), strict=True)
    ]
    names = np.array(of, dtype=object)
    return {group: np.asarray(names == group) for group in sorted(set(of))}
