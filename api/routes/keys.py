"""Keys: who may use the service, and for what."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api.access import ForbiddenError
from api.answers import Lines
from api.dependencies import CurrentDoorkeeper, ReadyHotline, ReadyLedger, WhoAdministers, json_only
from api.orders import Code, Label, WholeFloats, shown
from api.problems import declared
from triage.ledger import keys
from triage.ledger.database import reading
from triage.ledger.keys import Key, Role
from triage.lines import Line

router = APIRouter(tags=["access"])

KeyPath = Annotated[str, Path(alias="id", pattern="^k[0-9a-f]{10}$")]


class KeyIn(BaseModel):
    """What a key is for; `unit` is the code of the unit that a key of role `unit` belongs to."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    role: Annotated[Role, Field(strict=False)]
    name: Label = ""
    unit: Code | None = None
    days: Annotated[
        int | None, Field(ge=1, le=3_660, description="After which it ends; null for never"), WholeFloats
    ] = None


class RotationIn(BaseModel):
    """For how many hours the old key goes on to hold beside the new one."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    hours: Annotated[int, Field(ge=0, le=24 * 90), WholeFloats] = 24


class KeyOut(BaseModel):
    """`key` is shown once, when it is made; only its digest is kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    role: Role
    unit: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    key: str | None


class Keys(BaseModel):
    keys: list[KeyOut]


@router.post(
    "/v1/keys",
    status_code=201,
    response_model=KeyOut,
    response_class=Lines,
    dependencies=[Depends(json_only)],
    responses=declared(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    operation_id="createKey",
)
def create(
    wanted: Annotated[KeyIn, Body(openapi_examples={"agent": {"value": {"role": "agent", "name": "座席一号"}}})],
    caller: WhoAdministers,
    hotline: ReadyHotline,
) -> Response:
    """Make a key. A key of role `unit` needs its unit, no other has one (409 otherwise).

    Keys of custodians are made by `paidan keys create` alone, by who may log in to the machine.
    """
    if wanted.role is Role.CUSTODIAN:
        raise ForbiddenError
    if wanted.unit:
        hotline.check_unit(wanted.unit)
    ends = hotline.ledger.now() + timedelta(days=wanted.days) if wanted.days else None
    key, words = hotline.ledger.create_key(
        role=wanted.role, name=wanted.name, unit=wanted.unit or "", expires_at=ends, actor=caller.actor
    )
    return Lines(_shown(key) | {"key": words}, 201)


@router.get(
    "/v1/keys",
    response_model=Keys,
    response_class=Lines,
    responses=declared(401, 403, 429, 500, 503),
    operation_id="listKeys",
)
def listed(caller: WhoAdministers, ledger: ReadyLedger) -> Response:  # noqa: ARG001 - it is asked for its role
    """List all keys, also those that hold no longer."""
    with reading(ledger.engine) as connection:
        return Lines({"keys": [_shown(key) for key in keys.listed(connection)]})


@router.post(
    "/v1/keys/{id}/rotations",
    status_code=201,
    response_model=KeyOut,
    response_class=Lines,
    dependencies=[Depends(json_only)],
    responses=declared(400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503),
    operation_id="rotateKey",
)
def rotate(
    key: KeyPath,
    how: Annotated[RotationIn, Body(openapi_examples={"a day": {"value": {"hours": 24}}})],
    caller: WhoAdministers,
    ledger: ReadyLedger,
    doorkeeper: CurrentDoorkeeper,
) -> Response:
    """Make a key like another one, which goes on to hold for a while, so that nobody is locked out."""
    fresh, words = ledger.rotate_key(key, overlap=timedelta(hours=how.hours), actor=caller.actor)
    doorkeeper.forget()
    return Lines(_shown(fresh) | {"key": words}, 201)


@router.delete(
    "/v1/keys/{id}",
    response_model=KeyOut,
    response_class=Lines,
    responses=declared(401, 403, 404, 422, 429, 500, 503),
    operation_id="revokeKey",
)
def revoke(key: KeyPath, caller: WhoAdministers, ledger: ReadyLedger, doorkeeper: CurrentDoorkeeper) -> Response:
    """End a key and its sessions: here at once, at other servers of the same ledger within five seconds."""
    revoked = ledger.revoke_key(key, actor=caller.actor)
    doorkeeper.forget()
    return Lines(_shown(revoked))


def _shown(key: Key) -> Line:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "unit": key.unit or None,
        "created_at": shown(key.created_at),
        "expires_at": shown(key.expires_at),
        "revoked_at": shown(key.revoked_at),
        "key": None,
    }
