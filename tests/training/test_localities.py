"""A pack's places: the country's tables first, and what the orders call them besides."""

import pytest

from tests.training.test_gazetteer import write_package
from training import gazetteer
from training.gazetteer import build
from training.localities import find_places, stem
from triage.domain import Closure

DISTRICTS = ("东湖区", "西山区")
NOWHERE = ("城南区", "城北区")


@pytest.fixture(autouse=True)
def tiny(tmp_path, monkeypatch):
    """A small country in the place of the whole one: 云岭市 has the districts above, no city the others."""
    (tmp_path / "table.xz").write_bytes(build(write_package(tmp_path)))
    monkeypatch.setattr(gazetteer, "_TABLE", tmp_path / "table.xz")


def order(district, street="", community=""):
    return Closure(id="1", text="路灯不亮", unit="路灯所", district=district, street=street, community=community)


def found(*orders, certain=(), districts=DISTRICTS, city=""):
    """What is found as `kind district/street name`, in its order, with the aliases."""
    places = find_places(orders, certain, districts, city=city)
    return {f"{one.kind} {one.district}/{one.street} {one.name}": one.aliases for one in places}


TABLES = (
    *("district 东湖区/ 东湖区", "street 东湖区/枫桥街道 枫桥街道", "community 东湖区/枫桥街道 枫桥社区"),
    *("community 东湖区/枫桥街道 768厂社区", "community 东湖区/枫桥街道 309医院社区"),
    *("community 东湖区/枫桥街道 春晓社区", "community 东湖区/枫桥街道 ７号院社区"),
    *("community 东湖区/枫桥街道 枫桥工业园生活区", "street 东湖区/柳岸街道 柳岸街道"),
    *("district 西山区/ 西山区", "street 西山区/石鼓镇 石鼓镇", "village 西山区/石鼓镇 柳丝村"),
    *("village 西山区/石鼓镇 柳叶村", "community 西山区/石鼓镇 石鼓社区"),
)


def test_a_city_of_the_tables_has_all_places_of_its_districts_before_its_first_order():
    assert tuple(found()) == TABLES
    assert found()["district 东湖区/ 东湖区"] == ("东湖",)


def test_a_district_that_is_not_the_citys_own_brings_no_places():
    assert [place for place in found(districts=("东湖区", "西山区", "北湖区")) if "北湖区" in place] == [
        "district 北湖区/ 北湖区"
    ]
    assert [place for place in found() if "石鼓市" in place] == []


def test_one_district_is_enough_where_the_citys_name_is_known():
    assert tuple(found(districts=("东湖区",), city="云岭市")) == TABLES[:9]
    assert tuple(found(districts=("东湖区",))) == ("district 东湖区/ 东湖区",)


def test_what_the_orders_have_besides_is_added_behind():
    orders = [order("东湖区", "松风街道", "桃源社区"), order("西山区", "石鼓镇", "杏花村委会")]
    assert tuple(found(*orders)) == (
        *TABLES,
        *("street 东湖区/松风街道 松风街道", "village 西山区/石鼓镇 杏花村"),
        "community 东湖区/松风街道 桃源社区",
    )


def test_what_the_orders_call_a_place_joins_what_the_tables_know():
    places = found(
        order("东湖区", "枫桥街道办事处", "春晓社区居委会"),
        order("东湖区", "枫桥街道办", "春晓居委会"),
        order("西山区", "石鼓镇人民政府", "柳丝村委会"),
    )
    assert tuple(places) == TABLES
    assert places["street 东湖区/枫桥街道 枫桥街道"] == ("枫桥街道办", "枫桥街道办事处")
    assert places["community 东湖区/枫桥街道 春晓社区"] == ("春晓居委会", "春晓社区居委会")
    assert places["street 西山区/石鼓镇 石鼓镇"] == ("石鼓镇人民政府",)
    assert places["village 西山区/石鼓镇 柳丝村"] == ("柳丝村委会",)


def test_the_codes_of_the_tables_stay():
    places = find_places([order("东湖区", "枫桥街道办事处")], (), DISTRICTS, city="")
    codes = {place.name: place.code for place in places}
    assert (codes["枫桥街道"], codes["768厂社区"], codes["石鼓镇"]) == ("910102001", "910102001002", "910103100")


def test_a_city_that_no_table_knows_has_what_its_orders_tell():
    orders = [order("城南区", "柳岸街道办事处", "柳芽社区"), order("城北区", "海棠镇")]
    assert found(*orders, districts=NOWHERE) == {
        "district 城南区/ 城南区": ("城南",),
        "district 城北区/ 城北区": ("城北",),
        "street 城南区/柳岸街道 柳岸街道": ("柳岸街道办事处",),
        "street 城北区/海棠镇 海棠镇": (),
        "community 城南区/柳岸街道 柳芽社区": (),
    }


def test_a_street_that_a_unit_is_named_after_is_certain():
    assert found(certain=[("柳岸街道", "城南区")], districts=NOWHERE)["street 城南区/柳岸街道 柳岸街道"] == ()
    slips = [order("城北区", "柳岸街道")] * 5
    both = found(*slips, certain=[("柳岸街道", "城南区")], districts=NOWHERE)
    assert {place for place in both if place.startswith("street")} == {
        "street 城南区/柳岸街道 柳岸街道",
        "street 城北区/柳岸街道 柳岸街道",
    }


@pytest.mark.parametrize(("right", "slips", "kept"), [(9, 1, 1), (5, 1, 1), (4, 1, 2), (3, 3, 2)])
def test_a_slip_of_the_operator_makes_no_second_street(right, slips, kept):
    orders = [order("城南区", "柳岸街道")] * right + [order("城北区", "柳岸街道")] * slips
    assert sum("柳岸街道" in place for place in found(*orders, districts=NOWHERE)) == kept


def test_cells_that_hold_no_place_are_none():
    orders = [
        order("城南区", "undefined", "null"),
        order("城南区", "城北区", "柳芽社区"),
        order("其他", "", "桃源社区"),
    ]
    assert [place for place in found(*orders, districts=NOWHERE) if not place.startswith("district")] == []


def test_a_long_name_is_known_without_its_sort_where_it_is_no_road():
    orders = [order("城南区", "百花深处街道"), order("城南区", "体育路街道"), order("城南区", "柳岸街道")]
    places = found(*orders, districts=NOWHERE)
    assert places["street 城南区/百花深处街道 百花深处街道"] == ("百花深处",)
    assert places["street 城南区/体育路街道 体育路街道"] == ()
    assert places["street 城南区/柳岸街道 柳岸街道"] == ()


@pytest.mark.parametrize(
    ("district", "short"),
    [
        *[("东湖区", "东湖"), ("滨海新区", "滨海"), ("丁香县", "丁香"), ("石鼓市", "石鼓"), ("海棠自治县", "海棠")],
        *[("城区", "城区"), ("新区", "新区"), ("东湖", "东湖")],
    ],
)
def test_a_district_goes_by_its_name_without_its_sort_where_two_characters_are_left(district, short):
    assert stem(district) == short
    assert found(districts=(district,))[f"district {district}/ {district}"] == ((short,) if short != district else ())
