"""What is missing is named, and the question asked is the one whose answer would settle most."""

from math import log2

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from triage.domain import (
    Assessment,
    Candidate,
    Element,
    Place,
    RankedTopic,
    Reading,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
)
from triage.questions import missing, question

NOWHERE = Place()
EAST = Place(district="东湖区")
STREET = Place(district="东湖区", street="枫桥街道")
LEAK, STOP = (Topic(code=TopicCode(name), path=("供水", name)) for name in ("水管漏水", "自来水停水"))


def unit(code, kind=UnitKind.MUNICIPAL, duty="水务", district=""):
    return Unit(code=UnitCode(code), name=f"{code}单位", kind=kind, duty=duty, district=district)


CITY = unit("city")
OF_EAST = unit("east", UnitKind.DISTRICT, "城管执法", "东湖区")
OF_WEST = unit("west", UnitKind.DISTRICT, "城管执法", "西山区")
MAPLE = unit("maple", UnitKind.STREET, "街道", "东湖区")
WILLOW = unit("willow", UnitKind.STREET, "街道", "东湖区")


def found(*ranked, place=NOWHERE, topics=()):
    return Assessment(
        topics=tuple(RankedTopic(topic=topic, probability=odds) for topic, odds in topics),
        place=place,
        candidates=tuple(Candidate(unit=one, bases=(), probability=odds) for one, odds in ranked),
        suggestions=tuple(Suggestion(unit=one, probability=odds) for one, odds in ranked[:5]),
    )


def lacking(assessment, *, text="昨天停水了", kind="投诉", tokens=None):
    return missing(Reading(masked=text, tokens=tokens or tuple(text)), assessment, kind)


def entropy(*shares):
    parts = [share / sum(shares) for share in shares]
    return -sum(part * log2(part) for part in parts if part)


def test_nothing_is_missing_where_everything_is_told():
    assert lacking(found((OF_EAST, 0.9), place=STREET, topics=[(STOP, 0.9)])) == ()


@pytest.mark.parametrize(
    ("assessment", "misses"),
    [
        (found((OF_EAST, 0.9)), True),
        (found((CITY, 0.9), (OF_EAST, 0.05)), True),
        (found((CITY, 0.9), (OF_EAST, 0.04)), False),
        (found((CITY, 0.9)), False),
        (found((OF_EAST, 0.9), place=EAST), False),
        (found((OF_EAST, 0.5), (MAPLE, 0.05), place=EAST), True),
        (found((OF_EAST, 0.5), (MAPLE, 0.04), place=EAST), False),
        (found((MAPLE, 0.9), place=STREET), False),
        (found(), False),
    ],
)
def test_the_place_is_missing_where_units_stand_or_fall_with_it(assessment, misses):
    assert (Element.PLACE in lacking(assessment)) == misses


@pytest.mark.parametrize("kind", ["投诉", "举报", "求助"])
def test_an_event_has_a_time(kind):
    assert lacking(found(), text="楼下停水了", kind=kind) == (Element.TIME,)


@pytest.mark.parametrize("kind", ["咨询", "建议", "表扬", ""])
def test_a_question_or_a_wish_needs_none(kind):
    assert lacking(found(), text="楼下停水了", kind=kind) == ()


TIMES = (
    *(
        "今天",
        "昨晚",
        "前天",
        "当天",
        "凌晨",
        "早上六点多",
        "上午",
        "每天晚上",
        "天天",
        "常年",
        "周末",
        "星期三",
        "礼拜天",
    ),
    *(
        "3月5日",
        "三天了",
        "2个月",
        "半年",
        "几个小时",
        "两个多月",
        "去年",
        "上个月",
        "这周",
        "最近",
        "这几天",
        "刚才",
        "刚停",
    ),
    *("现在", "目前", "一直", "长期", "入冬以来", "多年", "节假日", "春节", "暑假", "随时", "经常", "总是"),
)


@pytest.mark.parametrize("time", TIMES)
def test_a_time_in_words_is_a_time(time):
    assert lacking(found(), text=f"{time}停水") == ()


@pytest.mark.parametrize(
    "text", ["刚毅路停水", "水管坏了没人修", "东湖区停水", "二楼漏水", "5号楼停水", "三年级学生挨打"]
)
def test_what_only_looks_like_a_time_is_none(text):
    assert lacking(found(), text=text) == (Element.TIME,)


@pytest.mark.parametrize(
    ("sure", "tokens", "misses"), [(0.19, 11, True), (0.2, 11, False), (0.19, 12, False), (0.9, 2, False)]
)
def test_what_it_is_about_is_missing_where_little_is_said_and_no_topic_is_clear(sure, tokens, misses):
    assessment = found((CITY, 0.5), topics=[(STOP, sure), (LEAK, sure / 2)])
    assert (Element.OBJECT in lacking(assessment, tokens=("今天",) * tokens)) == misses


def test_without_topics_nobody_can_tell_what_is_missing_about_them():
    assert lacking(found((CITY, 0.1))) == ()


def test_everything_may_be_missing():
    assessment = found((OF_EAST, 0.2), (OF_WEST, 0.2), topics=[(STOP, 0.1)])
    assert lacking(assessment, text="没人管") == (Element.PLACE, Element.TIME, Element.OBJECT)


def test_the_district_is_asked_where_it_would_settle_most():
    asked = question(found((OF_EAST, 0.4), (OF_WEST, 0.2)), ())
    assert asked.about is Element.PLACE
    assert "哪个区" in asked.text
    assert asked.gain == pytest.approx(entropy(0.4, 0.2), abs=1e-4)


def test_where_the_district_is_known_the_street_is_asked():
    asked = question(found((MAPLE, 0.4), (WILLOW, 0.3), (OF_EAST, 0.1), (CITY, 0.1), place=EAST), ())
    assert asked.about is Element.PLACE
    assert "东湖区的哪个街道" in asked.text
    assert asked.gain == pytest.approx(entropy(0.4, 0.3, 0.2), abs=1e-4)


def test_where_the_street_is_known_the_place_is_not_asked():
    asked = question(found((MAPLE, 0.4), (WILLOW, 0.3), (CITY, 0.3), place=STREET), (Element.PLACE,))
    assert asked is None or asked.about is not Element.PLACE


def test_words_that_fit_several_places_ask_their_own_question():
    place = Place(possible=("东湖区桥南街道", "西山区桥南街道"), question="请问是东湖区还是西山区的桥南街道？")
    asked = question(found((OF_EAST, 0.4), (OF_WEST, 0.4), place=place), (Element.PLACE,))
    assert (asked.about, asked.text, asked.gain) == (Element.PLACE, place.question, 1.0)


def test_which_of_two_topics_is_asked_where_the_duty_would_settle_most():
    other = unit("green", duty="园林绿化")
    asked = question(found((CITY, 0.5), (other, 0.5), topics=[(STOP, 0.5), (LEAK, 0.4)]), ())
    assert (asked.about, asked.gain) == (Element.OBJECT, 1.0)
    assert asked.text == "请问您主要想解决的是“自来水停水”还是“水管漏水”？"


def test_without_topics_the_duties_are_asked():
    asked = question(found((CITY, 0.4), (unit("green", duty="园林绿化"), 0.4), (MAPLE, 0.1)), ())
    assert asked.text == "请问您主要想解决的是“水务”还是“园林绿化”？"


def test_one_duty_alone_asks_nothing():
    assert question(found((CITY, 0.5), (unit("other"), 0.5)), ()) is None


def test_the_question_that_settles_most_is_asked():
    near = [(unit(f"d{at}", UnitKind.DISTRICT, "城管执法", f"{at}区"), 0.2) for at in range(4)]
    assert question(found(*near, (CITY, 0.2), topics=[(STOP, 0.5), (LEAK, 0.4)]), ()).about is Element.PLACE
    apart = [(unit(f"c{at}", duty=f"第{at}类"), 0.2) for at in range(4)]
    assert question(found(*apart, (OF_EAST, 0.2), topics=[(STOP, 0.5), (LEAK, 0.4)]), ()).about is Element.OBJECT


@pytest.mark.parametrize(
    ("element", "said"), [(Element.PLACE, "哪个区"), (Element.TIME, "什么时候"), (Element.OBJECT, "主要想解决")]
)
def test_where_no_answer_would_move_the_candidates_what_is_lacking_is_asked(element, said):
    asked = question(found((CITY, 0.9), topics=[(STOP, 0.15), (LEAK, 0.1)]), (element,))
    assert (asked.about, asked.gain) == (element, 0.0)
    assert said in asked.text


def test_of_several_that_are_lacking_the_first_is_asked():
    assert question(found((CITY, 0.9)), (Element.TIME, Element.PLACE)).about is Element.TIME


def test_nothing_is_asked_where_nothing_is_missing_and_nothing_would_be_settled():
    assert question(found((CITY, 0.95), (OF_EAST, 0.005), topics=[(STOP, 0.9), (LEAK, 0.05)]), ()) is None


@pytest.mark.parametrize("assessment", [found(), found((CITY, 0.0), (OF_EAST, 0.0))])
def test_without_candidates_nothing_would_be_settled(assessment):
    assert question(assessment, ()) is None
    assert question(assessment, (Element.TIME,)).gain == 0


kinds = st.sampled_from([UnitKind.MUNICIPAL, UnitKind.DISTRICT, UnitKind.STREET])
units = st.tuples(kinds, st.sampled_from(["水务", "城管", "街道"]), st.sampled_from(["", "东湖区", "西山区"]))
ranked = st.lists(st.tuples(units, st.floats(0, 1)), min_size=1, max_size=8)
places = st.sampled_from([NOWHERE, EAST, STREET, Place(possible=("甲", "乙"), question="甲还是乙？")])
ELEMENTS = st.lists(st.sampled_from(Element), unique=True).map(tuple)


@given(ranked, places, ELEMENTS)
def test_the_gain_is_the_entropy_of_the_answers_and_no_other_question_gains_more(listed, place, elements):
    candidates = [(unit(f"u{at}", *of), odds) for at, (of, odds) in enumerate(listed)]
    assume(sum(odds for _, odds in candidates) > 1e-3)
    answers = {
        "district": lambda one: one.district,
        "street": lambda one: one.code if one.kind is UnitKind.STREET else "",
        "duty": lambda one: one.duty,
    }
    gains = {}
    for name, answer in answers.items():
        groups = {}
        for one, odds in candidates:
            groups[answer(one)] = groups.get(answer(one), 0) + odds
        gains[name] = entropy(*groups.values())
    asked = question(found(*candidates, place=place, topics=[(STOP, 0.5), (LEAK, 0.4)]), elements)
    about_place = None if place.street else "street" if place.district else "district"
    possible = {Element.OBJECT: gains["duty"]} | ({Element.PLACE: gains[about_place]} if about_place else {})
    best = max(possible.values())
    if best > 0.1001:
        assert asked.gain == pytest.approx(best, abs=1e-4)
        assert possible[asked.about] == pytest.approx(best, abs=2e-4)
    if best < 0.0999:
        assert (asked is None) == (not any(element in possible or element is Element.TIME for element in elements))


def test_a_hundred_thousand_digits_are_looked_through_once():
    reading = Reading(masked="9" * 100_000, tokens=("9",))
    assessment = Assessment(topics=(), place=Place(), candidates=(), suggestions=())
    assert missing(reading, assessment, "投诉") == (Element.TIME,)
