"""What machines tell becomes orders: each event once, and a storm of them one order."""

import json

import pytest

from tests.triage.ledger.desk import at_once, everything
from triage.ledger import tables
from triage.ledger.verify import verify

STRUCTURED, BATCH = "application/cloudevents+json", "application/cloudevents-batch+json"


def ice(id_="1", *, road="朝阳区望京街", source="/road/sensors/17", **changes):
    """A road that is freezing, or what the changes make of it."""
    event = {
        "specversion": "1.0",
        "id": id_,
        "source": source,
        "type": "paidan.road.ice",
        "data": {"road": road, "district": "朝阳区", "celsius": -2.5, "wet": True},
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}


@pytest.fixture
def sensors(key_of):
    return key_of("intake")


@pytest.fixture
def report(office, sensors):
    """Report an event or a batch, and return the answer."""

    def reported(content, *, key=None, kind=None, **headers):
        kind = kind or (BATCH if isinstance(content, list) else STRUCTURED)
        return office.post(
            "/v1/events",
            content=json.dumps(content),
            headers={**(key or sensors), "Content-Type": kind, **headers},
        )

    return reported


@pytest.fixture
def orders(office, key_of):
    agent = key_of("agent")
    return lambda: office.get("/v1/appeals", headers=agent).json()["appeals"]


def test_an_event_becomes_an_order(report, orders):
    answer = report(ice("A234", time="2026-11-22T05:30:00Z"))
    assert answer.status_code == 202
    [told] = answer.json()["events"]
    [order] = orders()
    assert told == {"id": "A234", "order": order["id"], "status": "received", "repeats": 0, "error": None}
    assert order["text"].startswith("朝阳区朝阳区望京街路面结冰，路面温度-2.5度")
    assert (order["reference"], order["source"], order["channel"]) == ("A234", "/road/sensors/17", "物联感知")
    assert order["received_at"] == "2026-11-22T13:30:00+08:00"


def test_the_binary_mode_is_the_same_event(office, report, sensors, orders):
    event = ice("A234")
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    binary = office.post("/v1/events", json=event["data"], headers={**sensors, **attributes})
    assert binary.status_code == 202
    assert binary.json() == report(event).json()
    assert len(orders()) == 1


def test_names_in_headers_are_percent_encoded(office, sensors, orders):
    event = ice()
    attributes = {f"ce-{name}": value for name, value in event.items() if name != "data"}
    attributes["ce-source"] = "/%E8%B7%AF/17"
    assert office.post("/v1/events", json=event["data"], headers={**sensors, **attributes}).status_code == 202
    assert orders()[0]["source"] == "/路/17"


def test_a_batch_becomes_orders_with_errors_in_their_places(report, orders):
    answer = report(
        [
            ice("1", road="望京街"),
            "no event",
            ice("3", specversion="0.3"),
            ice("4", type="nobody.knows"),
            ice("5", data={"road": "广顺街", "wet": True}),
            ice("6", data={"road": "广顺街", "celsius": 20, "wet": True}),
            {"id": 7},
            ice("8", road="阜通东大街"),
        ]
    )
    assert answer.status_code == 202
    told = answer.json()["events"]
    assert [one["id"] for one in told] == ["1", None, "3", "4", "5", "6", None, "8"]
    assert [one["order"] is not None for one in told] == [True, *[False] * 6, True]
    codes = [one["error"] and one["error"]["code"] for one in told]
    assert codes == [None, "not_an_object", "unsupported", codes[3], "missing", None, "missing", None]
    assert codes[3] is not None
    assert len(orders()) == 2


def test_an_event_that_is_sent_again_is_one_event(report, orders):
    first = report(ice("1")).json()
    assert report(ice("1")).json() == first
    assert report([ice("1"), ice("1")]).json()["events"] == first["events"] * 2
    assert report(ice("1", subject="again")).json() == first  # what makes it one is id and source
    [order] = orders()
    assert order["repeats"] == 0


def test_one_event_told_by_fifty_threads_is_one_order(report, orders):
    answers = at_once(*[lambda: report(ice())] * 50)
    assert len({answer.content for answer in answers}) == 1
    assert [order["repeats"] for order in orders()] == [0]


def test_a_storm_is_one_order_that_counts(report, orders, office, key_of):
    told = [report(ice(str(n))).json()["events"][0] for n in range(4)]
    assert len({one["order"] for one in told}) == 1
    assert [one["repeats"] for one in told] == [0, 1, 2, 3]
    [order] = orders()
    assert order["repeats"] == 3
    history = office.get(f"/v1/appeals/{order['id']}/history", headers=key_of("agent")).json()["events"]
    assert [event["kind"] for event in history][-3:] == ["repeated"] * 3


def test_a_storm_in_one_batch_is_one_order(report, orders):
    report([ice(str(n)) for n in range(20)])
    assert [order["repeats"] for order in orders()] == [19]


def test_a_storm_told_by_many_threads_is_one_order(report, orders, ledger):
    at_once(*[lambda n=n: report(ice(str(n))) for n in range(20)])
    assert [order["repeats"] for order in orders()] == [19]
    assert verify(ledger.engine).orders == 1


def test_the_storms_of_two_roads_and_of_two_senders_are_apart(report, orders, key_of):
    report(ice("1", road="望京街"))
    report(ice("2", road="广顺街"))
    report(ice("3", road="望京街"), key=key_of("intake"))
    assert [order["repeats"] for order in orders()] == [0, 0, 0]


def test_the_same_id_of_two_sources_and_of_two_senders_are_several_events(report, orders, key_of):
    report(ice("1", road="甲路", source="/a"))
    report(ice("1", road="乙路", source="/b"))
    report(ice("1", road="甲路", source="/a"), key=key_of("intake"))
    assert len(orders()) == 3


def test_after_the_order_was_closed_a_storm_is_a_new_one(report, orders, office, key_of):
    first = report(ice("1")).json()["events"][0]["order"]
    office.post(f"/v1/appeals/{first}/closures", json={}, headers=key_of("agent"))
    second = report(ice("2")).json()["events"][0]["order"]
    assert second != first
    assert {order["id"]: order["repeats"] for order in orders()} == {first: 0, second: 0}


def test_what_is_no_matter_becomes_no_order(report, orders):
    answer = report(ice(data={"road": "望京街", "celsius": 20, "wet": True}))
    assert (answer.status_code, answer.json()["events"]) == (
        202,
        [{"id": "1", "order": None, "status": None, "repeats": 0, "error": None}],
    )
    assert orders() == []


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (ice(type="nobody.knows"), 409),
        (ice(data={"celsius": -2, "wet": True}), 409),  # which road?
        (ice(data={"road": "望京街", "celsius": "cold", "wet": True}), 409),
        (ice(data={"road": "望京街", "celsius": float("nan"), "wet": True}), 409),
        (ice(specversion="0.3"), 422),
        (ice(id=...), 422),
        (ice(id=""), 422),
        (ice(source="a\0b"), 422),
        (ice(source="\ud800"), 422),
        (ice(time="yesterday"), 422),
        (ice(data=...), 422),
        (ice(data=[1]), 422),
        (ice(data_base64="AAAA"), 422),
        (ice(datacontenttype="text/xml"), 422),
        ([ice()] * 1_001, 422),
        ({"events": []}, 422),
    ],
)
def test_an_event_that_cannot_be_used_is_refused(event, status, report, orders):
    answer = report(event)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert orders() == []


def test_an_empty_batch_is_nothing(report):
    answer = report([])
    assert (answer.status_code, answer.json()) == (202, {"events": []})


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/cloudevents+xml", ""])
def test_other_kinds_of_bodies_are_not_read(kind, report):
    answer = report(ice(), kind=kind or "x")
    assert answer.status_code == 415
    assert STRUCTURED in answer.headers["accept"]


def test_what_is_no_json_is_told(office, sensors):
    for body in (b"{", b"", b"\xff\xfe", b"[" * 5_000, b'{"a": ' * 5_000):
        answer = office.post("/v1/events", content=body, headers={**sensors, "Content-Type": STRUCTURED})
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


def test_a_sensor_sees_its_own_orders(report, office, sensors, key_of):
    order = report(ice()).json()["events"][0]["order"]
    assert office.get(f"/v1/appeals/{order}", headers=sensors).status_code == 200
    assert office.get(f"/v1/appeals/{order}", headers=key_of("intake")).status_code == 404


def test_long_names_of_machines_are_kept(report, office, sensors, key_of):
    told = report(ice("编" * 256, source="/" + "源" * 255)).json()["events"][0]
    order = office.get(f"/v1/appeals/{told['order']}", headers=sensors).json()
    assert (order["source"], order["reference"]) == ("/" + "源" * 255, "编" * 100)


def test_no_label_of_a_machine_is_longer_than_the_ledger_keeps(report, orders):
    """SQLite would keep it all the same, and PostgreSQL refuses the order."""
    data = {"order": "H-7", "text": "路灯不亮", "hotline": "字" * 500, "district": "区" * 500, "address": "址" * 500}
    answer = report(ice(type="hotline.order", data=data))
    assert answer.status_code in (202, 409)
    for order in orders():
        for name in ("channel", "source", "district", "reference"):
            assert len(order[name] or "") <= tables.orders.c[name].type.length


def test_the_order_of_another_hotline_is_masked_and_its_repetitions_are_counted(report, orders, ledger):
    """The number is made up for this test."""
    text = "望京街道停电，请回电13800138000"
    for number in ("1", "2"):
        report(ice(number, type="hotline.order", data={"order": "H-7", "text": text, "hotline": "12345"}))
    [order] = orders()
    assert (order["text"], order["status"], order["repeats"]) == ("望京街道停电，请回电〔电话〕", "dispatched", 1)
    assert "13800138000" not in everything(ledger)


def test_what_is_erased_of_a_storm_is_nowhere_any_more(report, orders, office, key_of, ledger):
    report([ice("甲0001"), ice("乙0002")])
    [order] = orders()
    office.post(f"/v1/appeals/{order['id']}/erasures", json={"reason": "x"}, headers=key_of("administrator"))
    assert "甲0001" not in everything(ledger)
    assert "乙0002" not in everything(ledger)
