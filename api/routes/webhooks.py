"""Webhooks: who is told what, and the letters that nobody took."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.access import Caller
from api.answers import Lines
from api.delivery import Destinations, new_secret
from api.dependencies import CurrentSettings, ReadyHotline, WhoListens, json_only
from api.orders import Code, shown
from api.outbox import Strongbox
from api.problems import declared
from triage.errors import ConflictError, InputError, MissingError
from triage.ledger import outbox
from triage.ledger.database import reading, writing
from triage.ledger.events import EventKind
from triage.ledger.outbox import Delivery, State, Webhook
from triage.lines import Line

router = APIRouter(tags=["webhooks"])

WebhookPath = Annotated[str, Path(alias="id", pattern="^wh_[0-9a-f]{32}$")]
DeliveryPath = Annotated[str, Path(alias="delivery", pattern="^msg_[0-9a-f]{32}$")]
# Printable ASCII without @, # and the backslash: what \s or "not" mean beyond it, engines for patterns disagree on.
_URL = r'^https?://[!-"$-?A-\[\]-~]+$'


class WebhookIn(BaseModel):
    """Where to tell events: all kinds unless some are named; those of a unit or intake system are about its own.

    `alerted` is about all orders together, and told to nobody who hears of some alone.
    """

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    url: Annotated[str, Field(max_length=2_000, pattern=_URL, examples=["https://units.example/paidan"])]
    kinds: Annotated[list[Annotated[EventKind, Field(strict=False)]], Field(max_length=20)] = []
    unit: Code | None = None


class WebhookOut(BaseModel):
    """`secret` is shown once, when the webhook is made; messages are signed with it as Standard Webhooks has it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    url: str
    kinds: list[str]
    unit: str | None
    created_at: datetime
    secret: str | None


class Webhooks(BaseModel):
    webhooks: list[WebhookOut]


class DeliveryOut(BaseModel):
    """An event that was told, is to be told again, or is a dead letter; `answer` is the last status or trouble.

    `next_at` is when it is sent next, or when it was delivered or given up.
    """

    id: str
    event: int
    state: State
    attempts: int
    next_at: datetime
    answer: str | None


class Deliveries(BaseModel):
    deliveries: list[DeliveryOut]


@router.post(
    "/v1/webhooks",
    status_code=201,
    response_model=WebhookOut,
    response_class=Lines,
    dependencies=[Depends(json_only)],
    responses=declared(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    operation_id="createWebhook",
)
def create(
    wanted: Annotated[
        WebhookIn,
        Body(
            openapi_examples={"dispatches": {"value": {"url": "https://units.example/paidan", "kinds": ["dispatched"]}}}
        ),
    ],
    request: Request,
    caller: WhoListens,
    hotline: ReadyHotline,
    settings: CurrentSettings,
) -> Response:
    """Let an address be told of events, each at least once, with an id by which repeats are known.

    An address that may not be reached gives 409: `PAIDAN_WEBHOOK_NETWORKS` lists those within the house that may.
    """
    try:
        Destinations(networks=settings.webhook_networks).check_url(wanted.url)
    except InputError as error:
        raise ConflictError(error.message, code=error.code) from None
    if wanted.unit:
        hotline.check_unit(wanted.unit)
    strongbox: Strongbox = request.app.state.strongbox
    secret = new_secret()
    webhook = Webhook(
        id=f"wh_{uuid.uuid4().hex}",
        url=wanted.url,
        secret=strongbox.lock(secret),
        kinds=tuple(kind.value for kind in wanted.kinds),
        unit=caller.unit or wanted.unit or "",
        owner=caller.owner or "",
        made_by=caller.actor.owner,
        created_at=hotline.ledger.now(),
    )
    if EventKind.ALERTED in wanted.kinds and not webhook.hears_of_all:
        message = "alerts are about all orders; leave out `alerted`, or let an administrator listen without a unit"
        raise ConflictError(message, code="not_for_some_orders")
    with writing(hotline.ledger.engine) as connection:
        outbox.add(connection, webhook)
    return Lines(_webhook(webhook) | {"secret": secret}, 201)


@router.get(
    "/v1/webhooks",
    response_model=Webhooks,
    response_class=Lines,
    responses=declared(401, 403, 429, 500, 503),
    operation_id="listWebhooks",
)
def listed(caller: WhoListens, hotline: ReadyHotline) -> Response:
    """List the webhooks that are told something: a unit's or an intake system's own, or all."""
    with reading(hotline.ledger.engine) as connection:
        found = outbox.listed(connection)
    return Lines({"webhooks": [_webhook(webhook) for webhook in found if _is_own(caller, webhook)]})


@router.delete(
    "/v1/webhooks/{id}",
    status_code=204,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="endWebhook",
)
def end(webhook: WebhookPath, caller: WhoListens, hotline: ReadyHotline) -> Response:
    """Tell it nothing more; what was not delivered yet becomes a dead letter."""
    with writing(hotline.ledger.engine) as connection:
        _own(caller, outbox.one(connection, webhook))
        outbox.end(connection, webhook, at=hotline.ledger.now())
    return Response(status_code=204)


@router.get(
    "/v1/webhooks/{id}/deliveries",
    response_model=Deliveries,
    response_class=Lines,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="listDeliveries",
)
def deliveries(
    webhook: WebhookPath,
    caller: WhoListens,
    hotline: ReadyHotline,
    state: Annotated[State | None, Query(description="`dead` for the dead letters")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """List what a webhook was told, the newest first."""
    with reading(hotline.ledger.engine) as connection:
        _own(caller, outbox.one(connection, webhook))
        found = outbox.deliveries_of(connection, webhook, state=state, limit=limit)
    return Lines({"deliveries": [_delivery(delivery) for delivery in found]})


@router.post(
    "/v1/webhooks/{id}/deliveries/{delivery}/retries",
    status_code=201,
    response_model=DeliveryOut,
    response_class=Lines,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="retryDelivery",
)
def retry(webhook: WebhookPath, delivery: DeliveryPath, caller: WhoListens, hotline: ReadyHotline) -> Response:
    """Send a dead letter again."""
    with writing(hotline.ledger.engine) as connection:
        _own(caller, outbox.one(connection, webhook))
        found = outbox.retry(connection, delivery, webhook=webhook, at=hotline.ledger.now())
    return Lines(_delivery(found), 201)


def _is_own(caller: Caller, webhook: Webhook) -> bool:
    return webhook.unit == (caller.unit or webhook.unit) and webhook.owner == (caller.owner or webhook.owner)


def _own(caller: Caller, webhook: Webhook) -> None:
    if not _is_own(caller, webhook):
        raise MissingError(f"there is no webhook {webhook.id}")


def _webhook(webhook: Webhook) -> Line:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "kinds": list(webhook.kinds),
        "unit": webhook.unit or None,
        "created_at": shown(webhook.created_at),
        "secret": None,
    }


def _delivery(delivery: Delivery) -> Line:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "next_at": shown(delivery.next_at),
        "answer": delivery.answer or None,
    }
