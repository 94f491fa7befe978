"""A triage whose answers show everything that the agents' page can show, each for a word of the text."""

from dataclasses import replace

from tests.api.fakes import LIGHTS, POWER, REFUSE, TRAFFIC, WANGJING, KeywordTriage
from triage.domain import (
    Action,
    Appeal,
    Decision,
    Element,
    FiredRule,
    Matter,
    Place,
    Question,
    RankedTopic,
    ReturnReason,
    ReturnRisk,
    Routing,
    Rule,
    Suggestion,
    Urgency,
)
from triage.explanation import Explanation, Precedent, RunnerUp

GAS_LEAK = Rule(code="gas_leak", action=Action.TRANSFER, to="gas", citation="国办函〔2025〕66号")
LITIGATION = Rule(code="litigation", action=Action.DECLINE, to="litigation", citation="诉讼事项不予受理")


class TellingTriage(KeywordTriage):
    """停电 is dispatched, 路灯 suggested, 漏气 transferred, 法院 declined; 另外 means two matters, 备用 a stand-in."""

    def route(self, appeal: Appeal) -> Routing:
        routing = super().route(appeal)
        for word, told in {"漏气": _gas, "法院": _court, "另外": _matters, "路灯": _lights}.items():
            if word in appeal.text:
                return told(routing)
        return replace(routing, degraded="directory") if "备用" in appeal.text else routing

    def explain(self, routing: Routing) -> Explanation | None:
        told = super().explain(routing)
        assert told is not None
        precedent = Precedent(
            id="20250301-7", opened_on="2025-03-01", topic="路灯不亮", unit=told.unit, similarity=0.81
        )
        runner_up = RunnerUp(unit=TRAFFIC, gap=1.2, shares={"派单目录": 1.4, "属地": -0.2}, why="派单目录（+1.40）。")
        return replace(told, precedents=(precedent,), runner_up=runner_up)


def _lights(routing: Routing) -> Routing:
    return replace(
        routing,
        topics=(RankedTopic(topic=LIGHTS, probability=0.8), RankedTopic(topic=REFUSE, probability=0.1)),
        place=Place(
            evidence=(routing.appeal.text[:40],),
            possible=("朝阳区八里庄街道", "海淀区八里庄街道"),
            question="请问是朝阳区八里庄街道还是海淀区八里庄街道？",
        ),
        suggestions=(
            Suggestion(unit=WANGJING, probability=0.61, reasons=("属地相符",)),
            Suggestion(unit=TRAFFIC, probability=0.22),
            Suggestion(unit=POWER, probability=0.004, role="assist", reasons=("派单目录规定协办",)),
        ),
        decision=Decision(
            action=Action.SUGGEST,
            reason="likely",
            why=f"建议派往{WANGJING.name}（概率61%），请坐席确认。",
            units=(WANGJING.code, POWER.code),
            set=(WANGJING.name, TRAFFIC.name),
        ),
        kind="求助",
        missing=(Element.PLACE, Element.TIME),
        question=Question(about=Element.TIME, text="请问这件事是什么时候发生的？", gain=0.4),
        risk=ReturnRisk(unit=WANGJING, probability=0.39, reason=ReturnReason.SHARED, why="职能交叉，可能退回。"),
    )


def _gas(routing: Routing) -> Routing:
    decision = Decision(
        action=Action.TRANSFER,
        reason="gas_leak",
        why="诉求疑似紧急，应立即转燃气抢修热线。请开窗通风。",
        to="gas",
        rules=(FiredRule(rule=GAS_LEAK, evidence=("漏气",)),),
    )
    return replace(routing, decision=decision, urgency=Urgency.DANGER)


def _court(routing: Routing) -> Routing:
    decision = Decision(
        action=Action.DECLINE,
        reason="litigation",
        why="诉求疑似不属于受理范围，请坐席确认后答复：请向审理的法院反映。",
        rules=(FiredRule(rule=LITIGATION),),
    )
    return replace(routing, decision=decision)


def _matters(routing: Routing) -> Routing:
    cut = routing.appeal.text.index("另外")
    ends = [(0, cut), (cut, len(routing.appeal.text))]
    matters = tuple(
        Matter(
            start=start,
            end=end,
            topics=routing.topics,
            place=routing.place,
            suggestions=routing.suggestions,
            decision=routing.decision,
        )
        for start, end in ends
    )
    why = "诉求包含2件事，建议拆分为2张工单分别派发，请坐席确认。"
    return replace(
        routing, matters=matters, decision=Decision(action=Action.SUGGEST, reason="several_matters", why=why)
    )
