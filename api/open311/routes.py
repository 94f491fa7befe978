"""The addresses of Open311 GeoReport v2, as its specification has them."""

import re
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.open311 import samples
from api.open311.answers import Answers, discovery, service_of
from api.open311.description import answers, filters, form, parameters
from api.open311.documents import Accepted, Discovery, Service, ServiceDefinition, ServiceRequest, TokenOut
from api.open311.exchange import Exchange, Known, Opened, Route
from api.open311.refusal import refused
from api.open311.reports import report_from
from api.open311.searches import MOST_ORDERS, search_from
from api.orders import ORDER_ID
from triage.ledger.order import Entry

router = APIRouter(prefix="/open311", tags=["open311"], route_class=Route)

_OPEN, _KEYED = (400, 404), (400, 403, 404, 429)


@router.get(
    "/discovery.{format}",
    response_model=Discovery,
    responses=answers("discovery", samples.DISCOVERY, refusals=_OPEN),
    openapi_extra={"parameters": parameters("format", "jurisdiction_id")},
    operation_id="open311Discovery",
)
def discover(request: Request, exchange: Opened) -> Response:
    """Tell where Open311 is spoken, in which versions and formats, and how to get a key."""
    url = f"{request.base_url}open311/v2"
    return exchange.answer("discovery", discovery(exchange.desk.changeset, url))


@router.get(
    "/v2/services.{format}",
    response_model=list[Service],
    responses=answers("services", samples.SERVICE, refusals=_OPEN),
    openapi_extra={"parameters": parameters("format", "jurisdiction_id")},
    operation_id="open311Services",
)
def services(exchange: Opened) -> Response:
    """List what can be reported: the topics of the city pack."""
    return exchange.answer("services", [service_of(topic) for topic in exchange.desk.pack.topics])


@router.get(
    "/v2/services/{service_code}.{format}",
    response_model=ServiceDefinition,
    responses=answers("service_definition", samples.DEFINITION, refusals=_OPEN),
    openapi_extra={"parameters": parameters("service_code", "format", "jurisdiction_id")},
    operation_id="open311Service",
)
def service(request: Request, exchange: Opened) -> Response:
    """Tell what a service asks for beyond the fields of every request: nothing."""
    code = request.path_params["service_code"]
    if all(topic.code != code for topic in exchange.desk.pack.topics):
        raise refused(404, "service_code was not found; GET services lists them")
    return exchange.answer("service_definition", ServiceDefinition(service_code=code))


@router.post(
    "/v2/requests.{format}",
    response_model=list[Accepted],
    responses=answers("service_requests", samples.ACCEPTED, refusals=(*_KEYED, 413, 415)),
    openapi_extra={"parameters": parameters("format"), "requestBody": form()},
    operation_id="open311Submit",
)
def submit(exchange: Known) -> Response:
    """Report a matter: it is routed and written down, and has its number at once.

    The words decide which topic it is. The service that the client names and its attributes are kept beside them, in
    the order's history. Who reports it (`email`,
    `phone`, `first_name`, `last_name`, `device_id`, `account_id`) and `media_url` are neither kept nor repeated.
    """
    desk, report = exchange.desk, report_from(exchange.fields, exchange.desk.pack)
    code = report.topic.code
    entry = desk.submit(exchange.caller, report.appeal, service_code=code, attributes=report.attributes)
    return exchange.answer("service_requests", [Answers(desk.pack).accepted(entry, service_code=code)])


@router.get(
    "/v2/requests.{format}",
    response_model=list[ServiceRequest],
    responses=answers("service_requests", samples.REQUEST, refusals=_KEYED),
    openapi_extra={"parameters": [*parameters("format", "jurisdiction_id"), *filters()]},
    operation_id="open311Requests",
)
def requests(exchange: Known) -> Response:
    """List the requests that the key may see, newest first, 1,000 at most."""
    search = search_from(exchange.fields, now=datetime.now(UTC))
    found = exchange.desk.find(
        exchange.caller,
        ids=search.ids,
        service_codes=search.service_codes,
        statuses=search.statuses,
        start=search.start,
        end=search.end,
        limit=MOST_ORDERS,
    )
    shown = Answers(exchange.desk.pack)
    return exchange.answer("service_requests", [shown.request(entry) for entry in found])


@router.get(
    "/v2/requests/{service_request_id}.{format}",
    response_model=list[ServiceRequest],
    responses=answers("service_requests", samples.REQUEST, refusals=_KEYED),
    openapi_extra={"parameters": parameters("service_request_id", "format", "jurisdiction_id")},
    operation_id="open311Request",
)
def request(request: Request, exchange: Known) -> Response:
    """Tell how a request stands, and how it was routed."""
    entry = _entry(exchange, request.path_params["service_request_id"])
    return exchange.answer("service_requests", [Answers(exchange.desk.pack).request(entry)])


@router.get(
    "/v2/tokens/{token}.{format}",
    response_model=list[TokenOut],
    responses=answers("service_requests", samples.TOKEN, refusals=_KEYED),
    openapi_extra={"parameters": parameters("token", "format", "jurisdiction_id")},
    operation_id="open311Token",
)
def token(request: Request, exchange: Known) -> Response:
    """Tell the number of the request that a token stands for: the same, since it is given at once."""
    id_ = _entry(exchange, request.path_params["token"]).order.id
    return exchange.answer("service_requests", [TokenOut(service_request_id=id_, token=id_)])


@router.get("/{rest:path}", include_in_schema=False)
def nothing() -> Response:
    """Refuse every other address as Open311 does."""
    raise refused(404, "there is nothing at this address; GET /open311/discovery.xml tells what there is")


def _entry(exchange: Exchange, id_: str) -> Entry:
    entry = exchange.desk.one(exchange.caller, id_) if re.fullmatch(ORDER_ID, id_) else None
    if entry is None:
        raise refused(404, "service_request_id was not found, or is not for this key")
    return entry
