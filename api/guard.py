"""What holds for every request: a limit on its body, headers on its answer, and a log that tells nothing of appeals."""

import logging
import time
import traceback
from types import TracebackType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_log = logging.getLogger("paidan.http")


class Guard:
    """The outermost layer. What goes wrong inside ends here, since an exception's message may quote the text."""

    def __init__(self, app: ASGIApp, *, body_limit: int) -> None:
        self.app = app
        self.body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send)
        began = time.perf_counter()
        try:
            await self._within_limit(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 - the last resort, see above
            _log.error("%s failed: %s\n%s", _route(scope), type(error).__name__, _where(error.__traceback__))
            if answer.status:
                raise ConnectionAbortedError from None  # too late for a problem: let the server cut the answer off
            await problem(scope, 500)(scope, receive, answer)
        _log.info("%s %d %.1f ms", _route(scope), answer.status, (time.perf_counter() - began) * 1000)

    async def _within_limit(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _content_length(scope) > self.body_limit:
            await problem(scope, 413, headers=_CLOSE)(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self.body_limit:
                raise HTTPException(413, headers=_CLOSE)
            return message

        await self.app(scope, counted, send)


# The rest of a body that is too large is not read, so the connection cannot be used again.
_CLOSE = {"Connection": "close"}


class _Answer:
    """Adds the headers, and remembers the status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _content_length(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "")
    # More than 18 digits are over any limit, and thousands of them no number that Python reads.
    return int(stated[:18]) if stated.isdecimal() else 0


def _route(scope: Scope) -> str:
    """Name the route by its pattern: an address that is not ours may hold anything."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '-')}"


def _where(trace: TracebackType | None) -> str:
    """Tell the lines of code that led to an error, without its message."""
    return "".join(traceback.format_tb(trace))
