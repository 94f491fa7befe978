"""Closures as rows to learn from: read, labelled, and split so that no matter is on both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from models.encoder import Encoder, with_vectors
from models.features import Features, Matrix
from models.outside import BEYOND, destinations
from models.roster import Roster
from models.topic import DEPTH, level_classes
from training.duplicates import near_duplicate_groups
from training.encoder import make_encoder
from training.hygiene import Cleaned, LeftOut
from training.scheme import Scheme, find_scheme
from triage.citypack import CityPack
from triage.domain import ORDINARY, Appeal, Closure, Origin, Reading, Topic
from triage.errors import InputError
from triage.text import Reader, Segmenter

Mask = NDArray[np.bool_]

_FOLDS = 4
_NEWEST = timedelta(days=28)
_FEWEST_NEWEST = 300
_MOST_NEWEST = 0.4
_FEWEST_ROWS = 20
_ENOUGH_TO_RANK = 300
_TEACHES = 1_000  # with so many closed orders, what was written weighs half, by the learning curve


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
        The readings as features, and behind them their vectors where there is an encoder, shape `(rows, columns)`.
    units
        Column of the unit that closed each order, -1 where none did, shape `(rows,)`.
    labels
        For each head about units the class of each row, -1 where the row has none; `sizes` counts their classes.
    topic
        Column of the topic in `topics`, -1 where the row is of an older scheme or has none.
    older_topic
        A number for the topic of an older scheme, -1 where the row is of the newest or has none.
    of_level
        For each level the class of each topic.
    folds
        A number for each row; near-duplicates share it. -1 for rows that are learned from and never tried.
    halves
        0 or 1 for each row, near-duplicates alike, and independent of `folds`.
    newest
        The newest weeks, or None where dates are missing or the weeks too thin to stand for themselves.
    closed
        Rows that are closed orders; the others were written to teach.
    believed
        How much each closed order counts, shape `(rows,)`; 1 for the others.
    """

    closures: tuple[Closure, ...]
    appeals: tuple[Appeal, ...]
    readings: tuple[Reading, ...]
    features: Features
    encoder: Encoder | None
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
    halves: NDArray[np.intp]
    newest: Mask | None
    closed: Mask
    believed: NDArray[np.float64]

    @property
    def ranked(self) -> Mask:
        """Rows that are tried and that rankers learn from, `(rows,)`: closed orders alone where they are enough."""
        return self.closed if self.closed.sum() >= _ENOUGH_TO_RANK else self.units >= 0

    @property
    def weight(self) -> NDArray[np.float64]:
        """How much each row counts, shape `(rows,)`: what was written, the less the more orders were closed."""
        return np.where(self.closed, self.believed, _TEACHES / (_TEACHES + self.closed.sum()))

    def splits(self) -> list[Split]:
        """Out-of-fold splits, every row tried once; last the newest weeks after all others, where there are such.

        Of rows that were all written to teach, of which there are many and all alike, one fold is tried.
        """
        tried = range(_FOLDS if self.closed.any() else 1)
        folds = [Split(learned=self.folds != fold, tried=self.folds == fold) for fold in tried]
        ahead = [] if self.newest is None else [Split(learned=~self.newest, tried=self.newest, forward=True)]
        return folds + ahead


def with_known_units(cleaned: Cleaned, pack: CityPack) -> Cleaned:
    """Call units by the names of those that act for them now, and set aside rows whose unit the pack does not have."""
    names = pack.acting_names
    known = [row.unit in names for row in cleaned.rows]
    left_out = [
        LeftOut(id=row.id, source=row.source, reason="unit_not_in_pack")
        for row, holds in zip(cleaned.rows, known, strict=True)
        if not holds
    ]
    rows = tuple(replace(row, unit=names[row.unit]) for row in compress(cleaned.rows, known))
    summary = replace(cleaned.summary, kept=len(rows), left_out=(*cleaned.summary.left_out, *left_out))
    return Cleaned(rows=rows, groups=tuple(compress(cleaned.groups, known)), summary=summary)


def make_dataset(
    cleaned: Cleaned,
    pack: CityPack,
    *,
    taught: Sequence[Closure] = (),
    weights: Mapping[str, float] | None = None,
    encoder: str = "",
    seed: int,
) -> Dataset:
    """Prepare cleaned closures; `with_known_units` must have gone over them.

    Parameters
    ----------
    taught
        Rows that nobody closed, as `training.corpus` makes them, with units of the pack or none.
    weights
        How much closed orders count, by their ids, as `training.outcomes` tells; one that is not named counts 1.
    encoder
        What `training.encoder.make_encoder` is to make; nothing for no encoder.

    Raises
    ------
    InputError
        Too few rows or units to learn anything from.
    """
    closures = (*cleaned.rows, *taught)
    closed = np.array([row.origin is Origin.CLOSED for row in closures])
    column = {unit.name: at for at, unit in enumerate(pack.units)} | {"": -1}
    units = np.array([column[row.unit] for row in closures], dtype=np.intp)
    named = len(set(units[units >= 0].tolist()))
    usable = [row for row in closures if not row.outside]
    if len(usable) < _FEWEST_ROWS or named < 2:
        raise InputError(f"{len(usable)} usable rows of {named} units are too few; at least 20 of 2")
    groups = _groups(cleaned, taught)
    different = len({group for group, row in zip(groups, closures, strict=True) if not row.outside})
    if different < _FEWEST_ROWS:
        raise InputError(f"{different} different matters are too few, the rest are repeats; at least 20")
    number = _numbers(groups, seed)
    scheme = find_scheme(cleaned.rows or closures)
    topics = _predictable(closures, scheme, pack)
    topic_column = {topic.path: at for at, topic in enumerate(topics)}
    topic = np.array([topic_column.get(scheme.path(row), -1) for row in closures], dtype=np.intp)
    appeals = tuple(Appeal(id=row.id, text=row.text) for row in closures)
    readings = tuple(Reader(Segmenter(pack.words)).read_many([row.text for row in closures]))
    features = Features.fit(readings)
    rows = features.transform(readings)
    dense = make_encoder(encoder, features, rows, readings, closures, seed=seed) if encoder else None
    roster = Roster(pack, np.zeros(len(pack.units), dtype=np.float32))
    # Of what was written for this city the directory tells unit and duty, and will tell them again.
    led = np.array([row.origin is not Origin.CLOSED and bool(row.topic) for row in closures])
    labels = {
        "unit": np.where(closed, units, -1),
        "duty": np.where((units >= 0) & ~led, roster.duty[units], -1),
        "area": np.where(units >= 0, roster.area[units], -1),
    }
    sizes = {"unit": len(roster), "duty": len(roster.duties), "area": len(roster.areas)}
    if any(row.outside for row in closures):
        labels |= _outside(closures, pack)
        sizes |= {"beyond": len(BEYOND), "outside": len(destinations(pack)) + 1}
    return Dataset(
        closures=closures,
        appeals=appeals,
        readings=readings,
        features=features,
        encoder=dense,
        matrix=with_vectors(rows, dense),
        units=units,
        labels=labels,
        sizes=sizes,
        topics=topics,
        topic=topic,
        older_topic=_older(closures, topic),
        of_level=tuple(level_classes([topic.path for topic in topics])),
        scheme=scheme,
        folds=np.where([row.origin is Origin.MEANING for row in closures], -1, number % _FOLDS),
        halves=number // _FOLDS % 2,
        newest=_newest(closures, closed),
        closed=closed,
        believed=_believed(closures, weights or {}),
    )


def _believed(closures: Sequence[Closure], weights: Mapping[str, float]) -> NDArray[np.float64]:
    return np.array([weights.get(row.id, 1.0) if row.origin is Origin.CLOSED else 1.0 for row in closures])


def _outside(closures: Sequence[Closure], pack: CityPack) -> dict[str, NDArray[np.intp]]:
    """Label what goes elsewhere; what units closed, and what was written for topics that they have, is ordinary."""
    beyond = dict(destinations(pack)) | {ORDINARY: 0}
    number = {to: at for at, (to, _) in enumerate(destinations(pack), start=1)} | {ORDINARY: 0}
    elsewhere = {topic.path for topic in pack.topics if topic.outside}
    told = [row.outside or _usual(row, elsewhere) for row in closures]
    return {
        "beyond": np.array([beyond.get(to, -1) for to in told], dtype=np.intp),
        "outside": np.array([number.get(to, -1) for to in told], dtype=np.intp),
    }


def _usual(row: Closure, elsewhere: set[tuple[str, ...]]) -> str:
    """A written appeal may only ask about what goes elsewhere; what a topic means is no appeal."""
    known = row.origin is Origin.CLOSED or (row.origin is Origin.WRITTEN and row.topic not in elsewhere)
    return ORDINARY if known else ""


def _predictable(closures: Sequence[Closure], scheme: Scheme, pack: CityPack) -> tuple[Topic, ...]:
    """Topics of the newest scheme that some order had, in the pack's order."""
    seen = {scheme.path(row) for row in closures}
    return tuple(topic for topic in pack.topics if topic.path in seen and len(topic.path) <= DEPTH)


def _older(closures: Sequence[Closure], topic: NDArray[np.intp]) -> NDArray[np.intp]:
    paths = ["/".join(row.topic[:DEPTH]) if at < 0 else "" for row, at in zip(closures, topic.tolist(), strict=True)]
    number = {path: at for at, path in enumerate(sorted(set(paths) - {""}))}
    return np.array([number.get(path, -1) for path in paths], dtype=np.intp)


def _groups(cleaned: Cleaned, taught: Sequence[Closure]) -> Sequence[int]:
    if not taught:
        return cleaned.groups
    return near_duplicate_groups([row.text for row in (*cleaned.rows, *taught)])


def _numbers(groups: Sequence[int], seed: int) -> NDArray[np.intp]:
    """Return for each row the place of its group in a random order of the groups."""
    different, member = np.unique(np.asarray(groups), return_inverse=True)
    return np.random.default_rng(seed).permutation(len(different))[member]


def _newest(closures: Sequence[Closure], closed: Mask) -> Mask | None:
    days = np.array([row.opened_on for row in closures], dtype="datetime64[D]")
    if not closed.any() or np.isnat(days[closed]).any():
        return None
    newest: Mask = closed & (days > days[closed].max() - np.timedelta64(_NEWEST))
    enough = _FEWEST_NEWEST <= newest.sum() <= _MOST_NEWEST * closed.sum()
    return newest if enough else None
