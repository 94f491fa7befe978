"""What routes ask for."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query
from pydantic import WithJsonSchema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller, Doorkeeper, Identified, May, allowed
from api.answers import Lines
from api.hotline import Hotline
from api.orders import ORDER_ID, PLAIN, Time, bounded, order_line
from api.routing import Router, current
from api.settings import Settings
from api.together import Together
from triage.errors import MissingError, NotReadyError
from triage.ledger.ledger import Ledger
from triage.ledger.order import Entry, Order, Status
from triage.ledger.search import Filters


async def json_of_anybody(request: Request) -> None:
    """Refuse a body that does not say it is JSON: a form of another site's page can say only other things."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, headers={"Accept": "application/json"})


async def json_only(request: Request, _: Identified) -> None:
    """Do the same where a key is asked for first."""
    await json_of_anybody(request)


async def _router(request: Request) -> Router:
    router: Router | None = request.app.state.router
    if router is None:
        raise NotReadyError
    return current(router)


async def _together(request: Request) -> Together:
    together: Together | None = request.app.state.together
    if together is None:
        raise NotReadyError
    return together


async def _hotline(request: Request) -> Hotline:
    hotline: Hotline | None = request.app.state.hotline
    if hotline is None:
        raise NotReadyError
    return hotline


async def _ledger(request: Request) -> Ledger:
    ledger: Ledger | None = request.app.state.ledger
    if ledger is None:
        raise NotReadyError
    return ledger


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _doorkeeper(request: Request) -> Doorkeeper:
    doorkeeper: Doorkeeper | None = request.app.state.doorkeeper
    if doorkeeper is None:
        raise NotReadyError
    return doorkeeper


_ETAG = r'^(\*|(W/)?"?[0-9]{1,18}"?)$'  # some clients lose the quotation marks


async def _version(
    if_match: Annotated[
        str | None,
        Header(pattern=_ETAG, description="`ETag` of the order as it is known"),
        WithJsonSchema({"type": "string", "pattern": _ETAG}),
    ] = None,
) -> int | None:
    """Return the version that a change is meant for; None where any will do."""
    digits = (if_match or "").strip('W/"*')
    return int(digits) if digits else None


ReadyRouter = Annotated[Router, Depends(_router)]
ReadyTogether = Annotated[Together, Depends(_together)]
ReadyLedger = Annotated[Ledger, Depends(_ledger)]
ReadyHotline = Annotated[Hotline, Depends(_hotline)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
CurrentDoorkeeper = Annotated[Doorkeeper, Depends(_doorkeeper)]
KnownVersion = Annotated[int | None, Depends(_version)]
OrderPath = Annotated[str, Path(alias="id", pattern=ORDER_ID, description="Number of the order")]

who_routes = allowed(May.ROUTE)
WhoSubmits = Annotated[Caller, Depends(allowed(May.SUBMIT))]
WhoSees = Annotated[Caller, Depends(allowed(May.SEE_OWN))]
WhoDispatches = Annotated[Caller, Depends(allowed(May.DISPATCH))]
WhoSigns = Annotated[Caller, Depends(allowed(May.SIGN))]
WhoReturns = Annotated[Caller, Depends(allowed(May.RETURN))]
WhoMerges = Annotated[Caller, Depends(allowed(May.MERGE))]
WhoCloses = Annotated[Caller, Depends(allowed(May.CLOSE))]
WhoCallsBack = Annotated[Caller, Depends(allowed(May.CALL_BACK))]
WhoExports = Annotated[Caller, Depends(allowed(May.EXPORT))]
WhoCounts = Annotated[Caller, Depends(allowed(May.COUNT))]
WhoListens = Annotated[Caller, Depends(allowed(May.LISTEN))]
WhoAdministers = Annotated[Caller, Depends(allowed(May.ADMINISTER))]
WhoReadsOriginals = Annotated[Caller, Depends(allowed(May.READ_ORIGINALS))]
WhoErases = Annotated[Caller, Depends(allowed(May.ERASE))]


_Named = Annotated[str | None, Query(max_length=100, pattern=PLAIN)]


async def _wanted(
    *,
    caller: WhoSees,
    status: Annotated[Status | None, Query()] = None,
    unit: Annotated[_Named, Query(description="Orders that a unit leads or assists in, by code")] = None,
    topic: Annotated[_Named, Query(description="Code of a topic")] = None,
    district: _Named = None,
    street: _Named = None,
    channel: _Named = None,
    reference: Annotated[_Named, Query(description="What the sender calls the order")] = None,
    received_from: Annotated[Time | None, Query()] = None,
    received_to: Annotated[Time | None, Query(description="Without this moment itself")] = None,
    overdue: Annotated[bool | None, Query()] = None,
) -> Filters:
    """Return which orders are looked for: among those of the caller alone, where it sees no others."""
    return Filters(
        status=status,
        unit=unit,
        topic=topic,
        district=district,
        street=street,
        channel=channel,
        reference=reference,
        owner=caller.owner,
        held_by=caller.unit,
        received_from=bounded(received_from),
        received_to=bounded(received_to),
        overdue=overdue,
    )


Wanted = Annotated[Filters, Depends(_wanted)]

# What is computed from the request alone is open to programs of the same machine, without a key.
OPEN: dict[str, Any] = {"security": [{}]}


def own(caller: Caller, order: Order) -> None:
    """Refuse an order that is not the caller's as if there were none.

    Raises
    ------
    MissingError
        It is another unit's, or was submitted with another key.
    """
    if not caller.sees(order):
        raise MissingError(f"there is no order {order.id}")


def shown_order(hotline: Hotline, entry: Entry, *, status: int = 200) -> Response:
    """Answer with an order and its version."""
    headers = {"ETag": f'"{entry.order.version}"'}
    if status == 201:
        headers["Location"] = f"/v1/appeals/{entry.order.id}"
    return Lines(order_line(entry, hotline.name_of), status, headers)
