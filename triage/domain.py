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

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
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


class Urgency(StrEnum):
    """How soon an appeal of a topic is dispatched: within 1, 2 or 24 hours (DB11/T 2021-2022)."""

    DANGER = "紧急"
    SUPPLY = "较急"
    ORDINARY = "一般"


class Deadline(StrEnum):
    """Until when the unit answers (DB11/T 2021-2022)."""

    HOURS_2 = "2h"
    HOURS_24 = "24h"
    DAYS_7 = "7d"
    DAYS_15 = "15d"


class Outside(StrEnum):
    """Who takes what no unit of the hotline does: another number, or nobody (not accepted)."""

    POLICE = "110"
    FIRE = "119"
    AMBULANCE = "120"
    TRAFFIC_POLICE = "122"
    WATER = "water"
    POWER = "power"
    GAS = "gas"
    HEAT = "heat"
    LITIGATION = "litigation"
    ARBITRATION = "arbitration"
    RECONSIDERATION = "reconsideration"
    PETITION = "petition"
    DISCLOSURE = "disclosure"
    OTHER_CITY = "other_city"
    DISCIPLINE = "discipline"
    MILITARY = "military"
    COURT = "court"


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


class Action(StrEnum):
    """What is done with an appeal."""

    DISPATCH = "dispatch"
    SUGGEST = "suggest"
    REVIEW = "review"
    TRANSFER = "transfer"
    DECLINE = "decline"


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
class Unit:
    """An office, street, company or zone that can be made responsible.

    One that was merged, split up or renamed stays in the pack with its last day and its `successor`.
    """

    code: UnitCode
    name: str
    kind: UnitKind
    district: str = ""
    duty: str = ""
    aliases: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    successor: UnitCode = UnitCode("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A leaf of the topic tree, named by its path from the first level.

    `kinds` are those of 咨询, 求助, 投诉, 举报, 建议 and 表扬 that it comes as, the most frequent first. `statutory` is
    the duty whose department must handle it and may not send it down to a street; empty where a street may lead.
    """

    code: TopicCode
    path: tuple[str, ...]
    meaning: str = ""
    kinds: tuple[str, ...] = ()
    urgency: Urgency = Urgency.ORDINARY
    outside: Outside | None = None
    statutory: str = ""

    @property
    def name(self) -> str:
        return self.path[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A kind of office at a level, which the place of a matter makes a unit: `district:市场监管` and 朝阳区."""

    level: UnitKind
    duty: str

    def __str__(self) -> str:
        return f"{self.level}:{self.duty}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A line of the directory: who leads a topic and who assists, on what basis, and until when it answers.

    `district` is empty where the line holds for the whole city.
    """

    topic: TopicCode
    lead: Office
    district: str = ""
    assist: tuple[Office, ...] = ()
    basis: str = ""
    deadline: Deadline = Deadline.DAYS_7
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule above the model: what is done, whoever the model would suggest, and on what basis.

    It fires where a sentence holds all words of one of the alternatives in `words` and none of `unless`, or, if it is
    `learned`, where the text is like those that were written for `to`. Of several that fire the lowest `rank` decides.
    `to` is the number or line of a transfer, the reason of what is declined, and empty for any other action. `say` is
    what to tell the citizen.
    """

    code: str
    action: Action
    to: str = ""
    rank: int = 50
    words: tuple[tuple[str, ...], ...] = ()
    unless: tuple[str, ...] = ()
    learned: bool = False
    citation: str = ""
    say: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


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


ORDINARY = "none"
"""What `outside` says of an appeal that a unit of the hotline deals with, however much it looks like another."""


class Origin(StrEnum):
    """Where a row to learn from comes from."""

    CLOSED = "closed"
    WRITTEN = "written"
    MEANING = "meaning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """A closed order as a hotline keeps it: the appeal, and the unit that closed it.

    `text` is as the export has it until `training.hygiene.clean` has stripped instructions and earlier answers; `unit`
    is empty where the export named none. `source` tells file and row for messages. An appeal that was written for the
    project, or what a topic means in the pack, teaches in the same form and says so by its `origin`. `outside` is known
    of what was written to teach it alone: the destination or reason for which no unit acts, or `ORDINARY`; `voice` of
    what was written, in which one.
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
    outside: str = ""
    voice: str = ""
    origin: Origin = Origin.CLOSED
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an order ended, or where it stands, as a ledger or an export tells it; what is not told weighs nothing.

    Parameters
    ----------
    closure
        The appeal, and the unit that finally closed it; no unit where none did.
    status
        As the ledger names it, such as `closed`; empty where a word for it is not understood.
    returned
        The units that sent it back and why, in that order; one may have done so more than once.
    first_unit
        Which it was sent to first.
    automatic
        Whether it was first sent without a person.
    audited, propensity
        Whether a person looked at it only because a share of what is sure is drawn for people, and how probable it was
        that a person would look at it: 1 for all that the model is not sure of.
    contacted, solved, satisfaction
        What the citizen said when called back.
    disputed
        It was returned and closed without any unit having had it since.
    reopened
        It was closed, not solved by what the citizen said, and sent out again.
    topic_routed
        The topic is that of the routing, which nobody has confirmed.
    """

    closure: Closure
    status: str = "closed"
    address: str = ""
    channel: str = ""
    returned: tuple[tuple[str, str], ...] = ()
    first_unit: str = ""
    automatic: bool = False
    audited: bool = False
    propensity: float = 1.0
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""
    disputed: bool = False
    reopened: bool = False
    closed_on: date | None = None
    merged_into: str = ""
    erased: bool = False
    topic_routed: bool = False


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


def holds(of: Rule | Mandate | Unit, on: date) -> bool:
    """Tell whether a rule, line of the directory or unit is valid on a day."""
    return (of.valid_from is None or of.valid_from <= on) and (of.valid_to is None or on <= of.valid_to)


class Assessor(Protocol):
    """Whatever has learned what an appeal is about and which unit must act."""

    def assess(self, appeals: Sequence[Appeal], readings: Sequence[Reading]) -> list[Assessment]:
        """One assessment for each appeal, in order; suggestions best first, probabilities calibrated."""
        ...

    def cuts(self, readings: Sequence[Reading]) -> list[tuple[int, ...]]:
        """Where in the masked text of each reading another matter begins; nothing for one matter."""
        ...
