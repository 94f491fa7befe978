"""Whatever is sent to whatever address, the service answers, and what it refuses it refuses with a problem."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from random import Random
from urllib.parse import unquote

import pytest

from api.app import create_app
from tests.api.fakes import KeywordTriage
from tests.databases import running_postgres
from triage.ledger.database import open_database
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger
from triage.ledger.verify import verify

AT_ONCE = 20
ODD_VALUES = [
    *(None, True, False, 0, -1, 1, 1.5, 10**18, 10**30, -(10**400), 1e308, float("nan"), float("inf"), [], {}, [[]]),
    *("", " ", "\0", "a\0b", "\ud800", "\udfff路灯", "﷐", "\uffff", "\U0010ffff", "\u202e灯", "\x7f", "\x85", "\r\n"),
    *(
        "字" * 101,
        "字" * 300,
        "字" * 5_001,
        "9" * 400,
        "-0",
        "²",
        "٣",
        "1e5",
        "null",
        "' OR 1=1 --",
        "${x}",
        "%s",
        "=1+1",
    ),
    *("0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-02-30", "2026/1/1 25:00", "T"),
    *("cy-wj", "bj-dl", "20261122-1", "k0000000000", "http://127.0.0.1/", "https://[::", "http://a\\b", "属地不符"),
    *({"": {"": {}}}, {"a": [1, {"b": "\0"}]}, ["cy-wj"] * 30, [[[[[[[[[[[[[[[["路灯"]]]]]]]]]]]]]]]]),
]
ODD_KEYS = ["", "\0", "\ud800", "__proto__", "text", "unit", "id", "data", "字" * 300, "a.b", "ce-id", "0"]
ODD_BYTES = [
    *(b"", b" ", b"null", b"0", b'"x"', b"[]", b"{}", b"\xff\xfe\x00", b"\xef\xbb\xbf{}", b"{" * 3_000, b"[" * 100_000),
    *(
        b'{"a":' * 20_000,
        b"9" * 5_000,
        b'{"text": ' + b"9" * 5_000 + b"}",
        b'{"text": 1e999999}',
        b'{"text": "\xc3\x28"}',
    ),
    *(
        b'{"text": "\\ud800\\udc0"}',
        b'{"text": "a", "text": "b"}',
        b"--x\r\n\r\n--x--",
        "路灯".encode("gbk"),
        b"\0" * 100,
    ),
    *('{"text": "路灯"}'.encode("utf-16"), b"PK\x03\x04" + b"\0" * 60, b'{"text": "a"}' * 2, b'{"text": NaN}'),
]
ODD_TYPES = [
    *(b"", b"text/plain", b"application/json; charset=gbk", b"application/json;;;", b"APPLICATION/JSON", b"\xff", b"/"),
    *(b"multipart/form-data", b"multipart/form-data; boundary=x", b"application/x-www-form-urlencoded", b"a" * 9_000),
    *(b"application/cloudevents+json", b"application/cloudevents-batch+json", b"text/csv", b"application/xml"),
]
ODD_HEADERS = [
    *((b"if-match", value) for value in (b"x", b'"1"', b"*", b"\xff", b'"' + b"9" * 18 + b'"', b"1" * 5_000, b"")),
    *((b"idempotency-key", value) for value in (b"", b"k", b"\xe7\x81\xaf", b"k" * 300, b"\x00", b"a b")),
    *((b"content-length", value) for value in (b"-1", b"x", b"9" * 40, b"0", b"\xb2", b"1e3")),
    *(
        (name, b"\xff\xfe" * 50)
        for name in (b"x-request-id", b"cookie", b"accept", b"x-csrf-token", b"origin", b"expect")
    ),
    *((b"cookie", b"paidan_session=" + value) for value in (b"", b"x", b"\xff", b"x" * 9_000)),
    *(
        (b"ce-" + name, value)
        for name in (b"id", b"source", b"type", b"x" * 300)
        for value in (b"%ff", b"", b'"a\\', b"1")
    ),
    (b"transfer-encoding", b"chunked"),
    (b"x-forwarded-for", b"a" * 9_000),
    (b"range", b"bytes=0-"),
]
ODD_ADDRESSES = [
    *(
        "..",
        ".",
        "%2e%2e",
        "%00",
        "%ff%fe",
        "²-1",
        "20261122-",
        "20261122-" + "9" * 18,
        "20261122-" + "9" * 19,
        "x" * 5_000,
    ),
    *(
        "a/b",
        "%2F",
        "路灯",
        "%F0%9F%92%A1",
        "20261122-1%0a",
        "'",
        "{id}",
        "wh_" + "0" * 32,
        "msg_" + "0" * 32,
        "k0000000000",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    path: str
    query: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes

    def __str__(self) -> str:
        shown = [header for header in self.headers if header[0] != b"authorization"]
        return f"POST {self.path[:80]!r} {shown!r:.200} {self.body[:120]!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A POST route with a body that it takes; `ids` stand in for the holes of its address."""

    path: str
    kind: str
    example: object
    ids: tuple[str, ...]


class Attacker:
    """Draws attacks: the same ones from the same seed."""

    def __init__(self, targets: list[Target], *, key: str, seed: int) -> None:
        self._targets, self._random = targets, Random(seed)
        self._key = (b"authorization", f"Bearer {key}".encode())

    def attacks(self, count: int) -> Iterator[Attack]:
        for number in range(count):
            target = self._targets[number % len(self._targets)]
            yield self._attack(target)

    def _attack(self, target: Target) -> Attack:
        some = self._random.random
        kind = self._random.choice(ODD_TYPES) if some() < 0.1 else target.kind.encode()
        headers = [self._key, (b"content-type", kind), *self._random.sample(ODD_HEADERS, k=some() < 0.2)]
        query = self._random.randbytes(20) if some() < 0.03 else b"api_key=%ff&x=" if some() < 0.03 else b""
        return Attack(path=self._path(target), query=query, headers=headers, body=self._body(target))

    def _path(self, target: Target) -> str:
        path = target.path
        while "{" in path:
            odd = self._random.random() < 0.05
            filling = self._random.choice(ODD_ADDRESSES) if odd else self._random.choice(target.ids)
            before, _, rest = path.partition("{")
            path = before + unquote(filling, errors="replace").replace("{", "(") + rest.partition("}")[2]
        return path

    def _body(self, target: Target) -> bytes:
        if self._random.random() < 0.1:
            return self._random.choice(ODD_BYTES)
        if isinstance(target.example, str):
            return self._bent(target.example.encode())
        value = target.example
        for _ in range(self._random.choice((0, 1, 1, 1, 2, 5))):
            value = self._mutated(value)
        written = json.dumps(value, ensure_ascii=self._random.random() < 0.8).encode("utf-8", "surrogatepass")
        return self._bent(written) if self._random.random() < 0.1 else written

    def _mutated(self, value: object) -> object:
        """Replace something somewhere in a value, add to it, or take from it."""
        draw = self._random
        if not isinstance(value, dict | list) or not value or draw.random() < 0.05:
            return draw.choice(ODD_VALUES)
        if isinstance(value, list):
            at = draw.randrange(len(value))
            return [*value[:at], self._mutated(value[at]), *value[at + 1 :]] * draw.choice((1, 1, 1, 3))
        key = draw.choice(list(value))
        way = draw.random()
        if way < 0.15:
            return {name: each for name, each in value.items() if name != key}
        if way < 0.25:
            return {**value, draw.choice(ODD_KEYS): draw.choice(ODD_VALUES)}
        return {**value, key: draw.choice(ODD_VALUES) if way < 0.7 else self._mutated(value[key])}

    def _bent(self, body: bytes) -> bytes:
        at = self._random.randrange(len(body) + 1)
        return self._random.choice((body[:at], body[:at] + self._random.randbytes(3) + body[at:], body[at:], body * 2))


async def sent(app, attack: Attack) -> tuple[int, str, bytes]:
    """Send an attack as a server would hand it over, past everything that a client would refuse to send."""
    parts: list[bytes] = []
    begun: dict = {}
    received = False

    async def receive() -> dict:
        nonlocal received
        if received:
            await asyncio.sleep(3_600)
        received = True
        return {"type": "http.request", "body": attack.body, "more_body": False}

    async def send(message: dict) -> None:
        if message["type"] == "http.response.start":
            begun.update(message)
        else:
            parts.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": attack.path,
        "raw_path": attack.path.encode("utf-8", "surrogatepass"),
        "query_string": attack.query,
        "root_path": "",
        "headers": attack.headers,
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8345),
        "state": {},
    }
    try:
        await app(scope, receive, send)
    except Exception as error:  # noqa: BLE001 - a server would cut the connection
        return 599, type(error).__name__, b""
    headers = dict(begun["headers"])
    return begun["status"], headers.get(b"content-type", b"").decode(), b"".join(parts)


def fault(attack: Attack, status: int, kind: str, body: bytes) -> str:
    """Say what is wrong with an answer; nothing where nothing is."""
    if status >= 500:
        return f"{status} {kind}"
    if status < 400 or attack.path.startswith("/open311/"):  # which has errors of its own
        return ""
    if kind != "application/problem+json":
        return f"{status} as {kind}"
    told = json.loads(body)
    return "" if told["status"] == status and told["code"] and told["detail"] else f"{status} without its reason"


@pytest.fixture
def attacked(settings):
    """Send so many attacks to a service on a ledger, and return what is wrong with its answers."""

    def attack(ledger: Ledger, *, count: int, seed: int) -> list[str]:
        app = create_app(KeywordTriage(), replace(settings, rate_limit=1_000_000), ledger)
        _, key = ledger.create_key(role=Role.ADMINISTRATOR)
        _, original = ledger.create_key(role=Role.CUSTODIAN)
        attacker = Attacker(_targets(app, ledger, key), key=key, seed=seed)
        custodian = Attacker(
            [target for target in _targets(app, ledger, key) if target.path.endswith("/readings")],
            key=original,
            seed=seed,
        )
        attacks = [*attacker.attacks(count), *custodian.attacks(count // 50)]
        return asyncio.run(_wrong(app, attacks))

    return attack


async def _wrong(app, attacks: list[Attack]) -> list[str]:
    found = []
    for start in range(0, len(attacks), AT_ONCE):
        some = attacks[start : start + AT_ONCE]
        answers = await asyncio.gather(*[sent(app, attack) for attack in some])
        told = [(fault(attack, *answer), attack) for attack, answer in zip(some, answers, strict=True)]
        found += [f"{what}: {attack}" for what, attack in told if what]
    return found


def _targets(app, ledger: Ledger, key: str) -> list[Target]:
    orders = tuple(asyncio.run(_orders(app, key)))
    revoked, _ = ledger.create_key(role=Role.AGENT)
    others = {
        "/v1/keys": (revoked.id,),
        "/v1/webhooks": (f"wh_{'0' * 32}", f"msg_{'0' * 32}"),
        "/open311": ("json", "xml"),
    }
    targets = []
    for path, methods in app.openapi()["paths"].items():
        bodies = methods.get("post", {}).get("requestBody", {"content": {"application/json": {}}})["content"]
        for kind, body in bodies.items() if "post" in methods else ():
            [example, *_] = body.get("examples", {"": {"value": {}}}).values()
            ids = next((ids for beginning, ids in others.items() if path.startswith(beginning)), orders)
            targets.append(Target(path=path, kind=kind, example=_placed(example["value"], orders[0]), ids=ids))
    return targets


def _placed(example: object, order: str) -> object:
    """Let an example be about what there is here."""
    if isinstance(example, dict) and "into" in example:
        return {"into": order}
    if isinstance(example, dict) and "url" in example:
        return {**example, "url": "http://127.0.0.1/"}  # refused, or every event would be told to thousands
    if isinstance(example, dict) and "unit" in example:
        return {**example, "unit": "cy-wj", "assist": ["bj-dl"]}
    if isinstance(example, dict) and "proposed" in example:
        return {**example, "proposed": "bj-dl"}
    return example


async def _orders(app, key: str) -> list[str]:
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    attack = Attack(path="/v1/appeals", headers=headers, body='{"text": "望京街道停电"}'.encode())
    return [json.loads((await sent(app, attack))[2])["id"] for _ in range(20)]


def test_a_thousand_hostile_bodies_are_each_answered(attacked, ledger):
    assert attacked(ledger, count=1_000, seed=1) == []
    verify(ledger.engine)


@pytest.mark.long
def test_ten_thousand_hostile_bodies_are_each_answered(attacked, ledger):
    assert attacked(ledger, count=10_000, seed=2) == []
    verify(ledger.engine)


@pytest.mark.long
def test_a_thousand_hostile_bodies_are_each_answered_with_postgresql(attacked):
    with running_postgres() as server:
        ledger = Ledger(open_database(server.url(server.create())))
        try:
            assert attacked(ledger, count=1_000, seed=3) == []
            verify(ledger.engine)
        finally:
            ledger.engine.dispose()


def test_an_attack_would_be_noticed(settings, ledger):
    """The fake that answers with a bug is found out, so that silence above means something."""

    class Buggy(KeywordTriage):
        def route_many(self, appeals):
            raise RuntimeError

    app = create_app(Buggy(), settings, ledger)
    _, key = ledger.create_key(role=Role.ADMINISTRATOR)
    headers = [(b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    attack = Attack(path="/v1/appeals", headers=headers, body=b'{"text": "x"}')
    assert fault(attack, *asyncio.run(sent(app, attack))).startswith("500")
