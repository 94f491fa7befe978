import json
import logging

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage

WORDS = "王小明的手机是13800138000"
JSON = {"Content-Type": "application/json"}


def assert_problem(answer, status, code):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) - {"errors"} == {"type", "title", "status", "detail", "instance", "code"}
    assert (problem["type"], problem["status"], problem["code"]) == ("about:blank", status, code)
    assert WORDS not in answer.text
    return problem


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/text", "missing")]),
        ({"text": ""}, [("/text", "empty_text")]),
        ({"text": " \n　"}, [("/text", "empty_text")]),
        ({"text": "灯" * 100_001}, [("/text", "text_too_long")]),
        ({"text": None}, [("/text", "wrong_type")]),
        ({"text": [WORDS]}, [("/text", "wrong_type")]),
        ({"text": 12345}, [("/text", "wrong_type")]),
        ({"id": 1.5, "text": WORDS, "district": 3}, [("/id", "wrong_type"), ("/district", "wrong_type")]),
        ({"id": True, "text": WORDS}, [("/id", "wrong_type")]),
        ([], [("", "model_attributes_type")]),
        (WORDS, [("", "model_attributes_type")]),
    ],
)
def test_a_body_that_breaks_the_contract_is_told_every_fault(client, body, faults):
    problem = assert_problem(client.post("/v1/route", json=body), 422, "invalid_request")
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == faults
    assert {fault["source"] for fault in problem["errors"]} == {"body"}


@pytest.mark.parametrize("body", [{"appeals": None}, {"appeals": {"text": WORDS}}, {}, []])
def test_a_batch_is_a_list(client, body):
    assert_problem(client.post("/v1/route/batch", json=body), 422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        f'{{"text": "{WORDS}"'.encode(),
        b"oops",
        '{"text": "路灯不亮"}'.encode("gb18030"),
        b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"text": "a", "id": ' + b"9" * 5_000 + b"}",
    ],
    ids=["cut off", "a word", "GB18030", "deep", "a huge number"],
)
def test_a_body_that_is_no_json_is_refused(client, body):
    assert_problem(client.post("/v1/route", content=body, headers=JSON), 400, "malformed_json")


def test_deep_nesting_in_a_field_that_is_ignored_does_no_harm(client):
    body = b'{"text": "a", "other": ' + b"[" * 400 + b"]" * 400 + b"}"
    assert client.post("/v1/route", content=body, headers=JSON).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"])
@pytest.mark.parametrize("path", ["/v1/route", "/v1/route/batch"])
def test_a_body_that_says_it_is_no_json_is_refused(client, kind, path):
    answer = client.post(path, content=f'{{"text": "{WORDS}"}}', headers={"Content-Type": kind})
    assert_problem(answer, 415, "unsupported_media_type")
    assert answer.headers["accept"] == "application/json"


def test_a_body_that_does_not_say_what_it_is_is_refused(client):
    assert_problem(client.post("/v1/route", content=b'{"text": "a"}'), 415, "unsupported_media_type")


def test_a_charset_is_no_other_type(client):
    answer = client.post(
        "/v1/route", content=b'{"text": "a"}', headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 200


def small_bodies():
    return TestClient(create_app(KeywordTriage(), Settings(body_limit=1_000)))


def test_a_body_over_the_limit_is_refused_by_its_stated_length():
    for path in ("/v1/route", "/nowhere"):
        answer = small_bodies().post(path, json={"text": WORDS + "x" * 1_000})
        assert_problem(answer, 413, "body_too_large")
        assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(("stated", "status"), [("9" * 5_000, 413), ("-5", 200), ("many", 200)])
def test_a_stated_length_is_not_trusted(stated, status):
    answer = small_bodies().post("/v1/route", content=b'{"text": "x"}', headers=JSON | {"Content-Length": stated})
    assert answer.status_code == status


def test_a_body_over_the_limit_is_refused_while_it_streams():
    def endless():
        yield b'{"text": "'
        for _ in range(1_000):
            yield b"x" * 100

    answer = small_bodies().post("/v1/route", content=endless(), headers=JSON)
    assert_problem(answer, 413, "body_too_large")


def test_a_body_at_the_limit_is_read():
    body = json.dumps({"text": "x"}).encode().ljust(1_000)
    assert small_bodies().post("/v1/route", content=body, headers=JSON).status_code == 200
    assert small_bodies().post("/v1/route", content=body + b" ", headers=JSON).status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/console", "/console/nothing.js", "/v1/route/", "/v2/route", "/docs", "/redoc", "/%E4%B8%AD%00", "/v1//route"],
)
def test_other_addresses_are_not_found(client, path):
    problem = assert_problem(client.get(path), 404, "not_found")
    assert problem["instance"] == path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/route", "POST"),
        ("PUT", "/v1/route/batch", "POST"),
        ("POST", "/v1/units", "GET"),
        ("DELETE", "/v1/topics", "GET"),
        ("OPTIONS", "/readyz", "GET"),
        ("TRACE", "/healthz", "GET"),
    ],
)
def test_other_methods_are_told_which_are_allowed(client, method, path, allowed):
    answer = client.request(method, path)
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/route"),
        ("POST", "/v1/route/batch"),
        ("GET", "/v1/units"),
        ("GET", "/v1/topics"),
        ("GET", "/readyz"),
    ],
)
def test_without_a_bundle_it_is_not_ready(unready, method, path):
    body = {"text": WORDS, "appeals": []} if method == "POST" else None
    answer = unready.request(method, path, json=body)
    assert_problem(answer, 503, "not_ready")
    assert int(answer.headers["retry-after"]) > 0


def test_a_bug_is_told_without_what_the_citizen_wrote(broken, caplog):
    with caplog.at_level(logging.DEBUG):
        answer = broken.post("/v1/route", json={"text": WORDS})
    problem = assert_problem(answer, 500, "internal_error")
    assert "RuntimeError" not in json.dumps(problem)
    assert WORDS not in caplog.text
    (failed,) = [record.msg for record in caplog.records if record.msg["event"] == "failed"]
    assert (failed["route"], failed["error"]) == ("POST /v1/route", "RuntimeError")
    assert "fakes.py" in failed["where"]


@pytest.mark.parametrize("path", ["/v1/route", "/v1/route?text=" + WORDS, "/" + WORDS])
def test_the_log_names_routes_and_never_what_was_sent(client, caplog, path):
    with caplog.at_level(logging.DEBUG, logger="paidan"):
        client.post(path, json={"id": WORDS, "text": WORDS})
        client.post(path, json={"text": [WORDS]})
        client.post(path, content=WORDS.encode(), headers=JSON)
    assert len(caplog.records) == 3
    assert WORDS not in caplog.text
    assert "13800138000" not in caplog.text


@pytest.mark.parametrize("path", ["/v1/route", "/healthz", "/nowhere", "/openapi.json"])
def test_every_answer_is_guarded(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
