"""Who leads a topic follows from its line in the directory, from the place of the matter, and from the day."""

from datetime import date, datetime, timedelta, timezone

import pytest

from triage.citypack import CityPack
from triage.directory import Directory, today
from triage.domain import Mandate, Office, Place, TopicCode, Unit, UnitCode, UnitKind

MUNICIPAL, DISTRICT, STREET, COMPANY = UnitKind.MUNICIPAL, UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMPANY
DAY = date(2026, 7, 1)
EAST, WEST = Place(district="东湖区"), Place(district="西山区")
FENGQIAO = Place(district="东湖区", street="枫桥街道")
NOWHERE = Place()


def unit(name, kind, duty, district="", **days):
    return Unit(code=UnitCode(name), name=name, kind=kind, duty=duty, district=district, **days)


UNITS = (
    unit("市水务局", MUNICIPAL, "水务"),
    unit("东湖区水务局", DISTRICT, "水务", "东湖区"),
    unit("市民政局", MUNICIPAL, "民政"),
    unit("东湖区民政局", DISTRICT, "民政", "东湖区"),
    unit("西山区民政局", DISTRICT, "民政", "西山区"),
    unit("东湖区政府", DISTRICT, "区政府", "东湖区"),
    unit("西山区政府", DISTRICT, "区政府", "西山区"),
    unit("东湖区枫桥街道", STREET, "街道", "东湖区"),
    unit("西山区枫桥街道", STREET, "街道", "西山区"),
    unit("清泉供水公司", COMPANY, "供水"),
    unit("碧波供水公司", COMPANY, "供水"),
    unit("西山供水公司", COMPANY, "供水", "西山区"),
)


def office(text):
    level, _, duty = text.partition(":")
    return Office(level=UnitKind(level), duty=duty)


def line(lead, *assist, topic="t1", **given):
    return Mandate(topic=TopicCode(topic), lead=office(lead), assist=tuple(map(office, assist)), **given)


def directory_of(*mandates, units=UNITS, on=DAY):
    return Directory(CityPack(name="x", title="x", version="1", units=units, mandates=mandates), on=on)


def lead(place, *mandates, **given):
    led = directory_of(*mandates, **given).led(TopicCode("t1"), place)
    return led and led.lead.name


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [
        ("district:民政", EAST, "东湖区民政局"),
        ("district:民政", WEST, "西山区民政局"),
        ("district:民政", FENGQIAO, "东湖区民政局"),
        ("district:民政", NOWHERE, "市民政局"),
        ("district:水务", WEST, "市水务局"),
        ("district:区政府", NOWHERE, None),
        ("municipal:水务", EAST, "市水务局"),
        ("municipal:水务", NOWHERE, "市水务局"),
        ("municipal:区政府", EAST, None),
        ("street:街道", FENGQIAO, "东湖区枫桥街道"),
        ("street:街道", Place(district="西山区", street="枫桥街道"), "西山区枫桥街道"),
        ("street:街道", EAST, "东湖区政府"),
        ("street:街道", Place(district="西山区", street="没有的街道"), "西山区政府"),
        ("street:街道", NOWHERE, None),
        ("company:供水", EAST, "清泉供水公司"),
        ("company:供水", WEST, "西山供水公司"),
        ("company:供水", NOWHERE, "清泉供水公司"),
        ("company:供热", EAST, None),
    ],
)
def test_the_place_makes_an_office_a_unit(text, place, name):
    found = directory_of().unit(office(text), place)
    assert (found and found.name) == name
    assert lead(place, line(text)) == name


def test_a_street_goes_by_its_name_with_or_without_its_district():
    bare = unit("柳岸镇", STREET, "街道", "西山区")
    place = Place(district="西山区", street="柳岸镇")
    assert directory_of(units=(*UNITS, bare)).unit(office("street:街道"), place) is bare


def test_a_topic_without_a_line_is_led_by_nobody():
    assert directory_of(line("municipal:水务", topic="t2")).led(TopicCode("t1"), EAST) is None


def test_the_line_of_a_district_comes_before_that_of_the_city():
    city, east = line("municipal:水务"), line("municipal:民政", district="东湖区")
    for directory in (directory_of(city, east), directory_of(east, city)):
        assert directory.mandate(TopicCode("t1"), "东湖区") == directory.led(TopicCode("t1"), EAST).mandate == east
        assert directory.mandate(TopicCode("t1"), "西山区") == directory.led(TopicCode("t1"), WEST).mandate == city
        assert directory.mandate(TopicCode("t1")) == directory.led(TopicCode("t1"), NOWHERE).mandate == city


def test_a_line_of_one_district_says_nothing_of_the_others():
    directory = directory_of(line("municipal:水务", district="东湖区"))
    assert directory.mandate(TopicCode("t1"), "西山区") is None
    assert directory.mandate(TopicCode("t1")) is None


def test_who_assists_is_a_unit_once_and_never_the_lead():
    mandate = line(
        "district:水务", "municipal:民政", "company:供水", "municipal:水务", "district:水务", "municipal:民政"
    )
    directory = directory_of(mandate)
    east, west = (directory.led(TopicCode("t1"), place) for place in (EAST, WEST))
    assert [unit.name for unit in east.assist] == ["市民政局", "清泉供水公司", "市水务局"]
    assert west.lead.name == "市水务局"
    assert [unit.name for unit in west.assist] == ["市民政局", "西山供水公司"]


def test_an_assistant_that_does_not_exist_is_left_out():
    led = directory_of(line("municipal:水务", "company:供热", "street:街道")).led(TopicCode("t1"), NOWHERE)
    assert led.assist == ()


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        (None, None, True),
        (DAY, DAY, True),
        (DAY + timedelta(days=1), None, False),
        (None, DAY - timedelta(days=1), False),
        (DAY - timedelta(days=1), DAY + timedelta(days=1), True),
    ],
)
def test_lines_and_units_hold_from_their_first_to_their_last_day(first, last, holds):
    days = {"valid_from": first, "valid_to": last}
    dated = directory_of(line("municipal:水务", **days))
    assert (dated.mandate(TopicCode("t1")) is not None) == holds
    assert len(dated) == holds
    units = (unit("东湖区旧枫桥街道", STREET, "街道", "东湖区", **days), unit("老水厂", COMPANY, "供水", **days))
    directory = directory_of(units=units)
    assert (directory.unit(office("company:供水"), EAST) is not None) == holds
    street = Place(district="东湖区", street="旧枫桥街道")
    assert (directory.unit(office("street:街道"), street) is not None) == holds


def test_on_each_day_another_line_and_another_unit_may_lead():
    old = unit("云岭自来水厂", COMPANY, "供水", valid_to=date(2020, 12, 31))
    lines = (
        line("company:供水", valid_to=date(2025, 12, 31)),
        line("municipal:水务", valid_from=date(2026, 1, 1)),
    )
    leads = [
        lead(EAST, *lines, units=(old, *UNITS), on=day)
        for day in (date(2020, 12, 31), date(2021, 1, 1), date(2025, 12, 31), date(2026, 1, 1))
    ]
    assert leads == ["云岭自来水厂", "清泉供水公司", "清泉供水公司", "市水务局"]


def test_a_line_of_a_district_that_has_ended_gives_way_to_that_of_the_city():
    east = line("municipal:民政", district="东湖区", valid_to=DAY)
    assert lead(EAST, east, line("municipal:水务"), on=DAY) == "市民政局"
    assert lead(EAST, east, line("municipal:水务"), on=DAY + timedelta(days=1)) == "市水务局"


def test_today_is_the_day_it_is_in_china():
    china = timezone(timedelta(hours=8))
    before, here, after = datetime.now(china).date(), today(), datetime.now(china).date()
    assert before <= here <= after
