"""诉求与工单: appeals come in and become orders; orders are found, shown, and told the history of."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Query
from starlette.responses import Response

from api.answers import Lines
from api.dependencies import (
    OrderPath,
    ReadyHotline,
    ReadyLedger,
    Wanted,
    WhoSees,
    WhoSubmits,
    json_only,
    own,
    shown_order,
)
from api.examples import APPEAL, ENGLISH
from api.hotline import Submission
from api.orders import History, OrderIn, OrderOut, OrderPage, event_line, order_line
from api.problems import declared
from triage.ledger import keys
from triage.ledger.database import reading
from triage.ledger.events import canonical
from triage.ledger.search import find

router = APIRouter(tags=["orders"])


@router.post(
    "/v1/appeals",
    status_code=201,
    response_model=OrderOut,
    response_class=Lines,
    dependencies=[Depends(json_only)],
    responses=declared(400, 401, 403, 409, 413, 415, 422, 429, 500, 503),
    operation_id="createAppeal",
)
async def create(
    appeal: Annotated[
        OrderIn,
        Body(
            openapi_examples={
                "中文": {"summary": "一条诉求", "value": APPEAL},
                "English": {"summary": "Only the text is required", "value": ENGLISH},
            }
        ),
    ],
    caller: WhoSubmits,
    hotline: ReadyHotline,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$", description="One for each appeal; repeat it freely"
        ),
    ] = None,
) -> Response:
    """Write an appeal down and route it; what is sure is dispatched. Answered when it is safe on disk, and not before.

    With an `Idempotency-Key` a request can be repeated until an answer comes: the same key and body give the same
    answer, and one order; the same key with another body gives 409.
    """
    submission = Submission(
        appeal=appeal.appeal(),
        actor=caller.actor,
        reference=appeal.id,
        hold=appeal.hold,
        key=_scoped(caller.actor.owner, idempotency_key) if idempotency_key else "",
        fingerprint=_fingerprint(appeal, idempotency_key) if idempotency_key else "",
    )
    return shown_order(hotline, await hotline.submitted(submission), status=201)


@router.get(
    "/v1/appeals",
    response_model=OrderPage,
    response_class=Lines,
    responses=declared(401, 403, 422, 429, 500, 503),
    operation_id="listAppeals",
)
def listed(
    filters: Wanted,
    hotline: ReadyHotline,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    after: Annotated[str | None, Query(pattern="^[0-9]{1,18}$", description="`next` of the page before")] = None,
) -> Response:
    """List orders, newest first, a page at a time: pages neither repeat nor leave out, whatever comes in meanwhile."""
    entries, last = find(hotline.ledger, filters, limit=limit, after=int(after) if after else None)
    lines = [order_line(entry, hotline.name_of, routing=False) for entry in entries]
    return Lines({"appeals": lines, "next": None if last is None else str(last)})


@router.get(
    "/v1/appeals/{id}",
    response_model=OrderOut,
    response_class=Lines,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="readAppeal",
)
def read(order: OrderPath, caller: WhoSees, hotline: ReadyHotline) -> Response:
    """Show an order as it stands, with its last routing; its version is in `ETag`."""
    entry = hotline.ledger.entry(order)
    own(caller, entry.order)
    return shown_order(hotline, entry)


@router.get(
    "/v1/appeals/{id}/history",
    response_model=History,
    response_class=Lines,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="readHistory",
)
def history(
    order: OrderPath,
    caller: WhoSees,
    ledger: ReadyLedger,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 500,
    after: Annotated[int, Query(ge=0, lt=10**18, description="`next` of the page before")] = 0,
) -> Response:
    """Tell what happened to an order, when and by whom, each event chained to the one before by its hash.

    The oldest come first, a page at a time: a machine may have told of one matter thousands of times.
    """
    own(caller, ledger.order(order))
    happened = ledger.history(order, after=after, limit=limit + 1)
    more, happened = happened[limit:], happened[:limit]
    with reading(ledger.engine) as connection:
        names = keys.names(connection, {event.by for event in happened})
    outside = bool(caller.unit or caller.owner)
    own_id = caller.actor.id
    lines = [event_line(event, names, by_others=outside and event.by != own_id) for event in happened]
    return Lines({"events": lines, "next": happened[-1].number if more else None})


def _fingerprint(appeal: OrderIn, key: str) -> str:
    """Tell one body from another, and nothing of it without the key, which is not kept."""
    return sha256(key.encode() + canonical(appeal.model_dump())).hexdigest()


def _scoped(owner: str, key: str) -> str:
    """Keep apart the keys of different senders."""
    return sha256(f"{owner} {key}".encode()).hexdigest()
