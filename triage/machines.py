"""What machines report, as appeals: which words an event becomes, and which events are one matter, is data.

>>> from triage.cloudevents import read_event
>>> told = {"specversion": "1.0", "id": "7", "source": "/ice/3", "type": "paidan.road.ice", "data": {"celsius": 1.0}}
>>> ice = EventKind(type="paidan.road.*", text="路面温度{celsius}度", when=(condition("celsius <= 2"),))
>>> Machines(kinds=(ice,)).appeal(read_event(told)).appeal.text
'路面温度1度'
"""

import json
import operator
import re
import sys
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from triage.cloudevents import ATTRIBUTES, CloudEvent, sort_of
from triage.domain import Appeal
from triage.errors import Fault, InputError, PackError

VALUE_LIMIT, TEXT_LIMIT = 500, 100_000

_PATH = rf"@(?:{'|'.join(ATTRIBUTES)})|[\w-]+(?:\.[\w-]+)*"
_SLOT = re.compile(rf"\{{({_PATH})(\??)\}}")
_CONDITION = re.compile(rf"({_PATH})\s*(<=|>=|==|!=|<|>)\s*(.+)", re.DOTALL)
_ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {**_ORDERS, "==": operator.eq, "!=": operator.ne}
_MISSING = "missing or empty; the mapping of this type needs it"
_LINE_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_TABLE = re.compile(r'^[ \t]*\[\[[ \t]*"?event"?[ \t]*\]\]', re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a value of an event is compared with; one that is missing is null."""

    path: str
    sign: str
    literal: str | float | bool | None

    def holds(self, event: CloudEvent) -> bool:
        value = _found(event, self.path)
        if self.literal is None:
            return (value is None) == (self.sign == "==")
        if value is None:
            raise _unfit(self.path, _MISSING, "missing")
        if sort_of(value) != sort_of(self.literal):
            raise _unfit(self.path, f"{sort_of(self.literal)} is expected, not {sort_of(value)}")
        _written(value, self.path)  # what is not finite may compare as false, and would keep an alarm quiet
        return _SIGNS[self.sign](value, self.literal)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKind:
    """A table of `events.toml`: what events of a type become. `type` is exact, or a beginning and `*`.

    Templates hold `{road}`, `{sensor.name}`, `{@source}`, or `{lane?}` for what may be missing. Events of one `storm`
    are one matter for the time `within`; what does not meet every condition of `when` is none.
    """

    type: str
    text: str
    address: str = ""
    district: str = ""
    channel: str = ""
    storm: str = "{@type} {@source}"
    within: timedelta = timedelta(hours=1)
    when: tuple[Condition, ...] = ()
    citation: str = ""
    note: str = ""

    def fits(self, type_: str) -> bool:
        return type_.startswith(self.type[:-1]) if self.type.endswith("*") else type_ == self.type


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a machine told, as an appeal, and the storm it belongs to; `type` is that of the mapping, maybe with `*`."""

    appeal: Appeal
    storm: str
    within: timedelta
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The whole of `events.toml`."""

    kinds: tuple[EventKind, ...] = ()

    def appeal(self, event: CloudEvent) -> Reported | None:
        """Put an event into words; None where what it reads is no matter, InputError where it cannot be put so."""
        kind = self._kind(event)
        if not all(condition.holds(event) for condition in kind.when):
            return None
        time = event.moment
        appeal = Appeal(
            id=f"{event.source} {event.id}",
            text=_text(kind.text, event),
            address=_filled(kind.address, event) or None,
            district=_filled(kind.district, event) or None,
            received_at=time.isoformat() if time else None,
            channel=_filled(kind.channel, event) or None,
        )
        return Reported(appeal=appeal, storm=_filled(kind.storm, event), within=kind.within, type=kind.type)

    def _kind(self, event: CloudEvent) -> EventKind:
        """Return the most specific mapping: the exact one, or else the one with the longest beginning."""
        fitting = [kind for kind in self.kinds if kind.fits(event.type)]
        if not fitting:
            known = ", ".join(kind.type for kind in self.kinds) or "none"
            message = f"no mapping for {event.type}; known are {known}; add an [[event]] to events.toml"
            raise InputError(message, code="unknown_event_type", field="type")
        return max(fitting, key=lambda kind: (not kind.type.endswith("*"), len(kind.type)))


def _found(event: CloudEvent, path: str) -> object:
    """Return what stands at a dotted path in the data, or in an attribute; None where nothing does."""
    if path == "@time" and (time := event.moment):
        return f"{time:%Y-%m-%d %H:%M}"
    if path.startswith("@"):
        return getattr(event, path[1:])
    at: object = event.data
    for name in path.split("."):
        at = at.get(name) if isinstance(at, Mapping) else None
    return at


def _unfit(path: str, message: str, code: str = "wrong_type") -> InputError:
    return InputError(message, code=code, field=path[1:] if path.startswith("@") else f"data.{path}")


def _text(template: str, event: CloudEvent) -> str:
    """Fill the text; one that is nothing but a value holds somebody's own words, which are not cut."""
    whole = _SLOT.fullmatch(template)
    text = _filled(template, event, TEXT_LIMIT + 1 if whole else VALUE_LIMIT)
    if not text:
        raise InputError("nothing in it for the text of the order", code="missing", field="data")
    if len(text) > TEXT_LIMIT:
        message = f"more than the {TEXT_LIMIT:,} characters that are read; shorten it"
        raise _unfit(whole[1] if whole else "@data", message, "text_too_long")
    return text


def _filled(template: str, event: CloudEvent, most: int = VALUE_LIMIT) -> str:
    def value_of(slot: re.Match[str]) -> str:
        value = _found(event, slot[1])
        written = "" if value is None else _written(value, slot[1])
        if not written and not slot[2]:
            raise _unfit(slot[1], _MISSING, "missing")
        return written if len(written) <= most else f"{written[: most - 1]}…"

    return _SLOT.sub(value_of, template).strip()


def _written(value: object, path: str) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return _plain(value, path)
    if not isinstance(value, str):
        raise _unfit(path, f"a text, a number or a truth value is expected, not {sort_of(value)}")
    one_line = _LINE_BREAKS.sub(" ", value)
    return "".join(each for each in one_line if unicodedata.category(each) not in ("Cc", "Cf", "Cs")).strip()


def _plain(value: float, path: str) -> str:
    """Write a number without an exponent, and a whole one without a point."""
    if not -sys.float_info.max <= value <= sys.float_info.max:
        raise _unfit(path, "no number that can be measured; send a finite one")
    text = format(Decimal(repr(value)), "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def template(written: str) -> str:
    """Return a template as it is; ValueError where a brace is no placeholder."""
    if re.search(r"[{}]", _SLOT.sub("", written)):
        raise ValueError("a brace that is no placeholder; write {road}, {sensor.name}, {lane?} or {@source}")
    return written


def condition(written: str) -> Condition:
    """Read `celsius <= 2`; ValueError where it is not a path, a sign and a JSON literal."""
    found = _CONDITION.fullmatch(written)
    if not found:
        raise ValueError(f"{written!r} is no condition; write celsius <= 2, wet == true or @subject != null")
    path, sign, literal = found[1], found[2], _literal(found[3])
    if sign in _ORDERS and sort_of(literal) != "a number":
        raise ValueError(f"{sign} compares numbers; write == or !=, or a number such as 2")
    return Condition(path=path, sign=sign, literal=literal)


def _literal(written: str) -> str | float | bool | None:
    try:
        value: str | float | bool | None = json.loads(written)
        if value is not None:
            _written(value, "")
    except (ValueError, RecursionError, InputError):
        message = 'is no JSON literal; write a number, true, false, null or a text such as "on"'
        raise ValueError(f"{written} {message}") from None
    return value


def city_machines(country: Path, city: Path | None) -> Machines:
    """Return the mappings of the country and of a city's pack, which has its own for a type in the place of the other.

    Raises
    ------
    PackError
        With all that is wrong with an `events.toml`.
    """
    kinds = {kind.type: kind for kind in load_machines(country / "events.toml").kinds}
    if city and (own := city / "events.toml").is_file():
        kinds |= {kind.type: kind for kind in load_machines(own).kinds}
    return Machines(kinds=tuple(kinds.values()))


def load_machines(file: Path) -> Machines:
    """Read `events.toml`; PackError with all that is wrong with it, each with file and line."""
    faults: list[Fault] = []
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeError) as error:
        message = f"cannot be read ({error}); name an events.toml in UTF-8"
        raise PackError([Fault(file=str(file), line=1, message=message)]) from error
    kinds = _kinds(text, lambda line, said: faults.append(Fault(file=str(file), line=line, message=said)))
    if faults:
        raise PackError(faults)
    return Machines(kinds=kinds)


def _kinds(text: str, fault: Callable[[int, str], None]) -> tuple[EventKind, ...]:
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"at line (\d+)", str(error))
        fault(int(place[1]) if place else text.count("\n") + 1, f"not TOML: {error}")
        return ()
    for key in given.keys() - {"event"}:
        fault(_line(text, key), f"{key} is unknown; begin each mapping with [[event]]")
    tables = given.get("event", [])
    bounds = [*(found.start() for found in _TABLE.finditer(text)), len(text)]
    if not isinstance(tables, list) or len(tables) != len(bounds) - 1:
        fault(_line(text, "event"), "event must be tables; begin each mapping with [[event]]")
        return ()
    kinds: dict[str, EventKind] = {}
    for table, start, end in zip(tables, bounds, bounds[1:], strict=False):
        wrong, kind = _kind(table)
        if kind and kinds.setdefault(kind.type, kind) is not kind:
            wrong.append(("type", f"type {kind.type} is there twice; drop one"))
        for key, message in wrong:
            fault(_line(text, key, start, end), message)
    return tuple(kinds.values())


def _line(text: str, key: str, start: int = 0, end: int | None = None) -> int:
    """Return the line of a key between two positions, or that of the first where it is not."""
    pattern = re.compile(rf'^[ \t]*\[*[ \t]*"?{re.escape(key)}"?[ \t]*[=\].]', re.MULTILINE)
    found = pattern.search(text, start, len(text) if end is None else end)
    return text.count("\n", 0, found.end() if found else start) + 1


def _kind(given: Mapping[str, object]) -> tuple[list[tuple[str, str]], EventKind | None]:
    """Return the faults of a table by key, and what it says where it has none."""
    wrong = [(key, f"{key} is missing; write it") for key in ("type", "text") if key not in given]
    read: dict[str, list[Any]] = {}
    for key, value in given.items():
        for one in value if key == "when" and isinstance(value, list) else [value]:
            try:
                read.setdefault(key, []).append(_entry(key, one))
            except ValueError as error:
                wrong.append((key, str(error)))
    when = tuple(read.pop("when", ()))
    return wrong, None if wrong else EventKind(**{key: one for key, (one,) in read.items()}, when=when)


def _entry(key: str, value: object) -> object:
    if key not in _ENTRIES:
        raise ValueError(f"{key} is unknown; known are {', '.join(_ENTRIES)}")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key}: a text is expected, not {sort_of(value)}")
    try:
        return _ENTRIES[key](value.strip())
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from error


def _type(written: str) -> str:
    if re.fullmatch(r"[^\s*]+\*?|\*", written):
        return written
    raise ValueError(f"{written} is no type; write paidan.road.ice or, for all that begin so, paidan.road.*")


def _storm(written: str) -> str:
    if any(not slot[2] for slot in _SLOT.finditer(template(written))):
        return written
    raise ValueError("without a placeholder that must be there all events are one matter; write {@source}")


def _span(written: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,3})([mhd])", written)
    if not found:
        raise ValueError(f"{written} is no span; write minutes, hours or days, such as 30m, 6h or 2d")
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})


_ENTRIES: Mapping[str, Callable[[str], object]] = {
    "type": _type, "text": template, "address": template, "district": template, "channel": template, "storm": _storm,
    "within": _span, "when": condition, "citation": str, "note": str,
}  # fmt: skip
