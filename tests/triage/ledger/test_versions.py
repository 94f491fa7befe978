"""Of two who act on one order at once, one wins and the other is told."""

from functools import partial

import pytest

from tests.triage.ledger.desk import AGENT, POWER, STREET, UNSURE, at_once, event_count, receive, send_back
from triage.errors import ConflictError, StaleError
from triage.ledger.order import Said
from triage.ledger.verify import verify


@pytest.fixture
def order(ledger):
    return receive(ledger, UNSURE)


def dispatches(ledger, order, version):
    return [partial(ledger.dispatch, order, unit=unit, actor=AGENT, version=version) for unit in (POWER, STREET)]


def test_of_two_dispatches_of_one_version_one_wins(ledger, order):
    results = at_once(*dispatches(ledger, order, ledger.order(order).version))
    [lost] = [result for result in results if result is not None]
    assert isinstance(lost, StaleError)
    assert lost.code == "changed_meanwhile"
    assert ledger.order(order).unit == (POWER, STREET)[results.index(None)]
    verify(ledger.engine)


def test_of_two_dispatches_without_a_version_one_wins(ledger, order):
    results = at_once(*dispatches(ledger, order, None))
    [lost] = [result for result in results if result is not None]
    assert isinstance(lost, ConflictError)
    assert not isinstance(lost, StaleError)
    assert ledger.order(order).unit == (POWER, STREET)[results.index(None)]


@pytest.mark.parametrize("away", [-1, 1, -1000, 1000])
def test_a_version_that_the_order_does_not_have_is_refused(ledger, order, away):
    before = event_count(ledger)
    with pytest.raises(StaleError):
        ledger.dispatch(order, unit=POWER, actor=AGENT, version=ledger.order(order).version + away)
    assert event_count(ledger) == before


def test_a_stale_request_is_told_what_happened(ledger, order):
    version = ledger.order(order).version
    ledger.dispatch(order, unit=POWER, actor=AGENT)
    with pytest.raises(StaleError, match="dispatched by agent k-agent"):
        ledger.close(order, actor=AGENT, version=version)


def test_every_verb_goes_on_from_the_version_that_the_one_before_left(ledger, order):
    def version():
        return ledger.order(order).version

    ledger.dispatch(order, unit=POWER, actor=AGENT, version=version())
    ledger.sign(order, actor=AGENT, version=version())
    send_back(ledger, order, version=version())
    ledger.dispatch(order, unit=STREET, actor=AGENT, version=version())
    ledger.close(order, actor=AGENT, version=version())
    ledger.call_back(order, Said(solved=True), actor=AGENT, version=version())
    assert ledger.order(order).status == "closed"


def test_the_version_is_that_of_the_order_alone(ledger, order):
    version = ledger.order(order).version
    receive(ledger)
    ledger.dispatch(order, unit=POWER, actor=AGENT, version=version)
    assert ledger.order(order).status == "dispatched"


def test_of_two_merges_into_each_other_one_wins(ledger, order):
    other = receive(ledger)
    results = at_once(
        partial(ledger.merge, order, into=other, actor=AGENT), partial(ledger.merge, other, into=order, actor=AGENT)
    )
    assert [type(result) for result in results].count(ConflictError) == 1
    assert {ledger.order(order).status, ledger.order(other).status} == {"merged", "received"}
    verify(ledger.engine)
