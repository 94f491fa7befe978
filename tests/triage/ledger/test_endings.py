"""How orders ended is read from the ledger as it happened, in pages, in either database."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import event

from tests.api.fakes import LIGHTS, POWER, REFUSE, TRAFFIC, WANGJING
from tests.triage.ledger.desk import AGENT, AUDITOR, NOON, SURE, UNSURE, receive, routed, send_back
from training.names import Names
from training.outcomes import LabelRules, Settled, outcome, outcomes
from triage.citypack import CityPack
from triage.domain import Action, ReturnReason
from triage.ledger.endings import endings
from triage.ledger.order import Said

PACK = CityPack(
    name="small", title="小", version="1", units=(WANGJING, POWER, TRAFFIC), topics=(REFUSE, LIGHTS)
)  # fmt: skip
TODAY = date(2026, 11, 22)


def read(ledger, **given):
    return list(endings(ledger.engine, PACK, **given))


def one(ledger):
    [found] = read(ledger)
    return found


def sent(ledger, unit=POWER, text=UNSURE, **given):
    order = receive(ledger, text, **given)
    ledger.dispatch(order, unit=unit.code, actor=AGENT)
    return order


def test_of_no_orders_there_is_nothing_to_read(ledger):
    assert read(ledger) == []


def test_an_order_that_a_person_sent_and_a_unit_closed(ledger):
    routing = routed(SURE, action=Action.REVIEW, channel="网站", address="望京花园，电话13800138000")
    order = sent(ledger, text=SURE, routing=routing)
    ledger.close(order, said=Said(contacted=True, solved=True, satisfaction="满意"), actor=AGENT)
    found = one(ledger)
    closure = found.closure
    assert (closure.id, closure.text, closure.unit, closure.topic) == (order, SURE, POWER.name, REFUSE.path)
    assert (closure.opened_on, closure.district) == (TODAY, "朝阳区")
    assert (found.status, found.first_unit, found.returned) == ("closed", POWER.name, ())
    assert (found.automatic, found.audited, found.propensity) == (False, False, 1.0)
    assert (found.contacted, found.solved, found.satisfaction, found.closed_on) == (True, True, "满意", TODAY)
    assert found.channel == "网站"
    assert "13800138000" not in found.address
    assert "望京花园" in found.address
    assert (found.disputed, found.reopened, found.erased) == (False, False, False)


def test_days_are_those_of_china(ledger, clock):
    clock.forward(hours=13)
    ledger.close(sent(ledger, received_at=NOON + timedelta(hours=13)), actor=AGENT)
    found = one(ledger)
    assert found.closure.opened_on == found.closed_on == TODAY + timedelta(days=1)


def test_what_the_model_sent_by_itself_is_told(ledger):
    ledger.close(receive(ledger, SURE, propensity=0.05), actor=AGENT)
    found = one(ledger)
    assert (found.automatic, found.audited, found.propensity) == (True, False, 0.05)
    assert outcome(found, LabelRules(), TODAY).reason == "self_confirmed"


def test_what_was_drawn_for_a_person_is_told(ledger):
    order = sent(ledger, TRAFFIC, SURE, propensity=0.05, audited=True)
    ledger.close(order, actor=AGENT)
    found = one(ledger)
    assert (found.automatic, found.audited, found.propensity) == (False, True, 0.05)
    assert outcome(found, LabelRules(), TODAY).weight == 10


def test_who_returned_it_and_why_is_told_as_often_as_it_happened(ledger):
    order = receive(ledger, SURE, propensity=0.05)
    send_back(ledger, order, reason=ReturnReason.INCOMPLETE)
    ledger.dispatch(order, unit=WANGJING.code, actor=AGENT)
    send_back(ledger, order, reason=ReturnReason.DUTY)
    ledger.dispatch(order, unit=POWER.code, actor=AGENT)
    ledger.close(order, actor=AGENT)
    found = one(ledger)
    assert found.returned == ((WANGJING.name, "要素缺失"), (WANGJING.name, "职能不符"))
    assert (found.automatic, found.propensity, found.disputed) == (True, 0.05, False)
    settled = outcome(found, LabelRules(), TODAY)
    assert settled.closure.unit == POWER.name
    assert settled.returned == ((WANGJING.name, "职能不符"),)
    assert settled.weight == pytest.approx(0.8)


def test_a_closure_by_a_unit_that_never_took_it_after_a_return_is_disputed(ledger):
    order = sent(ledger)
    send_back(ledger, order)
    ledger.close(order, unit=TRAFFIC.code, actor=AGENT)
    assert one(ledger).disputed


def test_what_was_closed_unsolved_and_sent_out_again_is_reopened(ledger):
    order = sent(ledger)
    ledger.close(order, said=Said(contacted=True, solved=False), actor=AGENT)
    assert not one(ledger).reopened
    ledger.dispatch(order, unit=TRAFFIC.code, actor=AGENT)
    assert (one(ledger).reopened, one(ledger).status) == (True, "dispatched")
    ledger.close(order, actor=AGENT)
    found = one(ledger)
    assert (found.reopened, found.status, found.closure.unit) == (True, "closed", TRAFFIC.name)


def test_merged_transferred_declined_and_open_orders_are_read_and_teach_nothing(ledger):
    kept, gone = sent(ledger), receive(ledger)
    ledger.merge(gone, into=kept, actor=AGENT)
    ledger.close(kept, actor=AGENT)
    receive(ledger, routing=routed(action=Action.TRANSFER))
    receive(ledger, routing=routed(action=Action.DECLINE))
    receive(ledger)
    found = outcomes(endings(ledger.engine, PACK), today=TODAY)
    assert [one.closure.id for one in found.settled] == [kept]
    assert {why: count for why, count in found.counts.items() if count} == dict.fromkeys(
        ("merged", "transferred", "declined", "open"), 1
    )


def test_an_erased_order_is_read_without_its_words(ledger):
    order = sent(ledger)
    ledger.close(order, actor=AGENT)
    ledger.erase(order, reason="市民要求", actor=AUDITOR)
    found = one(ledger)
    assert (found.erased, found.closure.text, found.address) == (True, "", "")
    assert outcome(found, LabelRules(), TODAY).reason == "erased"


def test_a_unit_that_the_pack_no_longer_has_goes_by_its_code(ledger):
    order = receive(ledger)
    ledger.dispatch(order, unit="gone", actor=AGENT)
    ledger.close(order, actor=AGENT)
    assert one(ledger).closure.unit == "gone"
    assert outcome(one(ledger), LabelRules(), TODAY, Names(PACK, on=TODAY)).reason == "unit_not_in_pack"


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 8])
def test_pages_neither_repeat_nor_leave_out_an_order(ledger, at_once):
    orders = [sent(ledger) if at % 2 else receive(ledger, SURE) for at in range(7)]
    whole = read(ledger)
    assert [found.closure.id for found in whole] == orders
    assert read(ledger, at_once=at_once) == whole


def test_a_page_costs_two_questions_however_many_orders_it_has(ledger):
    for _ in range(6):
        send_back(ledger, sent(ledger))
    asked = []
    event.listen(ledger.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    assert len(read(ledger, at_once=3)) == 6
    assert sum(question.lstrip().startswith("SELECT") for question in asked) <= 2 * 3


def test_what_came_in_before_a_time_can_be_left_out(ledger):
    receive(ledger)
    late = receive(ledger, received_at=NOON + timedelta(minutes=1))
    assert [found.closure.id for found in read(ledger, since=NOON + timedelta(minutes=1))] == [late]


def test_satisfaction_alone_makes_no_difference_from_the_ledger_on(ledger):
    for satisfaction in ("满意", "不满意"):
        order = sent(ledger)
        ledger.close(order, said=Said(contacted=True, solved=True, satisfaction=satisfaction), actor=AGENT)
    pleased, displeased = (outcome(found, LabelRules(), TODAY) for found in endings(ledger.engine, PACK))
    assert isinstance(pleased, Settled)
    assert replace(displeased.closure, id=pleased.closure.id) == pleased.closure
    assert displeased.weight == pleased.weight == 1.0
