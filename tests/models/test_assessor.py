"""Any text gets an answer: the same alone as among others, and no more sure than it may be."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import city
from triage.domain import Action, Appeal

UNSEEN = city.closures(120, seed=2_031)
WORDS = (
    "东湖区",
    "石鼓镇",
    "停水",
    "垃圾没有人清运",
    "物业",
    "\n",
    "🙂",
    "\ud800",
    "\x00",
    "street lamp",
    "13800138000",
)
texts = st.one_of(
    st.text(st.characters(codec=None), max_size=80), st.lists(st.sampled_from(WORDS), max_size=12).map("".join)
)
SAYS_NOTHING = [
    "",
    " ",
    "\n\t",
    "水",
    "？",
    "……！！",
    "🙂",
    "🙂👨‍👩‍👧🙏",
    "\x00",
    "\x00\x01\x02",
    "\ud800",
    "\udfff\ud800",
    "\u200b\ufeff",
]
SAYS_LITTLE = [
    "The street lamp on our corner has been broken for a week",
    "Улица не освещена уже неделю",
    "道路の照明が消えています",
    "가로등이 고장났습니다",
    "الإنارة لا تعمل",
    "x" * 100_000,
    "啊" * 100_000,
    "\ud83d" * 5_000,
    "qwzx \x00 jkvb \x00",
]


@pytest.fixture(scope="module")
def route(city_triage):
    return lambda text, **given: city_triage.route(Appeal(id="1", text=text, **given))


def well_formed(routing):
    """What holds for every answer, whatever was asked."""
    odds = [suggestion.probability for suggestion in routing.suggestions]
    assert len(odds) == 5
    assert all(math.isfinite(probability) and 0 <= probability <= 1 for probability in odds)
    assert odds == sorted(odds, reverse=True)
    assert sum(candidate.probability for candidate in routing.candidates) <= 1 + 1e-5
    assert 5 <= len(routing.candidates) <= 15
    assert len({candidate.unit.code for candidate in routing.candidates}) == len(routing.candidates)
    names = [suggestion.unit.name for suggestion in routing.suggestions]
    if routing.decision.reason not in ("district_fallback", "no_sending_down", "several_matters"):
        assert list(routing.decision.set)[:5] == names[: len(routing.decision.set)]
        assert routing.decision.units in ((), (routing.suggestions[0].unit.code,))
    assert [ranked.probability for ranked in routing.topics] == sorted(
        (ranked.probability for ranked in routing.topics), reverse=True
    )
    assert all(0 <= ranked.probability <= 1 for ranked in routing.topics)
    return routing


@settings(max_examples=60)
@given(text=texts)
def test_any_text_gets_a_well_formed_answer(route, text):
    well_formed(route(text))


@pytest.mark.parametrize("text", SAYS_NOTHING, ids=ascii)
def test_what_says_nothing_goes_to_a_person_and_is_not_sure(route, text):
    routing = well_formed(route(text))
    assert (routing.decision.action, routing.decision.reason) == (Action.DECLINE, "too_vague")
    assert text == "水" or routing.suggestions[0].probability < 0.5


def test_a_telephone_number_alone_is_not_dispatched(route):
    assert route("13800138000").decision.reason == "too_vague"


@pytest.mark.parametrize("text", SAYS_LITTLE, ids=lambda text: ascii(text[:20]))
def test_what_cannot_be_understood_is_not_dispatched(route, text):
    routing = well_formed(route(text))
    assert routing.decision.action is not Action.DISPATCH
    assert routing.suggestions[0].probability < 0.6


def test_a_very_long_appeal_is_read_by_how_it_begins(route):
    begins = "东湖区枫桥街道春晓花园家里自来水停水，没有收到停水通知，"
    routing = well_formed(route((begins * 4_000)[:100_000]))
    assert routing.suggestions[0].unit.name == city.WATER


def test_many_are_routed_as_one_by_one(city_triage):
    appeals = [Appeal(id=closure.id, text=closure.text) for closure in UNSEEN[:40]]
    appeals += [Appeal(id=ascii(text), text=text) for text in SAYS_NOTHING + SAYS_LITTLE[:5]]
    random.Random(3).shuffle(appeals)
    for appeal, among in zip(appeals, city_triage.route_many(appeals), strict=True):
        alone = city_triage.route(appeal)
        assert (alone.appeal, alone.reading, alone.place) == (among.appeal, among.reading, among.place)
        assert alone.decision.action == among.decision.action
        assert [one.unit for one in alone.suggestions] == [one.unit for one in among.suggestions]
        assert [one.reasons for one in alone.suggestions] == [one.reasons for one in among.suggestions]
        for ours, theirs in ((alone.suggestions, among.suggestions), (alone.topics, among.topics)):
            np.testing.assert_allclose(
                [one.probability for one in ours], [one.probability for one in theirs], atol=1e-5
            )


def test_new_orders_mostly_go_to_the_unit_that_closed_them(city_triage):
    routings = city_triage.route_many([Appeal(id=closure.id, text=closure.text) for closure in UNSEEN])
    right = [
        routing.suggestions[0].unit.name == closure.unit for routing, closure in zip(routings, UNSEEN, strict=True)
    ]
    sent = [hit for routing, hit in zip(routings, right, strict=True) if routing.decision.action is Action.DISPATCH]
    assert np.mean(right) > 0.75
    assert len(sent) > 40
    assert np.mean(sent) > 0.8


def test_topics_come_with_their_whole_path(route):
    routing = route("西山区松风街道望湖路公交车等了四十分钟不来，上班迟到")
    assert routing.topics[0].topic.path == ("交通", "公交", "公交候车")
    assert len(routing.topics) == 3


def test_reasons_say_what_speaks_for_a_unit(route):
    text = "莲塘街道办不管，南苑区莲塘街道梧桐里的物业不打扫楼道，保安晚上不在岗"
    first = route(text).suggestions[0]
    assert first.unit.name == city.OFFICES["莲塘街道"]
    assert {"诉求中提到该单位", "属地相符", "有相似的已办结工单"} <= set(first.reasons)


STALLS = "楼下夜市摊位摆到马路上，收摊后满地油污"
DISTRICTS = ("东湖区", "西山区", "南苑区")


def probability_of(routing, name):
    return next(candidate.probability for candidate in routing.candidates if candidate.unit.name == name)


@pytest.mark.parametrize("district", DISTRICTS)
def test_a_district_that_came_with_the_appeal_speaks_for_its_office(route, district):
    office = f"{district}城市管理局"
    routings = {other: route(STALLS, district=other) for other in DISTRICTS}
    assert routings[district].place.district == district
    best = max(DISTRICTS, key=lambda other: probability_of(routings[other], office))
    assert best == district
    assert probability_of(routings[district], office) > probability_of(route(STALLS), office)


def test_an_address_is_read_like_words_of_the_text(route):
    routing = route(STALLS, address="南苑区莲塘街道学府名居3号")
    assert (routing.place.district, routing.place.street) == ("南苑区", "莲塘街道")
    assert probability_of(routing, "南苑区城市管理局") > probability_of(route(STALLS), "南苑区城市管理局")
