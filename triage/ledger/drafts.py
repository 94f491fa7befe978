"""What is written down of an appeal that came in and was routed: its masked words, and the routing."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from triage.domain import Action, Due, MaskedSpan, Routing
from triage.ledger.events import Draft, EventKind, Facts
from triage.ledger.keys import Key
from triage.ledger.order import Said
from triage.lines import Line, routed_line
from triage.text import mask_as_given
from triage.text.mask import placeholder

REFERENCE_LIMIT = LABEL_LIMIT = 100
_FIRST = datetime(1900, 1, 1, tzinfo=UTC)  # before, no time can be kept in every zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """An appeal that came in, routed and not yet written down.

    Parameters
    ----------
    received_at
        When it came in; deadlines count from here.
    key, fingerprint
        Under which key the sender repeats it if no answer came, and of what body; empty where it has none.
    reference
        What the sender calls it.
    source, storm, within
        Which machine tells it, what its events have in common, and for how long they are one order.
    hold
        Whether a person will dispatch it, however sure the routing is.
    audited, propensity
        Whether it was drawn for a person who decides instead of the model, and how probable that was; 0 where it would
        not be dispatched by itself, or nothing is drawn.
    advice, attributes
        Code of the topic that the sender takes it to be, and what else it tells, by codes of its own.
    sealed
        The words as given, encrypted, where the city keeps them.
    """

    routing: Routing
    received_at: datetime
    key: str = ""
    fingerprint: str = ""
    reference: str = ""
    source: str = ""
    storm: str = ""
    within: timedelta = timedelta()
    hold: bool = False
    audited: bool = False
    propensity: float = 0.0
    advice: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    sealed: bytes | None = None


def received(order: str, reception: Reception, *, owner: str) -> Draft:
    """Return the event that an appeal came in."""
    appeal = reception.routing.appeal
    at = max(reception.received_at, _FIRST)
    facts: dict[str, object] = {"received_at": at.isoformat(), "owner": owner}
    if reception.source:
        until = at + reception.within
        facts |= {"source": reception.source, "storm": reception.storm, "storm_until": until.isoformat()}
    if reception.advice:
        facts["advice"] = reception.advice
    content: dict[str, object] = {
        "text": masked(appeal.text),
        "address": masked(appeal.address) if appeal.address else None,
        "channel": plain(masked(appeal.channel or ""))[:LABEL_LIMIT],
        "reference": plain(reception.reference),
    }
    if reception.attributes:
        content["attributes"] = [_attribute(code, value) for code, value in reception.attributes.items()]
    return Draft(order=order, kind=EventKind.RECEIVED, facts=facts, content=content)


def _attribute(code: str, value: str) -> dict[str, str]:
    """Mask an attribute; its code may be what tells that the value is somebody's name."""
    told = masked(f"{code}：{value}").removeprefix(f"{masked(code)}：")
    return {"code": plain(masked(code)), "value": plain(masked(told))}


def plain(words: str) -> str:
    """Return words as a column of text can hold them."""
    return words.encode("utf-8", "replace").decode().replace("\0", "?")


def routed(order: str, routing: Routing, *, audit: Facts | None = None) -> tuple[Draft, Draft]:
    """Return the events that an order was routed, and what was decided; `audit` is what was drawn for people."""
    decision, due = routing.decision, routing.due
    facts = {
        "topic": routing.topics[0].topic.code if routing.topics else "",
        "district": routing.place.district or "",
        "street": routing.place.street or "",
        "kind": routing.kind,
        "urgency": routing.urgency.value,
        "degraded": routing.degraded,
        "suggestions": [[one.unit.code, round(one.probability, 4)] for one in routing.suggestions],
        **_times(due),
    }
    decided = {"action": decision.action.value, "reason": decision.reason, "to": decision.to}
    return (
        Draft(order=order, kind=EventKind.ROUTED, facts=facts, content={"routing": kept_line(order, routing)}),
        Draft(order=order, kind=EventKind.DECIDED, facts={**decided, "units": list(decision.units), **(audit or {})}),
    )


def audit(reception: Reception) -> Facts:
    """Return whether a person was drawn to decide, and how probable that was; nothing where none is drawn."""
    return {"audited": reception.audited, "propensity": reception.propensity} if reception.propensity else {}


def sent(order: str, routing: Routing) -> Draft | None:
    """Return the dispatch that a routing decided on; None where a person decides."""
    decision = routing.decision
    if decision.action is not Action.DISPATCH:
        return None
    return dispatch(order, EventKind.DISPATCHED, unit=decision.units[0], assist=decision.units[1:], automatic=True)


def dispatch(
    order: str, kind: EventKind, *, unit: str, assist: Iterable[str] = (), automatic: bool = False, note: str = ""
) -> Draft:
    """Return a dispatch, the first or a later one, by a person or not."""
    facts = {"unit": unit, "assist": list(assist), "automatic": automatic}
    return Draft(order=order, kind=kind, facts=facts, content=noted(note))


def called_back(order: str, said: Said, *, note: str = "") -> Draft:
    """Return what a citizen said when called back."""
    return Draft(order=order, kind=EventKind.CALLED_BACK, facts=asdict(said), content=noted(note))


def key_created(key: Key, *, replaces: str = "") -> Draft:
    """Return that a key was made."""
    facts = {"key": key.id, "role": key.role.value, "unit": key.unit, "replaces": replaces}
    return Draft(order="", kind=EventKind.KEY_CREATED, facts=facts)


def noted(note: str) -> Facts | None:
    """Return what somebody wrote, masked; None where nothing was."""
    return {"note": masked(note)} if note else None


def masked(text: str) -> str:
    """Return a text as it was written but for personal data."""
    return mask_as_given(text)[0]


def kept_line(order: str, routing: Routing) -> Line:
    """Return the routed line of an order; the spans of its matters are those of the masked text."""
    line = routed_line(routing)
    if routing.matters:
        _, personal = mask_as_given(routing.appeal.text)
        matters = [{**matter, "span": [_moved(at, personal) for at in matter["span"]]} for matter in line["matters"]]
        line = {**line, "matters": matters}
    return {**line, "id": order}


def _times(due: Due | None) -> dict[str, str | None]:
    if due is None:
        return dict.fromkeys(("dispatch_by", "dispatch_remind_at", "feedback_by", "feedback_remind_at"))
    return {
        "dispatch_by": _written(due.dispatch_by),
        "dispatch_remind_at": _written(due.dispatch_remind_at),
        "feedback_by": _written(due.feedback_by),
        "feedback_remind_at": _written(due.feedback_remind_at),
    }


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _moved(at: int, personal: Iterable[MaskedSpan]) -> int:
    """Return where a position of the text as given is in the masked one."""
    shift = 0
    for span in personal:
        if at <= span.start:
            break
        kept = len(placeholder(span.type))
        shift += kept - (min(at, span.end) - span.start)
    return at + shift
