"""What holds for every request: a limit on its body, headers on its answer, and a log that tells nothing of appeals."""

import re
import time
import traceback
import uuid
from types import TracebackType

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.logs import get_logger
from api.metrics import Metrics
from api.problems import problem

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_GONE = 499  # as proxies write it down
IMPORT = "/v1/imports"  # takes files, and so a larger body than others
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_log = get_logger("paidan.http")


class Guard:
    """The outermost layer. What goes wrong inside ends here, since an exception's message may quote the text."""

    def __init__(self, app: ASGIApp, *, body_limit: int, import_limit: int, metrics: Metrics) -> None:
        self.app = app
        self._body_limit, self._import_limit = body_limit, import_limit
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        answer = _Answer(send, request_id)
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request=request_id, key=""):
            try:
                await self._within_limit(scope, receive, answer)
            except ClientDisconnect:
                answer.status = answer.status or _GONE  # nobody is there to be answered
            except Exception as error:  # noqa: BLE001 - the last resort, see above
                _log.error("failed", route=_route(scope), error=type(error).__name__, where=_where(error.__traceback__))
                if answer.status:
                    raise ConnectionAbortedError from None  # too late for a problem: let the server cut the answer off
                await problem(scope, 500)(scope, receive, answer)
            seconds = time.perf_counter() - began
            _log.info("answered", route=_route(scope), status=answer.status, ms=round(seconds * 1000, 1))
        self._metrics.answered(
            scope["method"] if scope["method"] in _METHODS else "-", _path(scope), answer.status, seconds
        )

    async def _within_limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._import_limit if scope["path"] == IMPORT else self._body_limit
        if _content_length(scope) > limit:
            await problem(scope, 413, headers=_CLOSE)(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise HTTPException(413, headers=_CLOSE)
            return message

        await self.app(scope, counted, send)


# The rest of a body that is too large is not read, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class _Answer:
    """Adds the headers, and remembers the status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self._request_id = send, request_id
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self._request_id
        await self._send(message)


def _content_length(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "")
    # More than 18 digits are over any limit, and thousands of them no number that Python reads.
    return int(stated[:18]) if stated.isdecimal() else 0


def _route(scope: Scope) -> str:
    """Name the route by its pattern: an address that is not ours may hold anything."""
    return f"{scope['method']} {_path(scope)}"


def _path(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", "-")


def _request_id(scope: Scope) -> str:
    """Take the id that a proxy gave the request, if it is one, or draw one."""
    given = Headers(scope=scope).get("x-request-id", "")
    return given if re.fullmatch(r"[A-Za-z0-9._-]{1,64}", given) else uuid.uuid4().hex


def _where(trace: TracebackType | None) -> str:
    """Tell the lines of code that led to an error, without its message."""
    return "".join(traceback.format_tb(trace))
