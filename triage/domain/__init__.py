"""The vocabulary: the nouns that every step shares, and next to nothing that computes.

| Chinese | English | here |
|---|---|---|
| 诉求 | appeal | `Appeal` |
| 研读 | reading | `Reading` |
| 事项 | topic | `Topic` |
| 属地 | place | `Place` |
| 承办单位 | unit | `Unit` |
| 职责 | mandate | `Mandate` |
| 候选 | candidate | `Candidate` |
| 派单建议 | suggestion | `Suggestion` |
| 规则 | rule | `Rule` |
| 决定 | decision | `Decision` |
| 研判 | routing | `Routing` |
| 办结 | closure | `Closure` |
| 结果 | how it ended | `Ended` |
"""

from triage.domain.closure import ORDINARY, Closure, Ended, Origin
from triage.domain.pack import (
    Action,
    Deadline,
    Mandate,
    Office,
    Outside,
    Rule,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Urgency,
    holds,
)
from triage.domain.routing import (
    Appeal,
    Assessment,
    Assessor,
    Candidate,
    Decision,
    Due,
    Element,
    FiredRule,
    MaskedSpan,
    MaskType,
    Matter,
    Place,
    Question,
    RankedTopic,
    Reading,
    ReturnReason,
    ReturnRisk,
    Routing,
    Suggestion,
    Versions,
)

__all__ = [
    "ORDINARY",
    "Action",
    "Appeal",
    "Assessment",
    "Assessor",
    "Candidate",
    "Closure",
    "Deadline",
    "Decision",
    "Due",
    "Element",
    "Ended",
    "FiredRule",
    "Mandate",
    "MaskType",
    "MaskedSpan",
    "Matter",
    "Office",
    "Origin",
    "Outside",
    "Place",
    "Question",
    "RankedTopic",
    "Reading",
    "ReturnReason",
    "ReturnRisk",
    "Routing",
    "Rule",
    "Suggestion",
    "Topic",
    "TopicCode",
    "Unit",
    "UnitCode",
    "UnitKind",
    "Urgency",
    "Versions",
    "holds",
]
