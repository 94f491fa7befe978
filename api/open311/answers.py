"""Topics and orders as Open311 shows them."""

from collections.abc import Iterable
from datetime import datetime

from api.open311.documents import (
    STATUSES,
    Accepted,
    CandidateUnit,
    Discovery,
    Endpoint,
    Extended,
    RoutedTopic,
    Service,
    ServiceRequest,
)
from api.open311.location import Location
from api.open311.rendering import Format
from api.routing import Pack
from api.schemas import VersionsOut
from triage.directory import CHINA_TIME
from triage.domain import Action, Topic
from triage.ledger.order import OPEN, Entry, Order, Status

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"

_NOTES = {
    Status.RECEIVED: "待派",
    Status.DISPATCHED: "已派，等待签收",
    Status.SIGNED: "办理中",
    Status.RETURNED: "已退单，等待改派",
    Status.CLOSED: "办结",
    Status.MERGED: "已并单",
    Status.TRANSFERRED: "已转接",
    Status.DECLINED: "不予受理",
}
_SAYS_WHY = (Status.TRANSFERRED, Status.DECLINED)


def discovery(changeset: str, url: str) -> Discovery:
    """Tell where GeoReport v2 is spoken."""
    formats = [form.media_type for form in Format]
    return Discovery(
        changeset=changeset,
        contact="请联系本服务的管理员。Ask whoever runs this service; /openapi.json describes all of it.",
        key_service="由管理员用 paidan keys create 发放。The administrator makes keys with `paidan keys create`.",
        endpoints=[Endpoint(specification=SPECIFICATION, url=url, changeset=changeset, formats=formats)],
    )


def service_of(topic: Topic) -> Service:
    """Show a topic."""
    return Service(
        service_code=topic.code,
        service_name=topic.name,
        description=topic.meaning or topic.name,
        keywords=", ".join(dict.fromkeys((*topic.path, *topic.kinds))),
        group=topic.path[0],
    )


class Answers:
    """Orders in the names of a city pack; a unit or topic that it no longer has is called by its code."""

    def __init__(self, pack: Pack) -> None:
        self._units: dict[str, str] = {unit.code: unit.name for unit in pack.units}
        self._topics: dict[str, str] = {topic.code: topic.name for topic in pack.topics}

    def accepted(self, entry: Entry, *, service_code: str) -> Accepted:
        """Tell the number of an order that has just come in, and how it was routed."""
        return Accepted(
            service_request_id=entry.order.id,
            service_notice=self._notice(entry.order),
            extended_attributes=self._extended(entry, service_code=service_code),
        )

    def request(self, entry: Entry) -> ServiceRequest:
        """Tell all about an order."""
        order, location = entry.order, Location.read(entry.address or "")
        return ServiceRequest(
            service_request_id=order.id,
            status=next(word for word, statuses in STATUSES.items() if order.status in statuses),
            status_notes=_notes(entry),
            service_name=self._topics.get(order.topic, order.topic) or None,
            service_code=order.topic or None,
            description=entry.text,
            agency_responsible=self._agency(order),
            service_notice=self._notice(order),
            requested_datetime=_written(order.received_at),
            updated_datetime=_written(_updated(order)),
            expected_datetime=_written(order.feedback_by) if order.feedback_by else None,
            address=location.address or None,
            address_id=location.address_id or None,
            lat=location.lat,
            long=location.long,
            extended_attributes=self._extended(entry),
        )

    def _agency(self, order: Order) -> str | None:
        code = order.final_unit or order.unit
        return self._units.get(code, code) or None

    def _notice(self, order: Order) -> str | None:
        if order.status not in OPEN:
            return None
        agency = self._agency(order)
        until = order.feedback_by if agency else order.dispatch_by
        what, done = (f"由{agency}承办", "答复") if agency else ("等待派单", "派出")
        return f"{what}，应于{until.astimezone(CHINA_TIME):%Y-%m-%d %H:%M}前{done}。" if until else f"{what}。"

    def _extended(self, entry: Entry, *, service_code: str | None = None) -> Extended:
        order, routing = entry.order, entry.routing or {}
        candidates = [
            CandidateUnit(unit=each["unit"], name=each["name"], probability=each["probability"])
            for each in routing.get("suggestions", ())
        ]
        return Extended(
            status=order.status,
            service_code=service_code,
            topic=self._topic(order.topic, routing.get("topics", ())),
            decision=Action(order.action) if order.action else None,
            confidence=candidates[0].probability if candidates else None,
            candidates=candidates,
            versions=VersionsOut.model_validate(routing["versions"]) if "versions" in routing else None,
        )

    def _topic(self, code: str, ranked: Iterable[dict[str, float | str]]) -> RoutedTopic | None:
        if not code:
            return None
        probability = next((float(each["probability"]) for each in ranked if each["code"] == code), None)
        return RoutedTopic(code=code, name=self._topics.get(code, code), probability=probability)


def _notes(entry: Entry) -> str:
    order, note = entry.order, _NOTES[entry.order.status]
    if order.merged_into:
        return f"{note}，并入{order.merged_into}"
    why = entry.routing["decision"]["why"] if entry.routing and order.status in _SAYS_WHY else ""
    return f"{note}：{why}" if why else note


def _updated(order: Order) -> datetime:
    """Return when an order was closed, or else when something last happened to it as far as its state tells."""
    known = (order.received_at, order.dispatched_at, order.signed_at)
    return order.closed_at or max(at for at in known if at)


def _written(at: datetime) -> str:
    return at.astimezone(CHINA_TIME).isoformat(timespec="seconds")
