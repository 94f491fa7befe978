"""How the routes describe themselves in OpenAPI: what they take, and every answer in both formats."""

from typing import Any

from pydantic import BaseModel

from api.open311.documents import STATUSES, ErrorOut
from api.open311.rendering import Format, render
from api.open311.reports import (
    ADDRESS_ID_LIMIT,
    ADDRESS_LIMIT,
    CODE_LIMIT,
    DESCRIPTION_LIMIT,
    MOST_ATTRIBUTES,
    VALUE_LIMIT,
)
from api.open311.searches import MOST_DAYS, MOST_ORDERS
from api.problems import KNOWN, MEDIA_TYPE, declared
from triage.lines import TEXT_PATTERN

FORM = "application/x-www-form-urlencoded"

_MEANINGS = {
    400: "The request cannot be used as it is; each error tells what to change.",
    403: "api_key is missing, does not hold, or is for other things.",
    404: "There is no such jurisdiction, service, request or address.",
    415: f"Send the body with Content-Type: {FORM}.",
}
_BEFORE_US = (413, 500)  # answered by the guard of the whole service, in its own format


def answers(name: str, example: BaseModel, *, refusals: tuple[int, ...]) -> dict[int | str, dict[str, Any]]:
    """Describe the answers of a route: an example as XML, and the errors."""
    shown = example.model_dump(mode="json")
    xml = _xml(name, shown if name in _SINGLE else [shown])
    return {
        200: {"description": "As XML or JSON", "content": {"text/xml": xml}},
        **{status: _refusal(status) for status in (*refusals, 500, 503)},
    }


def _refusal(status: int) -> dict[str, Any]:
    described = _MEANINGS.get(status) or KNOWN[status][1]
    content = {"text/xml": _xml("errors", [{"code": status, "description": described}])}
    if status in _BEFORE_US:
        content[MEDIA_TYPE] = declared(status)[status]["content"][MEDIA_TYPE]
    return {"model": list[ErrorOut], "description": described, "content": content}


def parameters(*names: str) -> list[dict[str, Any]]:
    """Describe parameters of an address or a query."""
    return [{"name": name, **_PARAMETERS[name]} for name in names]


def filters() -> list[dict[str, Any]]:
    """Describe what a search takes beside the parameters of every address."""
    return [{"name": name, **described} for name, described in _FILTERS.items()]


def form() -> dict[str, Any]:
    """Describe the body of a report."""
    return {"required": True, "content": {FORM: {"schema": _REPORT, "examples": _REPORTS}}}


def _xml(name: str, content: object) -> dict[str, Any]:
    return {"schema": {"type": "string"}, "example": render(name, content, Format.XML).decode()}


_SINGLE = ("discovery", "service_definition")


def _path(description: str, **schema: object) -> dict[str, Any]:
    return {"in": "path", "required": True, "description": description, "schema": {"type": "string", **schema}}


def _query(description: str, **schema: object) -> dict[str, Any]:
    return {"in": "query", "required": False, "description": description, "schema": {"type": "string", **schema}}


# A field that is left empty counts as left out, in these too.
_ANY_STATUS = "^(({0})(,({0}))*)?$".format("|".join(STATUSES))
_MOMENT = {"anyOf": [{"format": "date-time"}, {"maxLength": 0}]}
_JURISDICTION = "The city; it may be left out, since there is only one, and no other is found"
_PARAMETERS = {
    "format": _path("In what the answer is written", enum=[each.value for each in Format]),
    "service_code": _path("Code of a topic"),
    "service_request_id": _path("Number of the order"),
    "token": _path("Number of the order"),
    "jurisdiction_id": _query(_JURISDICTION),
}
_FILTERS = {
    "service_request_id": _query(
        f"Numbers of orders with commas between them, {MOST_ORDERS:,} at most; other filters do not count then"
    ),
    "service_code": _query("Codes of topics with commas between them"),
    "status": _query("Both may be given with a comma between them", pattern=_ANY_STATUS),
    "start_date": _query(
        f"Requests that came in from then on, for {MOST_DAYS} days at most; by default the last {MOST_DAYS}",
        **_MOMENT,
    ),
    "end_date": _query(f"Requests that came in until then, {MOST_ORDERS:,} at most", **_MOMENT),
}


def _text(description: str, **schema: object) -> dict[str, Any]:
    return {"type": "string", "description": description, **schema}


def _number(description: str, limit: float) -> dict[str, Any]:
    return {"type": "number", "minimum": -limit, "maximum": limit, "description": description}


def _written(name: str) -> dict[str, Any]:
    return {"required": [name], "properties": {name: {"pattern": TEXT_PATTERN}}}


_DROPPED = "Taken and dropped: who reports is not kept"
_ATTRIBUTE = _text(
    f"More about the matter, by {MOST_ATTRIBUTES} codes at most; several values of one as attribute[code][]. "
    "It is kept with the order, and masked as its words are",
    maxLength=VALUE_LIMIT,
)
_REPORT = {
    "type": "object",
    "required": ["service_code"],
    "anyOf": [{"required": ["lat", "long"]}, _written("address_string"), _written("address_id")],
    "dependentRequired": {"lat": ["long"], "long": ["lat"]},
    "properties": {
        "api_key": _text("A key, where it is not sent as Authorization: Bearer"),
        "jurisdiction_id": _text(_JURISDICTION),
        "service_code": _text(
            "Code of a topic. It is advice: the words decide, and both are told", pattern=TEXT_PATTERN
        ),
        "description": _text(
            "What happened; the name of the service where it is left out", maxLength=DESCRIPTION_LIMIT
        ),
        "lat": _number("Latitude (WGS 84)", 90),
        "long": _number("Longitude (WGS 84)", 180),
        "address_string": _text("Where, in words", maxLength=ADDRESS_LIMIT),
        "address_id": _text("Number of an address in the city's own register", maxLength=ADDRESS_ID_LIMIT),
        **{name: _text(_DROPPED) for name in ("email", "phone", "first_name", "last_name", "device_id", "account_id")},
        "media_url": _text("Taken and dropped: nothing is fetched from elsewhere"),
    },
    "patternProperties": {rf"^attribute\[[^\[\]]{{1,{CODE_LIMIT}}}\]$": _ATTRIBUTE},
}
_REPORTS = {
    "中文": {
        "summary": "一件诉求",
        "value": {
            "api_key": "KEY",
            "service_code": "T210101",
            "description": "小区门口的垃圾三天没有清运了",
            "address_string": "朝阳区望京西园四区",
        },
    },
    "English": {
        "summary": "Coordinates instead of an address",
        "value": {"api_key": "KEY", "service_code": "T210101", "lat": 39.9912, "long": 116.4712},
    },
}
