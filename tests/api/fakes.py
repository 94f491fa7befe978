"""A triage small enough to read: the first unit whose name or duty an appeal mentions acts; it calculates nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from triage.citypack import CityPack, Terms
from triage.directory import Directory
from triage.domain import (
    Action,
    Appeal,
    Candidate,
    Decision,
    Mandate,
    Place,
    RankedTopic,
    Reading,
    Routing,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.explanation import Clause, Explanation, Score, Word
from triage.policy import Dialled, Policy
from triage.rules import Rulebook

WANGJING = Unit(
    code=UnitCode("cy-wj"),
    name="朝阳区望京街道办事处",
    kind=UnitKind.STREET,
    district="朝阳区",
    duty="街道",
    aliases=("望京街道",),
)
POWER = Unit(code=UnitCode("bj-dl"), name="国网北京市电力公司", kind=UnitKind.COMPANY, duty="供电", aliases=("停电",))
TRAFFIC = Unit(code=UnitCode("bj-jg"), name="北京市公安局公安交通管理局", kind=UnitKind.MUNICIPAL, duty="交通管理")
REFUSE = Topic(code=TopicCode("T0101"), path=("市容环卫", "垃圾处理", "生活垃圾清运"), meaning="生活垃圾没有及时清运。")
LIGHTS = Topic(code=TopicCode("T0301"), path=("市政设施", "照明", "路灯不亮"))


@dataclass(frozen=True)
class SmallPack:
    name: str = "small"
    units: tuple[Unit, ...] = (WANGJING, POWER, TRAFFIC)
    topics: tuple[Topic, ...] = (REFUSE, LIGHTS)
    mandates: tuple[Mandate, ...] = ()


_DIALLED = Dialled(promise=0.95, threshold=0.8, coverage=0.5, precision=0.97, at_least=0.95)
_DAY = date(2026, 11, 22)


class KeywordTriage:
    pack = SmallPack()
    policy = Policy(
        terms=Terms(version="1"),
        rulebook=Rulebook((), on=_DAY),
        directory=Directory(CityPack(name="small", title="小", version="1"), on=_DAY),
        dispatch_at={"": 0.8},
        set_at=0.01,
        kept={"": _DIALLED},
        dial=(_DIALLED,),
        tried=200,
    )
    versions = Versions(bundle="small-1", pack="small", policy="1")

    def route(self, appeal: Appeal) -> Routing:
        sure = next((unit for unit in self.pack.units if any(word in appeal.text for word in unit.aliases)), None)
        ranked = sorted(self.pack.units, key=lambda unit: unit is not sure)
        suggestions = tuple(
            Suggestion(unit=unit, probability=0.9 if unit is sure else 1 / 30, reasons=(f"职责：{unit.duty}",))
            for unit in ranked
        )
        return Routing(
            appeal=appeal,
            reading=Reading(masked=appeal.text, tokens=(appeal.text,)),
            topics=(RankedTopic(topic=REFUSE, probability=2 / 3),),
            place=Place(district=sure.district or None, evidence=sure.aliases) if sure else Place(),
            candidates=tuple(Candidate(unit=unit, bases=("duty",), probability=0.0) for unit in ranked),
            suggestions=suggestions,
            decision=self._decision(sure, ranked),
            versions=self.versions,
        )

    def route_many(self, appeals: Sequence[Appeal]) -> list[Routing]:
        return [self.route(appeal) for appeal in appeals]

    def explain(self, routing: Routing) -> Explanation | None:
        unit = routing.suggestions[0].unit
        word = Word(start=0, end=len(routing.appeal.text), text=routing.appeal.text, value=1.0)
        score = Score(part="unit", of=unit.name, total=1.5, bias=0.5, rest=0.0, words=(word,))
        clause = Clause(text=unit.duty, basis="")
        return Explanation(unit=unit, scores=(score,), clause=clause, precedents=(), runner_up=None)

    def _decision(self, sure: Unit | None, ranked: Sequence[Unit]) -> Decision:
        if sure:
            return Decision(
                action=Action.DISPATCH, reason="sure", why="诉求写明了单位。", units=(sure.code,), set=(sure.name,)
            )
        return Decision(
            action=Action.REVIEW, reason="unsure", why="请人工判断。", set=tuple(unit.name for unit in ranked)
        )


class BrokenTriage(KeywordTriage):
    """A bug that quotes the citizen, as bugs do."""

    def route(self, appeal: Appeal) -> Routing:
        raise RuntimeError(appeal.text)
