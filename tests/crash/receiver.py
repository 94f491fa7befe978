"""A subscriber of webhooks, who does not hear everything the first time."""

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from standardwebhooks import Webhook, WebhookVerificationError

HEARD = ("received", "redispatched", "returned", "closed")
_FAILS_ONE_IN, _HANGS_UP_ONE_IN = 20, 30


class Receiver(ThreadingHTTPServer):
    """Remembers under which ids each event came. The first attempt at some messages fails."""

    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Hears)
        self.verifier: Webhook | None = None
        self.ids: dict[int, set[str]] = defaultdict(set)
        self.events: dict[str, set[int]] = defaultdict(set)
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.forged: list[str] = []
        self.refused = 0
        self._lock = threading.Lock()
        self._tried: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/paidan"

    def subscribe(self, port: int, key: str) -> None:
        """Ask a service to be told of some events."""
        headers = {"Authorization": f"Bearer {key}"}
        wanted = {"url": self.url, "kinds": HEARD}
        answer = httpx2.post(f"http://127.0.0.1:{port}/v1/webhooks", json=wanted, headers=headers)
        self.verifier = Webhook(answer.raise_for_status().json()["secret"])

    def hear(self, headers: dict[str, str], body: bytes) -> int:
        """Return the status to answer with, 0 for no answer at all."""
        id_ = headers["webhook-id"]
        with self._lock:
            first = id_ not in self._tried
            self._tried.add(id_)
            chance = int(id_.removeprefix("msg_"), 16)
            if first and (chance % _FAILS_ONE_IN == 0 or chance % _HANGS_UP_ONE_IN == 0):
                self.refused += 1
                return 500 if chance % _FAILS_ONE_IN == 0 else 0
            self._keep(id_, headers, body)
            return 200

    def _keep(self, id_: str, headers: dict[str, str], body: bytes) -> None:
        try:
            assert self.verifier is not None
            self.verifier.verify(body, headers)
        except WebhookVerificationError as error:
            self.forged.append(f"{id_}: {error}")
        number = json.loads(body)["data"]["number"]
        self.ids[number].add(id_)
        self.events[id_].add(number)
        self.bodies[id_].add(body)


class _Hears(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        body = self.rfile.read(size)
        if len(body) < size:
            return  # who sent it was killed
        status = self.server.hear({name.lower(): value for name, value in self.headers.items()}, body)
        if status:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True  # so was who waited for the answer

    def log_message(self, *_: object) -> None:
        pass
