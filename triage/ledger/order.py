"""工单: the state of an order, which follows from its events, and what may happen to it next."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from triage.domain import Action
from triage.errors import ConflictError
from triage.ledger.events import Event, EventKind


class Status(StrEnum):
    """Where an order stands."""

    RECEIVED = "received"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    RETURNED = "returned"
    CLOSED = "closed"
    MERGED = "merged"
    TRANSFERRED = "transferred"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An order with what was written about it: its words, and how it was routed last; None where that was erased."""

    order: "Order"
    text: str | None
    address: str | None
    routing: Mapping[str, Any] | None

    @classmethod
    def of(cls, order: "Order", said: Mapping[str, Any], routed: Mapping[str, Any]) -> Self:
        """Put an order together with the contents of the events in which it was received and routed."""
        return cls(order=order, text=said.get("text"), address=said.get("address"), routing=routed.get("routing"))


OPEN = (Status.RECEIVED, Status.DISPATCHED, Status.SIGNED, Status.RETURNED)
STORMING = (*OPEN, Status.TRANSFERRED, Status.DECLINED)
WITH_A_UNIT = (Status.DISPATCHED, Status.SIGNED)
UNSENT = (Status.RECEIVED, Status.RETURNED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What the clock does to an order at a time: `of` is the deadline, `dispatch` or `feedback`."""

    at: datetime
    kind: EventKind
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a citizen said when called back; not `valid` if nobody could be asked, None where it was not said."""

    valid: bool = True
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order as it stands. `version` is the number of the last event that changed it, `first` of its first.

    `unit` leads, or led until the order came back or was closed; `returned_by` are those that sent it back, the first
    handler first. `sent_by_model` tells whether the first dispatch was made without a person, `audited` whether a
    person was drawn to make it although the model was sure, and `propensity` how probable that was. `routed` is the
    number of the event that holds the last routing. `storm` is what the events of one machine have in common, which are
    merged until `storm_until`. `rung` are the alarms that went off, `overdue` whether it was or is answered too late.
    """

    id: str
    first: int
    version: int
    received_at: datetime
    reference: str = ""
    status: Status = Status.RECEIVED
    owner: str = ""
    channel: str = ""
    source: str = ""
    storm: str = ""
    storm_until: datetime | None = None
    topic: str = ""
    district: str = ""
    street: str = ""
    kind: str = ""
    urgency: str = ""
    action: str = ""
    degraded: str = ""
    routed: int = 0
    dispatch_by: datetime | None = None
    dispatch_remind_at: datetime | None = None
    feedback_by: datetime | None = None
    feedback_remind_at: datetime | None = None
    unit: str = ""
    assist: tuple[str, ...] = ()
    first_unit: str = ""
    sent_by_model: bool = False
    audited: bool = False
    propensity: float = 0.0
    returned_by: tuple[str, ...] = ()
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    closed_at: datetime | None = None
    final_unit: str = ""
    called_back_at: datetime | None = None
    valid: bool | None = None
    contacted: bool | None = None
    solved: bool | None = None
    satisfaction: str = ""
    rung: tuple[str, ...] = ()
    overdue: bool = False
    repeats: int = 0
    merged_into: str = ""
    erased: bool = False

    @property
    def alarm(self) -> Alarm | None:
        """Return what the clock has to say next: a reminder, or that a deadline has passed; None where nothing runs."""
        if self.status not in OPEN:
            return None
        awaits_dispatch = self.status is Status.RECEIVED
        of = "dispatch" if awaits_dispatch else "feedback"
        remind_at = self.dispatch_remind_at if awaits_dispatch else self.feedback_remind_at
        due = self.dispatch_by if awaits_dispatch else self.feedback_by
        if remind_at and _rings(EventKind.REMINDED, of) not in self.rung:
            return Alarm(at=remind_at, kind=EventKind.REMINDED, of=of)
        if due and _rings(EventKind.OVERDUE, of) not in self.rung:
            return Alarm(at=due, kind=EventKind.OVERDUE, of=of)
        return None


def folded(events: Iterable[Event], order: Order | None = None) -> Order | None:
    """Return the state that follows from events in their order, after a state if one is given."""
    for event in events:
        order = after(order, event)
    return order


def after(order: Order | None, event: Event) -> Order:
    """Return the state after one more event.

    Raises
    ------
    ConflictError
        The state does not allow the event, or there is none and the event is not the first.
    """
    if event.kind is EventKind.RECEIVED:
        return _received(event)
    if order is None:
        raise ConflictError(f"no order {event.order} was received", code="no_such_order")
    if problem := refusal(order, event.kind):
        raise ConflictError(problem, code="not_now")
    change = _CHANGES.get(event.kind)
    changed = change(order, event) if change else order
    return changed if event.kind in _QUIET else replace(changed, version=event.number)


# What changes nothing that somebody decides by, so that nobody's `version` is stale for it.
_QUIET = (EventKind.REMINDED, EventKind.READ, EventKind.REPEATED)


def refusal(order: Order, kind: EventKind) -> str:
    """Tell why an order does not take an event now; nothing where it does."""
    allowed = _ALLOWED.get(kind)
    unsolved = order.status is Status.CLOSED and order.solved is False
    again = unsolved and kind in (EventKind.DISPATCHED, EventKind.REDISPATCHED)
    if allowed is None or order.status in allowed or again:
        return ""
    whose = f" with {order.unit}" if order.unit and order.status in WITH_A_UNIT else ""
    when = f"; one that is {' or '.join(allowed)} can be" if allowed else ""
    return f"the order is {order.status}{whose} and cannot be {_DONE.get(kind, kind.value)}{when}"


def dispatch_kind(order: Order) -> EventKind:
    """Return which of the two events a dispatch is now: the first one, or one after it came back."""
    return EventKind.REDISPATCHED if order.first_unit else EventKind.DISPATCHED


_SENDABLE = (*UNSENT, Status.TRANSFERRED, Status.DECLINED)
_ALLOWED: Mapping[EventKind, tuple[Status, ...]] = {
    EventKind.ROUTED: UNSENT,
    EventKind.DECIDED: UNSENT,
    EventKind.DISPATCHED: _SENDABLE,
    EventKind.REDISPATCHED: _SENDABLE,
    EventKind.SIGNED: (Status.DISPATCHED,),
    EventKind.RETURNED: WITH_A_UNIT,
    EventKind.MERGED: OPEN,
    EventKind.REPEATED: STORMING,
    EventKind.REMINDED: OPEN,
    EventKind.OVERDUE: OPEN,
    EventKind.CLOSED: (*OPEN, Status.TRANSFERRED, Status.DECLINED, Status.MERGED),
    EventKind.CALLED_BACK: (Status.CLOSED,),
}
_DONE = {
    EventKind.DISPATCHED: "dispatched",
    EventKind.REDISPATCHED: "dispatched",
    EventKind.CALLED_BACK: "called back",
}


def _received(event: Event) -> Order:
    facts, said = event.facts, event.content or {}
    return Order(
        id=event.order,
        first=event.number,
        version=event.number,
        received_at=datetime.fromisoformat(facts["received_at"]),
        reference=said.get("reference", ""),
        owner=facts["owner"],
        channel=said.get("channel", ""),
        source=facts.get("source", ""),
        storm=facts.get("storm", ""),
        storm_until=_moment(facts.get("storm_until")),
    )


def _routed(order: Order, event: Event) -> Order:
    """The deadlines are those of the first routing: an order that comes back has no more time than before."""
    facts = event.facts
    return replace(
        order,
        topic=facts["topic"],
        district=facts["district"],
        street=facts["street"],
        kind=facts["kind"],
        urgency=facts["urgency"],
        degraded=facts["degraded"],
        routed=event.number,
        dispatch_by=order.dispatch_by or _moment(facts["dispatch_by"]),
        dispatch_remind_at=order.dispatch_remind_at or _moment(facts["dispatch_remind_at"]),
        feedback_by=order.feedback_by or _moment(facts["feedback_by"]),
        feedback_remind_at=order.feedback_remind_at or _moment(facts["feedback_remind_at"]),
    )


def _decided(order: Order, event: Event) -> Order:
    """What came back from a unit waits for a person, whatever the routing makes of it now."""
    ends = {Action.TRANSFER: Status.TRANSFERRED, Action.DECLINE: Status.DECLINED}
    action = Action(event.facts["action"])
    status = ends.get(action, order.status) if order.status is Status.RECEIVED else order.status
    drawn = {name: event.facts.get(name, getattr(order, name)) for name in ("audited", "propensity")}
    return replace(order, action=action.value, status=status, **drawn)


def _dispatched(order: Order, event: Event) -> Order:
    unit = event.facts["unit"]
    first = not order.first_unit
    return replace(
        order,
        status=Status.DISPATCHED,
        unit=unit,
        assist=tuple(event.facts["assist"]),
        first_unit=order.first_unit or unit,
        sent_by_model=event.facts["automatic"] if first else order.sent_by_model,
        dispatched_at=event.at,
        signed_at=None,
        closed_at=None,
        final_unit="",
    )


def _returned(order: Order, event: Event) -> Order:
    by = event.facts["unit"]
    returned_by = order.returned_by if by in order.returned_by else (*order.returned_by, by)
    return replace(order, status=Status.RETURNED, unit="", assist=(), returned_by=returned_by, signed_at=None)


def _merged(order: Order, event: Event) -> Order:
    return replace(order, status=Status.MERGED, merged_into=event.facts["into"])


def _rung(order: Order, event: Event) -> Order:
    of = event.facts["of"]
    late = event.kind is EventKind.OVERDUE and of == "feedback"
    return replace(order, rung=(*order.rung, _rings(event.kind, of)), overdue=order.overdue or late)


def _rings(kind: EventKind, of: str) -> str:
    return f"{of} {kind}"


def _closed(order: Order, event: Event) -> Order:
    """One that was merged stays so: it is closed together with the order under which it went on."""
    facts = event.facts
    return replace(
        order,
        status=order.status if order.merged_into else Status.CLOSED,
        closed_at=event.at,
        final_unit=facts["unit"],
        overdue=order.overdue or bool(order.feedback_by and event.at > order.feedback_by),
        called_back_at=None,
        valid=None,
        contacted=None,
        solved=None,
        satisfaction="",
    )


def _called_back(order: Order, event: Event) -> Order:
    facts = event.facts
    return replace(
        order,
        called_back_at=event.at,
        valid=facts["valid"],
        contacted=facts["contacted"],
        solved=facts["solved"],
        satisfaction=facts["satisfaction"],
    )


_CHANGES: Mapping[EventKind, Callable[[Order, Event], Order]] = {
    EventKind.ROUTED: _routed,
    EventKind.DECIDED: _decided,
    EventKind.DISPATCHED: _dispatched,
    EventKind.REDISPATCHED: _dispatched,
    EventKind.SIGNED: lambda order, event: replace(order, status=Status.SIGNED, signed_at=event.at),
    EventKind.RETURNED: _returned,
    EventKind.MERGED: _merged,
    EventKind.REPEATED: lambda order, event: replace(order, repeats=order.repeats + 1),  # noqa: ARG005
    EventKind.REMINDED: _rung,
    EventKind.OVERDUE: _rung,
    EventKind.CLOSED: _closed,
    EventKind.CALLED_BACK: _called_back,
    EventKind.ERASED: lambda order, event: replace(order, erased=True, reference="", channel=""),  # noqa: ARG005
}


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
