"""Events are told to subscribers, signed, at least once, and with nothing that anybody wrote."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.testclient import TestClient

from api.access import Doorkeeper
from api.app import create_app
from api.delivery import Destinations, Sender
from api.outbox import Postman, Strongbox
from api.settings import networks
from tests.api.fakes import KeywordTriage
from tests.api.webhook_receiver import listening
from tests.triage.ledger.desk import Clock
from triage.errors import InputError
from triage.ledger.alerts import Alert, alert
from triage.ledger.ledger import Ledger
from triage.ledger.outbox import CLAIM

STREET, POWER = "cy-wj", "bj-dl"
SURE, UNSURE = "望京街道望京花园的垃圾三天没有清运", "小区里的垃圾三天没有清运"
ATTEMPTS = 10
LONGER = timedelta(days=2)  # than any pause between attempts


@pytest.fixture
def receiver():
    with listening() as receiver:
        yield receiver


@pytest.fixture
def clock():
    clock = Clock()
    clock.at = datetime.now(UTC)  # subscribers refuse what was signed long ago
    return clock


@pytest.fixture
def ledger(ledger, clock):
    return Ledger(ledger.engine, now=clock)


@pytest.fixture
def settings(settings):
    return replace(settings, webhook_networks=networks("127.0.0.0/8"))


@pytest.fixture
def office(ledger, settings, clock):
    app = create_app(KeywordTriage(), settings, ledger)
    app.state.doorkeeper = Doorkeeper(ledger, rate_limit=1_000, clock=lambda: clock().timestamp())
    with TestClient(app) as client:
        yield client


@pytest.fixture
def postman(ledger, settings):
    """One that works beside the server; its pauses are as drawn by a seeded generator."""
    sender = Sender(destinations=Destinations(networks=settings.webhook_networks))
    return Postman(ledger, sender, Strongbox(settings.state / "webhooks.key"), draw=Random(7))


@pytest.fixture
def administrator(key_of):
    return key_of("administrator")


@pytest.fixture
def subscribe(office, receiver, administrator):
    """Make a webhook for the receiver, and return it."""

    def made(*, by=None, **fields):
        answer = office.post("/v1/webhooks", json={"url": receiver.url, **fields}, headers=by or administrator)
        assert answer.status_code == 201, answer.text
        return answer.json()

    return made


@pytest.fixture
def submit(office, administrator):
    def submitted(text=UNSURE, *, by=None):
        return office.post("/v1/appeals", json={"text": text}, headers=by or administrator).json()["id"]

    return submitted


@pytest.fixture
def do(office, administrator):
    def done(order, verb, *, by=None, **body):
        answer = office.post(f"/v1/appeals/{order}/{verb}", json=body, headers=by or administrator)
        assert answer.status_code == 201, answer.text

    return done


@pytest.fixture
def deliveries(office, administrator):
    def found(webhook, *, by=None, **filters):
        path = f"/v1/webhooks/{webhook['id']}/deliveries"
        return office.get(path, params=filters, headers=by or administrator).json()["deliveries"]

    return found


@pytest.fixture
def tire(postman, clock):
    """Let all attempts that are left be made."""

    def tired():
        while postman.deliver():
            clock.at += LONGER

    return tired


def test_what_happens_is_told_signed(subscribe, submit, do, postman, receiver):
    webhook = subscribe()
    order = submit(SURE)
    do(order, "signatures")
    do(order, "closures", unit=STREET, contacted=True, solved=True, satisfaction="满意")
    while postman.deliver():
        pass
    assert receiver.types == [
        f"order.{kind}" for kind in ("received", "decided", "dispatched", "signed", "closed", "called_back")
    ]
    for letter in receiver.letters:
        Webhook(webhook["secret"]).verify(letter.body, letter.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(webhook["secret"]).verify(letter.body + b" ", letter.headers)
        assert letter.headers["content-type"] == "application/json"
        assert letter.told["data"]["order"] == order
    assert len({letter.id for letter in receiver.letters}) == len(receiver.letters)


def test_who_submitted_a_merged_order_hears_that_it_is_closed(subscribe, submit, do, key_of, tire, receiver):
    intake = key_of("intake")
    subscribe(by=intake, kinds=["merged", "closed"])
    order, other = submit(by=intake), submit()
    do(order, "merges", into=other)
    do(other, "closures", unit=STREET)
    tire()
    told = sorted((letter.told for letter in receiver.letters), key=lambda one: one["data"]["number"])
    assert [(one["type"], one["data"]["order"]) for one in told] == [("order.merged", order), ("order.closed", order)]
    assert told[1]["data"]["facts"] == {"unit": STREET, "with": other}


def test_what_happened_before_is_not_told(subscribe, submit, postman, receiver):
    submit()
    subscribe()
    assert (postman.deliver(), receiver.letters) == (0, [])


def test_nothing_is_told_twice_if_it_was_taken(subscribe, submit, postman, receiver, deliveries):
    webhook = subscribe()
    submit()
    assert postman.deliver() == 2
    assert postman.deliver() == 0
    assert {(one["state"], one["attempts"], one["answer"]) for one in deliveries(webhook)} == {("delivered", 1, "204")}


def test_what_was_not_taken_is_told_again_under_the_same_id(subscribe, submit, postman, receiver, clock, deliveries):
    webhook = subscribe(kinds=["received"])
    submit()
    receiver.answers = [500, 503]
    postman.deliver()
    [waiting] = deliveries(webhook, state="waiting")
    assert (waiting["attempts"], waiting["answer"]) == (1, "500")
    assert postman.deliver() == 0  # not at once
    clock.forward(minutes=10)
    assert postman.deliver() == 1
    clock.forward(hours=1)
    assert postman.deliver() == 1
    assert {letter.id for letter in receiver.letters} == {waiting["id"]}
    assert len({letter.body for letter in receiver.letters}) == 1
    assert len({letter.headers["webhook-timestamp"] for letter in receiver.letters}) == 3
    for letter in receiver.letters:
        at = datetime.fromtimestamp(int(letter.headers["webhook-timestamp"]), UTC)
        signed = Webhook(webhook["secret"]).sign(letter.id, at, letter.body.decode())
        assert letter.headers["webhook-signature"] == signed
    assert [one["state"] for one in deliveries(webhook)] == ["delivered"]


def test_after_the_last_attempt_a_letter_is_dead_and_can_be_sent_again(
    office, subscribe, submit, tire, postman, receiver, deliveries, administrator
):
    webhook = subscribe(kinds=["received"])
    submit()
    receiver.answers = [500] * ATTEMPTS
    tire()
    [dead] = deliveries(webhook, state="dead")
    assert (len(receiver.letters), dead["attempts"], dead["answer"]) == (ATTEMPTS, ATTEMPTS, "500")
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{dead['id']}/retries"
    answer = office.post(path, headers=administrator)
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (201, "waiting", 0)
    assert postman.deliver() == 1
    assert receiver.letters[-1].id == dead["id"]
    assert deliveries(webhook, state="dead") == []
    assert office.post(path, headers=administrator).status_code == 404  # it is dead no longer


def test_nobody_who_listens_is_no_trouble(subscribe, submit, postman, receiver, deliveries):
    webhook = subscribe(kinds=["received"], url=receiver.url.replace(f":{receiver.url.split(':')[2]}", ":1/"))
    submit()
    postman.deliver()
    assert [(one["state"], one["answer"]) for one in deliveries(webhook)] == [("waiting", "unreachable")]


def test_who_is_gone_is_told_nothing_more(office, subscribe, submit, tire, receiver, deliveries, administrator):
    webhook = subscribe()
    submit()
    receiver.answers = [410, 410]
    tire()
    assert len(receiver.letters) <= 2
    assert {one["state"] for one in deliveries(webhook)} == {"dead"}
    assert office.get("/v1/webhooks", headers=administrator).json() == {"webhooks": []}
    submit()
    tire()
    assert len(receiver.letters) <= 2


def test_an_ended_webhook_is_told_nothing_more(office, subscribe, submit, tire, receiver, deliveries, administrator):
    webhook = subscribe()
    submit()
    assert office.delete(f"/v1/webhooks/{webhook['id']}", headers=administrator).status_code == 204
    submit()
    tire()
    assert receiver.letters == []
    assert {(one["state"], one["answer"]) for one in deliveries(webhook)} == {("dead", "webhook ended")}


def test_a_dead_letter_of_an_ended_webhook_stays_dead(
    office, subscribe, submit, tire, receiver, deliveries, administrator
):
    webhook = subscribe(kinds=["received"])
    submit()
    office.delete(f"/v1/webhooks/{webhook['id']}", headers=administrator)
    [dead] = deliveries(webhook)
    path = f"/v1/webhooks/{webhook['id']}/deliveries/{dead['id']}/retries"
    assert office.post(path, headers=administrator).status_code in (404, 409)
    tire()
    assert receiver.letters == []


def test_a_webhook_that_is_ended_while_it_is_told_is_told_nothing_more(
    office, subscribe, submit, tire, receiver, administrator
):
    webhook = subscribe(kinds=["received"])
    submit()
    receiver.answers = [500]
    receiver.on_letter = lambda _: office.delete(f"/v1/webhooks/{webhook['id']}", headers=administrator)
    tire()
    assert len(receiver.letters) == 1


def test_who_dies_while_sending_leaves_the_letter_to_others(
    subscribe, submit, ledger, settings, postman, receiver, clock
):
    class Dying(Sender):
        def send(self, url, headers, body):
            raise KeyboardInterrupt

    subscribe(kinds=["received"])
    submit()
    dying = Postman(ledger, Dying(destinations=Destinations()), Strongbox(settings.state / "webhooks.key"))
    with pytest.raises(KeyboardInterrupt):
        dying.deliver()
    assert postman.deliver() == 0  # it may still be on its way
    clock.at += CLAIM
    assert postman.deliver() == 1
    assert receiver.types == ["order.received"]


def test_only_the_kinds_that_were_asked_for_are_told(subscribe, submit, do, tire, receiver):
    subscribe(kinds=["dispatched", "closed"])
    order = submit()
    do(order, "dispatches", unit=POWER)
    do(order, "closures")
    tire()
    assert receiver.types == ["order.dispatched", "order.closed"]


def test_a_unit_hears_of_its_own_orders_alone(subscribe, submit, do, tire, receiver, key_of):
    power = key_of("unit", POWER)
    assert subscribe(by=power)["unit"] == POWER
    submit(SURE)
    other, own = submit(), submit()
    do(other, "dispatches", unit=STREET)
    do(own, "dispatches", unit=POWER)
    do(own, "returns", by=power, reason="属地不符")
    do(own, "dispatches", unit=STREET)
    tire()
    assert receiver.types == ["order.dispatched", "order.returned"]
    assert {letter.told["data"]["order"] for letter in receiver.letters} == {own}


def test_an_intake_system_hears_of_what_it_submitted_alone(subscribe, submit, do, tire, receiver, key_of):
    one, other = key_of("intake"), key_of("intake")
    subscribe(by=one, kinds=["received", "closed"])
    own, others = submit(by=one), submit(by=other)
    for order in (own, others):
        do(order, "closures")
    tire()
    assert receiver.types == ["order.received", "order.closed"]
    assert {letter.told["data"]["order"] for letter in receiver.letters} == {own}


def test_a_unit_cannot_listen_for_another(subscribe, key_of):
    assert subscribe(by=key_of("unit", POWER), unit=STREET)["unit"] == POWER


def test_the_webhooks_of_others_are_not_there(office, subscribe, submit, tire, receiver, key_of, deliveries):
    power, street, intake = key_of("unit", POWER), key_of("unit", STREET), key_of("intake")
    webhook = subscribe(by=street)
    receiver.answers = [500] * 100
    submit(SURE)
    tire()
    [dead] = deliveries(webhook, by=street)
    for stranger in (power, intake):
        assert office.get("/v1/webhooks", headers=stranger).json() == {"webhooks": []}
        path = f"/v1/webhooks/{webhook['id']}"
        assert office.get(f"{path}/deliveries", headers=stranger).status_code == 404
        assert office.post(f"{path}/deliveries/{dead['id']}/retries", headers=stranger).status_code == 404
        assert office.delete(path, headers=stranger).status_code == 404
    own = subscribe(by=power)
    path = f"/v1/webhooks/{own['id']}/deliveries/{dead['id']}/retries"
    assert office.post(path, headers=power).status_code == 404
    assert office.delete(f"/v1/webhooks/{webhook['id']}", headers=street).status_code == 204


WRITTEN = {  # the numbers are made up for this test
    "text": "张三说路灯不亮13800138000",
    "id": "编号甲乙",
    "address": "望京西园四区3号楼502室",
}


def test_nothing_that_anybody_wrote_is_told(office, subscribe, do, submit, tire, receiver, administrator):
    subscribe()
    order = office.post("/v1/appeals", json=WRITTEN, headers=administrator).json()["id"]
    do(order, "dispatches", unit=POWER, note="派单备注")
    do(order, "returns", reason="属地不符", note="退单备注")
    do(order, "dispatches", unit=POWER)
    do(order, "closures", solution="办结说明")
    do(order, "callbacks", contacted=True, solved=True, satisfaction="满意", note="回访备注")
    do(order, "erasures", reason="删除缘由")
    tire()
    assert "order.erased" in receiver.types
    everything = b"".join(letter.body for letter in receiver.letters).decode()
    words = ("路灯", "1380013", "编号甲乙", "西园", "派单备注", "退单备注", "办结说明", "回访备注", "删除缘由")
    assert [word for word in words if word in everything] == []


def test_what_a_machine_calls_its_events_is_not_told(office, subscribe, tire, receiver, administrator):
    subscribe()
    for id_ in ("甲的表计", "乙的表计"):
        event = {"specversion": "1.0", "id": id_, "source": "/17", "type": "paidan.road.ice"}
        office.post(
            "/v1/events",
            json=event | {"data": {"road": "望京街", "celsius": -2, "wet": True}},
            headers={**administrator, "Content-Type": "application/cloudevents+json"},
        )
    tire()
    assert "order.repeated" in receiver.types
    assert "表计" not in b"".join(letter.body for letter in receiver.letters).decode()


MATTER = Alert(axis="matters", facts={"orders": ["20261122-1"]}, content={"words": ["换电柜"]})


def test_alerts_are_told_to_who_hears_of_all_orders_without_words(subscribe, key_of, ledger, tire, receiver):
    subscribe(kinds=["alerted"])
    subscribe(by=key_of("unit", POWER))
    subscribe(by=key_of("intake"))
    subscribe(unit=POWER)
    alert(ledger, [MATTER], silent=LONGER)
    tire()
    [letter] = receiver.letters
    assert letter.told["type"] == "ledger.alerted"
    assert letter.told["data"] == {
        "number": ledger.end().number,
        "role": "system",
        "facts": {"axis": "matters", "orders": ["20261122-1"]},
    }


@pytest.mark.parametrize(("role", "fields"), [("unit", {}), ("intake", {}), ("administrator", {"unit": STREET})])
def test_who_hears_of_some_orders_cannot_ask_for_alerts(office, key_of, role, fields):
    key = key_of(role, POWER if role == "unit" else "")
    asked = {"url": "https://units.example/", "kinds": ["closed", "alerted"], **fields}
    answer = office.post("/v1/webhooks", json=asked, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (409, "not_for_some_orders")
    assert office.get("/v1/webhooks", headers=key).json() == {"webhooks": []}


def test_the_secret_is_shown_once_and_nowhere_in_the_clear(
    office, subscribe, administrator, ledger, settings, tmp_path
):
    webhook = subscribe()
    assert webhook["secret"].startswith("whsec_")
    [listed] = office.get("/v1/webhooks", headers=administrator).json()["webhooks"]
    assert listed == {**webhook, "secret": None}
    ledger.engine.dispose()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    written = b"".join(file.read_bytes() for file in files)
    assert webhook["id"].encode() in written
    assert webhook["secret"].removeprefix("whsec_").encode() not in written
    assert (settings.state / "webhooks.key").stat().st_mode & 0o777 == 0o600


def test_under_another_key_nothing_is_sent_unsigned(
    subscribe, submit, ledger, settings, receiver, deliveries, tmp_path
):
    webhook = subscribe(kinds=["received"])
    submit()
    sender = Sender(destinations=Destinations(networks=settings.webhook_networks))
    Postman(ledger, sender, Strongbox(tmp_path / "other.key")).deliver()
    assert receiver.letters == []
    assert [one["state"] for one in deliveries(webhook)] == ["waiting"]


def test_a_file_that_holds_no_key_is_told(tmp_path):
    (tmp_path / "webhooks.key").write_text("x")
    with pytest.raises(InputError, match="no key; bring back the file"):
        Strongbox(tmp_path / "webhooks.key")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://2130706433/",
        "http://units.example/",
    ],
)
def test_nothing_within_the_house_is_reached_unless_it_is_listed(url, ledger, settings, administrator):
    with TestClient(create_app(KeywordTriage(), replace(settings, webhook_networks=()), ledger)) as client:
        answer = client.post("/v1/webhooks", json={"url": url}, headers=administrator)
        assert (answer.status_code, answer.json()["code"]) == (409, "bad_webhook_url")
        assert client.get("/v1/webhooks", headers=administrator).json() == {"webhooks": []}


def test_what_is_listed_no_longer_is_reached_no_longer(subscribe, submit, ledger, settings, receiver, deliveries):
    webhook = subscribe(kinds=["received"])
    submit()
    Postman(ledger, Sender(destinations=Destinations()), Strongbox(settings.state / "webhooks.key")).deliver()
    assert receiver.letters == []
    assert [one["answer"] for one in deliveries(webhook)] == ["refused_destination"]


def test_a_url_may_have_every_other_character(office, administrator):
    url = "https://units.example/" + "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "@#\\")
    answer = office.post("/v1/webhooks", json={"url": url}, headers=administrator)
    assert (answer.status_code, answer.json()["url"]) == (201, url)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"url": "ftp://units.example/"}, 422),
        ({"url": "https://user:password@units.example/"}, 422),
        ({"url": "https://units.example/#x"}, 422),
        ({"url": "https://units.example\\x"}, 422),
        ({"url": "https://units.example/ x"}, 422),
        ({"url": "https://units.example/\x7f"}, 422),
        ({"url": "https://units.example/\x85"}, 422),
        ({"url": "https://units.example/x\n"}, 422),
        ({"url": "https://承办单位.example/"}, 422),
        ({"url": "https://units.example/", "kinds": ["everything"]}, 422),
        ({"url": "https://units.example/", "unit": "nobody"}, 404),
        ({"url": "https://units.example:99999/"}, 409),
        ({"url": "https://" + "a" * 2_000}, 422),
    ],
)
def test_a_webhook_that_makes_no_sense_is_not_made(body, status, office, administrator):
    assert office.post("/v1/webhooks", json=body, headers=administrator).status_code == status
    assert office.get("/v1/webhooks", headers=administrator).json() == {"webhooks": []}


def test_the_worker_of_the_service_tells_too(office, subscribe, submit, receiver):
    subscribe(kinds=["received"])
    submit()
    worker = office.app.state.worker
    receiver.on_letter = lambda _: worker.stop()
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    thread.join(10)
    assert receiver.types == ["order.received"]
