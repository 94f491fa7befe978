"""Every error is an RFC 9457 problem, and no problem repeats what a citizen wrote."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from api.access import ForbiddenError, TooOftenError, UnknownCallerError
from api.logs import get_logger
from api.schemas import Fault, Problem
from triage.errors import (
    ConflictError,
    InputError,
    MissingError,
    NotReadyError,
    PaidanError,
    StaleError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5
_NOT_ALLOWED = 405
_log = get_logger("paidan.problems")

# Status -> code for machines and what to tell people; the OpenAPI description is made of the same table.
KNOWN: Mapping[int, tuple[str, str]] = {
    400: ("malformed_json", "The body is no JSON in UTF-8, or nested too deep."),
    401: ("unknown_caller", "Send a key that holds: Authorization: Bearer KEY; `paidan keys create` makes one."),
    403: ("forbidden", "This key is for other things; a session also repeats its X-CSRF-Token."),
    404: ("not_found", "There is nothing at this address; /openapi.json lists what there is."),
    405: ("method_not_allowed", "This address does not take this method; the Allow header tells which it takes."),
    409: ("conflict", "Things do not stand as the request takes them; detail tells how."),
    412: ("changed_meanwhile", "It was changed since the version in If-Match; detail tells how."),
    413: ("body_too_large", "The body is larger than this service takes; send fewer appeals at a time."),
    415: ("unsupported_media_type", "Send the body with Content-Type: application/json."),
    422: ("invalid_request", "The request cannot be used as it is; errors tells where and why."),
    429: ("too_many_requests", "More requests a second than are taken; send fewer, and wait for Retry-After seconds."),
    500: ("internal_error", "The service failed; its log tells where."),
    503: ("not_ready", "The service cannot answer now; nothing was written, try again soon with the same key."),
}


class ProblemResponse(Response):
    media_type = MEDIA_TYPE


def problem(
    scope: Scope,
    status: int,
    *,
    faults: Sequence[Fault] = (),
    code: str | None = None,
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Answer with a problem; code and detail of the status unless closer ones are given."""
    phrase = HTTPStatus(status).phrase
    known_code, known_detail = KNOWN.get(status, (f"http_{status}", phrase))
    content = Problem(
        title=phrase,
        status=status,
        detail=detail or known_detail,
        instance=quote(scope["path"], errors="replace"),
        code=code or known_code,
        errors=list(faults),
    ).model_dump(mode="json", exclude={"errors"} if not faults else None)
    return ProblemResponse(json.dumps(content, ensure_ascii=False), status, headers)


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe for OpenAPI the problems that a route can answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": KNOWN[status][1], "content": content} for status in statuses}


def schemas() -> dict[str, Any]:
    """Return the OpenAPI components that `declared` refers to."""
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    return {**problem_schema.pop("$defs"), "Problem": problem_schema}


def install(app: FastAPI) -> None:
    """Turn every error that a route raises into a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _unusable)
    for error, status in _STATUS.items():
        app.add_exception_handler(error, partial(_answered, status))


_STATUS: Mapping[type[PaidanError], int] = {
    UnknownCallerError: 401,
    ForbiddenError: 403,
    MissingError: 404,
    ConflictError: 409,
    StaleError: 412,
    TooOftenError: 429,
    NotReadyError: 503,
    UnavailableError: 503,
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "1"},
    503: {"Retry-After": str(RETRY_SECONDS)},
}


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette hands over what it was registered for
    headers = {"Allow": ", ".join(_methods(request))} if error.status_code == _NOT_ALLOWED else error.headers
    return problem(request.scope, error.status_code, headers=headers)


def _methods(request: Request) -> list[str]:
    """Return the methods that an address takes by all of its routes: Starlette knows those of the first one."""
    routes = request.app.state.routes
    first = next((route for route in routes if route.path_regex.match(request.scope["path"])), None)
    return sorted({method for route in routes if first and route.path == first.path for method in route.methods})


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(request.scope, 400)
    faults = [_fault(each["loc"], each["type"], each["msg"]) for each in found]
    return problem(request.scope, 422, faults=faults)


async def _unusable(request: Request, error: Exception) -> Response:
    assert isinstance(error, InputError)  # noqa: S101
    location = ("body", *([error.field] if error.field else []))
    return problem(request.scope, 422, faults=[_fault(location, error.code, error.message)], code=error.code)


async def _answered(status: int, request: Request, error: Exception) -> Response:
    assert isinstance(error, PaidanError)  # noqa: S101
    if isinstance(error, UnavailableError):
        _log.warning("unavailable", why=str(error))  # names the error's class, and nothing that was written
    code = None if status == 404 else error.code
    return problem(request.scope, status, code=code, detail=str(error) or None, headers=_HEADERS.get(status))


def _fault(location: Sequence[str | int], code: str, detail: str) -> Fault:
    source, *steps = location
    escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    return Fault.model_validate(
        {"source": source, "pointer": "".join(f"/{step}" for step in escaped), "code": code, "detail": detail}
    )
