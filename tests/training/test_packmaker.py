"""A pack is read off the names of units, whichever city they are of (all names of streets here are invented)."""

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training import packmaker
from training.localities import community_name, street_name
from training.packmaker import (
    find_city,
    find_districts,
    make_codes,
    make_pack,
    offices,
    read_unit,
)
from triage.citypack import PlaceKind, fingerprint, load_pack, write_pack
from triage.domain import Closure, UnitKind
from triage.errors import InputError

SHENZHEN = [
    *("深圳市公安局福田分局", "深圳市公安局交通警察局", "福田区城市管理和综合执法局", "福田区住房和建设局"),
    *("福田区柳岸街道办事处", "南山区教育局", "深圳市南山区水务局", "坪山区人民政府", "市民政局", "市市场监管局"),
    *("深圳柳桥巴士集团股份有限公司", "前海柳湾服务业合作区管理局", "国家税务总局深圳市税务局", "广东省公安厅"),
]
CHENGDU = [
    *("成都市锦江区人民政府", "锦江区柳树街道办事处", "锦江区城市管理局", "双流区柳镇人民政府", "双流区农业农村局"),
    *("简阳市住房和城乡建设局", "简阳市柳岔镇人民政府", "成都高新区管委会", "成都市公安局交通管理局"),
]
SHANGHAI = [
    *("上海市浦东新区人民政府", "浦东新区柳沙新镇人民政府", "上海市公安局浦东分局", "徐汇区房屋管理局"),
    *("徐汇区柳平路街道办事处", "上海市绿化和市容管理局", "临港柳片区管委会"),
]
TIANJIN = ["天津市滨海新区人民政府", "滨海新区生态环境局", "和平区柳道街道办事处", "和平区城管委", "天津市教育委员会"]
YIWU = ["义乌市公安局", "义乌市柳城街道办事处", "义乌市柳堂镇人民政府", "义乌市教育局", "国网义乌市供电公司"]
TAIPEI = ["臺北市政府警察局", "臺北市政府環境保護局", "臺北市大安區公所", "大安區戶政事務所"]


def closure(unit, **given):
    return Closure(id=given.pop("id", "1"), text="路灯不亮", unit=unit, **given)


def read(names):
    city = find_city(names)
    districts = find_districts(names, city)
    return {name: read_unit(name, districts, city) for name in names}


@pytest.mark.parametrize(
    ("names", "city", "districts"),
    [
        (SHENZHEN, "深圳市", {"福田区", "南山区", "坪山区"}),
        (CHENGDU, "成都市", {"锦江区", "双流区", "简阳市"}),
        (SHANGHAI, "上海市", {"浦东新区", "徐汇区"}),
        (TIANJIN, "天津市", {"滨海新区", "和平区"}),
        (YIWU, "义乌市", set()),
        (["盐城市公安局", "盐城市城市管理局", "盐都区教育局", "盐都区水务局"], "盐城市", {"盐都区"}),
        (["市公安局", "柳区教育局", "柳区水务局", "某园区管委会", "某园区办公室"], "", set()),
        (["东湖区教育局"], "", set()),
    ],
)
def test_city_and_districts_are_found_in_the_names(names, city, districts):
    assert find_city(names) == city
    assert set(find_districts(names, city)) == districts


def test_a_district_may_be_known_from_the_orders():
    assert find_districts(["东湖区教育局"], "", {"东湖区", "", "其他", "市辖区"}) == ("东湖区",)
    assert find_districts(["高新区教育局", "高新区水务局"], "") == ()
    assert find_districts(["高新区教育局"], "", {"高新区"}) == ("高新区",)


@pytest.mark.parametrize(
    ("names", "name", "kind", "district", "duty"),
    [
        (SHENZHEN, "深圳市公安局福田分局", "district", "福田区", "公安"),
        (SHENZHEN, "深圳市公安局交通警察局", "municipal", "", "交通管理"),
        (SHENZHEN, "福田区城市管理和综合执法局", "district", "福田区", "城管执法"),
        (SHENZHEN, "福田区柳岸街道办事处", "street", "福田区", "街道"),
        (SHENZHEN, "深圳市南山区水务局", "district", "南山区", "水务"),
        (SHENZHEN, "坪山区人民政府", "district", "坪山区", "区政府"),
        (SHENZHEN, "市民政局", "municipal", "", "民政"),
        (SHENZHEN, "市市场监管局", "municipal", "", "市场监管"),
        (SHENZHEN, "深圳柳桥巴士集团股份有限公司", "company", "", "公交"),
        (SHENZHEN, "前海柳湾服务业合作区管理局", "zone", "", "开发区"),
        (SHENZHEN, "国家税务总局深圳市税务局", "municipal", "", "税务"),
        (SHENZHEN, "广东省公安厅", "other", "", "公安"),
        (CHENGDU, "锦江区城市管理局", "district", "锦江区", "城管执法"),
        (CHENGDU, "双流区柳镇人民政府", "street", "双流区", "乡镇"),
        (CHENGDU, "简阳市住房和城乡建设局", "district", "简阳市", "住房城乡建设"),
        (CHENGDU, "简阳市柳岔镇人民政府", "street", "简阳市", "乡镇"),
        (CHENGDU, "成都高新区管委会", "zone", "", "开发区"),
        (SHANGHAI, "浦东新区柳沙新镇人民政府", "street", "浦东新区", "乡镇"),
        (SHANGHAI, "上海市公安局浦东分局", "district", "浦东新区", "公安"),
        (SHANGHAI, "上海市绿化和市容管理局", "municipal", "", "园林绿化"),
        (SHANGHAI, "临港柳片区管委会", "zone", "", "开发区"),
        (TIANJIN, "和平区城管委", "district", "和平区", "城市管理"),
        (YIWU, "义乌市公安局", "municipal", "", "公安"),
        (YIWU, "义乌市柳城街道办事处", "street", "", "街道"),
        (YIWU, "国网义乌市供电公司", "company", "", "供电"),
        (TAIPEI, "臺北市政府警察局", "municipal", "", "公安"),
        (TAIPEI, "臺北市大安區公所", "district", "大安區", "区政府"),
    ],
)
def test_kind_district_and_duty_are_read_off_the_name(names, name, kind, district, duty):
    unit = read(names)[name]
    assert (unit.kind.value, unit.district, unit.duty) == (kind, district, duty)


@pytest.mark.parametrize(
    ("name", "kind", "district", "duty"),
    [
        ("市东湖城市建设投资公司", "company", "东湖区", "城投"),
        ("市政工程维修公司", "company", "", "市政"),
        ("市政府", "municipal", "", "市政府"),
        ("东湖区政府服务中心", "district", "东湖区", "政府服务中心"),
        ("东湖区东湖街道办", "street", "东湖区", "街道"),
        ("东湖街道办", "street", "", "街道"),
        ("东湖区体育路街道办事处", "street", "东湖区", "街道"),
        ("东湖区柳岸街道综合行政执法队", "street", "东湖区", "城管执法"),
        ("东湖区柳地区办事处", "street", "东湖区", "街道"),
        ("东湖区住房和城乡建设局", "district", "东湖区", "住房城乡建设"),
        ("东湖区城镇职工养老办", "district", "东湖区", "城镇职工养老办"),
        ("东湖区柳镇柳芽村村民委员会", "other", "东湖区", "村居"),
        ("市劳动保障监察支队", "municipal", "", "劳动监察"),
        ("市国土资源执法大队", "municipal", "", "国土执法"),
        ("区人力社保局", "district", "", "人力社保"),
        ("柳河工业园区管理委员会", "zone", "", "园区"),
        ("市国有资产监督管理委员会", "municipal", "", "国有资产"),
        ("柳柳柳", "other", "", "柳柳柳"),
        ("东湖区", "district", "东湖区", "东湖区"),
        ("", "other", "", ""),
    ],
)
def test_words_that_look_like_a_place_or_an_office(name, kind, district, duty):
    unit = read_unit(name, ["东湖区"])
    assert (unit.kind.value, unit.district, unit.duty) == (kind, district, duty)


def test_offices_are_written_from_the_specific_to_the_general():
    """A pattern that holds an earlier row's pattern would never be reached."""
    earlier: list[str] = []
    for office in offices():
        assert not [(pattern, seen) for pattern in office.patterns for seen in earlier if seen in pattern]
        earlier += office.patterns


def test_offices_are_a_clean_table():
    with Path(packmaker.__file__).with_name("offices.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, strict=True))
    assert {len(row) for row in rows} == {3}
    assert len({office.duty for office in offices()}) == len(offices())
    assert all(all(office.patterns) and all(office.words) for office in offices())


def test_aliases_are_the_short_forms_that_mean_one_unit():
    names = [
        "东湖区城市管理行政执法局",
        "西山区城管局",
        "东湖区柳岸街道办",
        "西山区柳岸街道办",
        "西山区教育局",
        "东湖区教育局",
    ]
    units = make_pack([closure(name) for name in names], name="demo").unit_by_name
    assert {"东湖城管", "东湖区城管局", "东湖城管局"} <= set(units["东湖区城市管理行政执法局"].aliases)
    assert "西山区柳岸街道" in units["西山区柳岸街道办"].aliases
    taken = [alias for unit in units.values() for alias in unit.aliases]
    assert len(taken) == len(set(taken))
    assert "柳岸街道" not in taken
    assert not set(taken) & set(units)
    assert min(map(len, taken)) >= 3


def test_only_an_office_without_a_second_is_called_without_its_place():
    both = make_pack([closure("市水务局"), closure("东湖区水务局"), closure("东湖区政府")], name="demo").unit_by_name
    alone = make_pack([closure("市水务局"), closure("东湖区教育局")], name="demo").unit_by_name
    assert "水务局" not in both["市水务局"].aliases
    assert "水务局" in alone["市水务局"].aliases


def test_a_company_goes_by_its_trade_name():
    units = make_pack([closure("柳州市柳桥水务有限公司"), closure("柳州市教育局")], name="demo").unit_by_name
    assert {"柳桥水务", "柳州柳桥水务"} <= set(units["柳州市柳桥水务有限公司"].aliases)


def test_places_come_from_names_and_columns():
    seen = {"district": "东湖区", "street": "柳岸街道办事处", "community": "柳芽里社区居委会"}
    rows = [closure("东湖区教育局", **seen)] * 9
    rows += [closure("东湖区柳镇人民政府", district="东湖区", street="柳镇", community="柳丝村委会")]
    rows += [closure("市水务局", district="西山区", street="柳岸街道办事处", community="柳芽里社区居委会")]  # a slip
    rows += [closure("市水务局", district="其他", street="undefined", community="null")]
    places = {place.name: place for place in make_pack(rows, name="demo").places}
    assert list(places) == ["东湖区", "西山区", "柳岸街道", "柳镇", "柳丝村", "柳芽里社区"]
    assert places["东湖区"].aliases == ("东湖",)
    assert places["柳岸街道"].aliases == ("柳岸街道办事处",)
    assert (places["柳岸街道"].district, places["柳岸街道"].street) == ("东湖区", "柳岸街道")
    assert (places["柳芽里社区"].kind, places["柳芽里社区"].street) == (PlaceKind.COMMUNITY, "柳岸街道")
    assert places["柳芽里社区"].aliases == ("柳芽里", "柳芽里社区居委会")
    assert places["柳丝村"].kind is PlaceKind.VILLAGE


def test_two_streets_may_share_a_name():
    rows = [closure("东湖区柳岸街道办事处"), closure("西山区柳岸街道办事处"), closure("西山区教育局")]
    streets = [place for place in make_pack(rows, name="demo").places if place.kind is PlaceKind.STREET]
    assert [(street.name, street.district) for street in streets] == [("柳岸街道", "东湖区"), ("柳岸街道", "西山区")]


@pytest.mark.parametrize(
    ("raw", "name"),
    [("柳岸街道办", "柳岸街道"), ("柳岸街道办事处", "柳岸街道"), ("柳镇人民政府", "柳镇"), ("柳岸", "柳岸"), ("", "")],
)
def test_street_name(raw, name):
    assert street_name(raw) == name


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("柳芽社区居委会", "柳芽社区"),
        ("柳芽居民委员会", "柳芽社区"),
        ("柳村村委会", "柳村村"),
        ("柳丝村民委员会", "柳丝村"),
    ],
)
def test_community_name(raw, name):
    assert community_name(raw) == name


def test_topics_are_the_paths_seen():
    rows = [closure("市水务局", topic=("市政", "路灯", "", "")), closure("市水务局", topic=("市政", "路灯"))]
    rows += [closure("市水务局", topic=tuple("甲乙丙丁戊")), closure("市水务局")]
    topics = make_pack(rows, name="demo").topic_by_path
    assert set(topics) == {("市政", "路灯"), tuple("甲乙丙")}
    assert all(topic.code.startswith("t") and topic.code.isascii() for topic in topics.values())


def test_duties_are_those_in_use_and_a_duty_of_its_own_goes_by_its_units():
    duties = make_pack([closure("东湖区教育局"), closure("东湖区柳柳办"), closure("柳柳柳")], name="demo").duties
    assert list(duties) == ["教育", "柳柳办", "柳柳柳"]
    assert "学校" in duties["教育"]
    assert "东湖柳柳办" in duties["柳柳办"]
    assert duties["柳柳柳"] == ("柳柳柳",)


def test_codes_are_short_stable_and_never_shared():
    codes = make_codes("u", map(str, range(40)), digits=1)
    assert len(set(codes.values())) == 40
    assert codes == make_codes("u", map(str, reversed(range(40))), digits=1)
    assert make_codes("u", ["市水务局"]) == {"市水务局": "u9377a9f0"}


def test_the_pack_tells_where_it_is_from():
    rows = [closure("义乌市水务局", opened_on=date(2025, 3, 1)), closure("义乌市教育局")]
    pack = make_pack(rows, name="yiwu")
    assert (pack.name, pack.title, pack.city, pack.version) == ("yiwu", "义乌市", "义乌市", "2025.03.01")
    assert make_pack(rows, name="yiwu", title="演示").title == "演示"
    assert fingerprint(make_pack(rows[::-1], name="yiwu")) == fingerprint(pack)


def test_without_units_there_is_no_pack():
    with pytest.raises(InputError, match="no closed order names the unit"):
        make_pack([closure("")], name="demo")


@pytest.mark.parametrize("names", [SHENZHEN, CHENGDU, SHANGHAI, TIANJIN, YIWU, TAIPEI])
def test_a_derived_pack_is_a_pack(names, tmp_path):
    pack = make_pack([closure(name, topic=("=市政", "-")) for name in names], name="demo")
    write_pack(pack, tmp_path)
    assert load_pack(tmp_path) == pack
    assert set(pack.unit_by_name) == set(names)


name = st.text("市区县镇乡街道办局公司城新东湖柳園 |=-#'a1\n", min_size=1, max_size=8).map(str.strip).filter(bool)


@settings(deadline=None)
@given(
    rows=st.lists(
        st.builds(closure, name, district=name, street=name, community=name, topic=st.tuples(name)), min_size=1
    )
)
def test_any_names_make_a_pack_that_can_be_written(tmp_path_factory, rows):
    pack = make_pack(rows, name="demo")
    folder = tmp_path_factory.mktemp("pack")
    write_pack(pack, folder)
    assert load_pack(folder) == pack
    assert all(isinstance(unit.kind, UnitKind) for unit in pack.units)


def test_traditional_names_are_read_as_simplified_and_kept_as_they_are():
    names = ["雲嶺市東湖區環境保護局", "雲嶺市東湖區公所", "雲嶺市環境保護局"]
    pack = make_pack([closure(name, district="東湖區") for name in names], name="demo")
    assert {unit.name for unit in pack.units} == set(names)
    district_office = pack.unit_by_name["雲嶺市東湖區環境保護局"]
    assert (district_office.district, district_office.duty) == ("东湖区", "生态环境")
