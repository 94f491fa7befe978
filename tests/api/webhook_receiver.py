"""A subscriber on this machine that keeps what it is told, and answers as a test wants."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.web import served


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One attempt as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> dict:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """`answers` are the statuses of the next attempts, 204 when there are none; `on_letter` is called before each."""

    url: str = ""
    letters: list[Letter] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    on_letter: Callable[[Letter], object] = lambda _: None

    @property
    def types(self) -> list[str]:
        """What was told, in the order of the events."""
        return [
            letter.told["type"] for letter in sorted(self.letters, key=lambda letter: letter.told["data"]["number"])
        ]


@contextmanager
def listening() -> Iterator[Receiver]:
    """Listen on a free port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            letter = Letter(headers={name.lower(): value for name, value in self.headers.items()}, body=body)
            receiver.letters.append(letter)
            receiver.on_letter(letter)
            self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/paidan"
    with served(server):
        yield receiver
