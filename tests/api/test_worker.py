"""What goes on when nobody asks: reminders and deadlines once each, and trouble that passes."""

import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.delivery import Answer, Destinations, Sender
from api.outbox import Postman, Strongbox
from api.worker import DELIVERIES_KEPT, REQUESTS_KEPT, Worker
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import NOON, Clock, at_once
from triage.domain import Due
from triage.errors import UnavailableError
from triage.ledger import outbox
from triage.ledger.database import reading
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger
from triage.ledger.outbox import State
from triage.ledger.verify import verify


class PromptTriage(KeywordTriage):
    """Gives two hours to dispatch and a day to answer, and reminds at half of each."""

    def route(self, appeal):
        start = self.clock()
        due = Due(
            dispatch_within="2h",
            feedback_within="24h",
            dispatch_by=start + timedelta(hours=2),
            dispatch_remind_at=start + timedelta(hours=1),
            feedback_by=start + timedelta(hours=24),
            feedback_remind_at=start + timedelta(hours=12),
        )
        return replace(super().route(appeal), due=due)

    def __init__(self, clock):
        self.clock = clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger, clock):
    return Ledger(ledger.engine, now=clock)


@pytest.fixture
def office(ledger, settings, clock):
    with TestClient(create_app(PromptTriage(clock), settings, ledger)) as client:
        yield client


@pytest.fixture
def agent(key_of):
    return key_of("agent")


@pytest.fixture
def submit(office, agent):
    return lambda: office.post("/v1/appeals", json={"text": "小区里的垃圾三天没有清运"}, headers=agent).json()["id"]


@pytest.fixture
def history(office, agent):
    def happened(order):
        return office.get(f"/v1/appeals/{order}/history", headers=agent).json()["events"]

    return happened


@pytest.fixture
def worker(ledger, settings):
    """Make a worker as another process would."""

    def made():
        sender = Sender(destinations=Destinations())
        return Worker(ledger, Postman(ledger, sender, Strongbox(settings.state / "webhooks.key")))

    return made


def after_decision(events):
    return [(event["kind"], event["facts"]["of"]) for event in events if event["kind"] in ("reminded", "overdue")]


def test_each_reminder_and_each_passing_of_a_deadline_is_written_once_by_two_workers(
    office, submit, history, worker, clock, agent, ledger
):
    order, workers = submit(), (worker(), worker())
    office.post(f"/v1/appeals/{submit()}/closures", json={}, headers=agent)  # of which the clock says nothing

    def both():
        return sum(at_once(*[one.tick for one in workers]))

    assert both() == 0
    clock.forward(hours=1)
    assert (both(), both()) == (1, 0)
    assert after_decision(history(order)) == [("reminded", "dispatch")]
    clock.forward(hours=1)
    assert (both(), both()) == (1, 0)
    office.post(f"/v1/appeals/{order}/dispatches", json={"unit": "cy-wj"}, headers=agent)
    assert both() == 0
    clock.forward(hours=10)
    assert both() == 1
    clock.forward(hours=12)
    assert (both(), both()) == (1, 0)
    assert after_decision(history(order)) == [
        ("reminded", "dispatch"),
        ("overdue", "dispatch"),
        ("reminded", "feedback"),
        ("overdue", "feedback"),
    ]
    assert history(order)[-1]["facts"]["unit"] == "cy-wj"
    assert history(order)[-1]["role"] == "system"
    assert verify(ledger.engine).orders == 2


def test_many_orders_are_rung_by_two_workers_once_each(submit, history, worker, clock):
    orders = [submit() for _ in range(12)]
    clock.forward(hours=3)
    workers = (worker(), worker())
    while sum(at_once(*[one.tick for one in workers])):
        pass
    for order in orders:
        assert after_decision(history(order)) == [("reminded", "dispatch"), ("overdue", "dispatch")]


def test_an_order_that_is_overdue_is_found(office, submit, worker, clock, agent):
    order = submit()
    submit()
    office.post(f"/v1/appeals/{order}/dispatches", json={"unit": "cy-wj"}, headers=agent)

    def overdue():
        found = office.get("/v1/appeals", params={"overdue": True}, headers=agent).json()["appeals"]
        return [one["id"] for one in found]

    assert overdue() == []
    clock.forward(hours=25)
    while worker().tick():
        pass
    assert overdue() == [order]
    assert office.get(f"/v1/appeals/{order}", headers=agent).json()["overdue"] is True


def test_a_worker_of_the_service_ends_with_it(ledger, settings, clock):
    with TestClient(create_app(PromptTriage(clock), replace(settings, worker=True), ledger)):
        assert "worker" in {thread.name for thread in threading.enumerate()}
    assert "worker" not in {thread.name for thread in threading.enumerate()}


@contextmanager
def working(worker):
    """Let a worker run meanwhile."""
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        yield
    finally:
        worker.stop()
        thread.join(10)
    assert not thread.is_alive()


class Troubled:
    """A postman, or the clock of a ledger, to whom the database does not answer the first times."""

    def __init__(self, *troubles):
        self._troubles, self.done = list(troubles), threading.Event()

    def deliver(self):
        if self._troubles:
            raise self._troubles.pop(0)
        self.done.set()
        return 0


class TroubledLedger(Ledger):
    trouble = None

    def alarms(self, *, most):
        self.trouble.deliver()
        return super().alarms(most=most)


@pytest.mark.parametrize("trouble", [UnavailableError("gone"), ZeroDivisionError("张三的电话")])
def test_a_worker_goes_on_after_trouble_and_logs_no_words(trouble, ledger, clock, monkeypatch, caplog):
    monkeypatch.setattr("api.worker._AFTER_TROUBLE_SECONDS", 0.0)
    troubled, postman = TroubledLedger(ledger.engine, now=clock), Troubled(trouble, trouble)
    troubled.trouble = Troubled(trouble)
    with working(Worker(troubled, postman)):
        assert postman.done.wait(10)
        assert troubled.trouble.done.wait(10)
    assert len(caplog.records) == 3
    assert "张三" not in caplog.text


class Stubborn(Ledger):
    """Cannot ring for one of its orders, whatever the reason is."""

    bad = ""

    def ring(self, order):
        if order == self.bad:
            raise ZeroDivisionError
        return super().ring(order)


def test_one_bad_order_does_not_stop_the_clock_for_the_others(ledger, submit, history, clock):
    bad, good = submit(), submit()
    clock.forward(hours=1)
    stubborn = Stubborn(ledger.engine, now=clock)
    stubborn.bad = bad
    assert Worker(stubborn, Troubled()).tick() == 1
    assert after_decision(history(good)) == [("reminded", "dispatch")]


class Ringing(Ledger):
    """Tells when it has rung."""

    def __init__(self, engine, *, now):
        super().__init__(engine, now=now)
        self.rung = threading.Event()

    def ring(self, order):
        alarm = super().ring(order)
        self.rung.set()
        return alarm


class Answering:
    """A sender whose subscriber always says the same."""

    def __init__(self, status):
        self._status = status

    def send(self, url, headers, body):
        return Answer(status=self._status)


class Blocked:
    """A sender whose subscriber takes its time."""

    def __init__(self):
        self.asked, self.answered = threading.Event(), threading.Event()

    def send(self, url, headers, body):
        self.asked.set()
        self.answered.wait(30)
        return Answer(status=204)


@pytest.fixture
def subscribe(office, key_of):
    def subscribed(key=None):
        wanted = {"url": "https://units.example/", "kinds": ["received"]}
        return office.post("/v1/webhooks", json=wanted, headers=key or key_of("administrator")).json()["id"]

    return subscribed


@pytest.fixture
def states(ledger):
    def found(webhook):
        with reading(ledger.engine) as connection:
            return [one.state for one in outbox.deliveries_of(connection, webhook, state=None, limit=100)]

    return found


def test_a_subscriber_that_does_not_answer_keeps_no_deadline_from_passing(
    ledger, settings, clock, subscribe, submit, history, states, monkeypatch
):
    monkeypatch.setattr("api.worker._PAUSE_SECONDS", 0.01)
    webhook, order, sender = subscribe(), submit(), Blocked()
    ringing = Ringing(ledger.engine, now=clock)
    with working(Worker(ringing, Postman(ledger, sender, Strongbox(settings.state / "webhooks.key")))):
        assert sender.asked.wait(10)
        clock.forward(hours=1)
        rung = ringing.rung.wait(10)
        sender.answered.set()
    assert rung
    assert after_decision(history(order)) == [("reminded", "dispatch")]
    assert states(webhook) == [State.DELIVERED]


def test_a_webhook_ends_with_the_key_that_it_was_made_with(
    office, ledger, clock, worker, subscribe, submit, states, key_of
):
    administrator = key_of("administrator")
    lasting = {"role": Role.ADMINISTRATOR, "expires_at": NOON + timedelta(minutes=1)}
    keys = [ledger.create_key(**lasting), *[ledger.create_key(role=Role.ADMINISTRATOR) for _ in range(2)]]
    keys[2] = ledger.rotate_key(keys[2][0].id, overlap=timedelta())
    expiring, revoked, rotated = [subscribe({"Authorization": f"Bearer {words}"}) for _, words in keys]
    submit()
    assert office.delete(f"/v1/keys/{keys[1][0].id}", headers=administrator).status_code in (200, 204)
    assert (states(expiring), states(revoked)) == ([State.WAITING], [State.DEAD])
    clock.forward(minutes=1)
    assert (worker().tick(), worker().tick()) == (1, 0)
    assert (states(expiring), states(rotated)) == ([State.DEAD], [State.WAITING])
    listed = office.get("/v1/webhooks", headers=administrator).json()["webhooks"]
    assert [one["id"] for one in listed] == [rotated]


def test_a_worker_forgets_in_time_under_which_keys_appeals_came(office, agent, ledger, clock, worker):
    def submit():
        headers = {**agent, "Idempotency-Key": "k-1"}
        return office.post("/v1/appeals", json={"text": "路灯不亮"}, headers=headers).json()["id"]

    first = submit()
    clock.at += REQUESTS_KEPT - timedelta(hours=2)
    worker().tick()
    assert submit() == first
    clock.forward(hours=3)
    worker().tick()
    assert submit() != first


@pytest.mark.parametrize(("status", "state"), [(204, State.DELIVERED), (410, State.DEAD)])
def test_a_worker_forgets_in_time_what_was_told_or_given_up(
    status, state, ledger, clock, worker, settings, subscribe, submit, states, monkeypatch
):
    monkeypatch.setattr("api.worker._FORGOTTEN_AT_ONCE", 2)
    webhook, sender = subscribe(), Answering(status)
    for _ in range(3):
        submit()
    postman = Postman(ledger, sender, Strongbox(settings.state / "webhooks.key"))
    assert postman.deliver() == 3
    working, idle = worker(), timedelta(seconds=1)
    clock.at = NOON + DELIVERIES_KEPT[state] - idle
    while working.tick():
        pass
    assert states(webhook) == [state] * 3
    clock.at += 2 * idle
    assert working.tick() == 0  # it looks again in an hour
    fresh = worker()
    assert [fresh.tick() for _ in range(3)] == [2, 1, 0]
    assert states(webhook) == []
