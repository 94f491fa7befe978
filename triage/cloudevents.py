"""CloudEvents 1.0, as machines send them: the structured and the binary mode, with a JSON object as data.

>>> sent = {"ce-specversion": "1.0", "ce-id": "7", "ce-source": "/ice/3", "ce-type": "paidan.road.ice"}
>>> event_from_headers(sent, {"celsius": 1.0}).source
'/ice/3'
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import unquote

from triage.clock import moment
from triage.errors import InputError

JSON: TypeAlias = "str | int | float | bool | Mapping[str, JSON] | Sequence[JSON] | None"

ATTRIBUTES = ("id", "source", "type", "subject", "time")
NAME_LIMIT, EXTENSION_LIMIT = 256, 2_048

_RFC3339 = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
_JSON_TYPE = re.compile(r"[^/\s;]+/([^/\s;]+\+)?json\s*(;.*)?", re.IGNORECASE)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")  # in strings of CloudEvents


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """An event as CloudEvents 1.0 has it, as far as a mapping can use it; `source` and `id` together are unique."""

    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    data: Mapping[str, JSON]

    @property
    def moment(self) -> datetime | None:
        """When it happened; InputError where `time` is none of RFC 3339."""
        written = (self.time or "").upper()
        found = moment(written) if _RFC3339.fullmatch(written) else None
        if self.time is not None and found is None:
            raise InputError("no time of RFC 3339; write 2026-01-31T08:30:00+08:00", code="bad_time", field="time")
        return found


def read_event(value: object) -> CloudEvent:
    """Check a decoded event of the structured mode; InputError where it is not CloudEvents 1.0 with a JSON object."""
    if not isinstance(value, dict):
        raise InputError('an event such as {"specversion": "1.0", ...} is expected', code="not_an_object")
    given: dict[str, Any] = {name: one for name, one in value.items() if one is not None}  # null is an absence
    if "data_base64" in given:
        raise InputError("binary data is not read; send a JSON object as data", code="unsupported", field="data_base64")
    for name in ("specversion", "id", "source", "type", "data"):
        if name not in given:
            raise InputError("missing; every event needs it", code="missing", field=name)
    for name, one in given.items():
        if name != "data":
            _check_attribute(name, one)
    if given["specversion"] != "1.0":
        raise InputError("only CloudEvents 1.0 is read; send 1.0", code="unsupported", field="specversion")
    if not _JSON_TYPE.fullmatch(given.get("datacontenttype", "application/json")):
        raise InputError("only JSON is read; send application/json", code="unsupported", field="datacontenttype")
    if not isinstance(given["data"], dict):
        raise InputError("a JSON object is expected", code="wrong_type", field="data")
    event = CloudEvent(**{name: given.get(name) for name in (*ATTRIBUTES, "data")})  # type: ignore[arg-type]
    _ = event.moment  # one that is none is refused here, not when a mapping first needs it
    return event


def event_from_headers(headers: Mapping[str, str], body: object) -> CloudEvent:
    """Check an event of the binary mode: the attributes stand in headers `ce-...`, `body` is the decoded data."""
    sent = {name.lower(): value for name, value in headers.items()}
    given = {name[3:]: _unescaped(name, value) for name, value in sent.items() if name.startswith("ce-")}
    return read_event({**given, "datacontenttype": sent.get("content-type"), "data": body})


def _unescaped(name: str, value: str) -> str:
    """Undo the quotes of older senders, then the percent-encoding, which hides what a header cannot hold."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value.encode("ascii").decode(), errors="strict")
    except UnicodeError:
        raise InputError("no percent-encoded UTF-8, such as %E5%86%B0", code="bad_encoding", field=name) from None


def _check_attribute(name: object, value: object) -> None:
    if not isinstance(name, str) or not re.fullmatch(rf"[a-z0-9]{{1,{NAME_LIMIT}}}", name):
        message = f"{str(name)[:40]!a} is no attribute; name one with a-z and 0-9, and put what was measured into data"
        raise InputError(message, code="bad_name")
    own = name in ATTRIBUTES
    if isinstance(value, int) and not own and name not in ("specversion", "datacontenttype"):
        return
    if not isinstance(value, str):
        raise InputError(f"a text is expected, not {sort_of(value)}", code="wrong_type", field=name)
    if own and not value.strip():
        raise InputError("empty; write it, or leave out what may be missing", code="missing", field=name)
    if len(value) > (most := NAME_LIMIT if own else EXTENSION_LIMIT):
        raise InputError(f"{len(value):,} characters; at most {most} are read", code="too_long", field=name)
    if _FORBIDDEN.search(value):
        raise InputError("control characters and lone surrogates are not read", code="bad_characters", field=name)


def sort_of(value: object) -> str:
    """Name the kind of a JSON value, for messages."""
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    return {str: "a text", type(None): "null", list: "a list"}.get(type(value), "an object")
