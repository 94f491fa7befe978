"""Why a request is not answered as asked, in the two words that Open311 has for it: a code and a description."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from starlette.exceptions import HTTPException

from api.access import ForbiddenError, TooOftenError, UnknownCallerError
from api.problems import KNOWN, RETRY_SECONDS
from triage.errors import ConflictError, InputError, MissingError, NotReadyError, PaidanError, UnavailableError


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing wrong with a request; `code` is a status of HTTP."""

    code: int
    description: str


class RefusedError(Exception):
    """A request with at least one thing wrong with it; the first gives the status of the answer."""

    def __init__(self, complaints: Sequence[Complaint], *, headers: Mapping[str, str] | None = None) -> None:
        self.complaints, self.headers = tuple(complaints), headers
        super().__init__("; ".join(complaint.description for complaint in complaints))

    @property
    def status(self) -> int:
        return self.complaints[0].code


def refused(code: int, description: str) -> RefusedError:
    """Return an error for one thing wrong."""
    return RefusedError([Complaint(code=code, description=description)])


def refusal_of(error: Exception) -> RefusedError:
    """Say in the words of Open311 what the rest of the service says in its own, if it is one of `TOLD`."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
    else:
        status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
        headers = _HEADERS.get(status)
    told = "" if isinstance(error, HTTPException) else str(error)
    known = KNOWN[status][1] if status in KNOWN else HTTPStatus(status).phrase
    return RefusedError([Complaint(code=status, description=told or known)], headers=headers)


# What has no status of its own in the specification is a 400 there; an error that is not here is a bug.
_STATUS: Mapping[type[PaidanError], int] = {
    InputError: 400,
    ConflictError: 400,
    UnknownCallerError: 403,
    ForbiddenError: 403,
    MissingError: 404,
    TooOftenError: 429,
    NotReadyError: 503,
    UnavailableError: 503,
}
_HEADERS: Mapping[int, Mapping[str, str]] = {
    429: {"Retry-After": "1"},
    503: {"Retry-After": str(RETRY_SECONDS)},
}
TOLD: tuple[type[Exception], ...] = (RefusedError, HTTPException, *_STATUS)
