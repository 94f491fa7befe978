"""An appeal, and all that becomes of it until it is decided."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from triage.domain.pack import Action, Rule, Topic, Unit, UnitCode, Urgency


class MaskType(StrEnum):
    """What kind of personal data a masked span held."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    ID = "id"
    CARD = "card"
    PLATE = "plate"
    EMAIL = "email"
    ACCOUNT = "account"
    NAME = "name"
    ROOM = "room"


class ReturnReason(StrEnum):
    """Why a unit sends an order back."""

    PLACE = "属地不符"
    OWNERSHIP = "权属不清"
    SHARED = "职能交叉"
    DUTY = "职能不符"
    INCOMPLETE = "要素缺失"


class Element(StrEnum):
    """What an order must tell so that a unit can act."""

    PLACE = "place"
    TIME = "time"
    OBJECT = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """What a citizen asked, in the words that came in.

    `returned_by` are the units that sent the order back, by code or name, the first handler first.
    """

    id: str
    text: str
    address: str | None = None
    district: str | None = None
    received_at: str | None = None
    channel: str | None = None
    returned_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedSpan:
    """Personal data at `[start, end)` of the text as given."""

    start: int
    end: int
    type: MaskType


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text made ready: normalised, masked and cut into words.

    `masked` is the normalised text, each piece of personal data replaced by a placeholder such as 〔电话〕; `tokens`
    are the words of it, and their concatenation is `masked`. Spans point into the text as given. `breaks` are where in
    `masked` white space between two characters was left out, which some write instead of a full stop.
    """

    masked: str
    tokens: tuple[str, ...]
    spans: tuple[MaskedSpan, ...] = ()
    breaks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredRule:
    """A rule that holds for an appeal, and the words that say so; none where it was learned, or needs none."""

    rule: Rule
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the matter is, as far as it can be told, and the words that told it.

    `spans` are where those words stand in the masked text. Where the words fit several places, `possible` names them
    (full, district first) and `question` is what to ask the citizen.
    """

    district: str | None = None
    street: str | None = None
    community: str | None = None
    building: str | None = None
    evidence: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    possible: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTopic:
    topic: Topic
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A unit on the short list, what speaks for it, and how probable it is that it will close the order."""

    unit: Unit
    bases: tuple[str, ...]
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A unit with the calibrated probability that it is the one that will close the order."""

    unit: Unit
    probability: float
    role: str = "lead"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is done, under a code for machines and in a sentence that an agent can read out.

    `units` has the one that leads first and then those that assist; `set` are the names that hold the right unit with
    the promised probability; `to` is set for a transfer; `rules` are those that fired, the one that decided first.
    """

    action: Action
    reason: str
    why: str
    units: tuple[UnitCode, ...] = ()
    set: tuple[str, ...] = ()
    to: str | None = None
    rules: tuple[FiredRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Until when an appeal is dispatched and answered: as spans such as `24h` or `7wd`, and as times.

    The times, and those at which somebody is reminded, are None where it is not known when the appeal came in.
    """

    dispatch_within: str
    feedback_within: str
    dispatch_by: datetime | None = None
    dispatch_remind_at: datetime | None = None
    feedback_by: datetime | None = None
    feedback_remind_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask the citizen: about which element, and by how many bits the answer is expected to settle the unit."""

    about: Element
    text: str
    gain: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnRisk:
    """How probable it is that a unit sends the order back, and the likeliest reason."""

    unit: Unit
    probability: float
    reason: ReturnReason
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One of several matters of an appeal, at `[start, end)` of the text as given, routed by itself."""

    start: int
    end: int
    topics: tuple[RankedTopic, ...]
    place: Place
    suggestions: tuple[Suggestion, ...]
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    bundle: str
    pack: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The whole trace of one appeal: what was read, what followed, and what was decided.

    `missing` is what the appeal does not tell, `question` the one whose answer would settle most. `kind` is empty where
    no word tells it. `degraded` says which stand-in answered in the place of the model; empty where the model did.
    `trace` is what the assessor keeps to explain itself.
    """

    appeal: Appeal
    reading: Reading
    topics: tuple[RankedTopic, ...]
    place: Place
    candidates: tuple[Candidate, ...]
    suggestions: tuple[Suggestion, ...]
    decision: Decision
    versions: Versions
    kind: str = ""
    urgency: Urgency = Urgency.ORDINARY
    due: Due | None = None
    missing: tuple[Element, ...] = ()
    question: Question | None = None
    risk: ReturnRisk | None = None
    matters: tuple[Matter, ...] = ()
    degraded: str = ""
    trace: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a model makes of one reading: everything a decision needs, and nothing decided.

    `like` are the destinations and reasons of learned rules that the text is like; `trace` is what the model needs to
    explain this assessment.
    """

    topics: tuple[RankedTopic, ...]
    place: Place
    candidates: tuple[Candidate, ...]
    suggestions: tuple[Suggestion, ...]
    like: tuple[str, ...] = ()
    trace: object = field(default=None, compare=False, repr=False)


class Assessor(Protocol):
    """Whatever has learned what an appeal is about and which unit must act."""

    def assess(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Assessment]:
        """One assessment for each appeal, in order; suggestions best first, probabilities calibrated."""
        ...

    def cuts(self, readings: Sequence[Reading]) -> list[tuple[int, ...]]:
        """Where in the masked text of each reading another matter begins; nothing for one matter."""
        ...
