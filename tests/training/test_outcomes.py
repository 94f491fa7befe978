"""What an order teaches follows from how it ended, by rules that each can be read here."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.names import Names, Unnamed
from training.outcomes import (
    REASONS,
    LabelRules,
    Settled,
    Unusable,
    age_weight,
    call_back_weight,
    negatives,
    outcome,
    outcomes,
    returns_weight,
    self_confirmed,
    stands_for,
    weight,
    who_decided_weight,
)
from triage.citypack import CityPack
from triage.domain import Closure, Ended, Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.errors import InputError

TODAY = date(2026, 11, 22)
RULES = LabelRules()
WATER, ROADS, HEAT = "水务局", "交通局", "热力公司"
NOT_OURS, NO_DETAILS = "职能不符", "要素缺失"


def ended(unit=WATER, **given):
    closure = Closure(id="1", text="水管漏水", unit=unit, opened_on=TODAY, topic=("公共服务", "供水"))
    return Ended(**{"closure": closure} | given)


def settled(one, rules=RULES, names=None):
    found = outcome(one, rules, TODAY, names)
    assert isinstance(found, Settled), found
    return found


def reason(one, rules=RULES, names=None):
    found = outcome(one, rules, TODAY, names)
    assert isinstance(found, Unusable), found
    assert found.reason in REASONS
    return found.reason


def test_the_unit_that_closed_the_order_is_the_label_whoever_had_it_first():
    found = settled(ended(first_unit=ROADS, returned=((ROADS, NOT_OURS),)))
    assert (found.closure.unit, found.returned) == (WATER, ((ROADS, NOT_OURS),))


def test_an_order_of_which_nothing_more_is_known_weighs_one():
    assert settled(ended()).weight == 1.0


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"status": "received"}, "open"),
        ({"status": "dispatched"}, "open"),
        ({"status": "signed"}, "open"),
        ({"status": "returned"}, "open"),
        ({"status": "merged"}, "merged"),
        ({"merged_into": "2"}, "merged"),
        ({"status": "transferred"}, "transferred"),
        ({"status": "declined"}, "declined"),
        ({"status": ""}, "unknown_status"),
        ({"erased": True}, "erased"),
        ({"reopened": True}, "reopened"),
        ({"disputed": True}, "disputed"),
        ({"unit": ""}, "no_unit"),
        ({"automatic": True, "first_unit": WATER, "propensity": 0.05}, "self_confirmed"),
    ],
)
def test_what_teaches_nothing_says_why(given, why):
    assert reason(ended(**given)) == why


def test_who_returned_an_order_for_want_of_details_is_not_spoken_against_and_nothing_is_in_doubt():
    found = settled(ended(returned=((ROADS, NO_DETAILS),)))
    assert (found.returned, found.weight) == ((), 1.0)


def test_who_returned_an_order_and_closed_it_after_all_is_not_spoken_against():
    one = ended(returned=((WATER, NOT_OURS), (ROADS, "")))
    assert negatives(one) == ((ROADS, ""),)


def test_every_return_takes_from_the_weight():
    weights = [returns_weight(ended(returned=((ROADS, NOT_OURS),) * count), RULES) for count in range(4)]
    assert weights == sorted(weights, reverse=True)
    assert weights[:3] == [1.0, pytest.approx(0.8), pytest.approx(0.64)]


def test_a_citizen_for_whom_it_is_solved_takes_half_of_the_doubt_away():
    bounced = ended(returned=((ROADS, NOT_OURS),))
    confirmed = replace(bounced, contacted=True, solved=True)
    assert returns_weight(confirmed, RULES) == pytest.approx(0.9)
    assert weight(confirmed, RULES, TODAY) > weight(bounced, RULES, TODAY)


@pytest.mark.parametrize(
    ("contacted", "solved", "weighs"),
    [
        (None, None, 1.0),
        (True, True, 1.0),
        (True, None, 1.0),
        (True, False, 0.7),
        (False, False, 0.5),
        (None, False, 0.7),
    ],
)
def test_what_the_citizen_said_was_done_counts(contacted, solved, weighs):
    assert call_back_weight(ended(contacted=contacted, solved=solved), RULES) == weighs


facts = st.fixed_dictionaries(
    {
        "returned": st.lists(st.tuples(st.sampled_from([WATER, ROADS]), st.sampled_from([NOT_OURS, NO_DETAILS, ""])))
        .map(tuple),
        "first_unit": st.sampled_from(["", WATER, ROADS]),
        "automatic": st.booleans(),
        "audited": st.booleans(),
        "propensity": st.floats(0.001, 1),
        "contacted": st.sampled_from([None, True, False]),
        "solved": st.sampled_from([None, True, False]),
        "closed_on": st.none() | st.dates(date(1990, 1, 1), date(2040, 1, 1)),
    }
)  # fmt: skip
rules = st.builds(
    LabelRules,
    self_confirmed=st.floats(0, 1),
    most_weight=st.floats(1, 100),
    half_life=st.none() | st.floats(0.01, 10_000),
)


@given(facts, rules, st.sampled_from(["满意", "基本满意", "一般", "不满意"]))
def test_satisfaction_alone_changes_nothing(known, rules, satisfaction):
    assert outcome(ended(**known, satisfaction=satisfaction), rules, TODAY) == outcome(ended(**known), rules, TODAY)


@given(facts, rules)
def test_a_weight_is_above_nothing_and_bounded(known, rules):
    found = outcome(ended(**known), rules, TODAY)
    if isinstance(found, Settled):
        assert 0 < found.weight <= rules.most_weight
        assert found.weight <= 1 or known["audited"]


def test_age_counts_by_its_half_life_and_not_without_one():
    old = ended(closed_on=TODAY - timedelta(days=90))
    assert age_weight(old, LabelRules(half_life=90), TODAY) == pytest.approx(0.5)
    assert age_weight(old, RULES, TODAY) == 1.0
    assert age_weight(ended(), LabelRules(half_life=1), TODAY) == 1.0
    assert age_weight(ended(closed_on=TODAY + timedelta(days=9)), LabelRules(half_life=1), TODAY) == 1.0


def test_without_a_day_of_closing_age_counts_from_the_first_day():
    one = ended()
    old = replace(one, closure=replace(one.closure, opened_on=TODAY - timedelta(days=10)))
    assert age_weight(old, LabelRules(half_life=10), TODAY) == pytest.approx(0.5)
    assert age_weight(replace(one, closure=replace(one.closure, opened_on=None)), LabelRules(half_life=1), TODAY) == 1.0


AUTOMATIC = {"automatic": True, "first_unit": WATER, "propensity": 0.05}


@pytest.mark.parametrize(
    ("given", "alone"),
    [
        ({}, True),
        ({"first_unit": ""}, True),
        ({"automatic": False}, False),
        ({"audited": True, "automatic": False}, False),
        ({"returned": ((WATER, NO_DETAILS),)}, False),
        ({"first_unit": ROADS}, False),
        ({"first_unit": ROADS, "returned": ((ROADS, NOT_OURS),)}, False),
    ],
    ids=["sent and closed", "unknown first", "a person", "drawn", "details asked", "closed by another", "returned"],
)
def test_only_what_nobody_looked_at_confirms_itself(given, alone):
    assert self_confirmed(ended(**AUTOMATIC | given)) is alone


def test_a_citizens_word_does_not_make_the_models_own_label_one():
    assert reason(ended(**AUTOMATIC, contacted=True, solved=True)) == "self_confirmed"


def test_an_automatic_order_that_came_back_teaches_as_any():
    found = settled(ended(**AUTOMATIC | {"first_unit": ROADS, "returned": ((ROADS, NOT_OURS),)}))
    assert (found.closure.unit, found.weight) == (WATER, pytest.approx(0.8))


def test_what_came_back_without_having_been_drawn_teaches_and_judges_nothing():
    back = ended(automatic=True, first_unit=ROADS, returned=((ROADS, NOT_OURS),))
    found = settled(back)
    assert found.weight > 0
    assert found.stands_for == 0
    assert stands_for(back, LabelRules(self_confirmed=0.4)) == 0.4
    assert stands_for(ended(), LabelRules()) == 1
    assert stands_for(ended(audited=True, propensity=0.2), LabelRules()) == pytest.approx(5)


def test_what_was_drawn_stands_for_what_was_not():
    def weighs(propensity, **given):
        return who_decided_weight(ended(audited=True, propensity=propensity), LabelRules(**given))

    assert weighs(0.25) == pytest.approx(4)
    assert weighs(0.05) == 10
    assert weighs(0.05, most_weight=100) == pytest.approx(20)
    assert weighs(1.0) == 1
    assert weighs(0.0) == 10
    assert weighs(0.05, self_confirmed=1.0) == 1


@given(st.floats(0.01, 1), st.floats(0, 1))
def test_on_average_each_order_that_the_model_is_sure_of_counts_once(share, believed):
    rules = LabelRules(self_confirmed=believed, most_weight=1_000)
    drawn = who_decided_weight(ended(audited=True, propensity=share), rules)
    others = who_decided_weight(ended(**AUTOMATIC | {"propensity": share}), rules)
    assert share * drawn + (1 - share) * others == pytest.approx(1)


def test_whoever_believes_the_model_may():
    assert settled(ended(**AUTOMATIC), LabelRules(self_confirmed=0.2)).weight == pytest.approx(0.2)


def test_a_topic_that_only_the_model_gave_can_be_left_out():
    strict = LabelRules(routed_topics=False)
    assert settled(ended(topic_routed=True), strict).closure.topic == ()
    assert (
        settled(ended(topic_routed=True)).closure.topic
        == settled(ended(), strict).closure.topic
        == ("公共服务", "供水")
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"per_return": 0.0},
        {"per_return": 1.1},
        {"unsolved": -1.0},
        {"uncontacted": float("nan")},
        {"confirmed": 1.5},
        {"self_confirmed": -0.1},
        {"most_weight": 0.5},
        {"half_life": 0.0},
        {"least_weight": 0.0},
    ],
)
def test_rules_that_mean_nothing_are_refused(wrong):
    with pytest.raises(InputError) as caught:
        LabelRules(**wrong)
    assert caught.value.field == next(iter(wrong))


def unit(code, name=None, **given):
    return Unit(code=UnitCode(code), name=name or code, kind=UnitKind.DISTRICT, **given)


GONE = TODAY - timedelta(days=1)
UNITS = (
    unit("w0", "自来水处", valid_to=GONE, successor=UnitCode("w1")),
    unit("w1", "供水处", valid_to=GONE, successor=UnitCode("w2"), aliases=("老水务",)),
    unit("w2", WATER, aliases=("水利局",)),
    unit("r0", "路灯所", valid_to=GONE),
    unit("r1", "城管大队", valid_to=GONE),
    unit("r2", "东区城管大队", district="东区", aliases=("城管大队",)),
    unit("r3", "西区城管大队", district="西区", aliases=("城管大队",)),
    unit("h0", "热力办", valid_to=TODAY, successor=UnitCode("h1")),
    unit("h1", HEAT, valid_from=TODAY + timedelta(days=1)),
)
TOPICS = (
    Topic(code=TopicCode("t1"), path=("公共服务", "供水", "水管漏水")),
    Topic(code=TopicCode("t2"), path=("城管", "其他")),
    Topic(code=TopicCode("t3"), path=("公共服务", "其他")),
    Topic(code=TopicCode("t4"), path=("表扬",)),
)
PACK = CityPack(name="yunling", title="云岭", version="1", units=UNITS, topics=TOPICS)
NAMES = Names(PACK, on=TODAY)


@pytest.mark.parametrize("name", [WATER, "水利局", "供水处", "老水务", "自来水处"])
def test_merged_and_renamed_units_go_by_who_acts_today(name):
    assert settled(ended(name), names=NAMES).closure.unit == WATER


def test_a_unit_acts_until_its_last_day():
    assert NAMES.unit("热力办") == "热力办"
    assert Names(PACK, on=TODAY + timedelta(days=1)).unit("热力办") == HEAT


@pytest.mark.parametrize(
    ("name", "why"),
    [("没有的局", "unit_not_in_pack"), ("路灯所", "unit_ended"), ("城管大队", "unit_ambiguous"), (HEAT, "unit_ended")],
)
def test_a_unit_for_which_nobody_acts_teaches_nothing(name, why):
    assert reason(ended(name), names=NAMES) == why


def test_of_a_unit_that_was_split_the_one_in_the_district_took_over():
    one = ended("城管大队")
    there = replace(one, closure=replace(one.closure, district="西区"))
    assert settled(there, names=NAMES).closure.unit == "西区城管大队"
    assert Unnamed("unit_ended").reason in Unnamed.REASONS


def test_a_unit_that_returned_an_order_and_is_now_part_of_who_closed_it_is_not_spoken_against():
    one = ended(returned=(("供水处", NOT_OURS), ("路灯所", NOT_OURS), ("东区城管大队", NOT_OURS)))
    assert settled(one, names=NAMES).returned == (("东区城管大队", NOT_OURS),)


def test_the_models_own_label_is_one_also_after_the_unit_was_renamed():
    assert reason(ended(WATER, **AUTOMATIC | {"first_unit": "供水处"}), names=NAMES) == "self_confirmed"


@pytest.mark.parametrize(
    ("path", "whole"),
    [
        (("水管漏水",), ("公共服务", "供水", "水管漏水")),
        (("其他",), ("其他",)),
        (("表扬",), ("表扬",)),
        (("城管", "其他"), ("城管", "其他")),
        (("没有",), ("没有",)),
        ((), ()),
    ],
)
def test_a_topic_by_its_name_alone_is_found_where_only_one_is_called_so(path, whole):
    assert NAMES.topic(path) == whole


def test_every_drop_is_counted():
    many = [
        replace(one, closure=replace(one.closure, id=str(at)))
        for at, one in enumerate(
            [ended(), ended(returned=((ROADS, NOT_OURS),)), ended(status="merged"), ended(unit="")]
        )
    ]
    found = outcomes(many, today=TODAY)
    assert list(found.counts) == list(REASONS)
    assert {why: count for why, count in found.counts.items() if count} == {"merged": 1, "no_unit": 1}
    assert found.weights == {"0": 1.0, "1": pytest.approx(0.8)}
    assert found.returned == {"1": (ROADS,)}
    assert [closure.id for closure in found.closures] == ["0", "1"]
    assert found.summary["effective"] == pytest.approx(1.8**2 / 1.64, abs=0.05)
    assert found.summary["read"] == 4
    assert "-1  merged" in str(found)


def test_of_nothing_comes_nothing():
    found = outcomes([], today=TODAY)
    assert (found.summary["read"], found.effective) == (0, 0.0)


@pytest.mark.parametrize(("believed", "share"), [(0.0, 0.3), (1.0, 0.03)])
def test_who_believes_the_model_never_learns_that_it_errs(believed, share):
    """Units take all that the model sends to the wrong one; people, who see one order in ten, send three in ten on."""
    many = [
        ended(HEAT if at % 10 < 3 else WATER, audited=True, propensity=0.1)
        if at < 200
        else ended(WATER, **AUTOMATIC | {"propensity": 0.1})
        for at in range(2_000)
    ]
    found = outcomes(many, LabelRules(self_confirmed=believed), today=TODAY).settled
    assert sum(one.weight for one in found) == pytest.approx(2_000)
    assert sum(one.weight for one in found if one.closure.unit == HEAT) == pytest.approx(2_000 * share)
