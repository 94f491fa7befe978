"""The border: what the service reads and writes, as OpenAPI shows it.

What an appeal may hold is decided by `triage.lines`, so that HTTP and JSON Lines agree; the models here show it.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from api.examples import FAILED, ROUTED
from triage.domain import Action, Appeal, Deadline, Element, ReturnReason, UnitKind, Urgency
from triage.errors import InputError
from triage.lines import TEXT_LIMIT, TEXT_PATTERN, id_from, names_from, text_from, words_from

Probability = Annotated[float, Field(ge=0, le=1)]


def checked_by(check: Callable[[object], object]) -> PlainValidator:
    """Let a function check a value that tells what is wrong by an `InputError`."""

    def validated(value: object) -> object:
        try:
            return check(value)
        except InputError as error:
            raise PydanticCustomError(error.code, error.message) from None

    return PlainValidator(validated)


Id = Annotated[
    str,
    checked_by(id_from),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}),
]
Text = Annotated[
    str,
    checked_by(text_from),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TEXT_LIMIT, "pattern": TEXT_PATTERN}),
]

Words = Annotated[
    str | None,
    checked_by(partial(words_from, field="")),  # pydantic knows the field
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "null"}]}),
]


Names = Annotated[
    tuple[str, ...],
    checked_by(names_from),
    WithJsonSchema({"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
]


class AppealIn(BaseModel):
    """诉求: what a citizen asked. Other fields are ignored; an appeal without an id is called "1"."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    id: Id = "1"
    text: Text
    address: Words = None
    district: Words = None
    received_at: Words = None
    channel: Words = None
    returned_by: Names = ()

    def appeal(self) -> Appeal:
        return Appeal(**self.model_dump())


class BatchIn(BaseModel):
    """Appeals to be routed together. Each is checked by itself, as the body of `POST /v1/route` is."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    appeals: list[Any]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TopicOut(_Out):
    """事项: a leaf of the topic tree."""

    code: str
    name: str
    path: list[str]
    meaning: str


class UnitOut(_Out):
    """承办单位: who can be made responsible."""

    code: str
    name: str
    kind: UnitKind
    district: str
    duty: str
    aliases: list[str]


class Topics(_Out):
    topics: list[TopicOut]


class Units(_Out):
    """A page of units in the order of the pack; `total` counts all that the filters let through."""

    units: list[UnitOut]
    total: int


class DirectoryLine(_Out):
    """派单目录的一行: which kind of office leads a topic, as `level:duty`; null where it holds for the whole city."""

    topic: str
    district: str | None
    lead: str
    assist: list[str]
    basis: str
    deadline: Deadline


class DirectoryLines(_Out):
    """A page of the directory in its order; `total` counts all that the filters let through."""

    lines: list[DirectoryLine]
    total: int


class RankedTopicOut(_Out):
    code: str
    name: str
    path: list[str]
    probability: Probability


class PlaceOut(_Out):
    """属地: where the matter is, as far as it can be told, and the words that told it.

    Where the words fit several places, `possible` names them and `question` is what to ask the citizen.
    """

    district: str | None
    street: str | None
    community: str | None
    building: str | None
    evidence: list[str]
    possible: list[str]
    question: str | None


class SuggestionOut(_Out):
    """派单建议: a unit with the calibrated probability that it is the one that will close the order."""

    unit: str
    name: str
    role: str
    probability: Probability
    reasons: list[str]


class RuleOut(_Out):
    """规则: a rule above the model that fired, and the words that say so; none where it was learned."""

    code: str
    citation: str
    evidence: list[str]


class DecisionOut(_Out):
    """决定: `to` is set for a transfer, `why` is a sentence for people; of `units` the first leads, the others assist.

    `set` holds the right unit with the promised probability; `rules` are those that fired, the one that decided first.
    """

    action: Action
    units: list[str]
    set: list[str]
    reason: str
    to: str | None
    why: str
    rules: list[RuleOut]


class DueOut(_Out):
    """时限: within what spans, such as `24h` or `7wd` for working days, and until when if `received_at` was given."""

    dispatch_within: str
    feedback_within: str
    dispatch_by: str | None
    feedback_by: str | None


class QuestionOut(_Out):
    """追问: the one question that would settle most, and by how many bits it is expected to."""

    about: Element
    text: str
    gain: Annotated[float, Field(ge=0)]


class RiskOut(_Out):
    """退单风险: how probable it is that the first suggested unit sends the order back, and why it would."""

    unit: str
    probability: Probability
    reason: ReturnReason
    why: str


class MatterOut(_Out):
    """分事: one of several matters, at `span` of the text, routed by itself."""

    span: tuple[int, int]
    topics: list[RankedTopicOut]
    place: PlaceOut
    suggestions: list[SuggestionOut]
    decision: DecisionOut


class VersionsOut(_Out):
    bundle: str
    pack: str
    policy: str


class VersionsNow(VersionsOut):
    """What answers now."""

    paidan: str


class RoutedLine(_Out):
    """研判: what an appeal is about, where it is, who must act, and what was decided.

    `degraded` names the stand-in that answered in the place of the model: the last good bundle, or the directory alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [ROUTED]})

    id: str
    topics: list[RankedTopicOut]
    place: PlaceOut
    suggestions: list[SuggestionOut]
    decision: DecisionOut
    matters: list[MatterOut]
    kind: str | None
    urgency: Urgency
    due: DueOut | None
    missing: list[Element]
    question: QuestionOut | None
    risk: RiskOut | None
    degraded: str | None
    versions: VersionsOut


class WordOut(_Out):
    span: tuple[int, int]
    text: str
    value: float


class ScoreOut(_Out):
    """A linear part of the model: `bias`, `rest` and the values of the words add up to `total`."""

    part: str
    of: str
    total: float
    bias: float
    rest: float
    words: list[WordOut]


class ClauseOut(_Out):
    text: str
    basis: str


class PrecedentOut(_Out):
    """A closed order that is like the appeal, and the unit that closed it."""

    id: str
    opened_on: str
    topic: str
    unit: str
    name: str
    similarity: float


class RunnerUpOut(_Out):
    """Why the second suggestion lost: `shares` by kind of evidence add up to `gap`."""

    unit: str
    name: str
    gap: float
    shares: Mapping[str, float]
    why: str


class ExplanationOut(_Out):
    """依据: why the first suggestion was made; null in the place of what there is none of."""

    id: str
    unit: str
    name: str
    scores: list[ScoreOut]
    clause: ClauseOut
    precedents: list[PrecedentOut]
    runner_up: RunnerUpOut | None


class Explained(_Out):
    """A routed line and its explanation, null where nothing was suggested."""

    routing: RoutedLine
    explanation: ExplanationOut | None


class Dial(_Out):
    """派单承诺: what a promise costs, in shares of 1, on the orders that the promise was tried on."""

    promise: Probability
    threshold: Annotated[float, Field(ge=0, le=1.01)]
    coverage: Probability
    precision: Probability
    at_least: Probability


class Promises(_Out):
    """What is promised, what it costs in each group that it is kept for, and what other promises would cost."""

    policy: str
    precision: Probability
    confidence: Probability
    set: Probability
    by: str
    tried: Annotated[int, Field(ge=0)]
    kept: Mapping[str, Dial]
    dial: list[Dial]


class LineError(_Out):
    code: str
    message: str


class FailedLine(_Out):
    """An appeal that could not be used; the others of its batch are routed all the same."""

    id: str
    error: LineError


class BatchOut(_Out):
    """Answers in the order of the appeals."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"routed": [ROUTED, FAILED]}]})

    routed: list[RoutedLine | FailedLine]


class Alive(_Out):
    status: Literal["alive"] = "alive"


class Ready(_Out):
    """`degraded` answers too, worse; `reasons` are codes, and the log has more."""

    status: Literal["ready", "degraded"]
    reasons: list[str]
    versions: VersionsOut


class Fault(_Out):
    """One thing wrong with a request: a JSON pointer into its body, or into its query."""

    source: Literal["body", "query", "path", "header", "cookie"]
    pointer: str
    code: str
    detail: str


class Problem(_Out):
    """RFC 9457. `code` is stable and for machines; nothing of an appeal is repeated here."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[Fault] = []
