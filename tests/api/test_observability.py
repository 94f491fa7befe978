"""What those who watch the service see: health, numbers, ids of requests, and logs without a citizen's words."""

import asyncio
import json
import logging
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from api.app import create_app
from api.fallback import CHAMPION, DIRECTORY, Fallback
from api.settings import DEFAULT_PACK
from tests.api.fakes import BrokenTriage, KeywordTriage
from tests.triage.ledger.desk import everything
from triage.citypack import load_pack
from triage.handbook import open_handbook
from triage.ledger.database import open_database
from triage.ledger.verify import verify

UNSURE = "小区里的垃圾三天没有清运"


@pytest.fixture
def agent(key_of):
    return key_of("agent")


def numbers(text):
    """Return the samples of Prometheus' text by name and labels."""
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_requests_by_pattern_and_status(office, agent):
    order = office.post("/v1/appeals", json={"text": UNSURE}, headers=agent).json()["id"]
    for id_ in (order, order, "20261122-999"):
        office.get(f"/v1/appeals/{id_}", headers=agent)
    office.get("/nowhere/小区")
    office.request("BREW", "/v1/appeals")
    answer = office.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    told = numbers(answer.text)

    def counted(method, route, status):
        return told["paidan_requests_total", ("method", method), ("route", route), ("status", status)]

    assert counted("POST", "/v1/appeals", "201") == 1
    assert counted("GET", "/v1/appeals/{id}", "200") == 2
    assert counted("GET", "/v1/appeals/{id}", "404") == 1
    assert counted("GET", "-", "404") == 1
    assert told["paidan_request_seconds_count", ("route", "/v1/appeals/{id}")] == 3
    assert {name[1][1] for name in told if name[0] == "paidan_requests_total"} <= {"GET", "POST", "-"}
    assert "小区" not in answer.text
    assert order not in answer.text


def test_metrics_count_orders_events_and_deliveries(office, agent, key_of, ledger):
    office.post("/v1/webhooks", json={"url": "https://units.example/"}, headers=key_of("administrator"))
    first, *_ = [office.post("/v1/appeals", json={"text": UNSURE}, headers=agent).json()["id"] for _ in range(3)]
    office.post(f"/v1/appeals/{first}/closures", json={}, headers=agent)
    told = numbers(office.get("/metrics").text)
    assert told["paidan_orders", ("status", "received")] == 2
    assert told["paidan_orders", ("status", "closed")] == 1
    assert told["paidan_deliveries", ("state", "waiting")] == 7
    assert told["paidan_ledger_events",] == verify(ledger.engine).events
    assert told["paidan_degraded",] == 0


def test_metrics_are_for_this_machine_and_for_who_watches(office, ledger, settings, key_of, agent):
    assert office.get("/metrics").status_code == 200
    assert office.get("/metrics", headers=agent).status_code == 403
    with TestClient(create_app(KeywordTriage(), replace(settings, behind_proxy=True), ledger)) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=key_of("auditor")).status_code == 200


@pytest.mark.parametrize("given", ["abc-1.2_3", "A" * 64])
def test_the_id_that_a_proxy_gave_is_kept(given, office):
    assert office.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given


def test_an_id_that_is_none_is_replaced(office):
    for given in ("", "A" * 65, "a b", "电话", "a\tb", "<script>", "1;2"):
        answer = office.get("/healthz", headers={"X-Request-Id": given.encode()})
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_every_request_has_an_id_of_its_own_that_its_log_tells(office, agent, caplog):
    caplog.set_level(logging.INFO, "paidan")
    ids = [office.get("/v1/appeals", headers=agent).headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3
    assert [record.msg["request"] for record in caplog.records] == ids
    assert caplog.records[0].msg["route"] == "GET /v1/appeals"
    assert caplog.records[0].msg["status"] == 200


def test_who_hangs_up_while_sending_is_no_fault_of_ours(office, agent, caplog):
    caplog.set_level(logging.INFO, "paidan")
    headers = [(b"content-type", b"text/csv"), (b"authorization", agent["Authorization"].encode())]
    heard = iter([{"type": "http.request", "body": "诉求内容\n路".encode(), "more_body": True}])
    sent = []

    async def receive():
        return next(heard, {"type": "http.disconnect"})

    async def send(message):
        sent.append(message)

    path = {"path": "/v1/imports", "raw_path": b"/v1/imports", "query_string": b"", "root_path": ""}
    scope = {"type": "http", "method": "POST", "headers": headers, "http_version": "1.1", "scheme": "http", **path}
    asyncio.run(office.app(scope, receive, send))
    assert sent == []
    assert [(record.levelname, record.msg["status"]) for record in caplog.records] == [("INFO", 499)]


def test_the_log_tells_which_key_asked(office, agent, caplog):
    caplog.set_level(logging.INFO, "paidan")
    office.get("/v1/appeals", headers=agent)
    office.get("/v1/appeals")
    id_ = agent["Authorization"].split("_")[1]
    assert [record.msg["key"] for record in caplog.records] == [id_, ""]


def test_answers_are_not_kept_by_anything_in_between(office, agent):
    for path in ("/v1/appeals", "/v1/appeals/20261122-9", "/metrics", "/nowhere"):
        headers = office.get(path, headers=agent).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")


def test_it_is_ready_while_the_champion_and_the_ledger_answer(office):
    assert office.get("/readyz").json()["status"] == "ready"


def test_it_is_degraded_and_says_so_in_every_answer_while_another_one_stands_in(ledger, settings, agent):
    champion = BrokenTriage()
    router = Fallback([(CHAMPION, champion), (DIRECTORY, KeywordTriage())])
    with TestClient(create_app(router, settings, ledger)) as client:
        assert client.get("/readyz").json()["status"] == "ready"
        orders = [client.post("/v1/appeals", json={"text": f"{n}号路灯不亮"}, headers=agent).json() for n in range(4)]
        assert {order["degraded"] for order in orders} == {"directory"}
        assert {order["routing"]["degraded"] for order in orders} == {"directory"}
        assert client.post("/v1/route", json={"text": "路灯不亮"}).json()["degraded"] == "directory"
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert any("champion" in reason for reason in ready.json()["reasons"])
        assert "路灯" not in ready.text
        assert numbers(client.get("/metrics").text)["paidan_degraded",] == 1


def test_where_nothing_routes_it_says_so(ledger, settings, agent):
    router = Fallback([(CHAMPION, BrokenTriage())])
    with TestClient(create_app(router, settings, ledger)) as client:
        for n in range(4):
            assert client.post("/v1/appeals", json={"text": f"{n}号"}, headers=agent).status_code == 503
        assert client.get("/readyz").status_code == 503
        assert numbers(client.get("/metrics").text)["paidan_degraded",] == 2


@pytest.fixture
def gone(ledger, settings, key_of, tmp_path):
    """A service whose database went away, and a key that it knew."""
    key = key_of("agent")
    with TestClient(create_app(KeywordTriage(), settings, ledger)) as client:
        assert client.get("/v1/appeals", headers=key).status_code == 200
        ledger.engine.dispose()
        (tmp_path / "ledger.db").rename(tmp_path / "away.db")
        (tmp_path / "ledger.db").mkdir()
        yield client, key


def test_without_its_database_it_is_alive_and_not_ready(gone):
    client, _ = gone
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert client.get("/metrics").status_code == 200
    assert client.post("/v1/route", json={"text": UNSURE}).status_code == 200


def test_without_its_database_nothing_is_said_to_be_written(gone, tmp_path):
    client, key = gone
    for answer in (
        client.post("/v1/appeals", json={"text": UNSURE}, headers=key),
        client.get("/v1/appeals", headers=key),
        client.post("/v1/session", json={"key": key["Authorization"].removeprefix("Bearer ")}),
        client.get("/v1/session", headers={"Authorization": "Bearer x"}),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
    (tmp_path / "ledger.db").rmdir()
    (tmp_path / "away.db").rename(tmp_path / "ledger.db")
    assert client.post("/v1/appeals", json={"text": UNSURE}, headers=key).status_code == 201


def test_where_all_connections_are_taken_it_asks_to_wait(office, ledger, agent):
    assert office.get("/v1/session", headers=agent).status_code == 200
    ledger.engine.pool._timeout = 0.01
    taken = [ledger.engine.connect() for _ in range(32)]
    answer = office.get("/v1/appeals", headers=agent)
    for connection in taken:
        connection.close()
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


# The name, numbers and rooms are made up for this walk.
SAID = {
    "text": "张三来电反映，望京西园四区3号楼1单元1709室楼道的路灯坏了，蓝色水桶挡道，"
    "电话13800138000，身份证11010519491231002X，京A12345",
    "address": "望京西园四区3号楼1单元1709室",
    "id": "编号甲乙丙",
    "channel": "来电13800138000",
}
NOTES = {
    "note": "橙色雨衣的备注，电话13800138000",
    "solution": "绿色灯泡已更换，联系人电话13800138000",
    "reason": "紫色信封的缘由，电话13800138000",
}
PERSONAL = ("13800138000", "11010519491231002", "京A12345", "1709室")
WORDS = ("路灯", "蓝色水桶", "西园四区", "编号甲乙丙", "橙色雨衣", "绿色灯泡", "紫色信封", "张三")


@cache
def handbook():
    return open_handbook(load_pack(Path(DEFAULT_PACK)))


@pytest.fixture
def walk(ledger, settings, key_of, caplog):
    """Walk through the life of an order with a triage that reads; return the answers and what was logged."""
    caplog.set_level(logging.DEBUG)
    with TestClient(create_app(handbook(), settings, ledger)) as client:
        answers = _walked(client, key_of)
    return answers, caplog.text + "".join(str(record.__dict__) for record in caplog.records)


def _walked(client, key_of):
    agent, administrator = key_of("agent"), key_of("administrator")

    def ask(method, path, key=agent, **given):
        answer = client.request(method, path, headers={**key, **given.pop("headers", {})}, **given)
        answers.append(answer)
        return answer

    answers = []
    created = ask("POST", "/v1/appeals", json=SAID, headers={"Idempotency-Key": "k-1"})
    assert created.status_code == 201
    path = created.headers["location"]
    ask("POST", "/v1/appeals", json=SAID, headers={"Idempotency-Key": "k-1"})
    first, second = [one["unit"] for one in created.json()["routing"]["suggestions"]][:2]
    for verb, body in (
        ("dispatches", {"unit": first, "note": NOTES["note"]}),
        ("signatures", {}),
        ("returns", {"reason": "职能不符", "proposed": second, "note": NOTES["note"]}),
        ("dispatches", {"unit": second}),
        ("closures", {"solution": NOTES["solution"]}),
        ("callbacks", {"contacted": True, "solved": False, "satisfaction": "一般", "note": NOTES["note"]}),
    ):
        assert ask("POST", f"{path}/{verb}", json=body).status_code == 201
        ask("GET", path)
    ask("GET", f"{path}/history")
    ask("GET", "/v1/appeals")
    ask("POST", "/v1/route", json=SAID)
    ask("POST", "/v1/explain", json=SAID)
    ask("POST", "/v1/route/batch", json={"appeals": [SAID, {"text": 7}]})
    ask("POST", "/v1/appeals", json={**SAID, "address": [SAID["text"]]})
    ask("POST", "/v1/appeals", content=json.dumps(SAID)[:-3], headers={"Content-Type": "application/json"})
    ask("GET", "/v1/appeals/楼道的路灯坏了")
    ask("POST", f"{path}/returns", json={"reason": NOTES["reason"]})
    ask("POST", f"{path}/erasures", administrator, json={"reason": NOTES["reason"]})
    ask("GET", f"{path}/history")
    return answers


def test_personal_data_is_masked_in_every_answer(walk, ledger):
    answers, _ = walk
    shown = "\n".join(answer.text for answer in answers)
    leaks = [
        (answer.request.method, answer.url.path, each) for answer in answers for each in PERSONAL if each in answer.text
    ]
    assert leaks == []
    assert "〔电话〕" in shown
    assert [each for each in PERSONAL if each in everything(ledger)] == []


def test_no_log_tells_what_anybody_wrote(walk):
    _, logged = walk
    assert "POST /v1/appeals/{id}/returns" in logged
    assert [each for each in (*PERSONAL, *WORDS) if each in logged] == []


def test_a_bug_that_quotes_a_citizen_is_logged_without_the_quotation(ledger, settings, agent, caplog):
    caplog.set_level(logging.DEBUG)
    with TestClient(create_app(BrokenTriage(), settings, ledger)) as client:
        answer = client.post("/v1/appeals", json=SAID, headers=agent)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert [each for each in (*PERSONAL, *WORDS) if each in answer.text or each in caplog.text] == []
    assert "RuntimeError" in caplog.text


def test_an_erased_order_can_still_be_sent_back(ledger, settings, agent, key_of):
    with TestClient(create_app(handbook(), settings, ledger)) as client:
        created = client.post("/v1/appeals", json=SAID, headers=agent)
        path, unit = created.headers["location"], created.json()["routing"]["suggestions"][0]["unit"]
        client.post(f"{path}/dispatches", json={"unit": unit}, headers=agent)
        client.post(f"{path}/erasures", json={"reason": "x"}, headers=key_of("administrator"))
        back = client.post(f"{path}/returns", json={"reason": "属地不符"}, headers=agent)
    assert (back.status_code, back.json()["status"]) == (201, "returned")
    assert unit not in [one["unit"] for one in back.json()["routing"]["suggestions"]]


def test_a_service_that_begins_while_its_ledger_is_there_finds_its_orders(ledger, settings, agent, tmp_path):
    with TestClient(create_app(KeywordTriage(), settings, ledger)) as client:
        order = client.post("/v1/appeals", json={"text": UNSURE}, headers=agent).json()
    ledger.engine.dispose()
    again = type(ledger)(open_database(f"sqlite:///{tmp_path / 'ledger.db'}"))
    with TestClient(create_app(KeywordTriage(), settings, again)) as client:
        assert client.get(f"/v1/appeals/{order['id']}", headers=agent).json() == order
    again.engine.dispose()
