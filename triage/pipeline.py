"""One appeal, from its words to a decision: the only place where the steps meet."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from triage.citypack import CityPack
from triage.clock import Clock
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Assessor,
    Deadline,
    Decision,
    Matter,
    Reading,
    Routing,
    Suggestion,
    Unit,
    Urgency,
    Versions,
)
from triage.explanation import Explainer, Explanation, Score
from triage.kinds import Kinds
from triage.policy import Policy, assisting
from triage.questions import missing, question
from triage.returns import return_risk
from triage.text import Reader

_ELSEWHERE = (Action.TRANSFER, Action.DECLINE)
_ONE_OF_SEVERAL = "该诉求由多件事拆分而来，请坐席确认后派单。"
_OPEN = (Action.SUGGEST, Action.REVIEW)  # a person looks at it, and may ask


class _Part(NamedTuple):
    start: int
    end: int
    appeal: Appeal


class Triage:
    """Reads, assesses and decides.

    Parameters
    ----------
    pack
        What is known about the city; `assessor` names units and topics of it.
    versions
        What every answer states it was made with.
    """

    def __init__(
        self,
        *,
        reader: Reader,
        assessor: Assessor,
        explainer: Explainer,
        policy: Policy,
        pack: CityPack,
        versions: Versions,
    ) -> None:
        self._reader, self._assessor, self._explainer = reader, assessor, explainer
        self._kinds, self._clock = Kinds(pack.terms.kinds), Clock(pack.terms)
        self.pack, self.policy, self.versions = pack, policy, versions

    def route(self, appeal: Appeal) -> Routing:
        """Route one appeal. No text makes it fail: what says nothing is answered with little confidence."""
        return self.route_many([appeal])[0]

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]:
        """Route appeals together, which is several times faster than one by one; the answers are the same."""
        if not appeals:
            return []
        readings = self._reader.read_many([_words(appeal) for appeal in appeals])
        assessments = self._assessor.assess(appeals, readings)
        routings = [self._routing(*parts) for parts in zip(appeals, readings, assessments, strict=True)]
        return self._with_matters(routings)

    def explain(self, routing: Routing) -> Explanation | None:
        """Tell why the first suggestion of a routing made here was made; None where nothing was suggested.

        The spans are those of the text as given; an address counts as standing behind it, after a space.
        """
        if not routing.suggestions:
            return None
        explanation = self._explainer.explain(routing)
        words = [word for score in explanation.scores for word in score.words]
        masked = [(word.start, word.end) for word in words]
        given = self._reader.as_given(_words(routing.appeal), masked)
        if given == masked:
            return explanation
        spans = iter(given)
        return replace(explanation, scores=tuple(_placed(score, spans) for score in explanation.scores))

    def _routing(self, appeal: Appeal, reading: Reading, found: Assessment) -> Routing:
        assessment = self._without_returned(appeal, found)
        decision = self.policy.decide(appeal, reading, assessment)
        kind = self._kinds.kind(reading, assessment.topics)
        urgency, deadline = self._class_of(assessment, decision)
        stays = decision.action not in _ELSEWHERE
        lacking = missing(reading, assessment, kind) if stays else ()
        sharing = self._assisting(assessment)
        return Routing(
            appeal=appeal,
            reading=reading,
            topics=assessment.topics,
            place=assessment.place,
            candidates=assessment.candidates,
            suggestions=(*assessment.suggestions, *_helpers(assessment, sharing)),
            decision=decision,
            versions=self.versions,
            kind=kind,
            urgency=urgency,
            due=self._clock.due(appeal.received_at, urgency, deadline),
            missing=lacking,
            question=question(assessment, lacking) if decision.action in _OPEN else None,
            risk=return_risk(
                assessment, reading.masked, lacking=lacking, sharing=frozenset(unit.code for unit in sharing)
            )
            if stays
            else None,
            trace=assessment.trace,
        )

    def _with_matters(self, routings: list[Routing]) -> list[Routing]:
        """Route each matter of the appeals that have several, unless the whole goes elsewhere or came back.

        Parts that turn out to be about the same topic are one matter, and are routed again as one.
        """
        whole = [
            at
            for at, routing in enumerate(routings)
            if routing.decision.action not in _ELSEWHERE and not routing.appeal.returned_by
        ]
        found = self._assessor.cuts([routings[at].reading for at in whole])
        cuts = {at: cut for at, cut in zip(whole, found, strict=True) if cut}
        if not cuts:
            return routings
        matters = self._matters(routings, cuts)
        fewer = {at: kept for at, cut in cuts.items() if len(kept := _between_topics(cut, matters[at])) < len(cut)}
        matters |= self._matters(routings, fewer)
        return [
            replace(routing, matters=matters[at], decision=_of_several(matters[at]), question=None, risk=None)
            if len(matters.get(at, ())) > 1
            else routing
            for at, routing in enumerate(routings)
        ]

    def _matters(
        self, routings: Sequence[Routing], cuts: Mapping[int, tuple[int, ...]]
    ) -> dict[int, tuple[Matter, ...]]:
        """Route the parts between the cuts of some of the appeals."""
        listed = {at: self._parts_of(routings[at], cut) for at, cut in cuts.items()}
        parts = [part.appeal for own in listed.values() for part in own]
        readings = self._reader.read_many([_words(part) for part in parts])
        assessed = self._assessor.assess(parts, readings) if parts else ()
        routed = iter([self._routing(*each) for each in zip(parts, readings, assessed, strict=True)])
        return {at: tuple([_matter(part, next(routed)) for part in own]) for at, own in listed.items()}

    def _parts_of(self, routing: Routing, cut: Sequence[int]) -> list[_Part]:
        """Cut an appeal; a part without a place of its own is at the last one that was named before it."""
        appeal, masked = routing.appeal, routing.reading.masked
        bounds = list(pairwise((0, *cut, len(masked))))
        given = self._reader.as_given(_words(appeal), bounds)
        parts = []
        for (start, end), (first, last) in zip(bounds, given, strict=True):
            last = min(last, len(appeal.text))  # noqa: PLW2901 - the address stands behind the text
            here = any(start <= begins < end for begins, _ in routing.place.spans)
            where = appeal.address or ("" if here else _last_named(masked, routing.place.spans, before=start))
            part = replace(appeal, text=appeal.text[first:last], address=where)
            parts.append(_Part(start=first, end=last, appeal=part))
        return [part for part in parts if part.appeal.text.strip()]  # what lies in the address is no matter

    def _without_returned(self, appeal: Appeal, found: Assessment) -> Assessment:
        """Leave out the units that sent the order back."""
        units = [self.policy.directory.named(name) for name in appeal.returned_by]
        codes = {unit.code for unit in units if unit}
        if not codes:
            return found
        candidates = tuple(one for one in found.candidates if one.unit.code not in codes)
        known = {one.unit.code: one for one in found.suggestions}
        suggestions = tuple(
            known.get(one.unit.code) or Suggestion(unit=one.unit, probability=one.probability)
            for one in candidates[: len(found.suggestions)]
        )
        return replace(found, candidates=candidates, suggestions=suggestions)

    def _class_of(self, assessment: Assessment, decision: Decision) -> tuple[Urgency, Deadline]:
        """Return how urgent an appeal is and its deadline, by its topic; what is transferred is urgent."""
        if decision.action is Action.TRANSFER:
            return Urgency.DANGER, Deadline.HOURS_2
        if not assessment.topics:
            return Urgency.ORDINARY, Deadline.DAYS_7
        topic = assessment.topics[0].topic
        mandate = self.policy.directory.mandate(topic.code, assessment.place.district)
        return topic.urgency, mandate.deadline if mandate else Deadline.DAYS_7

    def _assisting(self, assessment: Assessment) -> tuple[Unit, ...]:
        """Return who assists the first suggestion by the directory."""
        if not assessment.suggestions:
            return ()
        first = assessment.suggestions[0].unit
        return assisting(self.policy.directory, first, assessment.topics, assessment.place)


def _helpers(assessment: Assessment, sharing: Sequence[Unit]) -> tuple[Suggestion, ...]:
    """Return the units that assist as suggestions, but for those that are suggested themselves."""
    listed = {one.unit.code: one.probability for one in assessment.candidates}
    suggested = {one.unit.code for one in assessment.suggestions}
    return tuple(
        Suggestion(unit=unit, probability=listed.get(unit.code, 0.0), role="assist", reasons=("派单目录规定协办",))
        for unit in sharing
        if unit.code not in suggested
    )


def _last_named(masked: str, spans: Sequence[tuple[int, int]], *, before: int) -> str:
    """Return the last name of a place before a position, with the names that stand right in front of it."""
    earlier = sorted(span for span in spans if span[1] <= before)
    if not earlier:
        return ""
    start, end = earlier.pop()
    while earlier and earlier[-1][1] == start:
        start = earlier.pop()[0]
    return masked[start:end]


def _matter(part: _Part, routing: Routing) -> Matter:
    """What the promise was tried on are whole appeals, so that nothing cut out of one is dispatched by itself."""
    decision = routing.decision
    if decision.action is Action.DISPATCH:
        decision = replace(decision, action=Action.SUGGEST, reason="one_of_several", why=_ONE_OF_SEVERAL)
    return Matter(
        start=part.start,
        end=part.end,
        topics=routing.topics,
        place=routing.place,
        suggestions=routing.suggestions,
        decision=decision,
    )


def _between_topics(cut: Sequence[int], matters: Sequence[Matter]) -> tuple[int, ...]:
    """Keep the cuts between two topics."""
    first = [matter.topics[0].topic if matter.topics else None for matter in matters]
    return tuple(at for at, (one, other) in zip(cut, pairwise(first), strict=False) if one is None or one != other)


def _of_several(matters: Sequence[Matter]) -> Decision:
    units = tuple(dict.fromkeys(unit for matter in matters for unit in matter.decision.units[:1]))
    names = tuple(dict.fromkeys(name for matter in matters for name in matter.decision.set))
    why = f"诉求包含{len(matters)}件事，建议拆分为{len(matters)}张工单分别派发，请坐席确认。"
    return Decision(action=Action.SUGGEST, reason="several_matters", why=why, units=units, set=names)


def _placed(score: Score, spans: Iterator[tuple[int, int]]) -> Score:
    """Put the words of a score where the next spans say."""
    words = (word._replace(start=start, end=end) for word, (start, end) in zip(score.words, spans, strict=False))
    return replace(score, words=tuple(words))


def _words(appeal: Appeal) -> str:
    """The text, then the address where the intake system has one: spans in the text stay where they are."""
    return f"{appeal.text} {appeal.address}" if appeal.address else appeal.text
