"""Sessions of the console: a browser signs in with a key and goes on with a cookie that no script can read."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from api.access import COOKIE, Caller, Identified, UnknownCallerError
from api.answers import Lines
from api.dependencies import CurrentDoorkeeper, CurrentSettings, ReadyLedger, json_of_anybody
from api.problems import declared
from triage.ledger import keys
from triage.ledger.database import writing

router = APIRouter(tags=["access"])


class KeyIn(BaseModel):
    """The key that somebody signs in with."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)

    key: Annotated[str, Field(min_length=1, max_length=200)]


class SessionOut(BaseModel):
    """Who is signed in; `csrf` goes into `X-CSRF-Token` of every request that changes something."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: keys.Role
    name: str
    unit: str | None
    csrf: str


@router.post(
    "/v1/session",
    response_model=SessionOut,
    response_class=Lines,
    dependencies=[Depends(json_of_anybody)],
    responses=declared(400, 401, 413, 415, 422, 429, 500, 503),
    operation_id="signIn",
)
def sign_in(
    given: Annotated[KeyIn, Body(openapi_examples={"key": {"value": {"key": "paidan_k0123456789_..."}}})],
    request: Request,
    doorkeeper: CurrentDoorkeeper,
    ledger: ReadyLedger,
    settings: CurrentSettings,
) -> Response:
    """Begin a session, which lasts twelve hours."""
    address = request.client.host if request.client else ""
    caller = doorkeeper.caller_with(given.key, address=address)
    if caller.key is None:
        raise UnknownCallerError
    with writing(ledger.engine) as connection:
        token, csrf = keys.begin_session(connection, caller.key, at=ledger.now())
    response = Lines(_shown(Caller(key=caller.key, csrf=csrf)))
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(keys.SESSION / timedelta(seconds=1)),
        secure=not settings.is_local,
        httponly=True,
        samesite="strict",
    )
    return response


@router.get(
    "/v1/session",
    response_model=SessionOut,
    response_class=Lines,
    responses=declared(401, 429, 500, 503),
    operation_id="whoAmI",
)
async def who_am_i(caller: Identified) -> Response:
    """Tell who is signed in."""
    if caller.key is None:
        raise UnknownCallerError
    return Lines(_shown(caller))


@router.delete("/v1/session", status_code=204, responses=declared(401, 403, 429, 500, 503), operation_id="signOut")
def sign_out(request: Request, caller: Identified, doorkeeper: CurrentDoorkeeper, ledger: ReadyLedger) -> Response:
    """End the session."""
    if caller.key is None:
        raise UnknownCallerError
    if token := request.cookies.get(COOKIE):
        with writing(ledger.engine) as connection:
            keys.end_session(connection, token)
        doorkeeper.forget()
    response = Response(status_code=204)
    response.delete_cookie(COOKIE)
    return response


def _shown(caller: Caller) -> dict[str, str | None]:
    assert caller.key is not None  # noqa: S101 - asked above
    return {
        "role": caller.key.role.value,
        "name": caller.key.name,
        "unit": caller.key.unit or None,
        "csrf": caller.csrf,
    }
