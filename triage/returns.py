"""退单: how probable it is that the suggested unit sends an order back, and for which reason.

A unit sends back what another one closes in the end. The probability is therefore what the calibrated probabilities
leave to others, and the reason follows from who they are.
"""

import re
from collections.abc import Sequence

from triage.domain import Assessment, Candidate, Element, ReturnReason, ReturnRisk, Unit

_OWNERSHIP = re.compile(
    "产权|权属|归谁|谁的责任|无主|移交|未移交|代管|管辖不清|互相推|相互推|踢皮球|推来推去|建设单位|遗留"
)


def return_risk(
    assessment: Assessment, text: str, *, lacking: Sequence[Element] = (), sharing: frozenset[str] = frozenset()
) -> ReturnRisk | None:
    """Return the risk for the first suggestion; None where there is none.

    Parameters
    ----------
    lacking
        What the appeal does not tell.
    sharing
        Codes of units that the directory has assist where the first one leads.
    """
    if not assessment.suggestions:
        return None
    first, others = assessment.suggestions[0], assessment.candidates
    weight = dict.fromkeys(ReturnReason, 0.0)
    rivals: dict[ReturnReason, str] = {}
    for other in others:
        if other.unit.code != first.unit.code:
            reason_given = _reason(first.unit, other, lacking, sharing)
            weight[reason_given] += other.probability
            rivals.setdefault(reason_given, other.unit.name)
    if _OWNERSHIP.search(text):
        shared = weight[ReturnReason.DUTY] + weight[ReturnReason.SHARED]
        weight[ReturnReason.OWNERSHIP], weight[ReturnReason.DUTY] = shared, 0.0
        weight[ReturnReason.SHARED] = 0.0
    reason = max(weight, key=lambda one: weight[one])
    probability = max(0.0, min(1.0, 1 - first.probability))
    why = _why(reason, first.unit.name, rivals.get(reason, ""))
    return ReturnRisk(unit=first.unit, probability=probability, reason=reason, why=why)


def _reason(first: Unit, other: Candidate, lacking: Sequence[Element], sharing: frozenset[str]) -> ReturnReason:
    """Tell why the first unit would name the other one instead."""
    unit = other.unit
    if first.duty == unit.duty and "" in (first.district, unit.district) and first.district != unit.district:
        return ReturnReason.SHARED  # the city's office and a district's
    if first.duty == unit.duty and first.district != unit.district:
        return ReturnReason.INCOMPLETE if Element.PLACE in lacking else ReturnReason.PLACE
    if first.kind == unit.kind and first.duty == unit.duty:
        return ReturnReason.PLACE
    return ReturnReason.SHARED if unit.code in sharing else ReturnReason.DUTY


def _why(reason: ReturnReason, unit: str, rival: str) -> str:
    instead = f"，应由{rival}办理" if rival else ""
    return {
        ReturnReason.PLACE: f"{unit}可能认为不在其辖区{instead}。",
        ReturnReason.OWNERSHIP: f"产权或管理权归属不明，{unit}可能以权属不清退回。",
        ReturnReason.SHARED: f"{unit}与{rival or '其他单位'}职能交叉，可能要求另行确定主办单位。",
        ReturnReason.DUTY: f"{unit}可能认为不属于其职能{instead}。",
        ReturnReason.INCOMPLETE: f"没有具体地点，{unit}可能以要素缺失退回。",
    }[reason]
