"""Appeals become orders, once each; orders are found and read by whom they concern."""

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from threading import Event

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.fallback import CHAMPION, Fallback
from tests.api.fakes import BrokenTriage, KeywordTriage
from tests.triage.ledger.desk import at_once
from triage.ledger.verify import verify

SURE, UNSURE = "望京街道望京花园的垃圾三天没有清运", "小区里的垃圾三天没有清运"


@pytest.fixture
def agent(key_of):
    return key_of("agent")


@pytest.fixture
def submit(office, agent):
    """Submit an appeal as an agent, or with the key given, and return the order."""

    def submitted(text=UNSURE, *, key=None, **fields):
        answer = office.post("/v1/appeals", json={"text": text, **fields}, headers=key or agent)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return submitted


@pytest.fixture
def listed(office, agent):
    """List the ids of orders."""

    def found(*, key=None, **filters):
        answer = office.get("/v1/appeals", params=filters, headers=key or agent)
        assert answer.status_code == 200, answer.text
        return [order["id"] for order in answer.json()["appeals"]]

    return found


def test_an_appeal_becomes_an_order_that_is_read_as_it_was_answered(office, agent):
    said = {"text": UNSURE, "id": "A-7", "address": "望京西园四区", "channel": "电话"}
    created = office.post("/v1/appeals", json=said, headers=agent)
    order = created.json()
    assert (created.status_code, created.headers["location"]) == (201, f"/v1/appeals/{order['id']}")
    assert created.headers["etag"] == f'"{order["version"]}"'
    assert {order[name] for name in ("text", "address", "reference", "channel")} == {
        UNSURE,
        "望京西园四区",
        "A-7",
        "电话",
    }
    assert (order["status"], order["unit"], order["decision"]["action"]) == ("received", None, "review")
    read = office.get(created.headers["location"], headers=agent)
    assert (read.status_code, read.content) == (200, created.content)
    assert read.headers["etag"] == created.headers["etag"]


def test_a_sure_appeal_is_dispatched_by_itself(submit):
    order = submit(SURE)
    assert (order["status"], order["unit"]) == ("dispatched", {"code": "cy-wj", "name": "朝阳区望京街道办事处"})
    assert order["routing"]["decision"]["reason"] == "sure"


def test_the_time_of_an_appeal_counts_where_it_has_passed(submit):
    assert submit(received_at="2026-01-31T08:30:00+08:00")["received_at"] == "2026-01-31T08:30:00+08:00"
    assert submit(received_at="2026/1/31 8:30")["received_at"] == "2026-01-31T08:30:00+08:00"
    for other in ("2199-01-01T00:00:00+08:00", "昨天", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        assert submit(received_at=other)["received_at"][:2] == "20"


@pytest.mark.parametrize("odd", ["\ud800", "工单\udfff号", "\U0010ffff"])
def test_whatever_a_sender_calls_its_appeal_one_cannot_break_the_service(odd, office, agent):
    body = json.dumps({"text": UNSURE, "id": odd})
    answer = office.post("/v1/appeals", content=body, headers={**agent, "Content-Type": "application/json"})
    assert answer.status_code in (201, 422)


def test_lone_surrogates_and_nul_in_the_words_are_kept(office, agent):
    body = json.dumps({"text": "路灯\ud800不亮\0", "address": "\udc00"})
    created = office.post("/v1/appeals", content=body, headers={**agent, "Content-Type": "application/json"})
    assert created.status_code == 201
    read = office.get(created.headers["location"], headers=agent)
    assert read.content == created.content
    assert b"\\ud800" in read.content


def test_the_history_tells_what_happened_chained(office, agent, submit):
    order = submit(SURE)
    events = office.get(f"/v1/appeals/{order['id']}/history", headers=agent).json()["events"]
    assert [event["kind"] for event in events] == ["received", "routed", "decided", "dispatched"]
    assert [event["role"] for event in events] == ["agent", "system", "system", "system"]
    assert events[0]["content"]["text"] == SURE
    assert events[-1]["number"] == order["version"]
    assert {json.dumps(event["versions"]) for event in events} == {
        '{"bundle": "small-1", "pack": "small", "policy": "1"}'
    }
    for before, after in pairwise(events):
        assert after["previous"] == before["hash"]
    assert events[0]["at"].endswith("+08:00")


def test_a_history_is_read_in_pages(office, agent, submit):
    path = f"/v1/appeals/{submit(SURE)['id']}/history"
    whole = office.get(path, headers=agent).json()
    assert whole["next"] is None
    seen, after = [], 0
    while after is not None:
        page = office.get(path, params={"limit": 3, "after": after}, headers=agent).json()
        seen.append(page["events"])
        after = page["next"]
    assert [len(events) for events in seen] == [3, 1]
    assert [event for page in seen for event in page] == whole["events"]


@pytest.mark.parametrize("path", ["20261122-999", "20261122-999/history"])
def test_an_order_that_is_not_there_is_not_found(path, office, agent):
    answer = office.get(f"/v1/appeals/{path}", headers=agent)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "20261122-999" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": " \n　"}, "/text"),
        ({"text": "字" * 100_001}, "/text"),
        ({"text": UNSURE, "id": 1.5}, "/id"),
        ({"text": UNSURE, "id": "x" * 101}, "/id"),
        ({"text": UNSURE, "channel": "电\0话"}, "/channel"),
        ({"text": UNSURE, "address": ["望京"]}, "/address"),
    ],
    ids=["nothing", "empty", "blank", "long", "half", "long id", "nul", "list"],
)
def test_an_appeal_that_cannot_be_used_is_told_where_and_not_written(body, pointer, office, agent, ledger):
    answer = office.post("/v1/appeals", json=body, headers=agent)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert "字字" not in answer.text
    assert verify(ledger.engine).orders == 0


def with_key(headers, key):
    return {**headers, "Idempotency-Key": key}


def test_the_same_key_and_body_give_the_same_bytes_also_after_the_order_went_on(office, agent, ledger):
    said = {"text": SURE, "id": 7, "address": "望京西园四区"}
    first = office.post("/v1/appeals", json=said, headers=with_key(agent, "k-1"))
    office.post(f"{first.headers['location']}/signatures", json={}, headers=agent)
    again = office.post("/v1/appeals", json={**said, "id": "7"}, headers=with_key(agent, "k-1"))
    assert (again.status_code, again.content) == (201, first.content)
    assert (again.headers["etag"], again.headers["location"]) == (first.headers["etag"], first.headers["location"])
    assert verify(ledger.engine).orders == 1


def test_the_same_key_with_another_body_is_a_conflict(office, agent, ledger):
    office.post("/v1/appeals", json={"text": SURE}, headers=with_key(agent, "k-1"))
    other = office.post("/v1/appeals", json={"text": UNSURE}, headers=with_key(agent, "k-1"))
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    assert other.headers["content-type"] == "application/problem+json"
    assert verify(ledger.engine).orders == 1


def test_fifty_who_send_the_same_at_once_make_one_order(office, agent, ledger):
    def send():
        return office.post("/v1/appeals", json={"text": SURE}, headers=with_key(agent, "k-1"))

    answers = at_once(*[send] * 50)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert verify(ledger.engine).orders == 1


def test_fifty_who_send_different_bodies_under_one_key_make_one_order(office, agent, ledger):
    answers = at_once(
        *[
            lambda n=n: office.post("/v1/appeals", json={"text": f"路灯{n}不亮"}, headers=with_key(agent, "k"))
            for n in range(50)
        ]
    )
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (1, 49)
    assert verify(ledger.engine).orders == 1


def test_the_keys_of_two_senders_do_not_collide(office, key_of, ledger):
    answers = [
        office.post("/v1/appeals", json={"text": text}, headers=with_key(key_of("intake"), "k-1"))
        for text in (SURE, UNSURE)
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert verify(ledger.engine).orders == 2


@pytest.mark.parametrize("key", ["", "a b", "钥匙", "x" * 256])
def test_an_idempotency_key_that_is_none_is_refused(key, office, agent):
    headers = {name: value.encode() for name, value in with_key(agent, key).items()}
    assert office.post("/v1/appeals", json={"text": SURE}, headers=headers).status_code == 422


def test_where_nothing_can_route_nothing_is_written_and_the_same_key_works_later(ledger, settings, key_of):
    broken = Fallback([(CHAMPION, BrokenTriage())])
    headers = with_key(key_of("agent"), "k-1")
    with TestClient(create_app(broken, settings, ledger)) as client:
        answer = client.post("/v1/appeals", json={"text": SURE}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
        assert int(answer.headers["retry-after"]) > 0
    assert verify(ledger.engine).orders == 0
    with TestClient(create_app(KeywordTriage(), settings, ledger)) as client:
        assert client.post("/v1/appeals", json={"text": SURE}, headers=headers).status_code == 201


class Halting(KeywordTriage):
    """Waits with its first appeals until it is told to go on, and breaks on a poisonous text."""

    def __init__(self):
        self.begun, self.go_on = Event(), Event()

    def route_many(self, appeals):
        self.begun.set()
        assert self.go_on.wait(10)
        if any("毒" in appeal.text for appeal in appeals):
            raise RuntimeError
        return super().route_many(appeals)


def test_an_appeal_that_nothing_can_route_spoils_none_that_came_in_at_the_same_time(ledger, settings, key_of):
    triage = Halting()
    app = create_app(Fallback([(CHAMPION, triage)]), settings, ledger)
    with TestClient(app) as client, ThreadPoolExecutor(3) as threads:

        def send(text):
            return threads.submit(client.post, "/v1/appeals", json={"text": text}, headers=headers)

        headers = key_of("agent")
        first = send("路灯不亮")
        assert triage.begun.wait(10)
        others = [send(text) for text in ("垃圾", "毒")]
        while len(app.state.hotline._waiting) < len(others):
            pass
        triage.go_on.set()
        statuses = [answer.result().status_code for answer in (first, *others)]
    assert statuses == [201, 201, 503]


def test_pages_neither_repeat_nor_leave_out_while_orders_come_in(office, agent, submit):
    before = [submit()["id"] for _ in range(7)]
    found, after = [], {}
    for _ in count():
        page = office.get("/v1/appeals", params={"limit": 3, **after}, headers=agent).json()
        found += [order["id"] for order in page["appeals"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
        submit()
    assert found == before[::-1]


def test_the_last_page_says_that_it_is(office, agent, submit):
    for _ in range(3):
        submit()
    for limit, more in ((2, True), (3, False), (4, False)):
        page = office.get("/v1/appeals", params={"limit": limit}, headers=agent).json()
        assert (page["next"] is not None) is more
        assert len(page["appeals"]) == min(limit, 3)


def test_a_list_shows_orders_as_they_stand_without_their_routing(office, agent, submit):
    order = submit(SURE, id="7")
    office.post(f"/v1/appeals/{order['id']}/signatures", json={}, headers=agent)
    [shown] = office.get("/v1/appeals", headers=agent).json()["appeals"]
    read = office.get(f"/v1/appeals/{order['id']}", headers=agent).json()
    assert "routing" not in shown
    assert {name: value for name, value in shown.items() if name != "decision"} == {
        name: value for name, value in read.items() if name not in ("decision", "routing")
    }


def test_orders_are_found_by_what_is_known_of_them(office, submit, listed, agent):
    first = submit(SURE, id="A-1", channel="电话", received_at="2026-01-01T08:00:00+08:00")["id"]
    second = submit(UNSURE, id="A-2", channel="网站", received_at="2026-02-01T08:00:00+08:00")["id"]
    office.post(f"/v1/appeals/{second}/dispatches", json={"unit": "bj-dl", "assist": ["cy-wj"]}, headers=agent)
    office.post(f"/v1/appeals/{second}/closures", json={"unit": "bj-jg"}, headers=agent)
    only_first, only_second, both = [first], [second], [second, first]
    assert listed(status="dispatched") == only_first
    assert listed(status="closed") == only_second
    assert listed(status="merged") == []
    assert listed(unit="cy-wj") == both  # leads one, assists in the other
    assert listed(unit="bj-jg") == only_second  # closed it in the end
    assert listed(topic="T0101") == both
    assert listed(district="朝阳区") == only_first
    assert listed(street="望京街道") == []
    assert listed(channel="网站") == only_second
    assert listed(reference="A-1") == only_first
    assert listed(received_from="2026-01-15T00:00:00+08:00") == only_second
    assert listed(received_to="2026-02-01T08:00:00+08:00") == only_first  # without the moment itself
    assert listed(received_from="2026-01-01T08:00:00+08:00") == both
    assert listed(received_from="2026-01-01", received_to="2026-01-02") == only_first  # days are China's
    assert listed(overdue=False) == both
    assert listed(overdue=True) == []
    assert listed(status="closed", channel="电话") == []


@pytest.mark.parametrize(
    "query",
    [
        {"status": "open"},
        {"limit": "0"},
        {"limit": "501"},
        {"after": "-1"},
        {"after": "9" * 19},
        {"received_from": "1234567890"},
        {"received_to": "2026-13-01"},
        {"unit": "a\0b"},
        {"overdue": "perhaps"},
    ],
)
def test_a_filter_that_cannot_be_read_is_told(query, office, agent):
    answer = office.get("/v1/appeals", params=query, headers=agent)
    assert (answer.status_code, answer.json()["errors"][0]["source"]) == (422, "query")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "0001-01-01"])
def test_any_time_can_be_looked_for(at, listed, submit):
    submit()
    listed(received_from=at)
    listed(received_to=at)


def test_an_intake_key_sees_what_it_submitted_alone(office, key_of, submit, listed):
    one, other = key_of("intake"), key_of("intake")
    own, others = submit(SURE, key=one)["id"], submit(SURE, key=other)["id"]
    assert listed(key=one) == [own]
    assert listed(key=one, unit="cy-wj") == [own]
    assert listed() == [others, own]
    for path in ("", "/history"):
        assert office.get(f"/v1/appeals/{own}{path}", headers=one).status_code == 200
        hidden = office.get(f"/v1/appeals/{others}{path}", headers=one)
        missing = office.get(f"/v1/appeals/20261122-999{path}", headers=one)
        assert (hidden.status_code, missing.status_code) == (404, 404)
        assert hidden.json()["detail"].replace(others, "") == missing.json()["detail"].replace("20261122-999", "")


def test_a_unit_sees_what_it_has_alone(office, key_of, submit, listed, agent):
    power = key_of("unit", "bj-dl")
    street, unsent = submit(SURE)["id"], submit()["id"]
    led, assisted = submit()["id"], submit()["id"]
    office.post(f"/v1/appeals/{led}/dispatches", json={"unit": "bj-dl"}, headers=agent)
    office.post(f"/v1/appeals/{assisted}/dispatches", json={"unit": "bj-jg", "assist": ["bj-dl"]}, headers=agent)
    assert listed(key=power) == [assisted, led]
    assert listed(key=power, unit="bj-dl") == [assisted, led]
    assert listed(key=power, unit="cy-wj") == []
    for order, status in ((led, 200), (assisted, 200), (street, 404), (unsent, 404)):
        for path in ("", "/history"):
            assert office.get(f"/v1/appeals/{order}{path}", headers=power).status_code == status


def test_other_methods_are_told_which_there_are(office, agent, submit):
    order = submit()["id"]
    answers = {
        "/v1/appeals": office.put("/v1/appeals", headers=agent),
        f"/v1/appeals/{order}": office.delete(f"/v1/appeals/{order}", headers=agent),
        f"/v1/appeals/{order}/dispatches": office.get(f"/v1/appeals/{order}/dispatches", headers=agent),
    }
    assert {answer.status_code for answer in answers.values()} == {405}
    assert [answer.headers["allow"] for answer in answers.values()] == ["GET, POST", "GET", "POST"]
