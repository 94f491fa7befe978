"""Closures as rows to learn from: read, labelled, and split so that no matter is on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from models.features import Features, Matrix
from models.roster import Roster
from models.topic import DEPTH, level_classes
from training.hygiene import Cleaned, LeftOut
from training.scheme import Scheme, find_scheme
from triage.citypack import CityPack
from triage.domain import Appeal, Closure, Reading, Topic
from triage.errors import InputError
from triage.text import Reader, Segmenter

Mask = NDArray[np.bool_]

_FOLDS = 4
_NEWEST = timedelta(days=28)
_FEWEST_NEWEST = 300
_MOST_NEWEST = 0.4
_FEWEST_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Rows that are learned from, and rows that what was learned is tried on; `forward` where those come later."""

    learned: Mask
    tried: Mask
    forward: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Rows to learn from.

    Parameters
    ----------
    matrix
        The readings as features, shape `(rows, features)`.
    units
        Column of the unit that closed each order, shape `(rows,)`.
    labels
        For each head about units the class of each row, -1 where the row has none; `sizes` counts their classes.
    topic
        Column of the topic in `topics`, -1 where the row is of an older scheme or has none.
    older_topic
        A number for the topic of an older scheme, -1 where the row is of the newest or has none.
    of_level
        For each level the class of each topic.
    folds
        A number for each row; near-duplicates share it.
    newest
        The newest weeks, or None where dates are missing or the weeks too thin to stand for themselves.
    """

    closures: tuple[Closure, ...]
    appeals: tuple[Appeal, ...]
    readings: tuple[Reading, ...]
    features: Features
    matrix: Matrix
    units: NDArray[np.intp]
    labels: dict[str, NDArray[np.intp]]
    sizes: dict[str, int]
    topics: tuple[Topic, ...]
    topic: NDArray[np.intp]
    older_topic: NDArray[np.intp]
    of_level: tuple[NDArray[np.intp], ...]
    scheme: Scheme
    folds: NDArray[np.intp]
    newest: Mask | None

    def splits(self) -> list[Split]:
        """Out-of-fold splits, every row tried once; last the newest weeks after all others, where there are such."""
        folds = [Split(learned=self.folds != fold, tried=self.folds == fold) for fold in range(_FOLDS)]
        ahead = [] if self.newest is None else [Split(learned=~self.newest, tried=self.newest, forward=True)]
        return folds + ahead


def with_known_units(cleaned: Cleaned, pack: CityPack) -> Cleaned:
    """Call units by their official names, and set aside rows whose unit the pack does not have."""
    names = {alias: unit.name for unit in pack.units for alias in (*unit.aliases, unit.name)}
    known = [row.unit in names for row in cleaned.rows]
    left_out = [
        LeftOut(id=row.id, source=row.source, reason="unit_not_in_pack")
        for row, holds in zip(cleaned.rows, known, strict=True)
        if not holds
    ]
    rows = tuple(replace(row, unit=names[row.unit]) for row in compress(cleaned.rows, known))
    summary = replace(cleaned.summary, kept=len(rows), left_out=(*cleaned.summary.left_out, *left_out))
    return Cleaned(rows=rows, groups=tuple(compress(cleaned.groups, known)), summary=summary)


def make_dataset(cleaned: Cleaned, pack: CityPack, *, seed: int) -> Dataset:
    """Prepare cleaned closures; `with_known_units` must have gone over them.

    Raises
    ------
    InputError
        Too few rows or units to learn anything from.
    """
    closures = cleaned.rows
    column = {unit.name: at for at, unit in enumerate(pack.units)}
    units = np.array([column[row.unit] for row in closures], dtype=np.intp)
    if len(closures) < _FEWEST_ROWS or len(set(units.tolist())) < 2:
        raise InputError(
            f"{len(closures)} usable rows of {len(set(units.tolist()))} units are too few; at least 20 of 2"
        )
    if len(set(cleaned.groups)) < _FEWEST_ROWS:
        raise InputError(f"{len(set(cleaned.groups))} different matters are too few, the rest are repeats; at least 20")
    scheme = find_scheme(closures)
    topics = _predictable(closures, scheme, pack)
    topic_column = {topic.path: at for at, topic in enumerate(topics)}
    topic = np.array([topic_column.get(scheme.path(row), -1) for row in closures], dtype=np.intp)
    appeals = tuple(Appeal(id=row.id, text=row.text) for row in closures)
    readings = tuple(Reader(Segmenter(pack.words)).read_many([row.text for row in closures]))
    features = Features.fit(readings)
    roster = Roster(pack, np.zeros(len(pack.units), dtype=np.float32))
    labels = {"unit": units, "duty": roster.duty[units], "area": roster.area[units]}
    sizes = {"unit": len(roster), "duty": len(roster.duties), "area": len(roster.areas)}
    return Dataset(
        closures=closures,
        appeals=appeals,
        readings=readings,
        features=features,
        matrix=features.transform(readings),
        units=units,
        labels=labels,
        sizes=sizes,
        topics=topics,
        topic=topic,
        older_topic=_older(closures, topic),
        of_level=tuple(level_classes([topic.path for topic in topics])),
        scheme=scheme,
        folds=_folds(cleaned.groups, seed),
        newest=_newest(closures),
    )


def _predictable(closures: Sequence[Closure], scheme: Scheme, pack: CityPack) -> tuple[Topic, ...]:
    """Topics of the newest scheme that some order had, in the pack's order."""
    seen = {scheme.path(row) for row in closures}
    return tuple(topic for topic in pack.topics if topic.path in seen and len(topic.path) <= DEPTH)


def _older(closures: Sequence[Closure], topic: NDArray[np.intp]) -> NDArray[np.intp]:
    paths = ["/".join(row.topic[:DEPTH]) if at < 0 else "" for row, at in zip(closures, topic.tolist(), strict=True)]
    number = {path: at for at, path in enumerate(sorted(set(paths) - {""}))}
    return np.array([number.get(path, -1) for path in paths], dtype=np.intp)


def _folds(groups: Sequence[int], seed: int) -> NDArray[np.intp]:
    different, member = np.unique(np.asarray(groups), return_inverse=True)
    return np.random.default_rng(seed).permutation(len(different))[member] % _FOLDS


def _newest(closures: Sequence[Closure]) -> Mask | None:
    if any(row.opened_on is None for row in closures):
        return None
    days = np.array([row.opened_on for row in closures], dtype="datetime64[D]")
    newest: Mask = days > days.max() - np.timedelta64(_NEWEST)
    enough = _FEWEST_NEWEST <= newest.sum() <= _MOST_NEWEST * len(days)
    return newest if enough else None
