"""Triage by the handbook: what a dispatcher can say who has the city pack at hand and has never seen an order close.

It stands in where no bundle can be opened. It promises nothing: no probability of it has been tried on closed orders,
so that all of them stay below the one from which a unit is recommended, and nothing is ever dispatched by itself.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from math import log, sqrt
from typing import NamedTuple

from triage.citypack import CityPack
from triage.directory import GOVERNMENT, Directory, today
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Candidate,
    Decision,
    Office,
    Place,
    RankedTopic,
    Reading,
    Routing,
    Suggestion,
    Topic,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
    holds,
)
from triage.errors import InputError
from triage.explanation import Clause, Explanation
from triage.mentions import Finder, longest
from triage.pipeline import Triage
from triage.places import Places
from triage.policy import Policy
from triage.rules import Rulebook
from triage.text import Reader, Segmenter

NO_BUNDLE = "none"
"""What `Versions.bundle` says of an answer that no bundle gave."""

_SUGGESTIONS = 5
_CONSIDERED, _TOPICS = 5, 3
_LISTED, _REASONS = 10, 3
_MOST = 0.25  # of probability, for all units together: a guess must not look like something learned
_BELOW = 0.9  # of the city's own threshold, where that is lower still
_SHARPNESS = 4  # lets the topic with most words in common stand out from the many that share a few
_NAMED, _DUTY, _ASSISTS, _LOCAL = 0.3, 0.1, 0.2, 0.1  # against 1 for who leads by the directory, if the topic is right
_PLACEHOLDER = re.compile("〔[^〕]*〕")  # 〔电话〕 is no word of the citizen
_STREET = Office(level=UnitKind.STREET, duty="街道")
_LEVELS = (UnitKind.DISTRICT, UnitKind.MUNICIPAL, UnitKind.COMPANY)


def open_handbook(pack: CityPack) -> Triage:
    """Make a triage of a city pack alone."""
    on = today()
    directory = Directory(pack, on=on)
    handbook = Handbook(pack, directory, on=on)
    return Triage(
        reader=Reader(Segmenter(pack.words)),
        assessor=handbook,
        explainer=handbook,
        policy=_Unproven(
            terms=pack.terms,
            rulebook=Rulebook(pack.rules, on=on),
            directory=directory,
            dispatch_at={},
            set_at=0.0,
        ),
        pack=pack,
        versions=Versions(bundle=NO_BUNDLE, pack=f"{pack.name} {pack.version}", policy=pack.terms.version),
    )


class _Ground(NamedTuple):
    """One thing that speaks for a unit."""

    unit: Unit
    basis: str
    reason: str
    weight: float


class Handbook:
    """Assesses appeals by the words, places and directory of a pack, and explains itself by the directory."""

    def __init__(self, pack: CityPack, directory: Directory, *, on: date) -> None:
        units = {unit.name: unit for unit in pack.units if holds(unit, on)}
        self._units = tuple(units.values())
        self._directory = directory
        self._topics = _TopicWords(pack)
        self._places = Places(pack.places)
        self._duty_words = dict(pack.duties)
        acting = pack.acting_names.items()
        self._named = Finder((name, units[now]) for name, now in acting if now in units)
        self._duties = Finder((word, duty) for duty, words in pack.duties.items() for word in words)
        self._most = min(_MOST, _BELOW * pack.terms.promise.suggest)

    def assess(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Assessment]:
        """One assessment for each appeal, in order; probabilities only tell what comes before what."""
        places = self._places.resolve_many(appeals, readings)
        return [self._assessment(*each) for each in zip(appeals, readings, places, strict=True)]

    def cuts(self, readings: Sequence[Reading]) -> list[tuple[int, ...]]:
        """Take every appeal for one matter: where another begins has to be learned."""
        return [()] * len(readings)

    def explain(self, routing: Routing) -> Explanation:
        """Name the line of the directory, or the duty, behind the first suggestion; there are no scores or precedents.

        Raises
        ------
        InputError
            Nothing was suggested.
        """
        if not routing.suggestions:
            raise InputError("nothing was suggested, so there is nothing to explain", code="nothing_suggested")
        unit = routing.suggestions[0].unit
        return Explanation(unit=unit, scores=(), clause=self._clause(routing, unit), precedents=(), runner_up=None)

    def _assessment(self, appeal: Appeal, reading: Reading, place: Place) -> Assessment:
        likely = self._topics.likely(reading.masked)
        grounds = self._grounds(reading.masked, place, likely)
        # Those that returned the order are left out later, and five must remain.
        candidates = self._candidates(grounds, place, at_least=_SUGGESTIONS + len(appeal.returned_by))
        return Assessment(
            topics=tuple(RankedTopic(topic=topic, probability=share * self._most) for topic, share in likely[:_TOPICS]),
            place=place,
            candidates=tuple(candidate for candidate, _ in candidates),
            suggestions=tuple(
                Suggestion(unit=candidate.unit, probability=candidate.probability, reasons=reasons)
                for candidate, reasons in candidates[:_SUGGESTIONS]
            ),
        )

    def _grounds(self, text: str, place: Place, likely: Iterable[tuple[Topic, float]]) -> Iterator[_Ground]:
        for topic, share in likely:
            if led := self._directory.led(topic.code, place):
                yield _Ground(led.lead, "directory", f"派单目录规定“{topic.name}”由该单位主办", share)
                for unit in led.assist:
                    yield _Ground(unit, "duty", f"派单目录规定“{topic.name}”由该单位协办", share * _ASSISTS)
        for unit in dict.fromkeys(mention.of for mention in longest(self._named.find(text))):
            yield _Ground(unit, "named", "诉求中提到该单位", _NAMED)
        for duty in dict.fromkeys(mention.of for mention in longest(self._duties.find(text))):
            offices = (self._directory.unit(Office(level=level, duty=duty), place) for level in _LEVELS)
            for unit in dict.fromkeys(filter(None, offices)):
                yield _Ground(unit, "duty", "诉求中提到其职责", _DUTY)
        for unit in self._local(place):
            yield _Ground(unit, "locality", "属地相符", _LOCAL)

    def _local(self, place: Place) -> Iterator[Unit]:
        """Return the street and the district's government, or the streets between which the text leaves the choice."""
        found = [self._directory.unit(_STREET, place), self._directory.unit(GOVERNMENT, place)]
        found += map(self._directory.named, place.possible)
        yield from dict.fromkeys(filter(None, found))

    def _candidates(
        self, grounds: Iterable[_Ground], place: Place, *, at_least: int
    ) -> list[tuple[Candidate, tuple[str, ...]]]:
        speaking: defaultdict[UnitCode, list[_Ground]] = defaultdict(list)
        for ground in sorted(grounds, key=lambda ground: -ground.weight):
            speaking[ground.unit.code].append(ground)
        weight = {code: sum(ground.weight for ground in found) for code, found in speaking.items()}
        listed = [speaking[code][0].unit for code in sorted(weight, key=lambda code: -weight[code])][:_LISTED]
        if len(listed) < at_least:
            listed += self._others(speaking, place)[: at_least - len(listed)]
        whole = max(sum(weight.values()), 1.0)
        return [
            (
                Candidate(
                    unit=unit,
                    bases=tuple(dict.fromkeys(ground.basis for ground in speaking[unit.code])),
                    probability=self._most * weight.get(unit.code, 0.0) / whole,
                ),
                tuple(dict.fromkeys(ground.reason for ground in speaking[unit.code]))[:_REASONS],
            )
            for unit in listed
        ]

    def _others(self, listed: Iterable[UnitCode], place: Place) -> list[Unit]:
        """Return the units for which nothing speaks: first those of the district, then those of the whole city."""
        known = frozenset(listed)
        nearness = {place.district or "": 0, "": 1}
        others = [unit for unit in self._units if unit.code not in known]
        return sorted(others, key=lambda unit: nearness.get(unit.district, 2))

    def _clause(self, routing: Routing, unit: Unit) -> Clause:
        for ranked in routing.topics:
            led = self._directory.led(ranked.topic.code, routing.place)
            if led and led.lead.code == unit.code:
                text = f"派单目录：“{ranked.topic.name}”由{unit.name}主办。"
                return Clause(text=text, basis=led.mandate.basis)
        words = "、".join(self._duty_words.get(unit.duty, ())[:6])
        return Clause(text=f"{unit.name}的职责是{unit.duty}" + (f"：{words}。" if words else "。"), basis="")


class _Unproven(Policy):
    """A policy without a promise: rules decide as ever, and the rest is put before a person, who is told why."""

    def decide(self, appeal: Appeal, reading: Reading, assessment: Assessment) -> Decision:
        decision = super().decide(appeal, reading, assessment)
        first = assessment.candidates[0] if assessment.candidates else None
        guessed = decision.reason in ("unsure", "district_fallback")
        if first is None or not guessed or "directory" not in first.bases:
            return decision
        why = f"研判模型暂不可用，按诉求用语和派单目录，可能由{first.unit.name}承办，请人工研判。"
        names = tuple(candidate.unit.name for candidate in assessment.candidates)
        return Decision(action=Action.REVIEW, reason="by_directory", why=why, set=names)


class _TopicWords:
    """Tells topics by the pairs of characters that a text shares with what the pack says of them.

    Pairs find more than whole words do, which a citizen rarely uses in the form in which a pack lists them.
    """

    def __init__(self, pack: CityPack) -> None:
        self._topics = pack.topics
        said = pack.topic_words
        counts = [
            Counter(pair for text in (*topic.path, topic.meaning, *said.get(topic.code, ())) for pair in _pairs(text))
            for topic in pack.topics
        ]
        spread = Counter(pair for count in counts for pair in count)
        self._weights: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, count in enumerate(counts):
            worth = {pair: log(1 + times) * log(1 + len(counts) / spread[pair]) for pair, times in count.items()}
            length = sqrt(sqrt(sum(value * value for value in worth.values())))  # a topic of many words may say more
            for pair, value in worth.items():
                self._weights[pair].append((at, value / length))

    def likely(self, text: str) -> list[tuple[Topic, float]]:
        """Return the likeliest topics, best first, each with its share of what speaks for any; nothing for no word."""
        scores: defaultdict[int, float] = defaultdict(float)
        for pair in dict.fromkeys(_pairs(_PLACEHOLDER.sub(" ", text))):
            for at, value in self._weights.get(pair, ()):
                scores[at] += value
        share = {at: score**_SHARPNESS for at, score in scores.items()}
        whole = sum(share.values())
        best = sorted(share, key=lambda at: -share[at])[:_CONSIDERED]
        return [(self._topics[at], share[at] / whole) for at in best]


def _pairs(text: str) -> Iterator[str]:
    return (first + second for first, second in pairwise(text))
