"""What answers look like, for OpenAPI."""

from api.open311.answers import discovery
from api.open311.documents import (
    Accepted,
    CandidateUnit,
    Extended,
    RoutedTopic,
    Service,
    ServiceDefinition,
    ServiceRequest,
    TokenOut,
)
from api.schemas import VersionsOut
from triage.domain import Action
from triage.ledger.order import Status

DISCOVERY = discovery("beijing 2026.11", "https://12345.example/open311/v2")
SERVICE = Service(
    service_code="T210101",
    service_name="生活垃圾清运与桶站",
    description="生活垃圾没有及时清运，桶站满溢",
    keywords="市容环卫, 垃圾处理, 生活垃圾清运与桶站, 投诉",
    group="市容环卫",
)
DEFINITION = ServiceDefinition(service_code="T210101")
EXTENDED = Extended(
    status=Status.DISPATCHED,
    service_code=None,
    topic=RoutedTopic(code="T210101", name="生活垃圾清运与桶站", probability=0.91),
    decision=Action.DISPATCH,
    confidence=0.96,
    candidates=[CandidateUnit(unit="s110105026", name="朝阳区望京街道", probability=0.96)],
    versions=VersionsOut(bundle="beijing-9bd4a063b6d6", pack="beijing 2026.11", policy="2026.11"),
)
ACCEPTED = Accepted(
    service_request_id="20261122-17",
    service_notice="由朝阳区望京街道承办，应于2026-12-01 23:59前答复。",
    extended_attributes=EXTENDED.model_copy(update={"service_code": "T210101"}),
)
REQUEST = ServiceRequest(
    service_request_id="20261122-17",
    status="open",
    status_notes="已派，等待签收",
    service_name="生活垃圾清运与桶站",
    service_code="T210101",
    description="小区门口的垃圾三天没有清运了",
    agency_responsible="朝阳区望京街道",
    service_notice="由朝阳区望京街道承办，应于2026-12-01 23:59前答复。",
    requested_datetime="2026-11-22T08:00:00+08:00",
    updated_datetime="2026-11-22T08:00:01+08:00",
    expected_datetime="2026-12-01T23:59:59+08:00",
    address="朝阳区望京西园四区",
    address_id=None,
    lat=39.9912,
    long=116.4712,
    extended_attributes=EXTENDED,
)
TOKEN = TokenOut(service_request_id="20261122-17", token="20261122-17")  # noqa: S106 - no secret
