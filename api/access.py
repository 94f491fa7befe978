"""Who asks, and what they may do: keys, sessions of the console, and how often."""

import hmac
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Annotated

import structlog
from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.settings import Settings
from triage.errors import PaidanError
from triage.ledger import keys
from triage.ledger.book import holding
from triage.ledger.database import reading
from triage.ledger.events import Actor
from triage.ledger.keys import Key, Role
from triage.ledger.ledger import Ledger
from triage.ledger.order import Order

COOKIE = "paidan_session"
_REMEMBERED_SECONDS = 5.0  # how long a key that was revoked elsewhere may still open something
_REMEMBERED = 10_000
_LOOKUPS = 500  # of the database, a second
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class May(StrEnum):
    """What a role may do."""

    ROUTE = auto()
    SUBMIT = auto()
    SEE = auto()
    SEE_OWN = auto()
    DISPATCH = auto()
    SIGN = auto()
    RETURN = auto()
    MERGE = auto()
    CLOSE = auto()
    CALL_BACK = auto()
    EXPORT = auto()
    COUNT = auto()
    LISTEN = auto()
    ADMINISTER = auto()
    WATCH = auto()
    READ_ORIGINALS = auto()
    ERASE = auto()


_OF_ROLE = {
    Role.AGENT: {
        *(May.ROUTE, May.SUBMIT, May.SEE, May.DISPATCH, May.SIGN, May.RETURN, May.MERGE, May.CLOSE, May.CALL_BACK),
        *(May.EXPORT, May.COUNT),
    },
    Role.INTAKE: {May.ROUTE, May.SUBMIT, May.SEE_OWN, May.LISTEN},
    Role.UNIT: {May.SEE_OWN, May.SIGN, May.RETURN, May.CLOSE, May.LISTEN},
    Role.SCIENTIST: {May.ROUTE, May.SEE, May.EXPORT, May.COUNT},
    Role.AUDITOR: {May.SEE, May.EXPORT, May.COUNT, May.WATCH},
    Role.ADMINISTRATOR: set(May) - {May.READ_ORIGINALS},
    Role.CUSTODIAN: {May.SEE, May.READ_ORIGINALS, May.ERASE},
}


class UnknownCallerError(PaidanError):
    """No key, or one that does not hold."""

    code = "unknown_caller"


class ForbiddenError(PaidanError):
    """The key is for other things."""

    code = "forbidden"


class TooOftenError(PaidanError):
    """More requests than are taken from one key, or from one address without a key that holds."""

    code = "too_many_requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks: a key, or anybody on this machine where that is enough. `csrf` is set in a session of the console."""

    key: Key | None
    csrf: str = ""

    def may(self, what: May) -> bool:
        if self.key is None:
            return what in (May.ROUTE, May.WATCH)
        may = _OF_ROLE[self.key.role]
        return what in may or (what is May.SEE_OWN and May.SEE in may)

    @property
    def actor(self) -> Actor:
        if self.key is None:
            raise UnknownCallerError
        return self.key.actor

    @property
    def unit(self) -> str | None:
        """The unit whose orders alone the caller sees; None where it sees others."""
        return self.key.unit if self.key and self.key.role is Role.UNIT else None

    @property
    def owner(self) -> str | None:
        """Whose orders alone the caller sees, also those of the keys before its own; None where it sees others."""
        return self.key.owner if self.key and self.key.role is Role.INTAKE else None

    def sees(self, order: Order) -> bool:
        """Tell whether an order is one that the caller may know of."""
        return (not self.unit or self.unit in holding(order)) and (not self.owner or self.owner == order.owner)


class Bucket:
    """Lets through so many a second, and as many at once."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second, self._clock = per_second, clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def take(self, name: str) -> None:
        """Count one.

        Raises
        ------
        TooOftenError
            There were too many under this name.
        """
        now = self._clock()
        with self._lock:
            left, since = self._left.get(name, (self._per_second, now))
            left = min(self._per_second, left + (now - since) * self._per_second)
            if left < 1:
                raise TooOftenError
            if len(self._left) > _REMEMBERED:
                self._left.clear()
            self._left[name] = (left - 1, now)


class Doorkeeper:
    """Tells who asks, and remembers it for some seconds, so that not every request asks the database."""

    def __init__(self, ledger: Ledger, *, rate_limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._clock = ledger, clock
        self._known: dict[str, tuple[float, Caller | None]] = {}
        self._callers, self._strangers = Bucket(rate_limit, clock=clock), Bucket(rate_limit, clock=clock)
        self._lookups = Bucket(_LOOKUPS, clock=clock)

    async def caller(self, *, words: str, token: str = "", address: str) -> Caller:
        """Return who has a key or session.

        Raises
        ------
        UnknownCallerError
            Neither holds.
        TooOftenError
            They ask too often.
        """
        name = keys.digest(f"{words} {token}")
        known, found = self._recalled(name)
        if not known:
            self._lookups.take("")
            found = await run_in_threadpool(self._looked_up, name, words, token)
        return self._let_in(found, address)

    def caller_with(self, words: str, *, address: str) -> Caller:
        """Return who has a key, to a thread that may wait for the database."""
        name = keys.digest(f"{words} ")
        known, found = self._recalled(name)
        if not known:
            self._lookups.take("")
            found = self._looked_up(name, words, "")
        return self._let_in(found, address)

    def forget(self) -> None:
        """Ask the database again for everyone, since keys or sessions changed."""
        self._known = {}  # what is being looked up just now is remembered in the old one, which nobody reads

    def _recalled(self, name: str) -> tuple[bool, Caller | None]:
        at, found = self._known.get(name, (-_REMEMBERED_SECONDS, None))
        return at + _REMEMBERED_SECONDS > self._clock(), found

    def _looked_up(self, name: str, words: str, token: str) -> Caller | None:
        known = self._known
        found = self._found(words, token)
        if len(known) > _REMEMBERED:
            known.clear()
        known[name] = (self._clock(), found)
        return found

    def _let_in(self, found: Caller | None, address: str) -> Caller:
        if found is None or found.key is None:
            self._strangers.take(address)
            raise UnknownCallerError
        self._callers.take(found.key.id)
        return found

    def _found(self, words: str, token: str) -> Caller | None:
        now = self._ledger.now()
        with reading(self._ledger.engine) as connection:
            if words:
                key = keys.with_words(connection, words, at=now)
                return Caller(key=key) if key else None
            session = keys.in_session(connection, token, at=now)
        return Caller(key=session[0], csrf=session[1]) if session else None


_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of `paidan keys create`")
_cookie = APIKeyCookie(name=COOKIE, auto_error=False, scheme_name="session", description="A session of the console")


async def identified(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    token: Annotated[str | None, Security(_cookie)],
) -> Caller:
    """Return who asks; in a session only with what its page repeats, which another site's page does not know."""
    settings: Settings = request.app.state.settings
    doorkeeper: Doorkeeper | None = request.app.state.doorkeeper
    if not (bearer or token or request.headers.get("authorization")) and settings.is_local:
        return Caller(key=None)
    if doorkeeper is None:
        raise UnknownCallerError
    words = bearer.credentials if bearer else ""
    address = request.client.host if request.client else ""
    caller = await doorkeeper.caller(words=words, token="" if words else token or "", address=address)
    if caller.csrf and request.method not in _SAFE:
        repeated = request.headers.get("x-csrf-token", "")
        if not hmac.compare_digest(repeated.encode(), caller.csrf.encode()):
            raise ForbiddenError
    structlog.contextvars.bind_contextvars(key=caller.actor.id)
    return caller


Identified = Annotated[Caller, Depends(identified)]


def allowed(what: May) -> Callable[[Caller], Awaitable[Caller]]:
    """Return the dependency of a route for those who may do something."""

    async def checked(caller: Identified) -> Caller:
        if not caller.may(what):
            if caller.key is None:
                raise UnknownCallerError
            raise ForbiddenError
        return caller

    return checked
