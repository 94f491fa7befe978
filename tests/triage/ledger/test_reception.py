"""Each appeal is written down once, however often and however many at a time it is sent."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.triage.ledger.desk import (
    AGENT,
    DUE,
    NOON,
    SENSORS,
    SURE,
    UNSURE,
    at_once,
    event_count,
    receive,
    reception,
    routed,
)
from triage.directory import CHINA_TIME
from triage.domain import Action, Matter
from triage.errors import ConflictError
from triage.ledger.verify import verify

HOUR = timedelta(hours=1)


def keyed(key, body=UNSURE, **given):
    return reception(body, key=key, fingerprint=body, **given), AGENT


def storming(storm="/lamp/1 fault", *, at=NOON, **given):
    return reception("路灯报警", source="/lamp/1", storm=storm, within=HOUR, received_at=at, **given), SENSORS


def test_a_storm_of_one_batch_lasts_as_long_as_any(ledger):
    receipts = ledger.receive([storming(), storming(at=NOON + HOUR / 2), storming(at=NOON + HOUR), storming(at=NOON)])
    first, second, third, fourth = (receipt.order for receipt in receipts)
    assert (first, third) == (second, fourth)
    assert first != third
    assert (ledger.order(first).repeats, ledger.order(third).repeats) == (1, 1)
    assert [receipt.entry.text for receipt in receipts] == ["路灯报警"] * 4
    verify(ledger.engine)


def test_what_the_sender_takes_the_topic_to_be_is_kept_beside_it(ledger):
    [receipt] = ledger.receive([(reception(advice="T0301"), AGENT)])
    assert ledger.history(receipt.order)[0].facts["advice"] == "T0301"


def test_what_else_the_sender_tells_is_kept_in_its_order_and_as_a_database_can_hold_it(ledger):
    [receipt, plain] = ledger.receive([(reception(attributes={"LAMP": "3", "A\0": "高"}), AGENT), keyed("k")])
    kept = [{"code": "LAMP", "value": "3"}, {"code": "A?", "value": "高"}]
    assert ledger.history(receipt.order)[0].content["attributes"] == kept
    assert "attributes" not in ledger.history(plain.order)[0].content
    verify(ledger.engine)


def test_a_repeated_key_gets_the_first_receipt(ledger):
    [first] = ledger.receive([keyed("k")])
    [again] = ledger.receive([keyed("k")])
    assert (again.order, again.version) == (first.order, first.version)
    assert (first.entry.text, again.entry) == (UNSURE, None)
    assert event_count(ledger) == 3


def test_a_repeated_key_gets_the_first_receipt_also_after_the_order_went_on(ledger):
    [first] = ledger.receive([keyed("k")])
    ledger.close(first.order, actor=AGENT)
    [again] = ledger.receive([keyed("k")])
    assert (again.order, again.version) == (first.order, first.version)


def test_a_key_with_another_body_is_refused_and_the_rest_is_written(ledger):
    ledger.receive([keyed("k", "一")])
    refused, written = ledger.receive([keyed("k", "二"), keyed("j", "三")])
    assert isinstance(refused, ConflictError)
    assert refused.code == "key_reused"
    assert ledger.entry(written.order).text == "三"
    assert event_count(ledger) == 6


def test_a_key_is_used_once_inside_a_batch(ledger):
    first, again, refused = ledger.receive([keyed("k", "一"), keyed("k", "一"), keyed("k", "二")])
    assert again.order == first.order
    assert isinstance(refused, ConflictError)
    assert event_count(ledger) == 3


def test_who_reuses_a_key_does_not_spoil_it_for_whose_it_is(ledger):
    [first] = ledger.receive([keyed("k", "一")])
    refused, again = ledger.receive([keyed("k", "二"), keyed("k", "一")])
    assert isinstance(refused, ConflictError)
    assert again.order == first.order


def test_appeals_without_a_key_are_each_an_order(ledger):
    receipts = ledger.receive([(reception(), AGENT), (reception(), AGENT)])
    assert len({receipt.order for receipt in receipts}) == 2


def test_a_forgotten_key_is_new(ledger, clock):
    [first] = ledger.receive([keyed("k")])
    clock.forward(hours=25)
    ledger.receive([keyed("j")])
    assert ledger.forget_requests(before=NOON + timedelta(hours=24)) == 1
    [again] = ledger.receive([keyed("k")])
    assert again.order != first.order


def test_fifty_threads_with_one_key_make_one_order(ledger):
    receipts = at_once(*[partial(ledger.receive, [keyed("k")]) for _ in range(50)])
    assert len({receipt.order for [receipt] in receipts}) == 1
    assert event_count(ledger) == 3
    assert verify(ledger.engine).orders == 1


def test_what_eight_threads_write_is_all_there_once(ledger):
    def write(thread):
        return [receive(ledger, f"第{thread}条线第{number}个诉求") for number in range(20)]

    written = [order for orders in at_once(*[partial(write, thread) for thread in range(8)]) for order in orders]
    assert len(set(written)) == 160
    texts = {ledger.entry(order).text for order in written[::20]}
    assert texts == {f"第{thread}条线第0个诉求" for thread in range(8)}
    proof = verify(ledger.engine)
    assert (proof.orders, proof.events) == (160, 480)


def test_the_id_is_the_day_in_china_and_the_number_of_the_event(ledger, clock):
    clock.forward(hours=13)  # the next day there
    assert receive(ledger) == "20261123-1"
    assert receive(ledger) == "20261123-4"


def test_a_storm_is_one_order_while_it_lasts(ledger, clock):
    [first] = ledger.receive([storming()])
    clock.forward(minutes=59)
    [again] = ledger.receive([storming(at=clock())])
    assert again.order == first.order
    assert ledger.order(first.order).repeats == 1
    clock.forward(minutes=1)
    [later] = ledger.receive([storming(at=clock())])
    assert later.order != first.order


def test_a_storm_is_one_order_inside_a_batch(ledger):
    receipts = ledger.receive([storming(), storming(), storming("/lamp/2 fault"), storming()])
    first, other = receipts[0].order, receipts[2].order
    assert [receipt.order for receipt in receipts] == [first, first, other, first]
    assert (ledger.order(first).repeats, ledger.order(other).repeats) == (2, 0)
    verify(ledger.engine)


def test_a_storm_whose_order_was_closed_opens_a_new_one(ledger):
    [first] = ledger.receive([storming()])
    ledger.close(first.order, actor=AGENT)
    [again] = ledger.receive([storming()])
    assert again.order != first.order
    [third] = ledger.receive([storming()])
    assert third.order == again.order


@pytest.mark.parametrize("action", [Action.TRANSFER, Action.DECLINE])
def test_a_storm_that_no_unit_acts_on_does_not_spoil_the_batch_that_it_came_in(ledger, action):
    storm = [storming(routing=routed(action=action)) for _ in range(2)]
    *_, citizen = ledger.receive([*storm, (reception(SURE), AGENT)])
    assert ledger.entry(citizen.order).text == SURE
    verify(ledger.engine)


def test_the_repetition_of_a_storm_has_a_receipt_of_its_own(ledger):
    first, again = ledger.receive([storming(), storming()])
    assert again.version > first.version
    assert again.entry.order.repeats == 1
    assert ledger.order(first.order).version == first.version  # nobody's version is stale for a repetition


def test_threads_of_one_storm_make_one_order(ledger):
    receipts = at_once(*[partial(ledger.receive, [storming()]) for _ in range(10)])
    [order] = {receipt.order for [receipt] in receipts}
    assert ledger.order(order).repeats == 9
    verify(ledger.engine)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=st.characters(), min_size=1) | st.text(alphabet=st.characters(categories=("Cs", "Cc"))))
@example("路灯\x00不亮")
@example("\ud800路灯\udfff不亮\udc00")
@example("灯🏮👨‍👩‍👧‍👦不亮")
@example("'; DROP TABLE events; --")
@example("\u202e\ufeff\u0085")
def test_any_text_is_kept(ledger, text):
    order = receive(ledger, text)
    kept = ledger.entry(order)
    assert kept.text.encode("utf-16", "surrogatepass") == text.encode("utf-16", "surrogatepass")
    assert kept.order == ledger.order(order)


def test_texts_as_long_as_they_may_be_are_kept(ledger):
    text = "路灯不亮。" * 20_000
    assert ledger.entry(receive(ledger, text)).text == text
    verify(ledger.engine)


ODD = {
    "a lone surrogate as reference": {"reference": "A\ud800"},
    "an emoji as reference": {"reference": "🏮"},
    "the first day of all": {"received_at": datetime(1, 1, 1, tzinfo=CHINA_TIME)},
    "the last day of all": {"received_at": datetime(9999, 12, 31, 23, 59, tzinfo=CHINA_TIME)},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_appeal_does_not_spoil_the_batch_that_it_came_in(ledger, odd):
    *_, other = ledger.receive([(reception(**ODD[odd]), AGENT), (reception(SURE), AGENT)])
    assert ledger.entry(other.order).text == SURE
    verify(ledger.engine)


def test_what_came_in_with_an_appeal_is_kept(ledger):
    order = receive(
        ledger,
        SURE,
        routing=routed(SURE, due=DUE, channel="网站", address="望京花园"),
        reference="A-1",
        received_at=NOON,
    )
    entry = ledger.entry(order)
    kept = entry.order
    assert (entry.address, kept.reference, kept.channel, kept.owner) == ("望京花园", "A-1", "网站", AGENT.id)
    assert (kept.received_at, kept.dispatch_by, kept.feedback_by) == (NOON, DUE.dispatch_by, DUE.feedback_by)
    assert (kept.topic, kept.district, kept.action) == ("T0101", "朝阳区", "dispatch")


def test_the_spans_of_matters_are_those_of_the_masked_text(ledger):
    text = "我叫王小明，电话13800138000，路灯不亮。另外垃圾没人运。"
    start = text.index("另外")
    routing = routed(text)
    matters = tuple(
        Matter(start=begin, end=end, topics=(), place=routing.place, suggestions=(), decision=routing.decision)
        for begin, end in [(0, start), (start, len(text))]
    )
    entry = ledger.entry(receive(ledger, routing=replace(routing, matters=matters)))
    spans = [matter["span"] for matter in entry.routing["matters"]]
    assert "13800138000" not in entry.text
    assert entry.text[slice(*spans[1])] == "另外垃圾没人运。"
    assert entry.text[slice(*spans[0])] + entry.text[slice(*spans[1])] == entry.text
