"""From probabilities to an action that a hotline can sign: rules first, then what the promise allows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from triage.citypack import Group, Terms
from triage.directory import GOVERNMENT, Directory
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Candidate,
    Decision,
    FiredRule,
    Outside,
    Place,
    RankedTopic,
    Reading,
    Suggestion,
    Topic,
    Unit,
    UnitCode,
    UnitKind,
)
from triage.rules import Rulebook

NEVER = 1.01  # a threshold that no probability reaches
_PLACEHOLDER = re.compile("〔[^〕]*〕")  # a telephone number alone says nothing
_GREETING = re.compile("您好|你好|喂|谢谢(?:[您你]们?)?|再见|在吗|有人吗")
_TWO_CHARACTERS = re.compile(r"[^\W_][\W_]*[^\W_]")
_SURE_OF_TOPIC = 0.5
_LINES = {
    "110": "报警电话110",
    "119": "火警119",
    "120": "急救120",
    "122": "交通事故报警122",
    "water": "供水抢修热线",
    "power": "供电抢修热线",
    "gas": "燃气抢修热线",
    "heat": "供热抢修热线",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """What a promise costs: dispatch from `threshold` on covers `coverage` of the appeals at `precision`.

    `at_least` is the lower bound of the precision, with the confidence of the city's promise. All shares of 1;
    `precision` and `at_least` are 0 where nothing is dispatched.
    """

    promise: float
    threshold: float
    coverage: float
    precision: float
    at_least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The terms of a city, and the thresholds that keep its promises; enforced on every answer.

    Parameters
    ----------
    dispatch_at
        From which probability on an appeal of each group is dispatched by itself; "" is the group of all. A group that
        is missing is never dispatched.
    set_at
        Down to which probability a unit belongs to the set that a person is shown.
    kept, dial
        What the promise costs in each group, and what others would cost over all, on `tried` newest orders.
    """

    terms: Terms
    rulebook: Rulebook
    directory: Directory
    dispatch_at: Mapping[str, float]
    set_at: float
    kept: Mapping[str, Dialled] = field(default_factory=dict)
    dial: tuple[Dialled, ...] = ()
    tried: int = 0

    def decide(self, appeal: Appeal, reading: Reading, assessment: Assessment) -> Decision:
        """Decide what is done with an appeal; `assessment` no longer suggests units that returned it."""
        place, suggestions = assessment.place, assessment.suggestions
        if not _TWO_CHARACTERS.search(_GREETING.sub("", _PLACEHOLDER.sub("", reading.masked))):
            return self._vague()
        if not suggestions:
            why = "没有可以建议的承办单位，请人工研判。"
            return Decision(action=Action.REVIEW, reason="nobody_left", why=why)
        chosen = self._set(assessment.candidates)
        fired = tuple(
            rule
            for rule in self.rulebook.fired(reading, assessment.like)
            # What is like a matter of another city and names a place of this one is a matter of this one.
            if rule.evidence or rule.rule.to != Outside.OTHER_CITY or not place.spans
        )
        if fired:
            return _elsewhere(fired, chosen)
        best = suggestions[0]
        if appeal.returned_by:
            return self._again(appeal, best, chosen)
        return (
            self._not_sent_down(best, assessment.topics, place, chosen)
            or self._fallback(best, place, chosen)
            or self._by_probability(best, assessment.topics, place, chosen)
        )

    def _vague(self) -> Decision:
        if rule := self.rulebook["too_vague"]:
            return Decision(action=Action.DECLINE, reason=rule.to, why=rule.say, rules=(FiredRule(rule=rule),))
        return Decision(action=Action.REVIEW, reason="too_vague", why="诉求没有可以判断的内容，请人工核实后派单。")

    def _again(self, appeal: Appeal, best: Suggestion, chosen: tuple[str, ...]) -> Decision:
        """An order that came back is sent by a person; where nobody else is clear, the first handler leads."""
        first = self.directory.named(appeal.returned_by[0])
        rule = self.rulebook["first_handler"]
        if best.probability < self.terms.promise.suggest and rule and first:
            why = f"退单后仍无明确的承办单位，由首接单位{first.name}牵头办理。{rule.say}"
            return Decision(
                action=Action.SUGGEST,
                reason=rule.code,
                why=why,
                units=(first.code, best.unit.code),
                set=chosen,
                rules=(FiredRule(rule=rule),),
            )
        why = f"退单后建议改派{best.unit.name}（概率{best.probability:.0%}），请坐席确认。"
        return Decision(action=Action.SUGGEST, reason="returned", why=why, units=(best.unit.code,), set=chosen)

    def _not_sent_down(
        self, best: Suggestion, topics: Sequence[RankedTopic], place: Place, chosen: tuple[str, ...]
    ) -> Decision | None:
        rule = self.rulebook["no_sending_down"]
        if not rule or not topics or best.unit.kind is not UnitKind.STREET:
            return None
        first = topics[0]
        led = self.directory.led(first.topic.code, place)
        if not first.topic.statutory or first.probability < _SURE_OF_TOPIC or not led:
            return None
        why = f"“{first.topic.name}”属于{led.lead.name}的法定职责，不得下派{best.unit.name}，请坐席确认。"
        units = (led.lead.code, *(unit.code for unit in led.assist))
        return Decision(
            action=Action.SUGGEST,
            reason=rule.code,
            why=why,
            units=units,
            set=tuple(dict.fromkeys((led.lead.name, *chosen))),
            rules=(FiredRule(rule=rule),),
        )

    def _fallback(self, best: Suggestion, place: Place, chosen: tuple[str, ...]) -> Decision | None:
        rule = self.rulebook["district_fallback"]
        if not rule or best.probability >= self.terms.promise.suggest or not place.district:
            return None
        government = self.directory.unit(GOVERNMENT, Place(district=place.district))
        if government is None:
            return None
        why = (
            f"最可能的单位{best.unit.name}概率仅为{best.probability:.0%}，责任单位不明确，"
            f"建议由{government.name}兜底协调，请坐席确认。"
        )
        return Decision(
            action=Action.SUGGEST,
            reason=rule.code,
            why=why,
            units=(government.code,),
            set=tuple(dict.fromkeys((*chosen, government.name))),
            rules=(FiredRule(rule=rule),),
        )

    def _by_probability(
        self, best: Suggestion, topics: Sequence[RankedTopic], place: Place, chosen: tuple[str, ...]
    ) -> Decision:
        percent = f"{best.probability:.0%}"
        units = (best.unit.code, *self._assisting(best.unit, topics, place))
        group = group_of(self.terms.promise.by, best.unit, topics[0].topic if topics else None)
        sure = best.probability >= self.dispatch_at.get(group, NEVER)
        if sure and place.district and best.unit.district not in ("", place.district):
            why = f"诉求地点在{place.district}，而{best.unit.name}属于{best.unit.district}，请坐席确认。"
            return Decision(action=Action.SUGGEST, reason="other_district", why=why, units=units, set=chosen)
        if sure:
            why = f"承办单位为{best.unit.name}的概率为{percent}，达到自动派单标准。"
            return Decision(action=Action.DISPATCH, reason="sure", why=why, units=units, set=chosen)
        if best.probability >= self.terms.promise.suggest:
            why = f"建议派往{best.unit.name}（概率{percent}），请坐席确认。"
            return Decision(action=Action.SUGGEST, reason="likely", why=why, units=units, set=chosen)
        why = f"最可能的单位{best.unit.name}概率仅为{percent}，请人工研判。"
        return Decision(action=Action.REVIEW, reason="unsure", why=why, set=chosen)

    def _assisting(self, lead: Unit, topics: Sequence[RankedTopic], place: Place) -> tuple[UnitCode, ...]:
        return tuple(unit.code for unit in assisting(self.directory, lead, topics, place))

    def _set(self, candidates: Sequence[Candidate]) -> tuple[str, ...]:
        """The first candidate, and every other that is likely enough for the promise of the set."""
        return tuple(
            candidate.unit.name
            for at, candidate in enumerate(candidates)
            if at == 0 or candidate.probability >= self.set_at
        )


def group_of(by: Group, unit: Unit, topic: Topic | None) -> str:
    """Return the group of an appeal by its first suggestion and topic; "" where all are one group, or it has none."""
    if by is Group.UNIT_KIND:
        return unit.kind.value
    if topic is None or by is Group.ALL:
        return ""
    return topic.path[0] if by is Group.TOPIC else topic.urgency.value


def assisting(directory: Directory, lead: Unit, topics: Sequence[RankedTopic], place: Place) -> tuple[Unit, ...]:
    """Return who assists, where the directory has the unit lead a topic that is sure."""
    if not topics or topics[0].probability < _SURE_OF_TOPIC:
        return ()
    led = directory.led(topics[0].topic.code, place)
    return led.assist if led and led.lead.code == lead.code else ()


def _elsewhere(fired: tuple[FiredRule, ...], chosen: tuple[str, ...]) -> Decision:
    first = fired[0]
    rule = first.rule
    said = f"（“{'”“'.join(first.evidence)}”）" if first.evidence else ""
    if rule.action is Action.TRANSFER:
        why = f"诉求疑似紧急{said}，应立即转{_LINES[rule.to]}。{rule.say}"
        return Decision(action=rule.action, reason=rule.code, why=why, set=chosen, to=rule.to, rules=fired)
    why = f"诉求疑似不属于受理范围{said}，请坐席确认后答复：{rule.say}"
    return Decision(action=Action.DECLINE, reason=rule.to, why=why, set=chosen, rules=fired)
