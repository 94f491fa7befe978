"""Sessions of the console: a cookie that no script reads, and a word that every change repeats."""

from dataclasses import replace
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from starlette.testclient import TestClient

from api.access import COOKIE, Doorkeeper
from api.app import create_app
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import Clock
from triage.ledger.keys import SESSION, Role
from triage.ledger.ledger import Ledger

UNSURE = "小区里的垃圾三天没有清运"


@pytest.fixture
def words(ledger):
    return ledger.create_key(role=Role.AGENT, name="座席一号")[1]


@pytest.fixture
def csrf(office, words):
    """Sign in; the client keeps the cookie from now on."""
    return office.post("/v1/session", json={"key": words}).json()["csrf"]


def cookie_of(answer):
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def test_a_key_begins_a_session_that_tells_who_it_is(office, words):
    answer = office.post("/v1/session", json={"key": words})
    assert answer.status_code == 200
    told = answer.json()
    assert {name: told[name] for name in ("role", "name", "unit")} == {
        "role": "agent",
        "name": "座席一号",
        "unit": None,
    }
    assert len(told["csrf"]) >= 32
    assert office.get("/v1/session").json() == told


def test_a_session_of_a_unit_names_it(office, ledger):
    _, words = ledger.create_key(role=Role.UNIT, unit="cy-wj")
    assert office.post("/v1/session", json={"key": words}).json()["unit"] == "cy-wj"


def test_no_script_and_no_other_site_gets_at_the_cookie(office, words):
    answer = office.post("/v1/session", json={"key": words})
    cookie = cookie_of(answer)
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["secure"]) == (True, "strict", "")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert int(cookie["max-age"]) == SESSION.total_seconds()
    assert cookie.value not in answer.text
    assert words not in str(answer.headers)


def test_where_others_can_ask_the_cookie_is_secure(ledger, settings, words):
    with TestClient(create_app(KeywordTriage(), replace(settings, behind_proxy=True), ledger)) as client:
        cookie = cookie_of(client.post("/v1/session", json={"key": words}))
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"].lower()) == (True, True, "strict")


@pytest.mark.parametrize("key", ["", "x", "paidan_k0123456789_guess", "钥匙", "x" * 201])
def test_what_is_no_key_begins_nothing(key, office):
    answer = office.post("/v1/session", json={"key": key})
    assert answer.status_code in (401, 422)
    assert "set-cookie" not in answer.headers
    assert len(key) < 2 or key not in answer.text


def test_a_key_that_holds_no_longer_begins_nothing(office, ledger, words):
    ledger.revoke_key(words.split("_")[1])
    assert office.post("/v1/session", json={"key": words}).status_code == 401


UNSAFE = [
    ("POST", "/v1/appeals", {"text": UNSURE}),
    ("POST", "/v1/appeals/20261122-1/dispatches", {"unit": "cy-wj"}),
    ("POST", "/v1/route", {"text": UNSURE}),
    ("DELETE", "/v1/session", None),
]


@pytest.mark.parametrize(("method", "path", "body"), UNSAFE)
def test_a_change_repeats_the_word_of_the_session(method, path, body, office, csrf):
    for headers in ({}, *({"X-CSRF-Token": word.encode()} for word in ("", "guess", "猜", csrf[:-1]))):
        answer = office.request(method, path, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert office.get("/v1/session").status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), UNSAFE)
def test_with_its_word_a_session_may_what_its_key_may(method, path, body, office, csrf):
    answer = office.request(method, path, json=body, headers={"X-CSRF-Token": csrf})
    assert answer.status_code in (200, 201, 204, 404)  # the order to be dispatched is not there


def test_every_route_that_changes_something_asks_for_the_word(office, csrf):
    """Whatever is in OpenAPI and unsafe is refused to another site's page."""
    for path, methods in office.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            if method == "get" or {"session": []} not in operation.get("security", []):
                continue
            address = path.replace("/{id}", "/20261122-1").replace("{delivery}", f"msg_{'0' * 32}")
            kind = next(iter(operation.get("requestBody", {"content": {"application/json": {}}})["content"]))
            answer = office.request(method, address, content=b"{}", headers={"Content-Type": kind})
            assert answer.status_code == 403, operation["operationId"]


def test_reading_needs_no_word(office, csrf):
    assert office.get("/v1/appeals").status_code == 200
    assert office.head("/v1/appeals").status_code == 405


def test_the_word_of_another_session_does_not_do(office, ledger, csrf):
    with TestClient(office.app) as other:
        _, words = ledger.create_key(role=Role.AGENT)
        theirs = other.post("/v1/session", json={"key": words}).json()["csrf"]
    assert theirs != csrf
    assert office.post("/v1/appeals", json={"text": UNSURE}, headers={"X-CSRF-Token": theirs}).status_code == 403


def test_a_key_shown_beside_a_cookie_is_who_asks(office, csrf, key_of):
    answer = office.get("/v1/session", headers=key_of("auditor"))
    assert answer.json()["role"] == "auditor"
    assert office.post("/v1/appeals", json={"text": UNSURE}, headers=key_of("auditor")).status_code == 403


def test_whoever_signs_out_is_out_and_the_cookie_opens_nothing(office, csrf):
    kept = office.cookies[COOKIE]
    answer = office.delete("/v1/session", headers={"X-CSRF-Token": csrf})
    assert (answer.status_code, answer.content) == (204, b"")
    assert int(cookie_of(answer)["max-age"]) == 0
    office.cookies.clear()
    assert office.get("/v1/session").status_code == 401
    assert office.get("/v1/session", headers={"Cookie": f"{COOKIE}={kept}"}).status_code == 401


def test_another_session_of_the_same_key_goes_on(office, words, csrf):
    with TestClient(office.app) as other:
        word = other.post("/v1/session", json={"key": words}).json()["csrf"]
        assert other.delete("/v1/session", headers={"X-CSRF-Token": word}).status_code == 204
        assert office.get("/v1/session").status_code == 200


def test_revoking_a_key_ends_its_sessions_at_once(office, csrf, words, key_of):
    with TestClient(office.app) as administrator:
        id_ = words.split("_")[1]
        assert administrator.delete(f"/v1/keys/{id_}", headers=key_of("administrator")).status_code == 200
    assert office.get("/v1/session").status_code == 401


def test_a_session_ends_after_twelve_hours(ledger, settings, words):
    clock = Clock()
    timed = Ledger(ledger.engine, now=clock)
    app = create_app(KeywordTriage(), settings, timed)
    app.state.doorkeeper = Doorkeeper(timed, rate_limit=100, clock=lambda: clock().timestamp())
    with TestClient(app) as client:
        client.post("/v1/session", json={"key": words})
        token = {"Cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
        client.cookies.clear()
        clock.at += SESSION - timedelta(seconds=1)
        assert client.get("/v1/session", headers=token).status_code == 200
        clock.forward(seconds=10)
        assert client.get("/v1/session", headers=token).status_code == 401


def test_a_cookie_that_is_no_session_opens_nothing(office):
    for token in ("", "x", "钥匙", "x" * 5_000):
        cookie = {"Cookie": f"{COOKIE}={token}".encode()}
        assert office.get("/v1/session", headers=cookie).status_code == 401
        assert office.get("/v1/appeals", headers=cookie).status_code == 401


def test_a_form_of_another_site_begins_no_session(office, words):
    answer = office.post("/v1/session", content=f'{{"key": "{words}"}}', headers={"Content-Type": "text/plain"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (415, False)


def test_neither_words_nor_tokens_are_kept(office, ledger, words, csrf, tmp_path):
    token = office.cookies[COOKIE]
    ledger.engine.dispose()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert words.split("_")[1].encode() in written
    assert words.split("_", 2)[2].encode() not in written
    assert token.encode() not in written
