"""A place is what the names in a text agree on; where they do not, nothing is settled and something is asked."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import PackPlace, PlaceKind
from triage.domain import Appeal, Place, Reading
from triage.places import Places

DISTRICT, STREET, COMMUNITY, ROAD = PlaceKind.DISTRICT, PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.ROAD
MAP = (
    PackPlace(name="东湖区", kind=DISTRICT, aliases=("东湖",)),
    PackPlace(name="西山区", kind=DISTRICT, aliases=("西山",)),
    PackPlace(name="南苑区", kind=DISTRICT),
    PackPlace(name="枫桥街道", kind=STREET, district="东湖区", aliases=("枫桥街道办",)),
    PackPlace(name="松风街道", kind=STREET, district="西山区"),
    PackPlace(name="柳岸镇", kind=STREET, district="西山区"),
    PackPlace(name="北柳岸镇", kind=STREET, district="东湖区"),
    PackPlace(name="七里坪街道", kind=STREET, district="西山区"),
    PackPlace(name="长宁街道", kind=STREET, district="东湖区"),
    PackPlace(name="长宁街道", kind=STREET, district="西山区"),
    PackPlace(name="柳芽社区", kind=COMMUNITY, district="东湖区", street="枫桥街道"),
    PackPlace(name="花园社区", kind=COMMUNITY, district="西山区", street="松风街道"),
    PackPlace(name="长宁里社区", kind=COMMUNITY, district="西山区", street="长宁街道"),
    PackPlace(name="金穗家园社区", kind=COMMUNITY, district="西山区", street="柳岸镇", aliases=("金穗",)),
    PackPlace(name="石桥村", kind=PlaceKind.VILLAGE, district="西山区", street="松风街道"),
    PackPlace(name="东石桥村", kind=PlaceKind.VILLAGE, district="东湖区", street="枫桥街道"),
    PackPlace(name="大柳树沟村", kind=PlaceKind.VILLAGE, district="西山区", street="柳岸镇"),
    PackPlace(name="望湖雅苑", kind=PlaceKind.ESTATE, district="西山区", street="柳岸镇"),
    PackPlace(name="和平里社区", kind=COMMUNITY, district="西山区", street="松风街道"),
    PackPlace(name="和平里社区", kind=COMMUNITY, district="西山区", street="柳岸镇"),
    PackPlace(name="东湖大道", kind=ROAD, district="西山区"),
    PackPlace(name="南苑路", kind=ROAD, district="南苑区"),
    PackPlace(name="绿野度假村", kind=PlaceKind.LANDMARK, district="西山区", street="柳岸镇"),
    PackPlace(name="人民路", kind=ROAD),
    PackPlace(name="本村", kind=PlaceKind.VILLAGE, district="西山区", street="柳岸镇"),
    PackPlace(name="新村社区", kind=COMMUNITY, district="西山区", street="柳岸镇"),
)
NAMES = sorted({name for place in MAP for name in (place.name, *place.aliases)})
SAID = (*NAMES, "枫桥", "长宁", "花园", "七里坪", "小区", "那边", "户口在", "，房子在", "龙湖", "3号楼", "停水", "🙂")


@pytest.fixture(scope="module")
def places():
    return Places(MAP)


def test_a_street_settles_its_district(places):
    assert places.resolve("枫桥街道的路灯不亮") == Place(
        district="东湖区", street="枫桥街道", evidence=("枫桥街道",), spans=((0, 4),)
    )


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


@pytest.mark.parametrize(
    "text",
    [
        *("枫桥小区停水", "我家在枫桥社区", "枫桥新村的路", "枫桥三条5号", "枫桥12号院", "枫桥一里", "枫桥西二区"),
        *("东湖区枫桥停水", "东湖区枫桥的路灯", "在枫桥那边", "枫桥附近停水", "去枫桥派出所办事"),
        *("枫桥地铁站没有电梯", "枫桥一带堵车", "投诉：枫桥周边", "枫桥这片停水"),
    ],
)
def test_a_bare_name_counts_with_a_word_for_places_behind_it_or_a_district_before_it(places, text):
    place = places.resolve(text)
    assert (place.district, place.street) == ("东湖区", "枫桥街道")
    assert place.evidence[-1] == "枫桥"


@pytest.mark.parametrize(
    "text", ["枫桥停水", "看了枫桥夜泊", "新枫桥小区停水", "新枫桥附近停水", "枫桥那么远", "枫桥号"]
)
def test_a_bare_name_without_such_a_word_or_inside_another_is_no_place(places, text):
    assert places.resolve(text) == Place()


@pytest.mark.parametrize("text", ["石桥附近停水", "柳芽那边停水"])
def test_being_near_is_said_of_streets_and_not_of_communities(places, text):
    assert places.resolve(text) == Place()


@pytest.mark.parametrize("text", ["七里坪停水", "路过七里坪的公交", "老七里坪的人"])
def test_a_street_of_three_characters_stands_alone(places, text):
    assert places.resolve(text).street == "七里坪街道"


def test_a_community_of_three_characters_does_not(places):
    assert places.resolve("长宁里停水").community is None
    assert places.resolve("长宁里小区停水").community == "长宁里社区"


def test_a_community_or_village_of_four_characters_stands_alone(places):
    assert places.resolve("新金穗家园停水").community == "金穗家园社区"
    assert places.resolve("大柳树沟停水").community == "大柳树沟村"


@pytest.mark.parametrize("text", ["龙湖花园社区停水", "龙湖花园小区停水", "西石桥村停水", "市民新村停水", "非本村的人"])
def test_a_common_name_of_a_community_is_not_the_end_of_a_longer_name(places, text):
    assert places.resolve(text) == Place()


def test_a_name_that_ends_like_another_is_itself(places):
    assert places.resolve("东石桥村停水").community == "东石桥村"
    assert places.resolve("石桥村停水").community == "石桥村"


def test_a_name_with_which_no_community_or_village_ends_stands_anywhere(places):
    assert places.resolve("新柳芽社区停水").community == "柳芽社区"
    assert places.resolve("市民反映东湖区停水").district == "东湖区"
    assert places.resolve("市民反映柳岸镇停水").street == "柳岸镇"
    assert places.resolve("市民反映北柳岸镇停水").street == "北柳岸镇"


def test_two_characters_are_not_the_end_of_a_longer_name(places):
    assert places.resolve("金穗停水").community == places.resolve("我住在金穗").community == "金穗家园社区"
    assert places.resolve("大金穗停水") == Place()


@pytest.mark.parametrize(
    "text", ["花园社区停水", "我住在花园社区", "西山区花园社区", "投诉：花园社区", "松风街道花园小区"]
)
def test_a_common_name_of_a_community_counts_where_a_name_can_begin(places, text):
    assert places.resolve(text).community == "花园社区"


def test_a_name_that_two_streets_share_settles_nothing_and_asks_which(places):
    assert places.resolve("长宁街道停电") == Place(
        possible=("东湖区长宁街道", "西山区长宁街道"), question="请问是东湖区长宁街道还是西山区长宁街道？"
    )
    assert places.resolve("长宁小区停电").possible == ("东湖区长宁街道", "西山区长宁街道")


@pytest.mark.parametrize("text", ["长宁街道到南苑路", "长宁街道，南苑路到东湖大道"])
def test_a_road_elsewhere_does_not_change_which_districts_are_possible(places, text):
    place = places.resolve(text)
    assert {possible[:3] for possible in place.possible} == {"东湖区", "西山区"}


def test_a_shared_name_is_settled_by_a_road_in_one_of_the_districts(places):
    assert places.resolve("长宁街道的东湖大道堵车").district == "西山区"


def test_a_shared_name_is_settled_by_the_district_that_the_text_names(places):
    place = places.resolve("西山区长宁街道停电")
    assert (place.district, place.street) == ("西山区", "长宁街道")
    assert place.evidence == ("西山区", "长宁街道")
    assert (place.possible, place.question) == ((), "")


def test_a_shared_name_is_settled_by_a_community_of_one_of_them(places):
    place = places.resolve("长宁街道长宁里社区停电")
    assert (place.district, place.street, place.community) == ("西山区", "长宁街道", "长宁里社区")
    assert (place.possible, place.question) == ((), "")


def test_the_district_that_came_with_the_appeal_wins(places):
    given = places.resolve("长宁街道停电", district="东湖区")
    assert (given.district, given.street, given.question) == ("东湖区", "长宁街道", "")
    against = places.resolve("松风街道停电", district="东湖区")
    assert (against.district, against.street, against.evidence, against.spans) == ("东湖区", None, (), ())


def test_two_districts_settle_nothing_and_are_asked_for(places):
    assert places.resolve("从东湖区到西山区的公交停了") == Place(
        possible=("东湖区", "西山区"), question="请问是东湖区还是西山区？"
    )


def test_two_streets_of_one_district_settle_only_the_district(places):
    place = places.resolve("枫桥街道和东湖区长宁街道之间的路")
    assert (place.district, place.street) == ("东湖区", None)
    assert place.possible == ("东湖区枫桥街道", "东湖区长宁街道")
    assert place.question == "请问是东湖区枫桥街道还是东湖区长宁街道？"


def test_three_possible_places_are_all_in_the_question(places):
    assert places.resolve("松风街道、柳岸镇和七里坪街道").question == (
        "请问是西山区七里坪街道、西山区松风街道还是西山区柳岸镇？"
    )


@pytest.mark.parametrize(("count", "open_question"), [(4, False), (5, True)])
def test_of_more_than_four_possible_places_none_is_in_the_question(count, open_question):
    districts = [f"{name}区" for name in ("东湖", "西山", "南苑", "北塘", "中原")[:count]]
    many = Places(
        [PackPlace(name=name, kind=DISTRICT) for name in districts]
        + [PackPlace(name="长宁街道", kind=STREET, district=name) for name in districts]
    )
    place = many.resolve("长宁街道停电")
    assert place.possible == tuple(sorted(f"{name}长宁街道" for name in districts))
    assert (place.question == "请问具体在哪个区、哪个街道（乡镇）？") == open_question


@pytest.mark.parametrize(
    "text",
    [
        "户口在东湖区，房子在西山区柳岸镇，怎么迁户口",
        "户口在东湖区，房子在柳岸镇，怎么迁户口",
        "户口在东湖区，房子在金穗家园社区",
        "户口在东湖区，房子在大柳树沟村",
        "户口在东湖区，房子在望湖雅苑",
    ],
)
def test_a_street_or_community_named_in_full_beats_a_district_named_elsewhere(places, text):
    place = places.resolve(text)
    assert (place.district, place.street) == ("西山区", "柳岸镇")
    assert "东湖区" not in place.evidence
    assert (place.possible, place.question) == ((), "")


def test_a_bare_name_does_not_but_it_beats_a_road(places):
    road = places.resolve("枫桥小区外面的东湖大道")
    assert (road.district, road.evidence) == ("东湖区", ("枫桥",))
    place = places.resolve("户口在西山区，房子在枫桥小区")
    assert (place.district, place.street, place.evidence) == ("西山区", None, ("西山区",))


def test_a_street_in_the_district_that_is_named_beats_one_elsewhere(places):
    place = places.resolve("东湖区枫桥街道的人到柳岸镇办事")
    assert (place.district, place.street) == ("东湖区", "枫桥街道")


def test_a_street_named_in_full_beats_a_community_and_a_bare_name_beside_it(places):
    beside = places.resolve("枫桥街道到花园社区的公交")
    assert (beside.district, beside.street, beside.community) == ("东湖区", "枫桥街道", None)
    bare = places.resolve("柳岸镇到七里坪的公交")
    assert (bare.street, bare.possible) == ("柳岸镇", ())


def test_a_community_of_another_street_is_not_the_community(places):
    place = places.resolve("柳岸镇花园社区")
    assert (place.street, place.community) == ("柳岸镇", None)


def test_two_communities_of_one_street_settle_only_the_street(places):
    place = places.resolve("花园社区、石桥村之间")
    assert (place.street, place.community) == ("松风街道", None)


def test_a_community_in_two_streets_of_one_district_settles_only_the_district(places):
    place = places.resolve("和平里社区停水")
    assert (place.district, place.street, place.community) == ("西山区", None, "和平里社区")
    assert place.possible == ("西山区松风街道", "西山区柳岸镇")
    assert place.spans == ((0, 5),)


def test_a_community_counts_for_nothing_where_streets_contradict_each_other(places):
    place = places.resolve("枫桥街道和松风街道，花园社区")
    assert (place.district, place.community, place.evidence) == (None, None, ())


def test_a_district_inside_the_name_of_a_road_is_not_the_district(places):
    assert places.resolve("东湖大道堵车").district == "西山区"


def test_a_landmark_is_known_by_its_whole_name_only(places):
    assert places.resolve("绿野度假村停水").street == "柳岸镇"
    assert places.resolve("绿野度假停水") == Place()


def test_a_place_of_the_whole_city_settles_nothing_and_is_no_evidence(places):
    assert places.resolve("人民路堵车") == Place()
    assert places.resolve("东湖区人民路堵车").evidence == ("东湖区",)
    assert places.resolve("人民路到东湖大道堵车").district == "西山区"


@pytest.mark.parametrize(
    ("text", "building"),
    [
        *(("枫桥街道3号楼停水", "3号楼"), ("枫桥街道12栋2单元停水", "12栋2单元"), ("枫桥街道A座停电", "A座")),
        *(("十二幢三单元没有水", "十二幢三单元"), ("B2号楼电梯坏了", "B2号楼"), ("枫桥12号院", "12号院")),
        *(("枫桥街道停水", None), ("2单元停水", None), ("大楼停水", None)),
    ],
)
def test_a_building_is_told_with_or_without_a_place(places, text, building):
    assert places.resolve(text).building == building


@pytest.mark.parametrize("text", ["", "路灯不亮", "🙂\ud800\x00"])
def test_a_text_without_names_has_no_place(places, text):
    assert places.resolve(text) == Place()


def test_spans_are_where_the_words_of_the_evidence_stand(places):
    text = "我在枫桥街道，就是东湖区枫桥小区旁边的枫桥街道"
    place = places.resolve(text)
    assert place.spans == ((2, 6), (9, 12), (12, 14), (19, 23))
    assert [text[start:end] for start, end in place.spans] == ["枫桥街道", "东湖区", "枫桥", "枫桥街道"]
    assert place.evidence == ("枫桥街道", "东湖区", "枫桥")


@given(text=st.lists(st.sampled_from(SAID), max_size=6).map("".join), told=st.sampled_from([None, "东湖区", "西山"]))
def test_whatever_is_said_the_place_hangs_together(text, told):
    place = Places(MAP).resolve(text, district=told)
    assert place.evidence == tuple(dict.fromkeys(text[start:end] for start, end in place.spans))
    assert place.spans == tuple(sorted(place.spans))
    assert place.district or not (place.street or place.community or place.evidence)
    assert bool(place.question) == bool(place.possible)
    assert not (place.possible and place.street)
    assert len(place.possible) != 1
    known = {(known.district, known.street) for known in MAP}
    assert place.street is None or (place.district, place.street) in known
    assert all(one.startswith(place.district or "") for one in place.possible)
    if told:
        assert place.district == {"西山": "西山区"}.get(told, told)


def test_a_place_that_has_ended_is_known_by_its_name_as_the_one_that_took_over():
    day = date(2010, 12, 31)
    ended = Places(
        [
            PackPlace(name="东湖区", kind=DISTRICT, code="1"),
            PackPlace(name="西山区", kind=DISTRICT, code="2"),
            PackPlace(name="老城区", kind=DISTRICT, code="3", valid_to=day, successor="1"),
            PackPlace(name="枫桥乡", kind=STREET, district="东湖区", code="11", valid_to=day, successor="12"),
            PackPlace(name="枫桥镇", kind=STREET, district="东湖区", code="12", valid_to=day, successor="13"),
            PackPlace(name="丹枫街道", kind=STREET, district="西山区", code="13"),
            PackPlace(name="石鼓乡", kind=STREET, district="东湖区", valid_to=day, successor="99"),
        ]
    )
    assert ended.resolve("老城区停水") == Place(district="东湖区", evidence=("老城区",), spans=((0, 3),))
    for text in ("枫桥乡停水", "枫桥镇停水", "枫桥小区停水", "丹枫街道停水"):
        assert ended.resolve(text).street == "丹枫街道"
        assert ended.resolve(text).district == "西山区"
    assert ended.resolve("石鼓乡停水").street == "石鼓乡"


def test_a_circle_of_successors_does_not_go_on_forever():
    circle = [
        PackPlace(name="枫桥乡", kind=STREET, district="东湖区", code="1", successor="2"),
        PackPlace(name="枫桥镇", kind=STREET, district="东湖区", code="2", successor="1"),
    ]
    assert Places(circle).resolve("枫桥镇停水").district == "东湖区"


def test_each_appeal_brings_its_own_district(places):
    appeals = [
        Appeal(id="1", text="", district="东湖区"),
        Appeal(id="2", text=""),
        Appeal(id="3", text="", district=""),
    ]
    readings = [Reading(masked=masked, tokens=(masked,)) for masked in ("长宁街道", "枫桥街道", "松风街道")]
    assert [place.district for place in places.resolve_many(appeals, readings)] == ["东湖区", "东湖区", "西山区"]


@pytest.mark.parametrize(
    ("told", "district"),
    [("东湖", "东湖区"), (" 东湖区 ", "东湖区"), ("火星区", None), ("枫桥街道", None), (" ", None)],
)
def test_a_district_that_came_along_is_understood_or_not_heeded(places, told, district):
    assert places.resolve("路灯不亮", district=told).district == district
