"""The short list: the units worth ranking for an appeal, and what the ranker is told about each."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick
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
    of_candidate = [
        pick(evidence.unit_margin, units),
        np.log(unit + _TINY),
        _rank(unit),
        np.log(unit.max(axis=1, keepdims=True) + _TINY) - np.log(unit + _TINY),
        pick(evidence.duty_margin, units),
        np.log(duty + _TINY),
        pick(evidence.area_margin, units),
        np.log(pick(evidence.area_probability, units) + _TINY),
        np.log(pick(evidence.office_probability, units) + _TINY),
        pick(evidence.votes, units),
        pick(evidence.nearest, units),
        np.log(np.maximum(promise, 0) + _TINY),
        np.broadcast_to(np.arange(units.shape[1], dtype=np.float32), units.shape),
        named,
        pick(evidence.unit_named, units),
        pick(evidence.area_named, units),
        pick(evidence.other_area_named, units),
        mandate,
        np.log(mandate + _TINY),
        np.log(mandate.max(axis=1, keepdims=True) + _TINY) - np.log(mandate + _TINY),
        roster.experience[units],
        roster.duty_experience[units],
    ]
    of_appeal = [
        evidence.length,
        unit.max(axis=1, keepdims=True),
        duty.max(axis=1, keepdims=True),
        (named > 0).sum(axis=1, keepdims=True, dtype=np.float32),
    ]
    columns = of_candidate + [np.broadcast_to(column, units.shape) for column in of_appeal]
    return np.concatenate([np.stack(columns, axis=-1), roster.kinds[units]], axis=-1, dtype=np.float32)


def _rank(scores: Floats) -> Floats:
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty_like(scores)
    np.put_along_axis(ranks, order, np.arange(scores.shape[1], dtype=np.float32)[None, :], axis=1)
    return ranks
