"""工单 at the border: what is asked of an order, and how one is shown."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from api.examples import ORDER
from api.schemas import DecisionOut, RoutedLine, Text, Words, checked_by
from triage.directory import CHINA_TIME
from triage.domain import Appeal, ReturnReason
from triage.errors import ConflictError, InputError
from triage.ledger.drafts import REFERENCE_LIMIT
from triage.ledger.events import Event, EventKind
from triage.ledger.order import Entry, Said, Status
from triage.lines import Line, id_from

# What PostgreSQL keeps in a column of text: no control characters, NUL above all.
PLAIN = r"^[^\x00-\x1f\x7f]*$"
LONE = re.compile("[\ud800-\udfff]")  # surrogates, which no encoding of text holds
ORDER_ID = r"^[0-9]{8}-[0-9]{1,18}$"


def _whole(value: object) -> object:
    """Take 24.0 for 24, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _dated(value: object) -> object:
    if isinstance(value, str) and not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("a time such as 2026-11-22T08:30:00+08:00 is expected")  # pydantic would take seconds too
    return value


WholeFloats = BeforeValidator(_whole)
Time = Annotated[datetime, BeforeValidator(_dated)]
Code = Annotated[str, Field(min_length=1, max_length=100, pattern=PLAIN, examples=["cy-csglw"])]
OrderId = Annotated[str, Field(pattern=ORDER_ID, examples=[ORDER["id"]])]


def _reference(value: object) -> str:
    words = "" if value is None else id_from(_whole(value))
    if len(words) > REFERENCE_LIMIT or not re.fullmatch(PLAIN, words) or LONE.search(words):
        raise InputError(
            f"at most {REFERENCE_LIMIT} characters, none of them a control character", code="bad_id", field="id"
        )
    return words


_REFERENCE = {"type": "string", "maxLength": REFERENCE_LIMIT, "pattern": PLAIN}
_NUMBER = {"type": "integer", "minimum": 0, "maximum": 10**18}
Reference = Annotated[str, checked_by(_reference), WithJsonSchema({"anyOf": [_REFERENCE, _NUMBER, {"type": "null"}]})]
Label = Annotated[str, Field(max_length=100, pattern=PLAIN)]
Written = Annotated[str, Field(max_length=5_000)]
Satisfaction = Literal["满意", "基本满意", "一般", "不满意"]


class _In(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class OrderIn(_In):
    """诉求: an appeal to be written down as an order; other fields are ignored.

    `id` is what the sender calls it: a number of its own, never a telephone. `received_at` counts where it can be read
    and has passed, else the time of the request does. With `hold` nothing is dispatched by itself: an agent will.
    """

    text: Text
    id: Reference = ""
    address: Words = None
    district: Words = None
    received_at: Words = None
    channel: Label | None = None
    hold: bool = False

    def appeal(self) -> Appeal:
        return Appeal(**{**self.model_dump(exclude={"hold"}), "id": self.id or "1"})


class DispatchIn(_In):
    """派单: who leads and who assists, by code."""

    unit: Code
    assist: Annotated[list[Code], Field(max_length=20)] = []
    note: Written = ""


class SignatureIn(_In):
    """签收: nothing more is to be said."""


class ReturnIn(_In):
    """退单: why, and who should have it instead."""

    reason: Annotated[ReturnReason, Field(strict=False)]
    proposed: Code | None = None
    note: Written = ""


class MergeIn(_In):
    """并单: the order under which this one goes on."""

    into: OrderId


class ClosureIn(_In):
    """办结: by whom (whoever has it, if nobody is named) and how; and what the citizen said, if that is known."""

    unit: Code | None = None
    solution: Written = ""
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: Satisfaction | None = None

    @property
    def said(self) -> Said | None:
        """What the citizen said; None where that is not known yet."""
        if self.contacted is None and self.solved is None and self.satisfaction is None:
            return None
        return Said(contacted=self.contacted, solved=self.solved, satisfaction=self.satisfaction or "")


class CallbackIn(_In):
    """回访: what the citizen said; not `valid` if nobody could be asked."""

    valid: bool = True
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: Satisfaction | None = None
    note: Written = ""

    @property
    def said(self) -> Said:
        known = {"contacted": self.contacted, "solved": self.solved}
        return Said(valid=self.valid, **known, satisfaction=self.satisfaction or "")


class ReasonIn(_In):
    """Why somebody reads or erases what citizens wrote; it stays in the ledger."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NamedOut(_Out):
    code: str
    name: str


class OrderOut(_Out):
    """工单: an order as it stands. Personal data in its words is masked; they are null where they were erased.

    `version` is in `ETag` too. `routing` is left out in lists. Times are null where nothing happened yet. One that is
    `audited` was drawn at random for a person, who decides although the model was sure.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [ORDER]})

    id: str
    status: Status
    version: int
    reference: str | None
    channel: str | None
    source: str | None
    text: str | None
    address: str | None
    received_at: str
    unit: NamedOut | None
    assist: list[NamedOut]
    topic: NamedOut | None
    district: str | None
    street: str | None
    kind: str | None
    urgency: str | None
    dispatch_by: str | None
    feedback_by: str | None
    overdue: bool
    dispatched_at: str | None
    signed_at: str | None
    closed_at: str | None
    final_unit: NamedOut | None
    called_back_at: str | None
    valid: bool | None
    contacted: bool | None
    solved: bool | None
    satisfaction: str | None
    returned_by: list[NamedOut]
    repeats: int
    merged_into: str | None
    audited: bool
    decision: DecisionOut | None
    routing: RoutedLine | None = None
    degraded: str | None
    erased: bool


class OriginalOut(_Out):
    """An appeal as it was said, without masks."""

    id: str
    text: str
    address: str | None


class OrderPage(_Out):
    """Orders, newest first; `next` is what to give as `after` for the next page, null on the last one."""

    appeals: list[OrderOut]
    next: str | None


class EventOut(_Out):
    """What happened: `facts` stay, `content` is what somebody wrote and may have been erased."""

    number: int
    order: str
    kind: EventKind
    at: str
    by: str
    name: str
    role: str
    versions: Mapping[str, str]
    facts: Mapping[str, Any]
    content: Mapping[str, Any] | None
    previous: str
    hash: str


class History(_Out):
    """Events, oldest first; `next` is what to give as `after` for the next page, null on the last one."""

    events: list[EventOut]
    next: int | None


Names = Callable[[str], str]


def order_line(entry: Entry, names: Names, *, routing: bool = True) -> Line:
    """Show an order; `names` turns the code of a unit or topic into its name."""
    order = entry.order

    def named(code: str) -> Line | None:
        return {"code": code, "name": names(code)} if code else None

    line: Line = {
        "id": order.id,
        "status": order.status.value,
        "version": order.version,
        "reference": order.reference or None,
        "channel": order.channel or None,
        "source": order.source or None,
        "text": entry.text,
        "address": entry.address,
        "received_at": shown(order.received_at),
        "unit": named(order.unit),
        "assist": [named(code) for code in order.assist],
        "topic": named(order.topic),
        "district": order.district or None,
        "street": order.street or None,
        "kind": order.kind or None,
        "urgency": order.urgency or None,
        **{name: shown(getattr(order, name)) for name in _TIMES},
        "overdue": order.overdue,
        "final_unit": named(order.final_unit),
        "valid": order.valid,
        "contacted": order.contacted,
        "solved": order.solved,
        "satisfaction": order.satisfaction or None,
        "returned_by": [named(code) for code in order.returned_by],
        "repeats": order.repeats,
        "merged_into": order.merged_into or None,
        "audited": order.audited,
        "decision": entry.routing["decision"] if entry.routing else None,
        "degraded": order.degraded or None,
        "erased": order.erased,
    }
    return line | {"routing": entry.routing} if routing else line


def shown_entry(id_: str | None, entry: Entry | None, error: InputError | ConflictError | None = None) -> Line:
    """Show what came of one event of a machine."""
    return {
        "id": id_,
        "order": entry.order.id if entry else None,
        "status": entry.order.status.value if entry else None,
        "repeats": entry.order.repeats if entry else 0,
        "error": {"code": error.code, "message": str(error)} if error else None,
    }


_TIMES = ("dispatch_by", "feedback_by", "dispatched_at", "signed_at", "closed_at", "called_back_at")


_INTERNAL = (EventKind.RETURNED, EventKind.CALLED_BACK, EventKind.READ, EventKind.ERASED)


def event_line(event: Event, names: Mapping[str, str], *, by_others: bool = False) -> Line:
    """Show an event, with everything that its hash is over but the salt, and what its key is called.

    Of what others wrote among themselves, units and intake systems are told nothing.
    """
    content = None if by_others and event.kind in _INTERNAL else event.content
    return {
        "number": event.number,
        "order": event.order,
        "kind": event.kind.value,
        "at": shown(event.at),
        "by": event.by,
        "name": "" if by_others else names.get(event.by, ""),
        "role": event.role,
        "versions": event.versions,
        "facts": event.facts,
        "content": content,
        "previous": event.previous,
        "hash": event.hash,
    }


_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def bounded(moment: datetime | None) -> datetime | None:
    """Bring a time into the range of all databases, in China's zone if it names none."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA_TIME)
    return _EARLIEST if moment.year <= _EARLIEST.year else _LATEST if moment.year >= _LATEST.year else moment


def shown(moment: datetime | None) -> str | None:
    """Write a time as China's."""
    return moment.astimezone(CHINA_TIME).isoformat() if moment else None
