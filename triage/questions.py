"""What an appeal does not tell, and the one question whose answer would settle most about who must act."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from math import log2

from triage.domain import Assessment, Candidate, Element, Place, Question, RankedTopic, Reading, Unit, UnitKind

_NUMBER = "[0-9一二三四五六七八九十两几半数多]"  # its last digit: more would be looked at again and again
_TIME = re.compile(
    "[今昨前明当][天日晚早晨夜]|凌晨|早上|清晨|上午|中午|下午|傍晚|晚上|夜[里间晚]|半夜|深夜|每[天日晚周月年]|天天|常年|"
    "周[一二三四五六日天末]|星期|礼拜|[去今前明]年|[上这本下]个?[月周]|最近|近期|近日|这几天|这两天|这阵子|刚才|刚刚|刚[^毅]|现在|目前|"
    "正在|此刻|一直|长期|以来|多年|好久|节假日|春节|国庆|元旦|寒假|暑假|期间|随时|经常|总是|"
    f"{_NUMBER}个?多?个?(?:点[钟半多到至左]|时[许到至左]|小时|分钟|天|周|月(?![子票嫂光饼])|年(?!级)|[日号](?!楼|院|线|门|店|桌|房|机|地))"
)
_OF_EVENTS = ("投诉", "举报", "求助")
_PLACE_MATTERS = 0.05  # of probability, on units that stand or fall with the place
_CLEAR = 0.2  # probability of the first topic from which on it is known what the appeal is about
_POSSIBLE = 0.1  # probability from which on a topic is worth asking for
_WORTH = 0.1  # bits that an answer must be expected to settle


def missing(reading: Reading, assessment: Assessment, kind: str) -> tuple[Element, ...]:
    """Return what a unit would ask for: the place where it decides, the time of an event, the object."""
    found = []
    if _lacks_place(assessment.place, assessment.candidates):
        found.append(Element.PLACE)
    if kind in _OF_EVENTS and not _TIME.search(reading.masked):
        found.append(Element.TIME)
    if assessment.topics and assessment.topics[0].probability < _CLEAR and len(reading.tokens) < 12:
        found.append(Element.OBJECT)
    return tuple(found)


def question(assessment: Assessment, lacking: Sequence[Element]) -> Question | None:
    """Return the question that is expected to settle most, in bits of entropy over the candidates.

    Where no answer would move the candidates, ask for what is lacking; None where nothing is.
    """
    candidates, place = assessment.candidates, assessment.place
    options: list[Question] = []
    if place.possible:
        options.append(Question(about=Element.PLACE, text=place.question, gain=_gain(candidates, _district)))
    elif not place.district:
        gain = _gain(candidates, _district)
        options.append(
            Question(about=Element.PLACE, text="请问事情发生在哪个区、哪个街道（乡镇）或者小区？", gain=gain)
        )
    elif not place.street:
        text = f"请问是在{place.district}的哪个街道（乡镇）或者小区？"
        options.append(Question(about=Element.PLACE, text=text, gain=_gain(candidates, _street)))
    if text := _which(assessment.topics, candidates):
        options.append(Question(about=Element.OBJECT, text=text, gain=_gain(candidates, _duty)))
    best = max(options, key=lambda asked: asked.gain, default=None)
    if best and best.gain >= _WORTH:
        return best
    plain = {asked.about: asked for asked in options}
    plain[Element.TIME] = Question(about=Element.TIME, text="请问这件事是什么时候发生的，现在还在持续吗？")
    return next((plain[element] for element in lacking if element in plain), None)


def _lacks_place(place: Place, candidates: Iterable[Candidate]) -> bool:
    if place.street:
        return False
    local = [one for one in candidates if one.unit.district and one.probability >= _PLACE_MATTERS]
    return bool(local) if not place.district else any(one.unit.kind is UnitKind.STREET for one in local)


def _gain(candidates: Sequence[Candidate], answer: Callable[[Unit], str]) -> float:
    """Return the expected fall of entropy once it is known which answer holds."""
    groups: defaultdict[str, float] = defaultdict(float)
    total = sum(one.probability for one in candidates)
    for one in candidates:
        groups[answer(one.unit)] += one.probability / total if total else 0.0
    # Each unit gives one answer, so what is learned is the entropy of the answers themselves.
    return round(-sum(share * log2(share) for share in groups.values() if share > 0), 4) + 0.0


def _district(unit: Unit) -> str:
    return unit.district


def _street(unit: Unit) -> str:
    return unit.code if unit.kind is UnitKind.STREET else ""


def _duty(unit: Unit) -> str:
    return unit.duty


def _which(topics: Sequence[RankedTopic], candidates: Sequence[Candidate]) -> str:
    """Ask between the first two topics; where there are none, between the duties of the first candidates."""
    names = [ranked.topic.name for ranked in topics[:2] if ranked.probability >= _POSSIBLE]
    if topics and len(names) < 2:
        return ""
    if len(names) < 2:
        names = list(dict.fromkeys(one.unit.duty for one in candidates[:4] if one.unit.kind is not UnitKind.STREET))[:2]
    return f"请问您主要想解决的是“{names[0]}”还是“{names[1]}”？" if len(names) == 2 else ""
