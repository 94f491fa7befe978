"""Rules come first; then what is sure is sent, what is likely is suggested, and the rest is put before a person."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import CityPack, Group, Promise, Terms, national
from triage.directory import Directory
from triage.domain import (
    Action,
    Appeal,
    Assessment,
    Candidate,
    Mandate,
    Office,
    Outside,
    Place,
    RankedTopic,
    Reading,
    Rule,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Urgency,
)
from triage.policy import NEVER, Policy, group_of
from triage.rules import Rulebook

TODAY = date(2026, 3, 2)


def unit(code, name, kind, duty="", district="", aliases=()):
    return Unit(code=UnitCode(code), name=name, kind=kind, duty=duty, district=district, aliases=aliases)


WATER = unit("water", "市水务局", UnitKind.MUNICIPAL, "水务", aliases=("水务局",))
GREEN = unit("green", "市园林绿化局", UnitKind.MUNICIPAL, "园林绿化")
GOVERNMENT = unit("gov", "东湖区人民政府", UnitKind.DISTRICT, "区政府", "东湖区")
MARKET = unit("market", "东湖区市场监管局", UnitKind.DISTRICT, "市场监管", "东湖区")
HEALTH = unit("health", "东湖区卫健委", UnitKind.DISTRICT, "卫生健康", "东湖区")
STREET = unit("street", "东湖区枫桥街道办事处", UnitKind.STREET, "街道", "东湖区")
FOOD = Topic(code=TopicCode("food"), path=("市场", "食品安全"), urgency=Urgency.SUPPLY, statutory="市场监管")
LAMP = Topic(code=TopicCode("lamp"), path=("市政", "路灯"))
PACK = CityPack(
    name="demo",
    title="示例",
    version="1",
    units=(WATER, GREEN, GOVERNMENT, MARKET, HEALTH, STREET),
    topics=(FOOD, LAMP),
    mandates=(
        Mandate(
            topic=FOOD.code,
            lead=Office(level=UnitKind.DISTRICT, duty="市场监管"),
            assist=(Office(level=UnitKind.DISTRICT, duty="卫生健康"),),
        ),
    ),
)
STANDING = {
    "too_vague": Rule(code="too_vague", action=Action.DECLINE, to="too_vague", say="请说明时间、地点和事情。"),
    "no_sending_down": Rule(code="no_sending_down", action=Action.SUGGEST, say="不下派。"),
    "district_fallback": Rule(code="district_fallback", action=Action.SUGGEST, say="区政府兜底。"),
    "first_handler": Rule(code="first_handler", action=Action.SUGGEST, say="首接负责。"),
}
FIRE = Rule(code="fire", action=Action.TRANSFER, to="119", rank=10, words=(("着火了",),), learned=True, say="请离开。")
COURT = Rule(
    code="law",
    action=Action.DECLINE,
    to="litigation",
    rank=30,
    words=(("法院", "判决"),),
    learned=True,
    say="请问法院。",
)
ELSEWHERE = Rule(code="far", action=Action.DECLINE, to="other_city", rank=38, learned=True, say="请打当地热线。")
EAST = Place(district="东湖区", evidence=("东湖",), spans=((0, 2),))
TERMS = Terms(promise=Promise(suggest=0.3))
APPEAL = Appeal(id="1", text="枫桥街道停水")


def policy(*rules, dispatch_at=None, set_at=0.2, terms=TERMS):
    return Policy(
        terms=terms,
        rulebook=Rulebook(rules, on=TODAY),
        directory=Directory(PACK, on=TODAY),
        dispatch_at={"": 0.9} if dispatch_at is None else dispatch_at,
        set_at=set_at,
    )


def reading(masked="枫桥街道停水"):
    return Reading(masked=masked, tokens=(masked,))


def found(*ranked, topic=None, sure=0.9, place=None, like=()):
    """Assess: candidates as (unit, probability), best first, all of them suggested."""
    return Assessment(
        topics=(RankedTopic(topic=topic, probability=sure),) if topic else (),
        place=place or Place(),
        candidates=tuple(Candidate(unit=one, bases=(), probability=odds) for one, odds in ranked),
        suggestions=tuple(Suggestion(unit=one, probability=odds) for one, odds in ranked),
        like=like,
    )


def nth(*probabilities):
    return found(*((unit(f"u{at}", f"第{at}局", UnitKind.MUNICIPAL, "水务"), p) for at, p in enumerate(probabilities)))


@pytest.mark.parametrize(
    ("best", "action", "reason", "units"),
    [
        (0.97, Action.DISPATCH, "sure", ("u0",)),
        (0.9, Action.DISPATCH, "sure", ("u0",)),
        (0.899, Action.SUGGEST, "likely", ("u0",)),
        (0.3, Action.SUGGEST, "likely", ("u0",)),
        (0.299, Action.REVIEW, "unsure", ()),
    ],
)
def test_the_probability_of_the_first_decides(best, action, reason, units):
    decision = policy().decide(APPEAL, reading(), nth(best, 0.02))
    assert (decision.action, decision.reason, decision.units) == (action, reason, units)
    assert (decision.to, decision.rules) == (None, ())
    assert "第0局" in decision.why


@given(st.floats(0, 1), st.floats(0, 1))
def test_more_probability_never_means_less_trust(one, other):
    trust = [Action.REVIEW, Action.SUGGEST, Action.DISPATCH]
    low, high = (trust.index(policy().decide(APPEAL, reading(), nth(p)).action) for p in sorted((one, other)))
    assert low <= high


@given(st.floats(0, 1), st.floats(0, NEVER), st.floats(0, 1))
def test_nothing_below_its_threshold_is_dispatched(best, dispatch_at, suggest):
    terms = Terms(promise=Promise(suggest=suggest))
    decision = policy(dispatch_at={"": dispatch_at}, terms=terms).decide(APPEAL, reading(), nth(best))
    assert (decision.action is Action.DISPATCH) == (best >= dispatch_at)
    assert (decision.action is Action.REVIEW) == (best < min(dispatch_at, suggest))


def test_a_group_without_a_threshold_is_never_dispatched():
    assert policy(dispatch_at={}).decide(APPEAL, reading(), nth(1.0)).action is Action.SUGGEST


def test_a_promise_that_nothing_keeps_dispatches_nothing():
    assert policy(dispatch_at={"": NEVER}).decide(APPEAL, reading(), nth(1.0)).reason == "likely"


@pytest.mark.parametrize(
    ("by", "name"), [(Group.ALL, ""), (Group.UNIT_KIND, "district"), (Group.TOPIC, "市场"), (Group.URGENCY, "较急")]
)
def test_each_group_has_a_threshold_of_its_own(by, name):
    terms = Terms(promise=Promise(by=by))
    assessment = found((MARKET, 0.8), topic=FOOD)
    for threshold, action in ((0.7, Action.DISPATCH), (0.9, Action.SUGGEST)):
        others = {"municipal": 1 - threshold, "市政": 1 - threshold, "紧急": 1 - threshold}
        decided = policy(dispatch_at={**others, name: threshold}, terms=terms).decide(APPEAL, reading(), assessment)
        assert decided.action is action
    assert policy(dispatch_at={"other": 0.1}, terms=terms).decide(APPEAL, reading(), assessment).reason == "likely"


@pytest.mark.parametrize("by", [Group.ALL, Group.TOPIC, Group.URGENCY])
def test_where_no_topic_is_known_the_group_is_that_of_all(by):
    assert group_of(by, WATER, None) == ""
    assert group_of(Group.UNIT_KIND, WATER, None) == "municipal"


@pytest.mark.parametrize(("district", "action"), [("东湖区", Action.DISPATCH), ("西山区", Action.SUGGEST)])
def test_an_order_is_not_sent_by_itself_into_another_district(district, action):
    decision = policy().decide(APPEAL, reading(), found((MARKET, 0.97), place=Place(district=district)))
    assert decision.action is action
    assert (decision.reason == "other_district") == (action is Action.SUGGEST)
    assert decision.units == (MARKET.code,)


def test_an_office_of_the_city_acts_in_every_district():
    assert policy().decide(APPEAL, reading(), found((WATER, 0.97), place=EAST)).reason == "sure"


@pytest.mark.parametrize(
    ("sure", "units"), [(0.9, ("market", "health")), (0.5, ("market", "health")), (0.49, ("market",))]
)
def test_who_assists_by_the_directory_is_named_behind_the_one_that_leads(sure, units):
    assert policy().decide(APPEAL, reading(), found((MARKET, 0.97), topic=FOOD, sure=sure, place=EAST)).units == units


def test_who_leads_another_topic_brings_nobody_along():
    assert policy().decide(APPEAL, reading(), found((GREEN, 0.97), topic=FOOD, place=EAST)).units == ("green",)


@pytest.mark.parametrize(
    ("probabilities", "set_at", "size"),
    [((0.96, 0.01), 0.2, 1), ((0.6, 0.2, 0.19), 0.2, 2), ((0.1, 0.05), 0.2, 1), ((0.4, 0.3, 0.2, 0.0), 0.0, 4)],
)
def test_the_set_is_the_first_and_whatever_is_likely_enough(probabilities, set_at, size):
    decision = policy(set_at=set_at).decide(APPEAL, reading(), nth(*probabilities))
    assert decision.set == tuple(f"第{at}局" for at in range(size))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8).map(lambda p: sorted(p, reverse=True)), st.floats(0, 1))
def test_a_lower_threshold_never_makes_the_set_smaller(probabilities, set_at):
    narrow = policy(set_at=set_at).decide(APPEAL, reading(), nth(*probabilities)).set
    wide = policy(set_at=set_at / 2).decide(APPEAL, reading(), nth(*probabilities)).set
    assert narrow == wide[: len(narrow)]
    assert len(narrow) >= 1


def test_the_set_may_hold_candidates_that_are_not_suggested():
    assessment = nth(0.5, 0.3)
    decision = policy().decide(APPEAL, reading(), replace(assessment, suggestions=assessment.suggestions[:1]))
    assert decision.set == ("第0局", "第1局")


SAYS_NOTHING = ["", "水", "！？…", "。", "🙂🙂🙂", "_ _", "水。", "〔电话〕", "〔姓名〕，〔电话〕！"]


@pytest.mark.parametrize("masked", SAYS_NOTHING)
def test_a_text_that_says_nothing_is_declined_and_told_what_is_missing(masked):
    decision = policy(*STANDING.values()).decide(APPEAL, reading(masked), nth(0.99))
    assert (decision.action, decision.reason) == (Action.DECLINE, "too_vague")
    assert (decision.units, decision.set) == ((), ())
    assert decision.why == STANDING["too_vague"].say
    assert [fired.rule.code for fired in decision.rules] == ["too_vague"]


@pytest.mark.parametrize("masked", SAYS_NOTHING)
def test_where_the_pack_declines_nothing_for_that_it_goes_to_a_person(masked):
    decision = policy().decide(APPEAL, reading(masked), nth(0.99))
    assert (decision.action, decision.reason, decision.rules) == (Action.REVIEW, "too_vague", ())


def test_without_suggestions_a_person_decides():
    assert policy().decide(APPEAL, reading(), found()).action is Action.REVIEW


@pytest.mark.parametrize("best", [0.1, 0.99])
def test_what_is_urgent_is_transferred_whoever_the_model_would_suggest(best):
    decision = policy(FIRE, COURT, *STANDING.values()).decide(APPEAL, reading("楼下着火了"), nth(best))
    assert (decision.action, decision.reason, decision.to, decision.units) == (Action.TRANSFER, "fire", "119", ())
    assert [(fired.rule, fired.evidence) for fired in decision.rules] == [(FIRE, ("着火了",))]
    assert "119" in decision.why
    assert "着火了" in decision.why
    assert FIRE.say in decision.why


@pytest.mark.parametrize("line", list(Outside)[:8])
def test_every_line_can_be_called_by_its_name(line):
    decision = policy(replace(FIRE, to=line.value)).decide(APPEAL, reading("楼下着火了"), nth(0.9))
    assert (decision.action, decision.to) == (Action.TRANSFER, line)


def test_what_is_not_the_hotlines_is_declined_with_the_reason():
    decision = policy(COURT).decide(APPEAL, reading("法院的判决我不服"), nth(0.97))
    assert (decision.action, decision.reason, decision.to) == (Action.DECLINE, "litigation", None)
    assert (decision.units, decision.set) == ((), ("第0局",))
    assert COURT.say in decision.why


def test_what_the_model_has_learned_to_be_elsewhere_fires_the_rule_without_words():
    decision = policy(FIRE).decide(APPEAL, reading("楼下冒烟"), replace(nth(0.97), like=("119",)))
    assert decision.to == "119"
    assert decision.rules[0].evidence == ()


def test_all_rules_that_fire_are_shown_and_the_lowest_rank_decides():
    decision = policy(COURT, FIRE).decide(APPEAL, reading("法院判决后楼下着火了"), nth(0.97))
    assert decision.reason == "fire"
    assert [fired.rule.code for fired in decision.rules] == ["fire", "law"]


def test_what_is_like_another_citys_matter_is_declined_where_no_place_is_named():
    decision = policy(ELSEWHERE).decide(APPEAL, reading(), replace(nth(0.97), like=("other_city",)))
    assert (decision.action, decision.reason) == (Action.DECLINE, "other_city")


def test_what_is_like_another_citys_matter_stays_where_a_place_of_this_city_is_named():
    decision = policy(ELSEWHERE).decide(APPEAL, reading(), found((WATER, 0.97), place=EAST, like=("other_city",)))
    assert (decision.action, decision.rules) == (Action.DISPATCH, ())


def test_a_district_that_nobody_named_speaks_for_no_place_of_this_city():
    from_form = replace(nth(0.97), place=Place(district="东湖区"), like=("other_city",))
    assert policy(ELSEWHERE).decide(APPEAL, reading(), from_form).reason == "other_city"


def test_words_that_name_another_city_decline_though_a_place_is_named():
    rule = replace(ELSEWHERE, words=(("老家",),))
    decision = policy(rule).decide(
        APPEAL, reading("东湖老家的事"), found((WATER, 0.97), place=EAST, like=("other_city",))
    )
    assert decision.reason == "other_city"


def test_other_reasons_are_declined_though_a_place_is_named():
    assessment = found((WATER, 0.97), place=EAST, like=("litigation",))
    assert policy(COURT).decide(APPEAL, reading(), assessment).reason == "litigation"


RETURNED = replace(APPEAL, returned_by=("水务局", "green"))


def test_an_order_that_came_back_is_suggested_and_never_sent_by_itself():
    decision = policy(*STANDING.values()).decide(RETURNED, reading(), found((MARKET, 1.0), place=EAST))
    assert (decision.action, decision.reason, decision.units) == (Action.SUGGEST, "returned", ("market",))


def test_where_nobody_else_is_clear_the_first_handler_leads():
    decision = policy(*STANDING.values()).decide(RETURNED, reading(), found((MARKET, 0.299), place=EAST))
    assert (decision.action, decision.reason) == (Action.SUGGEST, "first_handler")
    assert decision.units == (WATER.code, MARKET.code)
    assert [fired.rule.code for fired in decision.rules] == ["first_handler"]
    assert WATER.name in decision.why
    assert STANDING["first_handler"].say in decision.why


@pytest.mark.parametrize("returned_by", [("谁也不认识的单位",), ("水务局",)])
def test_without_a_known_first_handler_or_the_rule_the_best_is_suggested(returned_by):
    rules = [] if returned_by == ("水务局",) else STANDING.values()
    appeal = replace(APPEAL, returned_by=returned_by)
    assert policy(*rules).decide(appeal, reading(), found((MARKET, 0.1))).reason == "returned"


def test_what_is_urgent_is_transferred_though_it_came_back():
    assert policy(FIRE).decide(RETURNED, reading("楼下着火了"), nth(0.9)).action is Action.TRANSFER


def test_an_order_that_everybody_sent_back_is_not_declined_as_vague():
    decision = policy(*STANDING.values()).decide(RETURNED, reading("枫桥街道家里停水三天了"), found())
    assert decision.action is not Action.DECLINE


NO_SENDING_DOWN = STANDING["no_sending_down"]


@pytest.mark.parametrize("best", [0.1, 0.99])
def test_what_is_a_departments_duty_is_not_sent_down_to_a_street(best):
    assessment = found((STREET, best), (MARKET, 0.005), topic=FOOD, place=EAST)
    decision = policy(*STANDING.values()).decide(APPEAL, reading(), assessment)
    assert (decision.action, decision.reason) == (Action.SUGGEST, "no_sending_down")
    assert decision.units == ("market", "health")
    assert decision.set == (MARKET.name, STREET.name)
    assert [fired.rule for fired in decision.rules] == [NO_SENDING_DOWN]


@pytest.mark.parametrize(
    "assessment",
    [
        pytest.param(found((STREET, 0.97), topic=FOOD, sure=0.49, place=EAST), id="topic unsure"),
        pytest.param(found((STREET, 0.97), topic=LAMP, place=EAST), id="a street may lead"),
        pytest.param(found((STREET, 0.97), topic=replace(LAMP, statutory="市政"), place=EAST), id="nobody leads"),
        pytest.param(found((STREET, 0.97), place=EAST), id="no topic"),
        pytest.param(found((STREET, 0.97), topic=FOOD, place=Place()), id="no office of the city"),
    ],
)
def test_a_street_is_sent_what_no_department_must_handle(assessment):
    assert policy(NO_SENDING_DOWN).decide(APPEAL, reading(), assessment).units == (STREET.code,)


def test_a_pack_without_the_rule_may_send_down():
    assert policy().decide(APPEAL, reading(), found((STREET, 0.97), topic=FOOD, place=EAST)).reason == "sure"


def test_where_nobody_is_clear_the_government_of_the_district_takes_it():
    decision = policy(*STANDING.values()).decide(APPEAL, reading(), found((WATER, 0.29), (GREEN, 0.25), place=EAST))
    assert (decision.action, decision.reason, decision.units) == (Action.SUGGEST, "district_fallback", ("gov",))
    assert decision.set == (WATER.name, GREEN.name, GOVERNMENT.name)
    assert [fired.rule.code for fired in decision.rules] == ["district_fallback"]


@pytest.mark.parametrize(
    ("best", "place", "reason"),
    [(0.3, EAST, "likely"), (0.1, Place(), "unsure"), (0.1, Place(district="没有政府区"), "unsure")],
)
def test_the_district_is_not_asked_where_somebody_is_likely_or_it_is_not_known(best, place, reason):
    assert policy(*STANDING.values()).decide(APPEAL, reading(), found((WATER, best), place=place)).reason == reason


def test_a_pack_without_the_rule_leaves_the_unclear_to_a_person():
    assert policy().decide(APPEAL, reading(), found((WATER, 0.1), place=EAST)).action is Action.REVIEW


def test_the_rules_of_the_country_can_all_decide():
    rules, terms = national()
    country = policy(*rules, terms=terms)
    for rule in rules:
        if rule.learned:
            decision = country.decide(APPEAL, reading(), replace(nth(0.97), like=(rule.to,)))
            assert (decision.action, decision.rules[0].rule) == (rule.action, rule)
            assert rule.say in decision.why
