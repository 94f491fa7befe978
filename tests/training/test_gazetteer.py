"""The country's table is made from the package, comes back as it was, and knows a city by its districts."""

import csv
from collections import Counter

import pytest

from training import gazetteer
from training.gazetteer import build, cities, find_city, places_of

COLUMNS = {
    "provinces": ("code", "name"),
    "cities": ("code", "name", "provinceCode"),
    "areas": ("code", "name", "cityCode", "provinceCode"),
    "streets": ("code", "name", "areaCode", "provinceCode", "cityCode"),
    "villages": ("code", "name", "streetCode", "provinceCode", "cityCode", "areaCode"),
}
ROWS = {
    "provinces": [("91", "云岭省"), ("92", "北岭市")],
    "cities": [("9101", "云岭市", "91"), ("9102", "海棠州", "91"), ("9201", "市辖区", "92")],
    "areas": [
        *[("910102", "东湖区", "9101", "91"), ("910103", "西山区", "9101", "91"), ("910181", "石鼓市", "9101", "91")],
        *[("910202", "东湖区", "9102", "91"), ("910203", "丁香县", "9102", "91")],
        *[("920101", "北湖区", "9201", "92"), ("920102", "西山区", "9201", "92"), ("920103", "南苑区", "9201", "92")],
    ],
    "streets": [
        *[("910102001", "枫桥街道", "910102"), ("910102002", "柳岸街道", "910102"), ("910102400", "高新区", "910102")],
        *[("910103100", "石鼓镇", "910103"), ("910203399", "末乡", "910203"), ("920101001", "枫桥街道", "920101")],
    ],
    "villages": [
        ("910102001001", "枫桥社区居民委员会", "910102001"),
        ("910102001002", "768厂社区居委会", "910102001"),
        ("910102001007", "309医院居委会", "910102001"),
        ("910102001008", "春晓居民委员会", "910102001"),
        ("910102001010", "７号院居委会", "910102001"),
        ("910102001498", "枫桥工业园生活区", "910102001"),
        ("910102400001", "科技社区居委会", "910102400"),
        ("910103100200", "柳丝村民委员会", "910103100"),
        ("910103100201", "柳叶村村委会", "910103100"),
        ("910103100203", "柳叶村委会", "910103100"),
        ("910103100204", "石鼓社区", "910103100"),
        ("920101001011", "一心村村民委员会", "920101001"),
    ],
}


def write_package(folder):
    """Write the files of the package, their rows in no order."""
    for table, columns in COLUMNS.items():
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows((*row, *[""] * (len(columns) - len(row))) for row in reversed(ROWS[table]))
    return folder


@pytest.fixture
def package(tmp_path):
    return write_package(tmp_path)


@pytest.fixture
def tiny(package, monkeypatch):
    """A small country in the place of the whole one."""
    table = package / "table.xz"
    table.write_bytes(build(package))
    monkeypatch.setattr(gazetteer, "_TABLE", table)


def city(code):
    return next(one for one in cities() if one.code == code)


def named(found):
    return found.code if found else None


@pytest.mark.usefixtures("tiny")
def test_cities_are_told_by_code_and_name_with_their_districts():
    assert [(one.code, one.name, one.districts) for one in cities()] == [
        ("9101", "云岭市", ("东湖区", "西山区", "石鼓市")),
        ("9102", "海棠州", ("东湖区", "丁香县")),
        ("9201", "北岭市", ("北湖区", "西山区", "南苑区")),
    ]


@pytest.mark.usefixtures("tiny")
def test_places_come_back_as_people_call_them_with_their_codes():
    assert [(one.code, one.kind.value, one.name, one.district, one.street) for one in places_of(city("9101"))] == [
        ("910102", "district", "东湖区", "东湖区", ""),
        ("910102001", "street", "枫桥街道", "东湖区", "枫桥街道"),
        ("910102001001", "community", "枫桥社区", "东湖区", "枫桥街道"),
        ("910102001002", "community", "768厂社区", "东湖区", "枫桥街道"),
        ("910102001007", "community", "309医院社区", "东湖区", "枫桥街道"),
        ("910102001008", "community", "春晓社区", "东湖区", "枫桥街道"),
        ("910102001010", "community", "７号院社区", "东湖区", "枫桥街道"),
        ("910102001498", "community", "枫桥工业园生活区", "东湖区", "枫桥街道"),
        ("910102002", "street", "柳岸街道", "东湖区", "柳岸街道"),
        ("910103", "district", "西山区", "西山区", ""),
        ("910103100", "street", "石鼓镇", "西山区", "石鼓镇"),
        ("910103100200", "village", "柳丝村", "西山区", "石鼓镇"),
        ("910103100201", "village", "柳叶村", "西山区", "石鼓镇"),
        ("910103100204", "community", "石鼓社区", "西山区", "石鼓镇"),
        ("910181", "district", "石鼓市", "石鼓市", ""),
    ]


@pytest.mark.usefixtures("tiny")
def test_development_zones_are_no_streets_and_neither_are_their_communities():
    assert [one.name for one in places_of(city("9101")) if "高新" in one.name or "科技" in one.name] == []
    assert [one.name for one in places_of(city("9102"))] == ["东湖区", "丁香县", "末乡"]


def test_the_same_package_makes_the_same_table(package):
    assert build(package) == build(package)


@pytest.mark.parametrize("table", COLUMNS)
def test_no_file_of_the_package_may_be_missing(package, table):
    (package / f"{table}.csv").unlink()
    with pytest.raises(FileNotFoundError, match=f"{table}.csv"):
        build(package)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("districts", "name", "code"),
    [
        ({"东湖区", "西山区"}, "", "9101"),
        ({"东湖区", "丁香县"}, "", "9102"),
        ({"北湖区", "南苑区", "无名区", "他乡区"}, "", "9201"),
        ({"东湖区"}, "海棠州", "9102"),
        ({"西山区"}, "北岭市", "9201"),
        ({"丁香县", "无名区", "他乡区"}, "海棠州", "9102"),
        ({"东湖区", "丁香县"}, "云岭市", "9102"),
        ({"东湖区", "西山区", "南苑区"}, "北岭市", "9201"),
    ],
    ids=[
        *("both of it", "the other's", "half of them", "the name", "a province's name", "the name and few", "outvoted"),
        "the name of two",
    ],
)
def test_a_city_is_known_by_its_districts_and_its_name(districts, name, code):
    assert named(find_city(districts, name)) == code


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(
    ("districts", "name"),
    [
        (set(), ""),
        (set(), "云岭市"),
        ({"无名区"}, "云岭市"),
        ({"西山区"}, ""),
        ({"丁香县"}, ""),
        ({"丁香县"}, "云岭市"),
        ({"东湖区", "西山区", "丁香县", "北湖区", "南苑区", "甲区", "乙区", "丙区", "丁区"}, ""),
        ({"北湖区", "南苑区", "甲区", "乙区", "丙区"}, ""),
        ({"东湖区", "西山区", "南苑区"}, ""),
    ],
    ids=[
        *("nothing", "name only", "no district of it", "two have it", "one is few", "another's name", "a mix"),
        *("too few", "two have as many"),
    ],
)
def test_no_city_is_named_where_none_stands_out(districts, name):
    assert find_city(districts, name) is None


def test_the_shipped_table_is_small():
    assert gazetteer._TABLE.stat().st_size <= 8 * 2**20


def test_the_shipped_table_has_every_province_of_the_mainland():
    codes = Counter(one.code[:2] for one in cities())
    assert len(codes) == 31
    assert codes["11"] == 1
    assert sum(codes.values()) > 330
    assert [one.code for one in cities() if not one.districts] == []


def test_the_shipped_table_has_beijing_with_all_its_streets():
    beijing = find_city({"朝阳区", "海淀区", "西城区"})
    places = list(places_of(beijing))
    kinds = Counter(one.kind.value for one in places)
    assert (beijing.name, kinds["district"], kinds["street"]) == ("北京市", 16, 343)
    assert kinds["community"] + kinds["village"] > 7_000
    assert len({one.code for one in places}) == len(places)


@pytest.mark.parametrize(
    ("districts", "name", "found"),
    [
        ({"福田区", "南山区", "坪山区"}, "", "深圳市"),
        ({"锦江区", "双流区", "简阳市"}, "", "成都市"),
        ({"鼓楼区"}, "", None),
        ({"鼓楼区"}, "福州市", "福州市"),
    ],
)
def test_the_shipped_table_tells_cities_apart(districts, name, found):
    city = find_city(districts, name)
    assert (city.name if city else None) == found
