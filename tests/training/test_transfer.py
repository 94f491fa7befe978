"""What was written for one city is said of another: its offices by what they do, its places, and no topics."""

import csv
import random
from pathlib import Path

import pytest

from tests.training.test_corpus import pack_folder
from training import transfer
from training.corpus import read_appeals
from training.packmaker import offices
from training.transfer import transferred
from triage.citypack import CityPack, PackPlace, PlaceKind, load_pack
from triage.domain import Origin, Unit, UnitCode, UnitKind

STALLS = "a1,夜市摊位摆到路上,占道经营,angry,anna,,,"
WASTE = "a2,垃圾桶满了没人收,垃圾清运,angry,anna,,,"
ESTATE = "a3,楼道没人打扫,物业服务,angry,anna,,,"
WATER = "a4,家里停水了,自来水停水,angry,anna,,,"
BUS = "a5,公交车不来,公交候车,angry,anna,,,"
PLACES = (
    *(PackPlace(name=name, kind=PlaceKind.DISTRICT) for name in ("海棠区", "丁香县")),
    *(PackPlace(name=name, kind=PlaceKind.STREET, district="海棠区") for name in ("春柳街道", "秋月街道")),
    PackPlace(name="竹溪镇", kind=PlaceKind.STREET, district="丁香县"),
)


def unit(name, kind, duty, district=""):
    return Unit(code=UnitCode(name), name=name, kind=UnitKind(kind), duty=duty, district=district)


def city_of(*units, **words):
    """Another city with these units; `words` are those for a duty."""
    duties = {one.duty: tuple(words.get(one.duty, (one.duty,))) for one in units}
    return CityPack(name="haitang", title="海棠", version="1", units=units, places=PLACES, duties=duties)


ENFORCERS = [
    unit("海棠区城管执法局", "district", "城管执法", "海棠区"),
    unit("丁香县执法局", "district", "城管执法", "丁香县"),
]
CLEANERS = [unit("海棠区环卫中心", "district", "环卫", "海棠区")]
OWN = [unit("海棠区城市管理局", "district", "城市管理", "海棠区")]


@pytest.fixture
def said_in(tmp_path):
    """Say rows of the invented city's appeals in another city."""

    def said(city, *rows, seed=0, **changed):
        folder = pack_folder(tmp_path / "home", *rows, **changed)
        home = load_pack(folder)
        return transferred(read_appeals(folder, home), home, city, seed=seed)

    return said


def many(row, count=40):
    name, text, rest = row.split(",", 2)
    return [f"{name}-{at},{text}第{at}次反映,{rest}" for at in range(count)]


def test_the_unit_of_the_same_duty_leads_in_the_district_it_stands_for(said_in):
    city = city_of(*OWN, unit("海棠供水公司", "company", "供水"))
    stalls, water = said_in(city, STALLS, WATER)
    assert (stalls.unit, stalls.district) == ("海棠区城市管理局", "海棠区")
    assert (water.unit, water.district) == ("海棠供水公司", "")
    assert (stalls.id, stalls.origin) == ("a1", Origin.WRITTEN)
    assert stalls.source.endswith("a.csv:2")


def test_the_other_city_has_a_topic_tree_of_its_own(said_in):
    assert [row.topic for row in said_in(city_of(*OWN, *ENFORCERS), STALLS, WASTE)] == [(), ()]


def test_of_kin_the_one_leads_whose_words_the_matter_shares(said_in):
    words = {"城管执法": ("摆摊", "夜市", "摊贩"), "环卫": ("垃圾清运", "垃圾桶")}
    stalls, waste = said_in(city_of(*CLEANERS, *ENFORCERS[:1], **words), STALLS, WASTE)
    assert (stalls.unit, waste.unit) == ("海棠区城管执法局", "海棠区环卫中心")


@pytest.mark.parametrize(
    ("words", "leads"),
    [
        (("夜市摊位",), "海棠区城市管理局"),
        (("夜市摊位", "摆摊", "摊贩"), "海棠区城管执法局"),
        (("执法", "查封", "罚款", "取缔"), "海棠区城市管理局"),
    ],
)
def test_kin_comes_before_the_duty_itself_only_where_it_shares_clearly_more(said_in, words, leads):
    city = city_of(*OWN, *ENFORCERS[:1], 城市管理=("路灯",), 城管执法=words)
    assert [row.unit for row in said_in(city, STALLS)] == [leads]


def test_where_no_kin_shares_a_word_the_nearest_kin_leads(said_in):
    city = city_of(*ENFORCERS[:1], *CLEANERS, 环卫=("清扫",), 城管执法=("执法",))
    assert [row.unit for row in said_in(city, STALLS)] == ["海棠区环卫中心"]


def test_what_no_office_there_does_is_left_out(said_in):
    assert [row.id for row in said_in(city_of(*OWN), STALLS, WATER, BUS)] == ["a1"]
    assert said_in(city_of(unit("海棠教育局", "municipal", "教育")), STALLS, WASTE, ESTATE, WATER, BUS) == []


def test_a_row_that_names_a_unit_of_home_is_left_out(said_in):
    assert said_in(city_of(*OWN), f"{STALLS}公交集团") == []


def test_a_home_without_directory_teaches_nobody(said_in):
    assert said_in(city_of(*OWN), STALLS, directory_csv=None) == []


def test_units_of_the_level_that_leads_at_home_come_first_and_others_stand_in(said_in):
    above = unit("海棠市执法总队", "municipal", "城管执法")
    assert {row.unit for row in said_in(city_of(above, *ENFORCERS), *many(STALLS))} == {one.name for one in ENFORCERS}
    assert {row.unit for row in said_in(city_of(above), STALLS)} == {above.name}


def test_a_street_leads_in_its_own_name_and_a_township_where_there_is_no_street(said_in):
    street = unit("春柳街道办事处", "street", "街道", "海棠区")
    full = unit("丁香县竹溪镇人民政府", "street", "乡镇", "丁香县")
    (row,) = said_in(city_of(street), ESTATE)
    assert (row.unit, row.text) == (street.name, "海棠区春柳街道办事处，楼道没人打扫")
    (row,) = said_in(city_of(full), ESTATE)
    assert (row.unit, row.text) == (full.name, "丁香县竹溪镇人民政府，楼道没人打扫")


def test_a_place_where_the_unit_acts_is_said_before_the_text(said_in):
    rows = said_in(city_of(*ENFORCERS), *many(STALLS))
    opened = {row.unit: set() for row in rows}
    for row in rows:
        opening, text = row.text.split("，", 1)
        assert text.startswith("夜市摊位摆到路上")
        opened[row.unit].add(opening)
    assert opened == {
        "海棠区城管执法局": {"海棠区春柳街道", "海棠区秋月街道"},
        "丁香县执法局": {"丁香县竹溪镇"},
    }


def test_no_place_is_said_for_an_office_of_the_whole_city(said_in):
    (row,) = said_in(city_of(unit("海棠供水公司", "company", "供水")), WATER)
    assert row.text == "家里停水了"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("西山区松风街道的夜市摆到路上", "的夜市摆到路上"),
        ("我在枫桥街道，摊贩占了路，枫桥街道没人管", "我在,摊贩占了路,没人管"),
        ("东湖区有人摆摊", "有人摆摊"),
        ("有人摆摊！！！", "有人摆摊!!!"),
    ],
)
def test_places_of_home_are_cut_out(said_in, text, left):
    (row,) = said_in(city_of(*OWN), STALLS.replace("夜市摊位摆到路上", text))
    place, said = row.text.split("，", 1)
    assert place in {"海棠区春柳街道", "海棠区秋月街道"}
    assert said == left


def test_the_same_seed_says_the_same_whatever_stands_beside_and_another_seed_something_else(said_in):
    city, rows = city_of(*ENFORCERS), many(STALLS)
    said = said_in(city, *rows, seed=2)
    shuffled = random.Random(0).sample(rows, len(rows))
    assert sorted(said_in(city, *shuffled, seed=2), key=lambda row: row.id) == sorted(said, key=lambda row: row.id)
    assert said_in(city, rows[3], seed=2) == [said[3]]
    assert said_in(city, *rows, seed=3) != said


def test_kin_are_a_clean_table_of_duties_that_cities_have():
    with Path(transfer.__file__).with_name("kin.csv").open(encoding="utf-8", newline="") as file:
        kin = {row["duty"]: row["kin"].split("|") for row in csv.DictReader(file, strict=True)}
    known = {office.duty for office in offices()}
    assert [name for names in kin.values() for name in names if name not in known] == []
    assert [duty for duty, names in kin.items() if duty in names or len(set(names)) < len(names)] == []
