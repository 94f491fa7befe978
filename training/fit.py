"""From closures to what a bundle keeps: heads, out-of-fold evidence, rankers, calibration."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from models.calibration import fit_calibration
from models.candidates import short_list
from models.evidence import Named, NamesInText, gather
from models.learned import Learned
from models.mandates import Mandates
from models.matters import Splitter
from models.neighbours import ClosedOrder, Neighbours
from models.outside import Outside, destinations, reached_by
from models.promise import Tried
from models.roster import Roster
from models.scorer import Scorer
from models.topic import TopicRanking, TopicTable
from training.corpus import SEVERAL
from training.dataset import Dataset, Mask, Split
from training.heads import Course, fit_scorers
from training.rank import Lists, Ranked, figures, rank_ahead, rank_crosswise, together
from training.splits import Marked, fit_splitter
from triage.citypack import CityPack
from triage.directory import today
from triage.domain import Closure
from triage.places import Places
from triage.text import Reader, Segmenter

Progress = Callable[[str], None]
_ORDINARY = 700  # appeals that the splitter is told have one matter
_NO_ALARMS: Floats = np.zeros((0, 2), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What a bundle is made of; `tried` and `metrics` are of rows that were not learned from."""

    learned: Learned
    tried: Tried
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
    outside: Outside | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """The short lists of rows that were tried: units, and topics with where the right one is, if they were learned.

    `alarms` are those of rows that are ordinary, shape `(ordinary rows, 2)`.
    """

    units: Lists
    topics: tuple[Floats, NDArray[np.bool_], NDArray[np.float64]] | None
    alarms: Floats


def fit(
    data: Dataset,
    pack: CityPack,
    *,
    several: Sequence[Marked] = (),
    seed: int,
    progress: Progress = lambda _: None,
) -> Fitted:
    """Fit everything on all rows of a dataset.

    The rankers learn from candidates as models describe them that have not seen the row, and so does the calibration;
    what is promised is tried on the newest weeks, as models of the weeks before describe them, or where there are no
    such weeks on half of the out-of-fold rows. `several` are texts that teach where one matter ends.
    """
    splits = data.splits()
    everything = np.ones(len(data.units), dtype=bool)
    by_topic = data.newest is None or bool(pack.mandates)
    courses = [Course(rows=split.learned, topics=split.forward or by_topic) for split in splits]
    scorers = fit_scorers(data, [*courses, Course(rows=everything, topics=True)], seed=seed, progress=progress)
    nobody = Roster(pack, np.zeros(len(pack.units), dtype=np.float32))
    places = Places(pack.places).resolve_many(data.appeals, data.readings)
    named = NamesInText(pack, nobody).find(data.readings, places)
    parts = [_parts(data, pack, next(scorers), split.learned) for split in splits]
    tried = [_try(data, named, part, split) for part, split in zip(parts, splits, strict=True)]
    last = _parts(data, pack, next(scorers), everything)
    progress("rankers")
    units, topics = _rank_units(data, splits, tried, seed), _calibrate_topics(tried, last.table)
    alarms = np.concatenate([part.alarms for part in tried])
    learned = Learned(
        features=data.features,
        encoder=data.encoder,
        scorer=last.scorer,
        neighbours=last.neighbours,
        experience=last.experience,
        units=units.ranking,
        topics=topics[0] if topics else None,
        splitter=_split(data, pack, parts[-1], splits[-1], several, seed) if several and topics else None,
        orders=tuple(map(_order, compress(data.closures, data.closed))),
        outside=replace(last.outside, reached=reached_by(alarms)) if last.outside and len(alarms) else None,
    )
    topic_metrics = {f"topic_{name}": value for name, value in topics[1].items()} if topics else {}
    return Fitted(learned=learned, tried=units.tried, metrics={**units.metrics, **topic_metrics})


def _split(
    data: Dataset, pack: CityPack, parts: _Parts, split: Split, several: Sequence[Marked], seed: int
) -> Splitter:
    """Fit the splitter with topics that were learned without the appeals that it is told are ordinary."""
    one = np.array([row.voice != SEVERAL for row in data.closures])
    tried = np.flatnonzero(split.tried & data.ranked & one)
    chosen = np.random.default_rng(seed).permutation(tried)[:_ORDINARY]
    return fit_splitter(
        several,
        [data.readings[at] for at in chosen.tolist()],
        reader=Reader(Segmenter(pack.words)),
        features=data.features,
        scorer=parts.scorer,
        table=parts.table,
        seed=seed,
    )


def _order(row: Closure) -> ClosedOrder:
    opened_on = row.opened_on.isoformat() if row.opened_on else ""
    return ClosedOrder(id=row.id, opened_on=opened_on, topic="/".join(row.topic))


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
        outside=Outside(destinations=destinations(pack), reached=_NO_ALARMS) if "beyond" in data.labels else None,
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
    topics = parts.table.listed(margins) if "topic1" in margins else None
    units = Lists(
        rows=rows,
        units=listed.units,
        features=listed.features,
        right=listed.units == data.units[rows][:, None],
        topic=topics.topics[:, 0] if topics else np.full(len(rows), -1),
        weight=data.believed[rows],
    )
    known, of = data.topic[rows] >= 0, data.topic[rows][:, None]
    ordinary = data.labels["beyond"][rows] == 0 if parts.outside else []
    return _Tried(
        units=units,
        topics=(topics.scores[known], (topics.topics == of)[known], units.weight[known]) if topics else None,
        alarms=parts.outside.alarms(margins)[ordinary] if parts.outside else _NO_ALARMS,
    )


def _rank_units(data: Dataset, splits: list[Split], tried: list[_Tried], seed: int) -> Ranked:
    by_fold = together([lists.units for lists, split in zip(tried, splits, strict=True) if not split.forward])
    if data.newest is None:
        return rank_crosswise(by_fold, halves=data.halves, seed=seed)
    return rank_ahead(by_fold, tried[-1].units, older=~data.newest, halves=data.halves, seed=seed)


def _calibrate_topics(tried: list[_Tried], table: TopicTable) -> tuple[TopicRanking, dict[str, float]] | None:
    found = [part.topics for part in tried if part.topics]
    if not found:
        return None
    scores, right, weight = (np.concatenate(tables) for tables in zip(*found, strict=True))
    calibration = fit_calibration(scores, right, weight)
    return TopicRanking(table=table, calibration=calibration), figures(calibration, scores, right)
