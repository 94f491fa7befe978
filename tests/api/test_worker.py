"""What goes on when nobody asks: reminders and deadlines once each, and trouble that passes."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.delivery import Destinations, Sender
from api.outbox import Postman, Strongbox
from api.worker import REQUESTS_KEPT, Worker
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import Clock, at_once
from triage.domain import Due
from triage.errors import UnavailableError
from triage.ledger.ledger import Ledger
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
        return sum(at_once(*[one.once for one in workers]))

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
    while sum(at_once(*[one.once for one in workers])):
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
    while worker().once():
        pass
    assert overdue() == [order]
    assert office.get(f"/v1/appeals/{order}", headers=agent).json()["overdue"] is True


def test_a_worker_of_the_service_ends_with_it(ledger, settings, clock):
    with TestClient(create_app(PromptTriage(clock), replace(settings, worker=True), ledger)):
        assert "worker" in {thread.name for thread in threading.enumerate()}
    assert "worker" not in {thread.name for thread in threading.enumerate()}


class Troubled:
    """A postman whose database does not answer the first times."""

    def __init__(self, *troubles):
        self._troubles, self.done = list(troubles), threading.Event()

    def deliver(self):
        if self._troubles:
            raise self._troubles.pop(0)
        self.done.set()
        return 0


@pytest.mark.parametrize("trouble", [UnavailableError("gone"), ZeroDivisionError("张三的电话")])
def test_a_worker_goes_on_after_trouble_and_logs_no_words(trouble, ledger, monkeypatch, caplog):
    monkeypatch.setattr("api.worker._AFTER_TROUBLE_SECONDS", 0.0)
    postman = Troubled(trouble, trouble)
    worker = Worker(ledger, postman)
    thread = threading.Thread(target=worker.run)
    thread.start()
    assert postman.done.wait(10)
    worker.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert len(caplog.records) == 2
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
    postman = Troubled()
    worker = Worker(stubborn, postman)
    thread = threading.Thread(target=worker.run)
    thread.start()
    told = postman.done.wait(1)
    worker.stop()
    thread.join(10)
    assert told
    assert after_decision(history(good)) == [("reminded", "dispatch")]


def test_a_worker_forgets_in_time_under_which_keys_appeals_came(office, agent, ledger, clock):
    def submit():
        headers = {**agent, "Idempotency-Key": "k-1"}
        return office.post("/v1/appeals", json={"text": "路灯不亮"}, headers=headers).json()["id"]

    def worked():
        postman = Troubled()
        worker = Worker(ledger, postman)
        thread = threading.Thread(target=worker.run)
        thread.start()
        assert postman.done.wait(10)
        worker.stop()
        thread.join(10)

    first = submit()
    clock.at += REQUESTS_KEPT - timedelta(hours=2)
    worked()
    assert submit() == first
    clock.forward(hours=3)
    worked()
    assert submit() != first
