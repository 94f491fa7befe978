"""The border: what the answers of Open311 hold, in the names and the order of its specification."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.schemas import Probability, VersionsOut
from triage.domain import Action
from triage.ledger.order import OPEN, Status

_MOMENT = Field(json_schema_extra={"format": "date-time"})
Moment = Annotated[str, _MOMENT]
OptionalMoment = Annotated[str | None, _MOMENT]
Word = Literal["open", "closed"]
STATUSES: Mapping[Word, tuple[Status, ...]] = {
    "open": OPEN,
    "closed": tuple(status for status in Status if status not in OPEN),
}


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Service(_Out):
    """事项: a topic of the city pack; `group` is its first level."""

    service_code: str
    service_name: str
    description: str
    metadata: Literal[False] = False
    type: Literal["realtime"] = "realtime"
    keywords: str
    group: str


class ServiceDefinition(_Out):
    """A topic asks for nothing but what every request holds."""

    service_code: str
    attributes: tuple[()] = ()


class RoutedTopic(_Out):
    """事项: what the words are about, whatever service the client named."""

    code: str
    name: str
    probability: Probability | None


class CandidateUnit(_Out):
    """派单建议: a unit with the calibrated probability that it is the one that will close the order."""

    unit: str
    name: str
    probability: Probability


class Extended(_Out):
    """Beyond the specification: how the request was routed. A list of requests leaves `candidates` empty.

    `service_code` is the one that the client named, told where the request is submitted; `decision` is null until the
    order was routed, `confidence` is the probability of the first candidate.
    """

    status: Status
    service_code: str | None
    topic: RoutedTopic | None
    decision: Action | None
    confidence: Probability | None
    candidates: list[CandidateUnit]
    versions: VersionsOut | None


class ServiceRequest(_Out):
    """工单: an order; what was personal in `description` and `address` is masked."""

    service_request_id: str
    status: Word
    status_notes: str
    service_name: str | None
    service_code: str | None
    description: str | None
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: Moment
    updated_datetime: Moment
    expected_datetime: OptionalMoment
    address: str | None
    address_id: str | None
    zipcode: None = None
    lat: float | None
    long: float | None
    media_url: None = None
    extended_attributes: Extended


class Accepted(_Out):
    """受理: the number of the order that came of a request."""

    service_request_id: str
    service_notice: str | None
    account_id: None = None
    extended_attributes: Extended


class TokenOut(_Out):
    """Tokens are the numbers of orders, since those are given at once."""

    service_request_id: str
    token: str


class Endpoint(_Out):
    specification: str
    url: str
    changeset: str
    type: Literal["production"] = "production"
    formats: list[str]


class Discovery(_Out):
    """Which versions of Open311 are spoken, where, and how to get a key."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[Endpoint]


class ErrorOut(_Out):
    """What is wrong with a request; `code` is the status of HTTP that it has by itself."""

    code: int
    description: str
