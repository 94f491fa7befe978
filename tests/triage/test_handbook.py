"""Without anything learned a pack still tells much, but promises nothing: a person decides on all that no rule does."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import CityPack, PackPlace, PlaceKind, Promise, Terms, load_pack
from triage.directory import Directory, today
from triage.domain import Action, Appeal, Mandate, Office, Rule, Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.errors import InputError
from triage.handbook import NO_BUNDLE, Handbook, open_handbook

BEIJING = Path(__file__).parents[2] / "triage" / "packs" / "beijing"


def unit(code, name, kind, duty, district="", **more):
    return Unit(code=UnitCode(code), name=name, kind=kind, duty=duty, district=district, **more)


WATER = unit("water", "云岭市水务局", UnitKind.MUNICIPAL, "水务", aliases=("水务局",))
GREEN = unit("green", "云岭市园林局", UnitKind.MUNICIPAL, "园林绿化")
GOVERNMENT = unit("gov", "东湖区人民政府", UnitKind.DISTRICT, "区政府", "东湖区")
MARKET = unit("market", "东湖区市场监管局", UnitKind.DISTRICT, "市场监管", "东湖区")
OTHER_MARKET = unit("market-2", "西山区市场监管局", UnitKind.DISTRICT, "市场监管", "西山区")
STREET = unit("street", "东湖区枫桥街道", UnitKind.STREET, "街道", "东湖区")
FOOD = Topic(code=TopicCode("food"), path=("市场", "食品安全"), meaning="餐馆、超市卖变质过期食品")
TREES = Topic(code=TopicCode("trees"), path=("环境", "树木修剪"))
LITTER = Topic(code=TopicCode("litter"), path=("环境", "楼道堆物"))
PACK = CityPack(
    name="yunling",
    title="云岭",
    version="3",
    units=(WATER, GREEN, GOVERNMENT, MARKET, OTHER_MARKET, STREET),
    topics=(FOOD, TREES, LITTER),
    mandates=(
        Mandate(topic=FOOD.code, lead=Office(level=UnitKind.DISTRICT, duty="市场监管"), basis="《食品安全法》"),
        Mandate(topic=TREES.code, lead=Office(level=UnitKind.MUNICIPAL, duty="园林绿化")),
        Mandate(topic=LITTER.code, lead=Office(level=UnitKind.STREET, duty="街道")),
    ),
    places=(
        PackPlace(name="东湖区", kind=PlaceKind.DISTRICT),
        PackPlace(name="西山区", kind=PlaceKind.DISTRICT),
        PackPlace(name="枫桥街道", kind=PlaceKind.STREET, district="东湖区"),
    ),
    duties={"水务": ("自来水", "水管"), "市场监管": ("工商",)},
    topic_words={FOOD.code: ("过期牛奶", "吃坏肚子"), TREES.code: ("树枝太长",)},
    rules=(
        Rule(code="fire", action=Action.TRANSFER, to="119", rank=10, words=(("着火了",),), say="请离开。"),
        Rule(code="law", action=Action.DECLINE, to="litigation", words=(("已经判",),), say="请问法院。"),
        Rule(code="district_fallback", action=Action.SUGGEST, rank=70, say="区政府兜底。"),
        Rule(code="first_handler", action=Action.SUGGEST, rank=65, say="不得推诿。"),
    ),
    terms=Terms(version="9"),
)


@pytest.fixture(scope="module")
def small():
    return SMALL


@pytest.fixture(scope="module")
def beijing():
    return open_handbook(load_pack(BEIJING))


SMALL = open_handbook(PACK)


def routed(triage, text, **more):
    return triage.route(Appeal(id="1", text=text, **more))


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("东湖区的超市卖过期牛奶", MARKET),
        ("西山区的超市卖过期牛奶", OTHER_MARKET),
        ("小区里的树枝太长，挡住了窗户", GREEN),
        ("东湖区枫桥街道我们楼道堆物没人管", STREET),
        ("东湖区楼道堆物没人管", GOVERNMENT),
        ("家里没有自来水", WATER),
    ],
)
def test_who_leads_by_the_directory_or_is_asked_for_is_suggested_first(small, text, first):
    assert routed(small, text).suggestions[0].unit == first


def test_what_the_pack_says_of_a_topic_tells_it(small):
    assert [ranked.topic for ranked in routed(small, "吃坏肚子了").topics] == [FOOD]


def test_a_placeholder_is_no_word_of_the_citizen(beijing):
    number = "13800000000"  # generated
    assert routed(beijing, f"{number}：").topics == ()


def test_a_unit_that_is_named_is_suggested_and_one_that_ended_is_its_successor():
    old = unit(
        "old", "云岭市供水处", UnitKind.MUNICIPAL, "水务", valid_to=today().replace(year=2020), successor="water"
    )
    triage = open_handbook(replace(PACK, units=(old, *PACK.units)))
    suggestions = routed(triage, "供水处的人说归他们管，打了云岭市供水处电话").suggestions
    assert suggestions[0].unit == WATER
    assert old not in [suggestion.unit for suggestion in suggestions]
    assert "诉求中提到该单位" in suggestions[0].reasons


@pytest.mark.parametrize("text", ["东湖区的超市卖过期牛奶", "嗯，就是那个事情", "家里没有自来水"])
def test_there_are_five_suggestions_of_different_units(small, text):
    units = [suggestion.unit.code for suggestion in routed(small, text).suggestions if suggestion.role == "lead"]
    assert len(units) == len(set(units)) == 5


def test_five_remain_when_one_returned_the_order_and_the_first_handler_leads(small):
    routing = routed(small, "东湖区的超市卖过期牛奶", returned_by=("东湖区市场监管局",))
    assert MARKET not in [suggestion.unit for suggestion in routing.suggestions]
    assert len(routing.suggestions) == 5
    assert (routing.decision.action, routing.decision.reason) == (Action.SUGGEST, "first_handler")


def test_a_pack_of_fewer_units_suggests_all_of_them():
    routing = routed(open_handbook(replace(PACK, units=(WATER, GREEN), mandates=())), "家里没有自来水")
    assert [suggestion.unit for suggestion in routing.suggestions] == [WATER, GREEN]


def test_a_pack_without_units_or_topics_is_put_before_a_person():
    empty = CityPack(name="empty", title="空", version="1")
    routing = routed(open_handbook(empty), "路灯不亮")
    assert (routing.topics, routing.suggestions, routing.decision.action) == ((), (), Action.REVIEW)


def test_the_decision_says_that_no_model_stands_behind_it(small):
    decision = routed(small, "西山区的超市卖过期牛奶").decision
    assert (decision.action, decision.reason, decision.units) == (Action.REVIEW, "by_directory", ())
    assert "模型暂不可用" in decision.why
    assert decision.set[0] == OTHER_MARKET.name


def test_the_district_stands_in_where_the_directory_tells_nobody(small):
    decision = routed(small, "东湖区那件事情").decision
    assert (decision.reason, decision.units) == ("district_fallback", (GOVERNMENT.code,))


@pytest.mark.parametrize(
    ("text", "action", "to"),
    [("东湖区楼上着火了", Action.TRANSFER, "119"), ("法院已经判了我不服", Action.DECLINE, None)],
)
def test_rules_with_words_stand_above_it(small, text, action, to):
    assert (routed(small, text).decision.action, routed(small, text).decision.to) == (action, to)


@pytest.mark.parametrize("suggest", [0.9, 0.3, 0.05])
def test_no_probability_reaches_the_one_from_which_a_unit_is_recommended(suggest):
    terms = replace(PACK.terms, promise=Promise(suggest=suggest))
    routing = routed(open_handbook(replace(PACK, terms=terms)), "东湖区超市卖过期牛奶，食品安全")
    assert 0 < routing.suggestions[0].probability < suggest
    assert all(ranked.probability < 0.3 for ranked in routing.topics)


@given(st.text(alphabet="东湖西山区枫桥街道超市过期牛奶水务局自来水着火了树枝楼道堆物，。！ 1〔", max_size=60))
def test_nothing_is_ever_dispatched_whatever_is_said(text):
    routing = SMALL.route(Appeal(id="1", text=text))
    probabilities = [suggestion.probability for suggestion in routing.suggestions]
    assert routing.decision.action is not Action.DISPATCH
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 0.25 + 1e-9


def test_it_states_that_there_is_no_bundle_and_no_promise(small):
    assert (small.versions.bundle, small.versions.pack, small.versions.policy) == (NO_BUNDLE, "yunling 3", "9")
    assert (dict(small.policy.dispatch_at), small.policy.tried) == ({}, 0)


def test_an_explanation_names_the_line_of_the_directory_and_claims_no_scores(small):
    explanation = small.explain(routed(small, "东湖区的超市卖过期牛奶"))
    assert explanation.unit == MARKET
    assert explanation.clause.text == "派单目录：“食品安全”由东湖区市场监管局主办。"
    assert explanation.clause.basis == "《食品安全法》"
    assert (explanation.scores, explanation.precedents, explanation.runner_up) == ((), (), None)


def test_without_a_line_an_explanation_names_the_duty(small):
    explanation = small.explain(routed(small, "家里没有自来水"))
    assert (explanation.clause.text, explanation.clause.basis) == ("云岭市水务局的职责是水务：自来水、水管。", "")


def test_what_suggests_nothing_cannot_be_explained(small):
    handbook = Handbook(PACK, Directory(PACK, on=today()), on=today())
    with pytest.raises(InputError, match="nothing to explain"):
        handbook.explain(replace(routed(small, "路灯"), suggestions=()))


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("朝阳区望京街道花家地的超市卖过期牛奶，孩子吃坏肚子", "朝阳区市场监督管理局"),
        ("海淀区清华东路附近的小学学区划片不合理，孩子上不了学", "海淀区教育委员会"),
        ("通州区有个工地包工头拖欠农民工工资不给", "通州区人力资源和社会保障局"),
        ("丰台区方庄街道小区门口游商占道经营，摆摊卖水果", "丰台区方庄街道"),
        ("昌平区回龙观的社区医院医生态度恶劣", "昌平区卫生健康委员会"),
    ],
)
def test_beijing_without_a_model_has_the_right_office_among_the_first_five(beijing, text, unit):
    names = [suggestion.unit.name for suggestion in routed(beijing, text).suggestions[:5]]
    assert any(name.startswith(unit) for name in names), names


@pytest.mark.parametrize(
    ("text", "to"),
    [
        ("朝阳区望京街道三号楼着火了，浓烟滚滚", "119"),
        ("家里有一股煤气味，燃气泄漏了", "gas"),
        ("有人在路边晕倒了，叫不醒", "120"),
        ("楼下有人持刀正在打架", "110"),
    ],
)
def test_beijing_without_a_model_transfers_emergencies(beijing, text, to):
    routing = routed(beijing, text)
    assert (routing.decision.action, routing.decision.to) == (Action.TRANSFER, to)


def test_it_needs_nothing_that_learns():
    heavy = "import sys, triage.handbook; print(sorted({'models', 'numpy', 'scipy', 'sklearn'} & set(sys.modules)))"
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", heavy], capture_output=True, text=True, check=True, cwd=BEIJING.parents[2]
    )
    assert done.stdout.strip() == "[]"
