"""What a city's pack says: its units, topics, directory and rules."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

UnitCode = NewType("UnitCode", str)


TopicCode = NewType("TopicCode", str)


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


class Action(StrEnum):
    """What is done with an appeal."""

    DISPATCH = "dispatch"
    SUGGEST = "suggest"
    REVIEW = "review"
    TRANSFER = "transfer"
    DECLINE = "decline"


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


def holds(of: Rule | Mandate | Unit, on: date) -> bool:
    """Tell whether a rule, line of the directory or unit is valid on a day."""
    return (of.valid_from is None or of.valid_from <= on) and (of.valid_to is None or on <= of.valid_to)
