"""`policy.toml`: what a city promises, within what time it acts, and which words tell the kind of an appeal."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Any

from triage.domain import Action, Deadline, Urgency

KINDS = ("咨询", "求助", "投诉", "举报", "建议", "表扬")
_MOST_ALARMS = 0.05
_SPAN = re.compile(r"([1-9][0-9]{0,3})(h|d|wd)")


class Group(StrEnum):
    """For what a promise is kept by itself: nothing, or each kind of unit, first level of topics, or urgency."""

    ALL = ""
    UNIT_KIND = "unit_kind"
    TOPIC = "topic"
    URGENCY = "urgency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a city promises; shares of 1.

    Of what is dispatched by itself `precision` is right, with `confidence` that the threshold keeps it; `set` of the
    sets that a person is shown hold the right unit; below `suggest` the first suggestion is only put before a person.
    """

    precision: float = 0.95
    confidence: float = 0.9
    by: Group = Group.ALL
    set: float = 0.95
    suggest: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How units are assessed: what the three rates weigh, and on which day of a month the next one begins.

    `fairly` is what somebody who is fairly satisfied counts of one who is satisfied. All but the day are shares of 1.
    """

    response: float = 0.1
    solution: float = 0.5
    satisfaction: float = 0.4
    fairly: float = 0.9
    month_begins: int = 1


@dataclass(frozen=True, slots=True)
class Span:
    """A time within which something is done: `h` hours, `d` days or `wd` working days."""

    amount: int
    unit: str

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The whole of `policy.toml`; the times by default are those of DB11/T 2021-2022.

    `alarms` are the shares of ordinary appeals, 0.05 at most, that learned rules may transfer or decline by mistake.
    `remind_after` is the share of the time until a deadline after which somebody is reminded of it. `audit_share` is
    the share of what would be dispatched by itself that a person decides all the same: what nobody looks at confirms
    itself, and is not learned from.
    """

    version: str = "0"
    source: str = ""
    promise: Promise = Promise()
    dispatch: Mapping[Urgency, Span] = field(
        default_factory=lambda: dict(zip(Urgency, (Span(1, "h"), Span(2, "h"), Span(24, "h")), strict=True))
    )
    feedback: Mapping[Deadline, Span] = field(
        default_factory=lambda: dict(
            zip(Deadline, (Span(2, "h"), Span(24, "h"), Span(7, "wd"), Span(15, "wd")), strict=True)
        )
    )
    alarms: Mapping[Action, float] = field(default_factory=lambda: {Action.TRANSFER: 0.025, Action.DECLINE: 0.005})
    remind_after: float = 0.75
    audit_share: float = 0.0
    rates: Rates = Rates()
    country: str = "CN"
    days_off: tuple[date, ...] = ()
    workdays: tuple[date, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


Fault = Callable[[str, str], None]


def read_terms(given: Mapping[str, Any], fault: Fault) -> Terms:
    """Read the tables of a TOML file; `fault(key, message)` is called for each thing wrong, and its default is kept."""
    default = Terms()
    keys: dict[str, type] = {"version": str, "source": str, "promise": dict, "dispatch": dict, "feedback": dict}
    keys |= {"alarms": dict, "reminders": dict, "audit": dict, "rates": dict, "calendar": dict, "kinds": dict}
    for key, value in given.items():
        if key not in keys:
            fault(key, f"{key} is unknown; known are {', '.join(keys)}")
        elif type(value) is not keys[key]:
            fault(key, f"{key} must be a {'text' if keys[key] is str else 'table'}")
    sound: dict[str, Any] = {key: value for key, value in given.items() if type(value) is keys.get(key)}
    calendar = sound.get("calendar", {})
    return Terms(
        version=sound.get("version", default.version),
        source=sound.get("source", default.source),
        promise=_promise(sound.get("promise", {}), fault),
        dispatch=_spans(sound.get("dispatch", {}), default.dispatch, Urgency, fault),
        feedback=_spans(sound.get("feedback", {}), default.feedback, Deadline, fault),
        alarms=_alarms(sound.get("alarms", {}), default.alarms, fault),
        remind_after=_remind_after(sound.get("reminders", {}), default.remind_after, fault),
        audit_share=_audit_share(sound.get("audit", {}), default.audit_share, fault),
        rates=_rates(sound.get("rates", {}), fault),
        country=_country(calendar, default.country, fault),
        days_off=tuple(_days(calendar, "days_off", fault)),
        workdays=tuple(_days(calendar, "workdays", fault)),
        kinds=_kinds(sound.get("kinds", {}), fault),
    )


def terms_text(terms: Terms) -> str:
    """Write the terms as TOML; `read_terms` of it equals them."""
    promise = terms.promise
    lines = [
        f"version = {_quoted(terms.version)}",
        f"source = {_quoted(terms.source)}",
        "",
        "[promise]",
        f"precision = {promise.precision}",
        f"confidence = {promise.confidence}",
        f"by = {_quoted(promise.by.value)}",
        f"set = {promise.set}",
        f"suggest = {promise.suggest}",
        "",
        "[dispatch]",
        *(f"{_quoted(urgency.value)} = {_quoted(str(span))}" for urgency, span in terms.dispatch.items()),
        "",
        "[feedback]",
        *(f"{_quoted(deadline.value)} = {_quoted(str(span))}" for deadline, span in terms.feedback.items()),
        "",
        "[alarms]",
        *(f"{action.value} = {share}" for action, share in terms.alarms.items()),
        "",
        "[reminders]",
        f"after = {terms.remind_after}",
        "",
        "[audit]",
        f"share = {terms.audit_share}",
        "",
        "[rates]",
        *(f"{name} = {value}" for name, value in asdict(terms.rates).items()),
        "",
        "[calendar]",
        f"country = {_quoted(terms.country)}",
        f"days_off = {_quoted([day.isoformat() for day in terms.days_off])}",
        f"workdays = {_quoted([day.isoformat() for day in terms.workdays])}",
        "",
        "[kinds]",
        *(f"{_quoted(kind)} = {_quoted(list(words))}" for kind, words in terms.kinds.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _promise(given: Mapping[str, Any], fault: Fault) -> Promise:
    default, shares = Promise(), {}
    for key in given:
        if key not in ("precision", "confidence", "by", "set", "suggest"):
            fault(key, f"{key} is unknown; known are precision, confidence, by, set, suggest")
    for key in ("precision", "confidence", "set", "suggest"):
        value = given.get(key, getattr(default, key))
        if not isinstance(value, float) or not 0 < value < 1:
            fault(key, f"{key} must be a share between 0 and 1, such as 0.95")
            value = getattr(default, key)
        shares[key] = value
    by = given.get("by", "")
    if by not in list(Group):
        fault("by", f"by must be one of {', '.join(group.value or _quoted('') for group in Group)}")
        by = ""
    return Promise(**shares, by=Group(by))


def _spans(given: Mapping[str, Any], default: Mapping[Any, Span], keys: type[StrEnum], fault: Fault) -> dict[Any, Span]:
    spans = dict(default)
    for key, value in given.items():
        found = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if key not in list(keys):
            fault(key, f"{key} is unknown; known are {', '.join(keys)}")
        elif found is None:
            fault(key, f"{key} must be hours, days or working days, such as 24h, 7d or 15wd")
        else:
            spans[keys(key)] = Span(int(found[1]), found[2])
    return spans


def _alarms(given: Mapping[str, Any], default: Mapping[Action, float], fault: Fault) -> dict[Action, float]:
    shares = dict(default)
    for key, value in given.items():
        if key not in list(default):
            fault(key, f"{key} is unknown; known are {', '.join(default)}")
        elif not isinstance(value, float) or not 0 <= value <= _MOST_ALARMS:
            fault(key, f"{key} must be a share of ordinary appeals up to {_MOST_ALARMS}, such as 0.01")
        else:
            shares[Action(key)] = value
    return shares


def _remind_after(given: Mapping[str, Any], default: float, fault: Fault) -> float:
    for key, value in given.items():
        if key != "after":
            fault(key, f"{key} is unknown; known is after")
        elif not isinstance(value, float) or not 0 < value < 1:
            fault(key, "after must be a share between 0 and 1, such as 0.75")
        else:
            return value
    return default


def _audit_share(given: Mapping[str, Any], default: float, fault: Fault) -> float:
    for key, value in given.items():
        if key != "share":
            fault(key, f"{key} is unknown; known is share")
        elif not isinstance(value, float) or not 0 <= value <= 1:
            fault(key, "share must be a share from 0.0 to 1.0, such as 0.05")
        else:
            return value
    return default


def _rates(given: Mapping[str, Any], fault: Fault) -> Rates:
    default = Rates()
    sound: dict[str, Any] = {}
    for key, value in given.items():
        if key not in asdict(default):
            fault(key, f"{key} is unknown; known are {', '.join(asdict(default))}")
        elif key == "month_begins":
            if type(value) is int and 1 <= value <= 28:
                sound[key] = value
            else:
                fault(key, "month_begins must be a day from 1 to 28")
        elif isinstance(value, float) and 0 <= value <= 1:
            sound[key] = value
        else:
            fault(key, f"{key} must be a share between 0.0 and 1.0")
    found = replace(default, **sound)
    weights = found.response + found.solution + found.satisfaction
    if abs(weights - 1) > 1e-6:
        fault("rates", f"response, solution and satisfaction weigh {weights:g} together, not 1")
        return default
    return found


def _country(calendar: Mapping[str, Any], default: str, fault: Fault) -> str:
    for key in calendar:
        if key not in ("country", "days_off", "workdays"):
            fault(key, f"{key} is unknown; known are country, days_off, workdays")
    country = calendar.get("country", default)
    if not isinstance(country, str):
        fault("country", "country must be a text")
        return default
    if country == default or country in _countries():
        return country
    fault("country", f"country {country!r} has no calendar; write the code of a country, such as CN")
    return default


@cache
def _countries() -> frozenset[str]:
    import holidays  # noqa: PLC0415 - half of a start's time, and only packs that name a country need it

    return frozenset(holidays.list_supported_countries())


def _kinds(given: Mapping[str, Any], fault: Fault) -> dict[str, tuple[str, ...]]:
    for kind in given:
        if kind not in KINDS:
            fault(kind, f"{kind} is unknown; known are {', '.join(KINDS)}")
    return {kind: tuple(_words(given, kind, fault)) for kind in given if kind in KINDS}


def _days(given: Mapping[str, Any], key: str, fault: Fault) -> Iterator[date]:
    listed = given.get(key, [])
    for value in listed if isinstance(listed, list) else [listed]:
        try:
            yield value if type(value) is date else date.fromisoformat(value)
        except (TypeError, ValueError):
            fault(key, f"{key}: {value!r} is no date; write 2027-02-14")


def _words(given: Mapping[str, Any], kind: str, fault: Fault) -> list[str]:
    words = given[kind]
    if isinstance(words, list) and all(isinstance(word, str) and len(word.strip()) > 1 for word in words):
        return [word.strip() for word in words]
    fault(kind, f"{kind} must be a list of words of two characters or more")
    return []


def parse_terms(text: str, fault: Callable[[int, str], None]) -> Terms:
    """Read `policy.toml`; `fault(line, message)` is called for each thing wrong in it."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        fault(int(place[1]) if place else text.count("\n") + 1, f"not TOML: {error}")
        return Terms()

    def at_key(key: str, message: str) -> None:
        found = re.search(rf'^\s*"?{re.escape(key)}"?\s*=|^\s*\[{re.escape(key)}\]', text, re.MULTILINE)
        fault(text.count("\n", 0, found.end()) + 1 if found else 1, message)

    return read_terms(given, at_key)
