"""The short list: the units worth ranking for an appeal, and what the ranker is told about each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick, put
from models.evidence import Evidence
from models.roster import Roster
from triage.domain import UnitKind

LENGTH = 30  # so many hold the right unit in 96 of 100 orders, which a set that promises 95 needs
_TINY = np.float32(1e-6)
EVIDENCE = {
    "以往办结": (0, 1, 2, 3, 20, 21),
    "职责": (4, 5),
    "属地": (6, 7, 15, 16),
    "职责与属地": (8,),
    "相似工单": (9, 10),
    "文中提及": (13, 14),
    "派单目录": (17, 18, 19),
    "综合": (11, 12, *range(22, 26 + len(UnitKind))),
}
"""Columns of the features by the kind of evidence that they are; together all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortList:
    """Columns of the roster, most promising first, shape `(readings, candidates)`, and their features."""

    units: NDArray[np.intp]
    features: Floats


def short_list(evidence: Evidence, roster: Roster) -> ShortList:
    """Choose candidates by exact unit, duty and locality, precedent, directory, and name; describe each to the ranker.

    `features` has the shape `(readings, candidates, features)`.
    """
    promise = (
        evidence.unit_probability
        + np.float32(0.7) * evidence.office_probability
        + np.float32(0.5) * evidence.votes
        + np.float32(0.1) * evidence.unit_named
        + evidence.mandate
    )
    promise[:, roster.ended] = -1
    units = best(promise, LENGTH)
    return ShortList(units=units, features=_features(evidence, roster, units, pick(promise, units)))


def _features(evidence: Evidence, roster: Roster, units: NDArray[np.intp], promise: Floats) -> Floats:
    unit, duty = pick(evidence.unit_probability, units), pick(evidence.duty_probability, units)
    named, mandate = pick(evidence.duty_named, units), pick(evidence.mandate, units)
    unit_odds, mandate_odds = np.log(unit + _TINY), np.log(mandate + _TINY)
    likeliest, best_led = unit.max(axis=1, keepdims=True), mandate.max(axis=1, keepdims=True)
    columns = [
        pick(evidence.unit_margin, units),
        unit_odds,
        _rank(unit),
        np.log(likeliest + _TINY) - unit_odds,
        pick(evidence.duty_margin, units),
        np.log(duty + _TINY),
        pick(evidence.area_margin, units),
        np.log(pick(evidence.area_probability, units) + _TINY),
        np.log(pick(evidence.office_probability, units) + _TINY),
        pick(evidence.votes, units),
        pick(evidence.nearest, units),
        np.log(np.maximum(promise, 0) + _TINY),
        np.arange(units.shape[1], dtype=np.float32),
        named,
        pick(evidence.unit_named, units),
        pick(evidence.area_named, units),
        pick(evidence.other_area_named, units),
        mandate,
        mandate_odds,
        np.log(best_led + _TINY) - mandate_odds,
        roster.experience[units],
        roster.duty_experience[units],
        # These are the same for all candidates.
        evidence.length,
        likeliest,
        duty.max(axis=1, keepdims=True),
        (named > 0).sum(axis=1, keepdims=True, dtype=np.float32),
    ]
    features: Floats = np.empty((*units.shape, len(columns) + len(UnitKind)), dtype=np.float32)
    for at, column in enumerate(columns):
        features[..., at] = column
    features[..., len(columns) :] = roster.kinds[units]
    return features


def _rank(scores: Floats) -> Floats:
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    put(ranks, order, np.arange(scores.shape[1], dtype=np.float32)[None, :])
    return ranks
