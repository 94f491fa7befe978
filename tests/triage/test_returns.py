"""A unit sends back what is another's: as probably as the others are, for the reason that they give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.domain import (
    Assessment,
    Candidate,
    Element,
    Place,
    ReturnReason,
    Suggestion,
    Unit,
    UnitCode,
    UnitKind,
)
from triage.returns import return_risk


def unit(code, kind=UnitKind.DISTRICT, duty="城管执法", district="东湖区"):
    return Unit(code=UnitCode(code), name=f"{code}局", kind=kind, duty=duty, district=district)


EAST, WEST = unit("东湖城管"), unit("西山城管", district="西山区")
HOUSING = unit("东湖房管", duty="住房保障")
WATER = unit("市水务", UnitKind.MUNICIPAL, "水务", "")
MAPLE, WILLOW = (unit(name, UnitKind.STREET, "街道") for name in ("枫桥街道", "柳岸街道"))


def risk(*ranked, text="楼下停水", **given):
    listed = tuple(Candidate(unit=one, bases=(), probability=odds) for one, odds in ranked)
    suggestions = tuple(Suggestion(unit=one, probability=odds) for one, odds in ranked[:5])
    assessment = Assessment(topics=(), place=Place(), candidates=listed, suggestions=suggestions)
    return return_risk(assessment, text, **given)


@pytest.mark.parametrize(
    ("ranked", "given", "reason"),
    [
        (((EAST, 0.6), (WEST, 0.3)), {}, ReturnReason.PLACE),
        (((MAPLE, 0.6), (WILLOW, 0.3)), {}, ReturnReason.PLACE),
        (((EAST, 0.6), (WEST, 0.3)), {"lacking": (Element.PLACE,)}, ReturnReason.INCOMPLETE),
        (((EAST, 0.6), (WEST, 0.3)), {"lacking": (Element.TIME, Element.OBJECT)}, ReturnReason.PLACE),
        (((EAST, 0.6), (HOUSING, 0.3)), {}, ReturnReason.DUTY),
        (((EAST, 0.6), (HOUSING, 0.3)), {"lacking": (Element.PLACE,)}, ReturnReason.DUTY),
        (((EAST, 0.6), (WATER, 0.3)), {}, ReturnReason.DUTY),
        (((EAST, 0.6), (HOUSING, 0.3)), {"sharing": frozenset({HOUSING.code})}, ReturnReason.SHARED),
        (((EAST, 0.6), (HOUSING, 0.3)), {"sharing": frozenset({WATER.code})}, ReturnReason.DUTY),
        (((EAST, 0.6), (HOUSING, 0.3)), {"text": "产权归谁没人说得清"}, ReturnReason.OWNERSHIP),
        (((EAST, 0.6), (WATER, 0.3)), {"text": "几家互相推"}, ReturnReason.OWNERSHIP),
        (
            ((EAST, 0.6), (HOUSING, 0.3)),
            {"text": "未移交", "sharing": frozenset({HOUSING.code})},
            ReturnReason.OWNERSHIP,
        ),
        (((EAST, 0.6), (WEST, 0.3)), {"text": "产权归谁没人说得清"}, ReturnReason.PLACE),
    ],
)
def test_the_reason_follows_from_who_the_others_are(ranked, given, reason):
    found = risk(*ranked, **given)
    assert (found.unit, found.reason) == (EAST if ranked[0][0] is EAST else MAPLE, reason)
    assert found.probability == pytest.approx(0.4)
    assert found.unit.name in found.why


@pytest.mark.parametrize("word", ["产权", "权属", "谁的责任", "无主", "移交", "代管", "踢皮球", "推来推去", "遗留"])
def test_words_of_ownership_are_heard(word):
    assert risk((EAST, 0.6), (HOUSING, 0.3), text=f"这是{word}的问题").reason is ReturnReason.OWNERSHIP


def test_the_reason_with_the_most_probability_behind_it_is_told():
    assert risk((EAST, 0.5), (WEST, 0.2), (HOUSING, 0.15), (WATER, 0.1)).reason is ReturnReason.DUTY
    assert risk((EAST, 0.5), (WEST, 0.3), (HOUSING, 0.15), (WATER, 0.1)).reason is ReturnReason.PLACE


@pytest.mark.parametrize(
    ("ranked", "rival"),
    [
        (((EAST, 0.6), (WEST, 0.3)), WEST),
        (((EAST, 0.6), (HOUSING, 0.3)), HOUSING),
        (((EAST, 0.5), (WEST, 0.2), (HOUSING, 0.15), (WATER, 0.1)), HOUSING),
    ],
)
def test_the_rival_that_is_named_is_one_that_the_reason_fits(ranked, rival):
    assert rival.name in risk(*ranked).why


def test_a_unit_without_rivals_names_nobody():
    assert "应由办理" not in risk((EAST, 0.9)).why


def test_who_suggests_nobody_risks_nothing():
    assert risk() is None


REASONS = {
    ReturnReason.PLACE: "不在其辖区",
    ReturnReason.OWNERSHIP: "权属不清",
    ReturnReason.SHARED: "职能交叉",
    ReturnReason.DUTY: "不属于其职能",
    ReturnReason.INCOMPLETE: "要素缺失",
}
ranked = st.lists(
    st.tuples(st.sampled_from([EAST, WEST, HOUSING, WATER, MAPLE, WILLOW]), st.floats(0, 1)),
    min_size=1,
    unique_by=lambda each: each[0].code,
)


@given(ranked, st.sampled_from(["楼下停水", "产权不明"]), st.sets(st.sampled_from([HOUSING.code, WATER.code])))
def test_whoever_is_first_the_risk_is_what_is_left_and_the_sentence_tells_the_reason(listed, text, sharing):
    found = risk(*listed, text=text, sharing=frozenset(sharing))
    assert found.unit is listed[0][0]
    assert found.probability == pytest.approx(1 - listed[0][1])
    assert 0 <= found.probability <= 1
    assert REASONS[found.reason] in found.why
