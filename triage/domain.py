"""The vocabulary: the nouns that every step shares, and nothing that computes.

| Chinese | English | here |
|---|---|---|
| 诉求 | appeal | `Appeal` |
| 研读 | reading | `Reading` |
| 事项 | topic | `Topic` |
| 属地 | place | `Place` |
| 承办单位 | unit | `Unit` |
| 候选 | candidate | `Candidate` |
| 派单建议 | suggestion | `Suggestion` |
| 决定 | decision | `Decision` |
| 研判 | routing | `Routing` |
| 办结 | closure | `Closure` |
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NewType, Protocol

UnitCode = NewType("UnitCode", str)
TopicCode = NewType("TopicCode", str)


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


class UnitKind(StrEnum):
    """At which level a unit stands."""

    MUNICIPAL = "municipal"
    DISTRICT = "district"
    STREET = "street"
    COMPANY = "company"
    ZONE = "zone"
    OTHER = "other"


class Action(StrEnum):
    """What is done with an appeal."""

    DISPATCH = "dispatch"
    SUGGEST = "suggest"
    REVIEW = "review"
    TRANSFER = "transfer"
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """What a citizen asked, in the words that came in."""

    id: str
    text: str
    address: str | None = None
    district: str | None = None
    received_at: str | None = None
    channel: str | None = None


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
    are the words of it, and their concatenation is `masked`. Spans point into the text as given.
    """

    masked: str
    tokens: tuple[str, ...]
    spans: tuple[MaskedSpan, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """An office, street, company or zone that can be made responsible."""

    code: UnitCode
    name: str
    kind: UnitKind
    district: str = ""
    duty: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A leaf of the topic tree, named by its path from the first level."""

    code: TopicCode
    path: tuple[str, ...]
    meaning: str = ""

    @property
    def name(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the matter is, as far as it can be told, and the words that told it."""

    district: str | None = None
    street: str | None = None
    community: str | None = None
    evidence: tuple[str, ...] = ()


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
    action: Action
    reason: str
    why: str
    units: tuple[UnitCode, ...] = ()
    set: tuple[str, ...] = ()
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    bundle: str
    pack: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """The whole trace of one appeal: what was read, what followed, and what was decided."""

    appeal: Appeal
    reading: Reading
    topics: tuple[RankedTopic, ...]
    place: Place
    candidates: tuple[Candidate, ...]
    suggestions: tuple[Suggestion, ...]
    decision: Decision
    versions: Versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A closed order as a hotline keeps it: the appeal, and the unit that closed it.

    `text` is as the export has it until `training.hygiene.clean` has stripped instructions and earlier answers; `unit`
    is empty where the export named none. `source` tells file and row for messages.
    """

    id: str
    text: str
    unit: str
    topic: tuple[str, ...] = ()
    opened_on: date | None = None
    district: str = ""
    street: str = ""
    community: str = ""
    kind: str = ""
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What a model makes of one reading: everything a decision needs, and nothing decided."""

    topics: tuple[RankedTopic, ...]
    place: Place
    candidates: tuple[Candidate, ...]
    suggestions: tuple[Suggestion, ...]


class Assessor(Protocol):
    """Whatever has learned what an appeal is about and which unit must act."""

    def assess(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Assessment]:
        """One assessment for each appeal, in order; suggestions best first, probabilities calibrated."""
        ...
