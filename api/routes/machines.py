"""Events of machines: CloudEvents that become appeals by a mapping that is data, and their storms one order each."""

import json
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.answers import Lines
from api.dependencies import ReadyHotline, WhoSubmits
from api.hotline import Hotline, Submission
from api.orders import shown_entry
from api.problems import declared
from triage.cloudevents import EXTENSION_LIMIT, NAME_LIMIT, CloudEvent, event_from_headers, read_event
from triage.errors import ConflictError, InputError
from triage.ledger.drafts import REFERENCE_LIMIT
from triage.ledger.events import Actor, canonical
from triage.ledger.keys import digest
from triage.ledger.order import Entry
from triage.lines import TEXT_PATTERN
from triage.machines import Machines

router = APIRouter(tags=["machines"])

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"
_BATCH_LIMIT = 1_000


class EventOut(BaseModel):
    """What came of an event: the order that it became or belongs to, null where it is no matter, or what is wrong."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None
    order: str | None
    status: str | None
    repeats: int
    error: dict[str, str] | None


class EventsOut(BaseModel):
    events: list[EventOut]


_EVENT = {
    "specversion": "1.0",
    "id": "A234-1234",
    "source": "/road/sensors/17",
    "type": "paidan.road.ice",
    "time": "2026-11-22T05:30:00Z",
    "data": {"road": "朝阳区望京街", "district": "朝阳区", "celsius": -2.5, "wet": True},
}
# What `triage.cloudevents` takes, in the words of JSON Schema.
_PLAIN = r"^[^\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]*$"
_ATTRIBUTE = {"type": "string", "maxLength": NAME_LIMIT, "pattern": _PLAIN, "allOf": [{"pattern": TEXT_PATTERN}]}
_EXTENSION = {"type": ["null", "integer", "boolean", "string"], "maxLength": EXTENSION_LIMIT, "pattern": _PLAIN}
_SCHEMA = {
    "type": "object",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        **dict.fromkeys(("id", "source", "type"), _ATTRIBUTE),
        "subject": {**_ATTRIBUTE, "type": ["null", "string"]},
        "time": {"type": ["null", "string"], "format": "date-time"},
        "datacontenttype": {"enum": [None, "application/json"]},
        "data": {"type": "object"},
    },
    "additionalProperties": _EXTENSION,
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$", "not": {"const": "data_base64"}},
}


@router.post(
    "/v1/events",
    status_code=202,
    response_model=EventsOut,
    response_class=Lines,
    responses=declared(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    operation_id="reportEvents",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                STRUCTURED: {"schema": _SCHEMA, "examples": {"ice": {"value": _EVENT}}},
                BATCH: {"schema": {"type": "array", "items": {}}, "examples": {"ice": {"value": [_EVENT]}}},
            },
        }
    },
)
async def report(request: Request, caller: WhoSubmits, hotline: ReadyHotline) -> Response:
    """Take CloudEvents 1.0: one in structured or binary mode, or a batch; repeats of one id and source are one event.

    They are known for seven days; what is sent again later is a new event.

    A road-ice sensor, a water-pressure alarm or another hotline's order becomes an appeal and is routed like any other.
    While an order of the same storm is open, an event is added to that. One of a batch that cannot be used has an error
    in its place; a single one is refused.
    """
    machines: Machines = request.app.state.machines
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (STRUCTURED, BATCH, "application/json"):
        raise HTTPException(415, headers={"Accept": f"{STRUCTURED}, {BATCH}"})
    body = _decoded(await request.body())
    if kind == BATCH:
        if not isinstance(body, list) or len(body) > _BATCH_LIMIT:
            raise InputError(f"a batch is a list of at most {_BATCH_LIMIT:,} events", code="not_a_batch")
        return Lines({"events": await run_in_threadpool(_each, hotline, machines, body, caller.actor)}, 202)
    event = read_event(body) if kind == STRUCTURED else event_from_headers(dict(request.headers), body)
    entry = await run_in_threadpool(_reported, hotline, machines, event, caller.actor)
    return Lines({"events": [shown_entry(event.id, entry)]}, 202)


def _each(hotline: Hotline, machines: Machines, values: list[Any], actor: Actor) -> list[dict[str, Any]]:
    found = []
    for value in values:
        id_ = value.get("id") if isinstance(value, dict) and isinstance(value.get("id"), str) else None
        try:
            event = read_event(value)
            found.append(shown_entry(event.id, _reported(hotline, machines, event, actor)))
        except (InputError, ConflictError) as error:
            found.append(shown_entry(id_, None, error))
    return found


def _reported(hotline: Hotline, machines: Machines, event: CloudEvent, actor: Actor) -> Entry | None:
    try:
        reported = machines.appeal(event)
    except InputError as error:  # it is an event, and no appeal can be made of it here
        raise ConflictError(str(error), code=error.code) from None
    if reported is None:
        return None
    submission = Submission(
        appeal=reported.appeal,
        actor=actor,
        reference=event.id[:REFERENCE_LIMIT],
        # What makes an event one event is its id and source, however its other attributes are written.
        key=digest(f"{actor.owner} {canonical([event.source, event.id]).decode()}"),
        fingerprint="event",
        source=event.source,
        storm=digest(f"{actor.owner} {reported.storm}"),
        within=reported.within,
    )
    return hotline.submit(submission)


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise HTTPException(400) from None
