"""A random share of what is sure goes to a person, who decides, and the ledger keeps how probable that was."""

from dataclasses import replace
from random import Random

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.hotline import Hotline, Submission
from tests.api.fakes import POWER, KeywordTriage
from triage.citypack import Terms, national
from triage.domain import Appeal
from triage.ledger.events import Actor, EventKind
from triage.ledger.order import Status
from triage.ledger.verify import verify

AGENT = Actor(id="k-agent", role="agent")
SURE, UNSURE = "望京街道的垃圾没有清运", "小区里的垃圾没有清运"


def audited_triage(share):
    class Audited(KeywordTriage):
        policy = replace(KeywordTriage.policy, terms=Terms(version="1", audit_share=share))

    return Audited()


def submission(text=SURE, **given):
    return Submission(appeal=Appeal(id="1", text=text), actor=AGENT, **given)


def decided(ledger, order):
    return next(event.facts for event in ledger.history(order) if event.kind is EventKind.DECIDED)


@pytest.fixture
def hotline(ledger):
    def of(share, *draws):
        return Hotline(audited_triage(share), ledger, draw=iter(draws).__next__)

    return of


def test_what_is_drawn_waits_for_a_person_and_shows_what_the_model_would_do(hotline, ledger):
    entry = hotline(0.05, 0.049).submit(submission())
    assert (entry.order.status, entry.order.audited, entry.order.unit) == (Status.RECEIVED, True, "")
    assert (entry.order.action, entry.routing["decision"]["action"]) == ("dispatch", "dispatch")
    facts = decided(ledger, entry.order.id)
    assert (facts["audited"], facts["propensity"]) == (True, 0.05)
    verify(ledger.engine)


def test_what_is_not_drawn_is_dispatched_and_says_that_it_could_have_been(hotline, ledger):
    entry = hotline(0.05, 0.05).submit(submission())
    assert (entry.order.status, entry.order.audited) == (Status.DISPATCHED, False)
    facts = decided(ledger, entry.order.id)
    assert (facts["audited"], facts["propensity"]) == (False, 0.05)
    verify(ledger.engine)


@pytest.mark.parametrize(
    ("share", "given"),
    [(0.0, {}), (1.0, {"hold": True}), (1.0, {"text": UNSURE})],
    ids=["no share", "held by an agent", "a person decides anyway"],
)
def test_what_a_person_decides_anyway_is_no_audit(hotline, ledger, share, given):
    entry = hotline(share, 0.0).submit(submission(**given))
    assert entry.order.audited is False
    assert not {"audited", "propensity"} & decided(ledger, entry.order.id).keys()


def test_a_person_dispatches_what_was_drawn_and_it_stays_known(hotline, ledger):
    order = hotline(1.0, 0.5).submit(submission()).order.id
    ledger.dispatch(order, unit=POWER.code, actor=AGENT)
    state = ledger.order(order)
    assert (state.status, state.audited, state.sent_by_model) == (Status.DISPATCHED, True, False)
    verify(ledger.engine)


def test_the_share_that_is_drawn_is_the_one_that_was_promised(ledger):
    hotline = Hotline(audited_triage(0.2), ledger, draw=Random(6).random)
    entries = hotline.submit_many([submission() for _ in range(1_000)])
    assert 160 <= sum(entry.order.audited for entry in entries) <= 240
    assert all(entry.order.audited is (entry.order.status is Status.RECEIVED) for entry in entries)


def test_an_order_shows_that_it_was_drawn(settings, ledger, key_of):
    with TestClient(create_app(audited_triage(1.0), settings, ledger)) as client:
        drawn = client.post("/v1/appeals", json={"text": SURE}, headers=key_of("agent")).json()
        other = client.post("/v1/appeals", json={"text": UNSURE}, headers=key_of("agent")).json()
    assert (drawn["status"], drawn["audited"], drawn["decision"]["action"]) == ("received", True, "dispatch")
    assert other["audited"] is False


def test_only_the_terms_of_the_country_draw():
    assert (Terms().audit_share, national()[1].audit_share) == (0.0, 0.05)
