from datetime import date

import pytest

from training.hygiene import clean
from triage.domain import Closure


def closure(text="市民来电反映: 人民路有积水", unit="市排水所", **fields):
    return Closure(**{"id": "1", "text": text, "unit": unit, "opened_on": date(2024, 5, 1), **fields})


def reason(row):
    return next((left.reason for left in clean([row]).summary.left_out), None)


@pytest.mark.parametrize("text", ["", "  ", "市民来电反映:", "市民来电反映: 请交警核实处理，谢谢！"])
def test_an_order_in_which_nobody_said_anything(text):
    assert reason(closure(text)) == "no_text"


def test_an_order_without_a_unit():
    assert reason(closure(unit="")) == "no_unit"


@pytest.mark.parametrize(
    "text",
    [
        "交警来电反馈: 工单号20240501000001《关于桥头堵车的问题》处理情况",
        "东门派出所来电反馈：（工单号20240501000001）处理结果",
        "市排水来电要求转接8号话务员的问题",
        "人民路街道办来电退单：该地址不在辖区",
        "某某水务公司来电：要求回电".replace("某某", "城北"),
    ],
)
def test_an_agency_that_calls_back_is_no_citizen(text):
    assert reason(closure(text)) == "agency_callback"


@pytest.mark.parametrize(
    "text",
    [
        "市民来电反映: 人民路有积水",
        "市市民来电反映:人民路有积水",
        "来电人反映：人民路有积水",
        "出租车司机来电报备: 乘客的手机落在车上",
        "晚报记者来电反映: 人民路有积水",
        "商户来电反映: 人民路有积水",
        "王女士来电反映: 人民路有积水",
        "李大明来电反映: 人民路有积水",
        "〔姓名〕来电反映: 人民路有积水",
        "市民来电咨询: 要求6804号话务员回电",
        "关于人民路积水，多次来电反映没有解决",
    ],
)
def test_citizens_in_every_form_stay(text):
    assert reason(closure(text)) is None


@pytest.mark.parametrize("unit", ["其他单位", "其它单位", "省级单位", "除本市外的市县"])
def test_a_unit_that_is_no_unit(unit):
    assert reason(closure(unit=unit)) == "catch_all_unit"


@pytest.mark.parametrize("unit", ["省电力公司", "其他山街道办", "外事办公室", "东区城管局"])
def test_units_whose_names_only_look_so_stay(unit):
    assert reason(closure(unit=unit)) is None


def test_the_same_order_entered_twice_on_one_day_stays_once():
    rows = [closure(id="1"), closure(id="2", text="市民来电反映: 人民路，有积水。")]
    cleaned = clean(rows)
    assert [row.id for row in cleaned.rows] == ["1"]
    assert [(left.id, left.reason) for left in cleaned.summary.left_out] == [("2", "near_duplicate")]


@pytest.mark.parametrize("other", [{"opened_on": date(2024, 5, 2)}, {"unit": "东区住建局"}])
def test_another_day_or_another_unit_is_another_order(other):
    cleaned = clean([closure(id="1"), closure(id="2", **other)])
    assert len(cleaned.rows) == 2
    assert cleaned.groups == (0, 0)


def test_undated_repeats_stay_since_they_may_be_months_apart():
    assert len(clean([closure(id="1", opened_on=None), closure(id="2", opened_on=None)]).rows) == 2


def test_every_row_is_kept_or_named_with_its_reason():
    rows = [
        closure(id="1", text="市民来电反映: 人民路有积水，请排水所核实处理"),
        closure(id="2", unit="", source="may.csv, row 3"),
        closure(id="3", text="市民来电咨询: 公交卡怎么办理"),
    ]
    cleaned = clean(rows)
    assert [row.text for row in cleaned.rows] == ["市民来电反映: 人民路有积水。", "市民来电咨询: 公交卡怎么办理"]
    assert cleaned.groups == (0, 1)
    assert cleaned.summary.counts["no_unit"] == 1
    assert [(left.id, left.source, left.reason) for left in cleaned.summary.left_out] == [
        ("2", "may.csv, row 3", "no_unit")
    ]
    assert str(cleaned.summary).split() == ["3", "read", "-1", "no_unit", "2", "kept"]


def test_nothing_to_clean():
    assert clean([]).summary.kept == 0
