"""Somebody leads every topic in every district on every day, or the pack tells where nobody does."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from triage.citypack import PlaceKind, load_pack
from triage.directory import Directory
from triage.domain import Office, Place, UnitKind
from triage.errors import PackError

BEIJING = Path(__file__).parents[2] / "triage" / "packs" / "beijing"
UNIT = "code,name,kind,district,duty,valid_from,valid_to,successor\n"
UNITS = (
    UNIT + "u1,云岭市水务局,municipal,,水务,,,\n"
    "u2,东湖区水务局,district,东湖区,水务,,,\n"
    "u3,东湖区市场监管局,district,东湖区,市场监管,,,\n"
    "u4,清泉供水公司,company,,供水,,,\n"
    "u5,东湖区枫桥街道,street,东湖区,街道,,,\n"
    "u6,西山区松风街道,street,西山区,街道,,,\n"
)
TOPICS = "code,level1,statutory\nt1,物业服务,\nt2,用水违法,水务\n"
PLACES = (
    "name,kind,district\n东湖区,district,\n西山区,district,\n"
    "枫桥街道,street,东湖区\n松风街道,street,西山区\n柳芽社区,community,东湖区\n"
)
LINE = "topic,district,lead,assist,deadline,valid_from,valid_to\n"
DIRECTORY = LINE + "t1,,street:街道,company:供水,,,\nt2,,district:水务,municipal:水务,,,\n"
GOOD = {
    "pack.toml": 'name = "yunling"\ntitle = "云岭"\nversion = "1"\n',
    "units.csv": UNITS,
    "topics.csv": TOPICS,
    "places.csv": PLACES,
    "directory.csv": DIRECTORY,
    "duties.csv": "duty,words\n水务,水务局\n市场监管,工商\n供水,自来水\n供热,暖气\n街道,街道\n",
}


@pytest.fixture
def faults(tmp_path):
    """Faults of the good pack with some of its tables replaced, as `file:line: message`; none if it loads."""

    def found(**tables):
        for file, text in (GOOD | {f"{table}.csv": text for table, text in tables.items()}).items():
            if text is not None:
                (tmp_path / file).write_text(text)
        try:
            load_pack(tmp_path)
        except PackError as error:
            return [f"{Path(fault.file).name}:{fault.line}: {fault.message}" for fault in error.faults]
        return []

    return found


def leading(*lines, topic="t1"):
    """A directory in which these lines lead a topic, and a line without end the other."""
    other = {"t1": "t2,,municipal:水务,,,,", "t2": "t1,,municipal:水务,,,,"}[topic]
    return LINE + "".join(f"{line}\n" for line in (other, *lines))


def test_a_directory_that_names_everybody_has_no_fault(faults):
    assert faults() == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("t9,,company:供水,,,,", "topic t9 is unknown; write the code of a topic"),
        ("t1,南苑区,company:供水,,,,", "district 南苑区 is unknown; add it to places.csv as a district"),
        ("t1,东湖区,company:供水,,3d,,", "deadline 3d is unknown; write one of 2h, 24h, 7d, 15d"),
        ("t1,东湖区,水务,,,,", "水务 is no office; write level:duty, such as district:市场监管"),
        ("t1,东湖区,district:,,,,", "district: is no office"),
        ("t1,东湖区,city:水务,,,,", "city:水务 is no office"),
        ("t1,东湖区,company:供水,供热公司,,,", "供热公司 is no office"),
        ("t1,东湖区,municipal:供水,,,,", "no unit is municipal:供水; add it to units.csv"),
        ("t1,东湖区,company:供热,,,,", "no unit is company:供热; add it to units.csv"),
        ("t1,东湖区,zone:水务,,,,", "no unit is zone:水务"),
        ("t1,东湖区,company:供水,municipal:水务|company:供热,,,", "no unit is company:供热"),
        ("t1,西山区,district:市场监管,,,,", "no district:市场监管 in 西山区; add it to units.csv"),
        ("t1,东湖区,company:供水,,,2026-02-30,", "valid_from 2026-02-30 is no date; write 2026-01-31"),
        ("t1,东湖区,company:供水,,,,20260131", "valid_to 20260131 is no date"),
        ("t1,东湖区,company:供水,,,,月底", "valid_to 月底 is no date"),
        ("t1,东湖区,company:供水,,,2026-02-01,2026-01-31", "valid_to 2026-01-31 is before valid_from 2026-02-01"),
    ],
)
def test_a_line_that_means_nobody_or_no_day_is_a_fault_where_it_stands(faults, line, fault):
    [found] = faults(directory=f"{DIRECTORY}{line}\n")
    assert found.startswith(f"directory.csv:4: {fault}")


def test_all_faults_come_at_once(faults):
    found = faults(
        units=f"{UNITS}u7,云岭市水利局,municipal,,水务,昨天,,u1\n",
        directory=LINE + "t9,,company:供水,,,,\nt2,,street:街道,company:供热,3d,,\nt2,火星区,路灯,,,,昨天\n",
    )
    assert Counter(":".join(fault.split(":")[:2]) for fault in found) == {
        "directory.csv:2": 1,  # the topic
        "directory.csv:3": 3,  # the street, the company, the deadline
        "directory.csv:4": 3,  # the district, the office, the day
        "topics.csv:2": 1,  # led by nobody
        "units.csv:8": 2,  # the day, the successor
    }


def test_an_office_of_one_district_does_not_lead_in_the_others(faults):
    assert faults(directory=leading("t1,,district:市场监管,,,,")) == [
        "directory.csv:3: no district:市场监管 in 西山区; add it to units.csv"
    ]
    assert faults(directory=leading("t1,东湖区,district:市场监管,,,,", "t1,,municipal:水务,,,,")) == []


def test_the_office_of_the_city_stands_in_where_a_district_has_none(faults):
    market = UNITS + "u7,云岭市市场监管局,municipal,,市场监管,,,\n"
    assert faults(units=market, directory=leading("t1,,district:市场监管,,,,")) == []


def test_nobody_but_the_city_stands_in_for_a_district(faults):
    company = UNITS + "u7,云岭市场服务公司,company,,市场监管,,,\n"
    assert len(faults(units=company, directory=leading("t1,,district:市场监管,,,,"))) == 1


def test_a_street_that_leads_has_a_unit_of_its_name(faults):
    more = PLACES + "柳岸镇,street,西山区\n莲塘乡,street,西山区\n"
    assert faults(places=more) == ["directory.csv:2: no unit for the streets 柳岸镇、莲塘乡; add it to units.csv"]
    assert faults(places=more, directory=leading("t1,,municipal:水务,,,,")) == []
    assert faults(places=more, directory=leading("t1,东湖区,street:街道,,,,", "t1,,municipal:水务,,,,")) == []


def test_the_name_of_a_street_may_stand_without_its_district(faults):
    assert faults(units=UNITS.replace("西山区松风街道", "松风街道")) == []
    assert len(faults(units=UNITS.replace("西山区松风街道", "松风办事处"))) == 1


def test_two_streets_of_one_name_need_two_units(faults):
    twice = PLACES + "枫桥街道,street,西山区\n"
    assert faults(places=twice) == ["directory.csv:2: no unit for the streets 枫桥街道; add it to units.csv"]
    assert faults(places=twice, units=UNITS + "u7,西山区枫桥街道,street,西山区,街道,,,\n") == []


def test_a_statutory_topic_is_not_sent_down_to_a_street(faults):
    [found] = faults(directory=leading("t2,,street:街道,,,,", topic="t2"))
    assert found.startswith("directory.csv:3: topic t2 is a duty of 水务: a functional department must handle it")


def test_a_street_may_assist_where_a_department_must_lead(faults):
    assert faults(directory=leading("t2,,district:水务,street:街道,,,", topic="t2")) == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (",", ","),
        (",", "2026-01-01,"),
        (",2026-01-01", "2026-01-01,"),
        ("2025-01-01,2026-06-30", "2026-01-01,2026-12-31"),
        ("2026-01-01,2026-12-31", "2025-01-01,2026-06-30"),
    ],
)
def test_two_lines_do_not_lead_at_the_same_time(faults, first, second):
    lines = (f"t1,东湖区,municipal:水务,,,{first}", f"t1,东湖区,company:供水,,,{second}", "t1,,municipal:水务,,,,")
    [found] = faults(directory=leading(*lines))
    later, earlier = (3, 4) if first.startswith("2026") else (4, 3)
    assert found == f"directory.csv:{later}: line {earlier} leads topic t1 at the same time; end that one"


@pytest.mark.parametrize(
    ("days", "gap"),
    [
        ([",2025-12-31", "2026-01-01,"], ""),
        (["2026-01-01,", ",2025-12-31"], ""),
        ([",2025-12-31", "2026-01-02,"], "from 2026-01-01 to 2026-01-01"),
        (["2025-01-01,2025-03-31", "2025-04-01,2025-06-30", "2026-01-01,"], "from 2025-07-01 to 2025-12-31"),
        ([",2025-12-31", "2026-01-01,2026-06-30"], "from 2026-07-01 on"),
        ([",2025-12-31"], "from 2026-01-01 on"),
        (["2026-01-01,"], ""),
    ],
)
def test_from_the_first_line_on_there_is_no_day_without_one(faults, days, gap):
    directory = leading(*(f"t1,,municipal:水务,,,{valid}" for valid in days))
    nobody = f"topics.csv:2: nobody leads topic t1 in directory.csv: 东湖区 {gap}; 西山区 {gap}"
    assert faults(directory=directory) == ([nobody] if gap else [])


def test_the_line_of_a_district_fills_a_gap_of_the_city_there_and_only_there(faults):
    city = ("t1,,municipal:水务,,,,2025-12-31", "t1,,municipal:水务,,,2027-01-01,")
    assert faults(directory=leading(*city, "t1,东湖区,district:水务,,,2025-06-01,2026-12-31")) == [
        "topics.csv:2: nobody leads topic t1 in directory.csv: 西山区 from 2026-01-01 to 2026-12-31"
    ]


def test_a_topic_without_a_line_is_led_by_nobody(faults):
    assert faults(directory=LINE + "t2,,municipal:水务,,,,\n") == [
        "topics.csv:2: nobody leads topic t1 in directory.csv: 东湖区 has no line; 西山区 has no line"
    ]
    assert faults(directory=leading("t1,东湖区,municipal:水务,,,,")) == [
        "topics.csv:2: nobody leads topic t1 in directory.csv: 西山区 has no line"
    ]


def test_of_many_districts_without_a_line_three_are_named(faults):
    places = "name,kind\n" + "".join(f"{name}区,district\n" for name in ("东湖", "西山", "南苑", "北塘", "中原"))
    [found] = faults(
        places=places, units=UNITS, directory=LINE + "t1,,municipal:水务,,,,\nt2,西山区,municipal:水务,,,,\n"
    )
    assert found.endswith("东湖区 has no line; 南苑区 has no line; 北塘区 has no line")


def test_a_city_without_districts_leads_every_topic_once(faults):
    alone = {"places": "name,kind\n", "units": UNIT + "u1,云岭市水务局,municipal,,水务,,,\n"}
    assert faults(**alone, directory=leading("t1,,municipal:水务,,,,")) == []
    assert faults(**alone, directory=LINE + "t1,,municipal:水务,,,,\n") == [
        "topics.csv:3: nobody leads topic t2 in directory.csv: the city has no line"
    ]


def test_a_line_of_a_district_does_not_contradict_that_of_the_city(faults):
    lines = ("t1,,street:街道,,,,", "t1,西山区,district:水务,,,,")
    assert faults(directory=leading(*lines)) == []


@pytest.mark.parametrize(
    ("unit", "fault"),
    [
        ("u4,清泉供水公司,company,,供水", "directory.csv:2: no unit is company:供水"),
        ("u6,西山区松风街道,street,西山区,街道", "directory.csv:2: no unit for the streets 松风街道"),
        ("u1,云岭市水务局,municipal,,水务", "directory.csv:3: no district:水务 in 西山区"),
    ],
)
def test_a_unit_that_has_ended_acts_no_more(faults, unit, fault):
    assert faults(units=UNITS.replace(f"{unit},,,", f"{unit},,2019-12-31,"))[0].startswith(fault)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ("2020-13-01,,", "valid_from 2020-13-01 is no date; write 2026-01-31"),
        (",20201231,", "valid_to 20201231 is no date"),
        (",去年,", "valid_to 去年 is no date"),
        ("去年,2020-12-31,", "valid_from 去年 is no date"),
        ("2020-12-31,2020-12-30,", "valid_to 2020-12-30 is before valid_from 2020-12-31"),
        (",2020-12-31,u99", "successor u99 is unknown; write the code of a unit"),
        (",,u1", "a unit with a successor has ended; write its last day into valid_to"),
        (",2020-12-31,u7", "the successors of u7 come back to it; end the line at a unit that acts"),
    ],
)
def test_a_unit_has_days_that_are_dates_and_a_successor_that_there_is(faults, cells, fault):
    [found] = faults(units=f"{UNITS}u7,云岭市水利局,municipal,,水务,{cells}\n")
    assert found.startswith(f"units.csv:8: {fault}")


def test_a_unit_may_act_for_one_day(faults):
    assert faults(units=f"{UNITS}u7,云岭市水利局,municipal,,水务,2020-12-31,2020-12-31,u1\n") == []


def test_the_days_of_a_place_are_dates_too(faults):
    places = "name,kind,valid_from,valid_to\n东湖区,district,昨天,\n西山区,district,2020-12-31,2020-12-30\n"
    found = faults(places=places, directory=leading("t1,,municipal:水务,,,,"))
    assert [fault.partition(" ")[0] for fault in found] == ["places.csv:2:", "places.csv:3:"]


@pytest.mark.parametrize("circle", [("u7", "u8"), ("u7", "u8", "u9")])
def test_a_circle_of_successors_accuses_those_in_it_and_not_who_leads_into_it(faults, circle):
    after = dict(zip(circle, (*circle[1:], circle[0]), strict=True)) | {"u0": "u7"}
    rows = [f"{code},水利{code},municipal,,水务,,2020-12-31,{successor}\n" for code, successor in after.items()]
    assert faults(units=UNITS + "".join(rows)) == [
        f"units.csv:{line}: the successors of {code} come back to it; end the line at a unit that acts"
        for line, code in enumerate(circle, start=8)
    ]


def test_a_line_of_successors_that_ends_is_no_circle(faults):
    rows = "u7,水利一局,municipal,,水务,,2010-12-31,u8\nu8,水利二局,municipal,,水务,,2020-12-31,u1\n"
    assert faults(units=UNITS + rows) == []


@pytest.mark.parametrize("directory", [None, LINE])
def test_a_pack_without_a_directory_owes_nothing(faults, directory):
    alone = UNIT + "u1,云岭市水务局,municipal,,水务,,,\n"
    assert faults(units=alone, directory=directory) == []
    assert faults(units=alone) != []


def test_a_table_that_cannot_be_read_accuses_no_line_of_the_directory(faults):
    for table in ("units", "topics", "places"):
        assert {fault.partition(":")[0] for fault in faults(**{table: "name\n"})} == {f"{table}.csv"}


@pytest.fixture(scope="module")
def beijing():
    return load_pack(BEIJING)


def test_beijing_has_its_districts_and_all_of_their_streets_and_townships(beijing):
    streets = [place for place in beijing.places if place.kind is PlaceKind.STREET]
    assert len(beijing.districts) == 16
    assert Counter(place.name[-1] for place in streets) == {"道": 165, "镇": 107, "乡": 15, "区": 56}
    assert {place.district for place in streets if place.name == "八里庄街道"} == {"朝阳区", "海淀区"}


def test_beijing_has_its_units(beijing):
    acting = Counter(unit.kind for unit in beijing.units if not unit.valid_to)
    assert acting[UnitKind.COMPANY] >= 44
    assert acting[UnitKind.MUNICIPAL] >= 60
    assert {unit.duty for unit in beijing.units} == set(beijing.duties)


def test_beijing_has_topics_on_three_levels_and_says_what_each_means(beijing):
    first, second, third = ({topic.path[:depth] for topic in beijing.topics} for depth in (1, 2, 3))
    assert len(first) >= 20
    assert len(second) >= 100
    assert len(third) >= 300
    assert all(topic.meaning and beijing.topic_words.get(topic.code) for topic in beijing.topics)


def test_in_beijing_somebody_leads_every_topic_in_every_district_and_each_street_is_its_own_unit(beijing):
    directory = Directory(beijing, on=date(2026, 12, 1))
    nobody = [
        (topic.name, district)
        for topic in beijing.topics
        for district in beijing.districts
        if directory.led(topic.code, Place(district=district)) is None
    ]
    assert nobody == []
    street = Office(level=UnitKind.STREET, duty="街道")
    for place in beijing.places:
        if place.kind is PlaceKind.STREET:
            unit = directory.unit(street, Place(district=place.district, street=place.name))
            assert unit.name == place.district + place.name
