"""Clients who send appeals as fast as they can, and say each thing again until it is answered."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Self

from tests.api.fakes import POWER, TRAFFIC, WANGJING
from tests.crash.patience import until

CLIENTS = 8
_GIVES_UP_SECONDS = 90
_SURE, _UNSURE = "望京街道垃圾无人清运。", "垃圾无人清运，请处理。"
_RETURN = {"reason": "职能不符"}
# What is done with an order, one after the other, and what becomes of it; few orders come to the end.
_STEPS = (
    ("dispatches", {"unit": TRAFFIC.code}, "dispatched", "dispatched"),
    ("signatures", {}, "signed", "signed"),
    ("returns", _RETURN, "returned", "returned"),
    ("dispatches", {"unit": POWER.code, "assist": [WANGJING.code]}, "redispatched", "dispatched"),
    ("signatures", {}, "signed", "signed"),
    ("closures", {}, "closed", "closed"),
)


@dataclass(slots=True)
class Case:
    """An order as its sender knows it: its number, and the kinds of events that were acknowledged."""

    order: str
    kinds: list[str] = field(default_factory=lambda: ["received"])


@dataclass(slots=True)
class Answer:
    """`unsure` tells that an earlier attempt had no answer, or one that leaves open what was done."""

    status: int
    body: Mapping
    version: str | None
    unsure: bool


class Client(threading.Thread):
    """Works through one appeal after another. `cases` has those that were acknowledged, by its own reference."""

    def __init__(self, number: int, ports: Sequence[int], key: str, *, draw: random.Random) -> None:
        super().__init__(name=f"client {number}")
        self.cases: dict[str, Case] = {}
        self.statuses: Counter[int] = Counter()
        self.acknowledged = 0
        self.repeated = 0
        self.trouble: BaseException | None = None
        self._number, self._ports, self._key, self._draw = number, ports, key, draw
        self._stopping = threading.Event()
        self._connection: HTTPConnection | None = None

    def stop(self) -> None:
        """Let it come to an end with the appeal that it is about."""
        self._stopping.set()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._follow(f"{self._number}-{len(self.cases) + 1}")
        except BaseException as error:  # noqa: BLE001 - the test raises it
            self.trouble = error
        finally:
            self._hang_up()

    def _follow(self, reference: str) -> None:
        sure = self._draw.random() < 0.5
        appeal = {"text": _SURE if sure else _UNSURE, "id": reference}
        answer = self._insist("/v1/appeals", appeal, {"Idempotency-Key": f"key-{reference}"})
        assert answer.status == 201, answer
        case = self.cases[reference] = Case(answer.body["id"])
        if sure:
            case.kinds.append("dispatched")
        steps = _STEPS[int(sure) :]
        version = answer.version
        for step in steps[: int(self._draw.expovariate(1))]:
            version = self._act(case, version, *step)
        if answer.unsure or self._draw.random() < 0.1:
            again = self._insist("/v1/appeals", appeal, {"Idempotency-Key": f"key-{reference}"})
            assert (again.status, again.body, again.version) == (201, answer.body, answer.version), (answer, again)

    def _act(self, case: Case, version: str | None, what: str, body: Mapping, kind: str, status: str) -> str | None:
        known = {"If-Match": version} if version and self._draw.random() < 0.5 else {}
        answer = self._insist(f"/v1/appeals/{case.order}/{what}", body, known)
        if answer.status in (409, 412):
            assert answer.unsure, f"{what} of {case} was done before it was asked for: {answer}"
        else:
            assert (answer.status, answer.body["status"]) == (201, status), answer
        case.kinds.append(kind)
        return answer.version

    def _insist(self, path: str, body: Mapping, headers: Mapping[str, str]) -> Answer:
        last = time.monotonic() + _GIVES_UP_SECONDS
        unsure = False
        while time.monotonic() < last:
            answer = self._try(path, body, headers)
            if answer is not None and answer.status < 500:
                self.acknowledged += 1
                answer.unsure = unsure
                return answer
            unsure = True
            self.repeated += 1
            time.sleep(0.02)  # a moment for a server that is just starting
        raise AssertionError(f"nobody answered {path} in {_GIVES_UP_SECONDS} seconds")

    def _try(self, path: str, body: Mapping, headers: Mapping[str, str]) -> Answer | None:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", self._draw.choice(self._ports), timeout=30)
        sent = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json", **headers}
        try:
            self._connection.request("POST", path, json.dumps(body), sent)
            response = self._connection.getresponse()
            read = response.read()
        except (OSError, HTTPException):
            self._hang_up()
            return None
        self.statuses[response.status] += 1
        return Answer(response.status, json.loads(read), response.headers["ETag"], unsure=False)

    def _hang_up(self) -> None:
        if self._connection:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


class Crowd:
    """Clients at work from the beginning of a `with` block to its end, each with its last appeal acknowledged."""

    def __init__(self, ports: Sequence[int], key: str, *, seed: int = 20261122) -> None:
        self.clients = [Client(n, ports, key, draw=random.Random(f"{seed} {n}")) for n in range(CLIENTS)]
        self._draw = random.Random(seed)

    def __enter__(self) -> Self:
        for client in self.clients:
            client.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        for client in self.clients:
            client.stop()
        for client in self.clients:
            client.join()
        if kind is None:
            self._check()

    @property
    def cases(self) -> dict[str, Case]:
        return {reference: case for client in self.clients for reference, case in client.cases.items()}

    @property
    def statuses(self) -> Counter[int]:
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def acknowledged(self) -> int:
        return sum(client.acknowledged for client in self.clients)

    def advance(self, *, by: int = 1) -> None:
        """Wait until as many more requests were acknowledged."""
        before = self.acknowledged
        until(lambda: self._check() or self.acknowledged >= before + by, "clients are answered")

    def work_a_while(self) -> None:
        """Let the clients work until a moment that is left to chance."""
        self.advance()
        time.sleep(self._draw.uniform(0.3, 1.5))

    def _check(self) -> None:
        for client in self.clients:
            if client.trouble:
                raise client.trouble
