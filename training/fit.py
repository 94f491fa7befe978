"""From closures to what a bundle keeps: heads, out-of-fold evidence, rankers, calibration."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from models.assessor import Learned
from models.candidates import short_list
from models.evidence import Named, NamesInText, gather
from models.mandates import Mandates
from models.neighbours import Neighbours
from models.roster import Roster
from models.scorer import Scorer
from models.topic import TopicRanking, TopicTable
from training.dataset import Dataset, Mask, Split
from training.heads import Course, fit_scorers
from training.rank import Calibrated, Lists, Ranked, calibrated, rank_ahead, rank_crosswise, together
from triage.citypack import CityPack
from triage.directory import today
from triage.places import Places
from triage.policy import Policy

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a bundle is made of; `metrics` are of rows that nothing but the calibration was fitted on."""

    learned: Learned
    policy: Policy
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What is learned from one set of rows, before the rankers."""

    scorer: Scorer
    neighbours: Neighbours
    roster: Roster
    experience: Floats
    table: TopicTable
    mandates: Mandates | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The short lists of rows that were tried: units, and topics with where the right one is, if they were learned."""

    units: Lists
    topics: tuple[Floats, NDArray[np.bool_]] | None


def fit(data: Dataset, pack: CityPack, *, seed: int, progress: Progress = lambda _: None) -> Fitted:
    """Fit everything on all rows of a dataset.

    The rankers learn from candidates as models describe them that have not seen the row. The calibration learns from
    the newest weeks, as models of the weeks before describe them; where there are no such weeks, from out-of-fold rows.
    """
    splits = data.splits()
    everything = np.ones(len(data.units), dtype=bool)
    by_topic = data.newest is None or bool(pack.mandates)
    courses = [Course(rows=split.learned, topics=split.forward or by_topic) for split in splits]
    scorers = fit_scorers(data, [*courses, Course(rows=everything, topics=True)], seed=seed, progress=progress)
    nobody = Roster(pack, np.zeros(len(pack.units), dtype=np.float32))
    places = Places(pack.places).resolve_many(data.appeals, data.readings)
    named = NamesInText(pack, nobody).find(data.readings, places)
    tried = [_try(data, named, _parts(data, pack, next(scorers), split.learned), split) for split in splits]
    last = _parts(data, pack, next(scorers), everything)
    progress("rankers")
    units, topics = _rank_units(data, splits, tried, seed), _calibrate_topics(tried)
    learned = Learned(
        features=data.features,
        encoder=data.encoder,
        scorer=last.scorer,
        neighbours=last.neighbours,
        experience=last.experience,
        units=units.ranking,
        topics=TopicRanking(table=last.table, calibration=topics.calibration) if topics else None,
    )
    topic_metrics = {f"topic_{name}": value for name, value in topics.metrics.items()} if topics else {}
    # What was tried on appeals that were written keeps no promise about those that citizens send.
    policy = Policy(dispatch_at=units.tried.dispatch_at) if data.closed.any() else Policy()
    return Fitted(learned=learned, policy=policy, metrics={**units.tried.metrics, **topic_metrics})


def _parts(data: Dataset, pack: CityPack, scorer: Scorer, rows: Mask) -> _Parts:
    rows = rows & data.closed  # what was written closed nothing, so it is neither precedent nor experience
    units, count = data.units[rows], len(pack.units)
    experience = np.bincount(units, minlength=count).astype(np.float32)
    roster = Roster(pack, experience)
    return _Parts(
        scorer=scorer,
        neighbours=Neighbours.fit(data.matrix[rows], units.astype(np.int32), count),
        roster=roster,
        experience=experience,
        table=TopicTable(data.topics),
        mandates=Mandates.of(pack, roster, data.topics, on=today()) if len(data.topics) > 1 else None,
    )


def _try(data: Dataset, named: Named, parts: _Parts, split: Split) -> _Tried:
    """Describe the candidates of rows that the parts have not seen."""
    rows = np.flatnonzero(split.tried & data.ranked)
    matrix = data.matrix[rows]
    margins = parts.scorer.margins(matrix)
    evidence = gather(
        parts.roster,
        margins=margins,
        votes=parts.neighbours.votes(matrix),
        named=named.take(rows),
        readings=[data.readings[at] for at in rows],
        directory=(parts.mandates, parts.table.probabilities(margins)) if parts.mandates else None,
    )
    listed = short_list(evidence, parts.roster)
    units = Lists(rows=rows, features=listed.features, right=listed.units == data.units[rows][:, None])
    if "topic1" not in margins:
        return _Tried(units=units, topics=None)
    known = data.topic[rows] >= 0
    listed_topics = parts.table.listed({name: margin[known] for name, margin in margins.items()})
    right = listed_topics.topics == data.topic[rows][known][:, None]
    return _Tried(units=units, topics=(listed_topics.scores, right))


def _rank_units(data: Dataset, splits: list[Split], tried: list[_Tried], seed: int) -> Ranked:
    by_fold = together([lists.units for lists, split in zip(tried, splits, strict=True) if not split.forward])
    if data.newest is None:
        return rank_crosswise(by_fold, halves=data.halves, seed=seed)
    return rank_ahead(by_fold, tried[-1].units, older=~data.newest, seed=seed)


def _calibrate_topics(tried: list[_Tried]) -> Calibrated | None:
    found = [part.topics for part in tried if part.topics]
    if not found:
        return None
    scores, right = (np.concatenate(tables) for tables in zip(*found, strict=True))
    return calibrated(scores, right)
