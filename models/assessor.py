"""The whole of what is learned, at work: from readings to topics, places and suggestions."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, pick, softmax
from models.candidates import ShortList, short_list
from models.encoder import with_vectors
from models.evidence import SHARPNESS, Evidence, NamesInText, gather
from models.explanation import Batch, Explainer, Trace
from models.learned import Learned
from models.mandates import Mandates
from models.roster import Roster
from triage.citypack import CityPack
from triage.directory import today
from triage.domain import Appeal, Assessment, Candidate, Place, RankedTopic, Reading, Routing, Suggestion
from triage.explanation import Explanation
from triage.places import Places

_SUGGESTIONS = 5
_TOPICS = 3
_LISTED = 0.001  # a candidate that is less probable is not worth a place in any set
_SURE_OF_DISTRICT = 0.8
_SPEAKS = 0.1  # a probability or share of votes from which on it is named as a reason
_LEADS = 0.25  # the same for the directory: more than what an office has that only stands in for another
_BASES = {
    "exact": "以往同类诉求多由该单位办结",
    "duty": "职责相符",
    "locality": "属地相符",
    "precedent": "有相似的已办结工单",
    "named": "诉求中提到该单位",
    "directory": "派单目录规定由该单位主办",
}
_COMBINATIONS = [
    tuple(base for base, holds in zip(_BASES, chosen, strict=True) if holds)
    for chosen in product((False, True), repeat=len(_BASES))
]
_REASONS = {bases: tuple(_BASES[base] for base in bases) for bases in _COMBINATIONS}


class LearnedAssessor:
    """Assesses appeals with what was learned from closures and what the city pack says."""

    def __init__(self, pack: CityPack, learned: Learned) -> None:
        self._roster = Roster(pack, learned.experience)
        self._names = NamesInText(pack, self._roster)
        self._places = Places(pack.places)
        self._learned = learned
        topics = learned.topics.table.topics if learned.topics else ()
        self._explainer = Explainer(pack, learned, self._roster)
        self._mandates = Mandates.of(pack, self._roster, topics, on=today())
        self._alarms = learned.outside.thresholds(pack.terms.alarms) if learned.outside else None

    def assess(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Assessment]:
        """One assessment for each appeal, in order; suggestions best first, probabilities calibrated."""
        learned = self._learned
        rows = with_vectors(learned.features.transform(readings), learned.encoder)
        margins = learned.scorer.margins(rows)
        places = self._places.resolve_many(appeals, readings)
        named = self._names.find(readings, places)
        similar = learned.neighbours.similar(rows)
        evidence = gather(
            self._roster,
            margins=margins,
            votes=learned.neighbours.votes_of(similar),
            named=named,
            readings=readings,
            directory=self._directory(margins),
        )
        listed = short_list(evidence, self._roster)
        probability = learned.units.probabilities(listed.features)
        candidates = self._candidates(listed, evidence, probability)
        topics = self._topics(margins, len(readings))
        areas = softmax(margins["area"], SHARPNESS) if self._roster.areas else np.zeros((len(readings), 1))
        like = self._like(margins, len(readings))
        batch = Batch(rows=rows, margins=margins, listed=listed, similar=similar)
        return [
            Assessment(
                topics=topics[at],
                place=self._learned_place(places[at], areas[at]),
                candidates=candidates[at],
                suggestions=tuple(map(_suggestion, candidates[at][:_SUGGESTIONS])),
                like=like[at],
                trace=Trace(batch=batch, at=at),
            )
            for at in range(len(readings))
        ]

    def cuts(self, readings: Sequence[Reading]) -> list[tuple[int, ...]]:
        """Tell for each reading where another matter begins in its masked text; nothing for most."""
        learned = self._learned
        if learned.splitter is None or learned.topics is None:
            return [()] * len(readings)
        return learned.splitter.cuts(readings, learned.features, learned.scorer, learned.topics.table)

    def explain(self, routing: Routing) -> Explanation:
        """Tell why the first suggestion was made; see `models.explanation.Explainer`."""
        return self._explainer.explain(routing)

    def _like(self, margins: dict[str, Floats], count: int) -> list[tuple[str, ...]]:
        outside = self._learned.outside
        return [()] * count if outside is None or self._alarms is None else outside.like(margins, self._alarms)

    def _directory(self, margins: dict[str, Floats]) -> tuple[Mandates, Floats] | None:
        if self._mandates is None or self._learned.topics is None:
            return None
        return self._mandates, self._learned.topics.table.probabilities(margins)

    def _candidates(self, listed: ShortList, evidence: Evidence, probability: Floats) -> list[tuple[Candidate, ...]]:
        order = np.argsort(-probability, axis=1, kind="stable")
        columns, sure = pick(listed.units, order), pick(probability, order)
        bases = pick(_bases(evidence, listed.units), order)
        lengths = np.maximum((sure >= _LISTED).sum(axis=1), _SUGGESTIONS).tolist()
        return [
            tuple(
                Candidate(unit=self._roster.units[column], bases=_COMBINATIONS[basis], probability=odds)
                for column, odds, basis in zip(*(part[:length] for part in row), strict=True)
            )
            for length, *row in zip(lengths, columns.tolist(), sure.tolist(), bases.tolist(), strict=True)
        ]

    def _topics(self, margins: dict[str, Floats], count: int) -> list[tuple[RankedTopic, ...]]:
        if (ranking := self._learned.topics) is None:
            return [()] * count
        listed = ranking.table.listed(margins)
        sure = ranking.calibration.probabilities(listed.scores)
        return [
            tuple(RankedTopic(topic=ranking.table.topics[at], probability=p) for at, p in zip(row, odds, strict=True))
            for row, odds in zip(listed.topics[:, :_TOPICS].tolist(), sure[:, :_TOPICS].tolist(), strict=True)
        ]

    def _learned_place(self, place: Place, areas: Floats) -> Place:
        """Where no name settles the district, take the one that closed orders make nearly sure."""
        if place.district is None and areas.max() >= _SURE_OF_DISTRICT:
            return replace(place, district=self._roster.areas[int(areas.argmax())], evidence=("以往工单",))
        return place


def _suggestion(candidate: Candidate) -> Suggestion:
    return Suggestion(unit=candidate.unit, probability=candidate.probability, reasons=_REASONS[candidate.bases])


def _bases(evidence: Evidence, units: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where a candidate comes from, as a number whose bits are in the order of `_BASES`, the first the highest."""
    holds = (
        pick(evidence.unit_probability, units) >= _SPEAKS,
        pick(evidence.duty_probability, units) >= _SPEAKS,
        pick(evidence.area_named, units) > 0,
        pick(evidence.votes, units) >= _SPEAKS,
        pick(evidence.unit_named, units) > 0,
        pick(evidence.mandate, units) >= _LEADS,
    )
    bits: NDArray[np.intp] = np.zeros(units.shape, dtype=np.intp)
    for basis in holds:
        bits = 2 * bits + basis
    return bits
