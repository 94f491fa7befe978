"""A place is what the names in a text agree on; where they do not, nothing is settled."""

import pytest

from triage.citypack import PackPlace, PlaceKind
from triage.domain import Appeal, Place, Reading
from triage.places import Places

DISTRICT, STREET, COMMUNITY, ROAD = PlaceKind.DISTRICT, PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.ROAD
MAP = (
    PackPlace(name="东湖区", kind=DISTRICT, aliases=("东湖",)),
    PackPlace(name="西山区", kind=DISTRICT, aliases=("西山",)),
    PackPlace(name="枫桥街道", kind=STREET, district="东湖区", aliases=("枫桥街道办",)),
    PackPlace(name="松风街道", kind=STREET, district="西山区"),
    PackPlace(name="长宁街道", kind=STREET, district="东湖区"),
    PackPlace(name="长宁街道", kind=STREET, district="西山区"),
    PackPlace(name="柳芽社区", kind=COMMUNITY, district="东湖区", street="枫桥街道"),
    PackPlace(name="石桥村", kind=PlaceKind.VILLAGE, district="西山区", street="松风街道"),
    PackPlace(name="东湖大道", kind=ROAD, district="西山区"),
    PackPlace(name="人民路", kind=ROAD),
)


@pytest.fixture(scope="module")
def places():
    return Places(MAP)


def test_a_street_settles_its_district(places):
    assert places.resolve("枫桥街道的路灯不亮") == Place(district="东湖区", street="枫桥街道", evidence=("枫桥街道",))


@pytest.mark.parametrize(
    ("text", "district", "street", "community"),
    [("柳芽社区停水", "东湖区", "枫桥街道", "柳芽社区"), ("石桥村的桥断了", "西山区", "松风街道", "石桥村")],
)
def test_a_community_or_village_settles_street_and_district(places, text, district, street, community):
    place = places.resolve(text)
    assert (place.district, place.street, place.community) == (district, street, community)


def test_an_alias_counts_as_the_name(places):
    assert places.resolve("枫桥街道办没人接电话").street == "枫桥街道"
    assert places.resolve("东湖有人钓鱼").district == "东湖区"


def test_a_name_that_two_districts_share_settles_nothing(places):
    assert places.resolve("长宁街道停电") == Place()


def test_a_shared_name_is_settled_by_the_district_that_the_text_names(places):
    place = places.resolve("西山区长宁街道停电")
    assert (place.district, place.street) == ("西山区", "长宁街道")
    assert place.evidence == ("西山区", "长宁街道")


def test_the_district_that_came_with_the_appeal_wins(places):
    given = places.resolve("长宁街道停电", district="东湖区")
    assert (given.district, given.street) == ("东湖区", "长宁街道")
    against = places.resolve("松风街道停电", district="东湖区")
    assert (against.district, against.street, against.evidence) == ("东湖区", None, ())


def test_two_districts_settle_nothing(places):
    assert places.resolve("从东湖区到西山区的公交停了") == Place()


def test_two_streets_of_one_district_settle_only_the_district(places):
    place = places.resolve("枫桥街道和东湖区长宁街道之间的路")
    assert (place.district, place.street) == ("东湖区", None)


def test_a_district_inside_the_name_of_a_road_is_not_the_district(places):
    assert places.resolve("东湖大道堵车").district == "西山区"


def test_a_place_of_the_whole_city_settles_nothing_and_is_no_evidence(places):
    assert places.resolve("人民路堵车") == Place()
    assert places.resolve("东湖区人民路堵车").evidence == ("东湖区",)


@pytest.mark.parametrize("text", ["", "路灯不亮", "🙂\ud800\x00"])
def test_a_text_without_names_has_no_place(places, text):
    assert places.resolve(text) == Place()


def test_each_appeal_brings_its_own_district(places):
    appeals = [
        Appeal(id="1", text="", district="东湖区"),
        Appeal(id="2", text=""),
        Appeal(id="3", text="", district=""),
    ]
    readings = [Reading(masked=masked, tokens=(masked,)) for masked in ("长宁街道", "枫桥街道", "松风街道")]
    assert [place.district for place in places.resolve_many(appeals, readings)] == ["东湖区", "东湖区", "西山区"]


@pytest.mark.parametrize(
    ("told", "district"), [("东湖", "东湖区"), (" 东湖区 ", "东湖区"), ("火星区", None), (" ", None)]
)
def test_a_district_that_came_along_is_understood_or_not_heeded(places, told, district):
    assert places.resolve("路灯不亮", district=told).district == district
