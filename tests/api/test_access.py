"""Who may do what: every operation is tried without a key and with a key of every role."""

from dataclasses import replace

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from api.access import Bucket, Doorkeeper, TooOftenError
from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage
from triage.ledger.keys import Role

ROLES = {role.value for role in Role}
SUBMITTING = {"agent", "intake", "administrator"}
SEEING = ROLES
ACTING = {"agent", "unit", "administrator"}
DIRECTING = {"agent", "administrator"}
ROUTING = {"agent", "intake", "scientist", "administrator"}
LISTENING = {"intake", "unit", "administrator"}
COUNTING = {"agent", "scientist", "auditor", "administrator"}
ADMINISTERING = {"administrator"}

# Who may use what. An operation that is new belongs here or into `PUBLIC`, or the tests below fail.
MAY = {
    **dict.fromkeys(("createAppeal", "reportEvents", "importAppeals", "open311Submit"), SUBMITTING),
    **dict.fromkeys(("listAppeals", "readAppeal", "readHistory"), SEEING),
    **dict.fromkeys(("open311Requests", "open311Request", "open311Token"), SEEING),
    **dict.fromkeys(("sign", "giveBack", "close"), ACTING),
    **dict.fromkeys(("dispatch", "merge", "callBack"), DIRECTING),
    **dict.fromkeys(("exportOrders", "statistics", "listModels"), COUNTING),
    "readOriginal": {"custodian"},
    "erase": {"custodian", "administrator"},
    **dict.fromkeys(("createKey", "listKeys", "rotateKey", "revokeKey"), ADMINISTERING),
    **dict.fromkeys(
        ("createWebhook", "listWebhooks", "endWebhook", "listDeliveries", "retryDelivery"),
        LISTENING,
    ),
    **dict.fromkeys(("route", "explain", "routeBatch"), ROUTING),
    **dict.fromkeys(("listUnits", "promise", "listTopics", "listDirectory", "versions"), ROLES),
    "metrics": {"auditor", "administrator"},
    **dict.fromkeys(("whoAmI", "signOut"), ROLES),
}
# Programs without a key ask for health, a session begins with a key, and Open311 publishes what can be reported.
PUBLIC = {"alive", "ready", "signIn", "open311Discovery", "open311Services", "open311Service"}
# What is computed from the request alone is open to programs of the same machine.
LOCAL = {"route", "explain", "routeBatch", "listUnits", "promise", "listTopics", "listDirectory", "versions", "metrics"}

OPEN311 = {"open311Submit", "open311Requests", "open311Request", "open311Token"}  # where a missing key is a 403

_IN_ADDRESSES = {
    "{id}": "20261122-1",
    "{delivery}": f"msg_{'0' * 32}",
    "{format}": "json",
    "{service_code}": "T0101",
    "{service_request_id}": "20261122-1",
    "{token}": "20261122-1",
}
_BODIES = {
    "application/x-www-form-urlencoded": "service_code=T0101&address_string=x&description=x"
}  # read before the key
_IDS = {"/v1/keys/": "k0000000000", "/v1/webhooks/": f"wh_{'0' * 32}"}


def operations():
    described = create_app(KeywordTriage(), Settings()).openapi()
    assert "security" not in described
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }


OPERATIONS = operations()


def ask(client, name, headers=None):
    """Ask an operation for something that does not exist; who may ask for it is told so, or that nothing was said."""
    method, path, operation = OPERATIONS[name]
    for beginning, id_ in _IDS.items():
        if path.startswith(beginning):
            path = path.replace("{id}", id_)
    for hole, filling in _IN_ADDRESSES.items():
        path = path.replace(hole, filling)
    kind = next(iter(operation.get("requestBody", {"content": {"application/json": {}}})["content"]))
    return client.request(
        method, path, headers={"Content-Type": kind, **(headers or {})}, content=_BODIES.get(kind, "{}")
    )


@pytest.fixture
def proxied(ledger, settings):
    """The same behind a proxy, where whoever asks may be anywhere."""
    with TestClient(create_app(KeywordTriage(), replace(settings, behind_proxy=True), ledger)) as client:
        yield client


@pytest.fixture
def timed(ledger, settings):
    """A service and the seconds by which its doorkeeper counts."""
    now = [0.0]
    app = create_app(KeywordTriage(), settings, ledger)
    app.state.doorkeeper = Doorkeeper(ledger, rate_limit=100, clock=lambda: now[0])
    with TestClient(app) as client:
        yield client, now


def test_every_operation_is_in_the_tables():
    assert set(OPERATIONS) == set(MAY) | PUBLIC


def test_openapi_says_which_operations_take_no_key():
    security = {name: operation.get("security", [{}]) for name, (_, _, operation) in OPERATIONS.items()}
    assert {name for name, ways in security.items() if {} in ways} == PUBLIC | LOCAL
    assert {name for name, ways in security.items() if ways == [{}]} == PUBLIC


def test_without_a_key_nothing_is_open_but_what_openapi_says(office):
    answers = {name: ask(office, name) for name in OPERATIONS}
    refused = {name for name, answer in answers.items() if answer.status_code in (401, 403)}
    assert refused == set(OPERATIONS) - PUBLIC - LOCAL
    assert {name for name in refused if answers[name].status_code != 401} == OPEN311
    assert all(answers[name].headers["www-authenticate"] == "Bearer" for name in refused - OPEN311)


def test_a_server_behind_a_proxy_asks_everyone_for_a_key(proxied):
    refused = {name for name in OPERATIONS if ask(proxied, name).status_code in (401, 403)}
    assert refused == set(OPERATIONS) - PUBLIC


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_may_what_the_table_says_and_nothing_else(role, office, key_of):
    key = key_of(role, unit="cy-wj" if role == "unit" else "")
    statuses = {name: ask(office, name, key).status_code for name in MAY}
    refused = {name for name, status in statuses.items() if status in (401, 403)}
    assert refused == {name for name, roles in MAY.items() if role not in roles}
    assert {statuses[name] for name in refused} <= {403}


def test_the_pages_alone_are_not_in_openapi(office):
    described = {path for _, path, _ in OPERATIONS.values()}
    undescribed = {route.path for route in office.app.state.routes} - described
    assert undescribed == {"/", "/console/{name}", "/open311/{rest:path}"}


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer paidan_k0123456789_guess",
        "bearer \xff",
        "Basic cGFpZGFuOnBhaWRhbg==",
        "x",
        "Bearer " + "a" * 9_000,
    ],
    ids=["empty", "blank", "guess", "latin", "basic", "word", "long"],
)
def test_what_is_no_key_opens_nothing_that_is_open_without_one_either(authorization, office):
    for path in ("/v1/appeals", "/v1/versions"):
        answer = office.get(path, headers={"Authorization": authorization.encode("latin-1")})
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")


def test_a_key_is_not_taken_from_an_address_or_a_body(office, key_of):
    words = key_of("administrator")["Authorization"].removeprefix("Bearer ")
    assert office.get("/v1/keys", params={"key": words, "access_token": words, "api_key": words}).status_code == 401


def test_too_many_requests_of_a_key_wait_and_another_key_does_not(ledger, settings, key_of):
    with TestClient(create_app(KeywordTriage(), replace(settings, rate_limit=3), ledger)) as client:
        agent, auditor = key_of("agent"), key_of("auditor")
        answers = [client.get("/v1/session", headers=agent) for _ in range(30)]
        refused = next(answer for answer in answers if answer.status_code != 200)
        assert answers.index(refused) >= 3
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert refused.headers["retry-after"] == "1"
        assert client.get("/v1/session", headers=auditor).status_code == 200


def test_who_guesses_keys_is_slowed_down_and_keys_that_hold_are_not(timed, key_of):
    client, _ = timed
    answers = [client.get("/v1/keys", headers={"Authorization": f"Bearer guess{n}"}).status_code for n in range(120)]
    assert answers == [401] * 100 + [429] * 20
    assert client.get("/v1/session", headers=key_of("agent")).status_code == 200


def test_a_stranger_is_told_so_whatever_the_body_is(office):
    answer = office.post(
        "/v1/appeals", content="x", headers={"Authorization": "Bearer guess", "Content-Type": "text/x"}
    )
    assert answer.status_code == 401


def test_a_bucket_fills_again_as_time_passes():
    now = [0.0]
    bucket = Bucket(2, clock=lambda: now[0])
    bucket.take("a")
    bucket.take("a")
    with pytest.raises(TooOftenError):
        bucket.take("a")
    bucket.take("b")
    now[0] = 0.5
    bucket.take("a")
    with pytest.raises(TooOftenError):
        bucket.take("a")
    now[0] = 1_000.0
    for _ in range(2):  # no more than so many at once, however long it was quiet
        bucket.take("a")
    with pytest.raises(TooOftenError):
        bucket.take("a")


def test_a_key_that_was_revoked_elsewhere_opens_nothing_after_five_seconds(timed, ledger, key_of):
    client, now = timed
    key = key_of("agent")
    assert client.get("/v1/session", headers=key).status_code == 200
    ledger.revoke_key(key["Authorization"].split("_")[1])
    now[0] = 5.0
    assert client.get("/v1/session", headers=key).status_code == 401


def test_a_key_that_is_revoked_while_it_is_looked_up_is_not_remembered(office, ledger, key_of):
    key = key_of("agent")

    @event.listens_for(ledger.engine, "checkin", once=True)
    def revoke(*_):  # the key was read, and is about to be remembered
        ledger.revoke_key(key["Authorization"].split("_")[1])
        office.app.state.doorkeeper.forget()

    assert office.get("/v1/session", headers=key).status_code in (200, 401)
    assert office.get("/v1/session", headers=key).status_code == 401


def test_a_key_that_holds_is_let_in_also_while_everyone_is_forgotten(ledger, settings, key_of):
    app, key = create_app(KeywordTriage(), settings, ledger), key_of("agent")

    busy = []

    def clock():
        if busy:
            app.state.doorkeeper.forget()  # as another thread may at any time
        return 0.0

    app.state.doorkeeper = Doorkeeper(ledger, rate_limit=100, clock=clock)
    with TestClient(app) as client:
        assert client.get("/v1/session", headers=key).status_code == 200
        busy.append(True)
        assert client.get("/v1/session", headers=key).status_code == 200


def test_a_key_that_was_made_elsewhere_holds_at_once(office, key_of):
    assert office.get("/v1/session", headers=key_of("agent")).status_code == 200


def test_without_a_ledger_no_key_holds_and_the_machine_itself_still_routes(client):
    assert client.post("/v1/route", json={"text": "停电"}).status_code == 200
    assert client.post("/v1/route", json={"text": "停电"}, headers={"Authorization": "Bearer x"}).status_code == 401
    assert client.get("/v1/appeals").status_code in (401, 503)
