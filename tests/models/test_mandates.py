"""The directory as arrays says of each unit what the directory itself says of the place."""

from datetime import date, timedelta

import numpy as np
import pytest

from models.mandates import Mandates
from models.roster import Roster
from triage.citypack import CityPack, PackPlace, PlaceKind
from triage.domain import Mandate, Office, Topic, TopicCode, Unit, UnitCode, UnitKind

MUNICIPAL, DISTRICT, STREET, COMPANY = UnitKind.MUNICIPAL, UnitKind.DISTRICT, UnitKind.STREET, UnitKind.COMPANY
DAY = date(2026, 7, 1)
EAST, WEST = "东湖区", "西山区"


def unit(name, kind, duty, district="", **days):
    return Unit(code=UnitCode(name), name=name, kind=kind, duty=duty, district=district, **days)


def line(topic, level, duty, **given):
    return Mandate(topic=TopicCode(topic), lead=Office(level=level, duty=duty), **given)


UNITS = (
    unit("市水务局", MUNICIPAL, "水务"),
    unit("市民政局", MUNICIPAL, "民政"),
    unit("东湖区民政局", DISTRICT, "民政", EAST),
    unit("西山区民政局", DISTRICT, "民政", WEST),
    unit("东湖区政府", DISTRICT, "区政府", EAST),
    unit("西山区政府", DISTRICT, "区政府", WEST),
    unit("东湖区枫桥街道", STREET, "街道", EAST),
    unit("东湖区莲塘街道", STREET, "街道", EAST),
    unit("西山区松风街道", STREET, "街道", WEST),
    unit("清泉供水公司", COMPANY, "供水"),
    unit("碧波供水公司", COMPANY, "供水"),
)
LINES = (
    line("of the city", MUNICIPAL, "水务"),
    line("of a district", DISTRICT, "民政"),
    line("of a street", STREET, "街道"),
    line("of a company", COMPANY, "供水"),
)
TOPICS = tuple(
    Topic(code=TopicCode(f"of {whom}"), path=(whom,))
    for whom in ("the city", "a district", "a street", "a company", "nobody")
)
COLUMN = {unit.name: at for at, unit in enumerate(UNITS)}


def pack_of(units=UNITS, mandates=LINES):
    districts = tuple(PackPlace(name=name, kind=PlaceKind.DISTRICT) for name in (EAST, WEST))
    return CityPack(name="x", title="x", version="1", units=units, mandates=mandates, places=districts, topics=TOPICS)


def roster_of(pack):
    return Roster(pack, np.zeros(len(pack.units), dtype=np.float32))


def mandates_of(pack, *, topics=TOPICS, on=DAY):
    return Mandates.of(pack, roster_of(pack), topics, on=on)


def support(topics, *, district=None, street=None, likely=None, pack=None):
    """What the directory says of each unit, as a mapping of those of whom it says anything.

    `topics` and `likely` are the probabilities of topics and districts; a district that is named is sure.
    """
    pack = pack or pack_of()
    roster = roster_of(pack)
    probability = np.array([[topics.get(topic.path[0], 0) for topic in TOPICS]], dtype=np.float32)
    named = np.array([[area == district for area in roster.areas]], dtype=np.float32)
    areas = named if district else np.array([[(likely or {}).get(area, 0.5) for area in roster.areas]], np.float32)
    found = mandates_of(pack).support(
        probability,
        areas_named=named,
        units_named=np.array([[unit.name == street for unit in pack.units]], dtype=np.float32),
        area_probability=np.where(roster.area >= 0, areas[:, roster.area], np.float32(1)),
        roster=roster,
    )
    assert found.shape == (1, len(pack.units))
    assert found.dtype == np.float32
    return {unit.name: pytest.approx(share) for unit, share in zip(pack.units, found[0].tolist(), strict=True) if share}


def test_a_pack_without_a_directory_has_no_mandates():
    assert mandates_of(pack_of(mandates=())) is None


def test_a_directory_that_has_ended_is_none():
    ended = pack_of(mandates=(line("of the city", MUNICIPAL, "水务", valid_to=DAY),))
    assert mandates_of(ended) is not None
    assert mandates_of(ended, on=DAY + timedelta(days=1)) is None


def test_each_table_has_a_row_for_each_topic_and_a_column_for_each_unit():
    mandates = mandates_of(pack_of(), topics=TOPICS[:3])
    tables = (mandates.leads, mandates.for_district, mandates.for_street)
    assert {table.shape for table in tables} == {(3, len(UNITS))}
    assert {table.dtype for table in tables} == {np.dtype(np.float32)}


def test_an_office_of_the_city_leads_wherever_the_matter_is():
    assert support({"the city": 1}) == {"市水务局": 1}
    assert support({"the city": 1}, district=EAST) == {"市水务局": 1}
    assert support({"the city": 1}, district=EAST, street="东湖区枫桥街道") == {"市水务局": 1}


def test_an_office_of_the_district_leads_where_the_district_is_known_and_the_citys_is_asked_a_little():
    assert support({"a district": 1}, district=EAST) == {"东湖区民政局": 1, "市民政局": 0.2}


def test_while_no_district_is_known_the_office_of_the_city_stands_in_and_each_district_has_a_tenth_of_its_share():
    assert support({"a district": 1}, likely={EAST: 0.7, WEST: 0.3}) == {
        "市民政局": 1,
        "东湖区民政局": 0.07,
        "西山区民政局": 0.03,
    }


def test_a_street_that_is_known_leads_alone():
    assert support({"a street": 1}, district=EAST, street="东湖区枫桥街道") == {"东湖区枫桥街道": 1}
    assert support({"a street": 1}, street="东湖区枫桥街道") == {"东湖区枫桥街道": 1}


def test_where_only_the_district_is_known_its_government_leads_and_its_streets_share():
    assert support({"a street": 1}, district=EAST) == {
        "东湖区政府": 1,
        "东湖区枫桥街道": 0.5,
        "东湖区莲塘街道": 0.5,
    }


def test_where_nothing_is_known_governments_lead_as_far_as_the_district_is_probable_and_streets_have_a_tenth():
    assert support({"a street": 1}, likely={EAST: 0.6, WEST: 0.4}) == {
        "东湖区政府": 0.6,
        "西山区政府": 0.4,
        "东湖区枫桥街道": 0.03,
        "东湖区莲塘街道": 0.03,
        "西山区松风街道": 0.04,
    }


def test_the_first_company_of_a_duty_leads_and_the_others_have_a_share():
    assert support({"a company": 1}, district=EAST) == {"清泉供水公司": 1, "碧波供水公司": 0.3}


def test_a_company_of_a_district_leads_there():
    pack = pack_of(units=(*UNITS, unit("西山供水公司", COMPANY, "供水", WEST)))
    assert support({"a company": 1}, district=WEST, pack=pack)["西山供水公司"] == 1
    assert "西山供水公司" not in support({"a company": 1}, district=EAST, pack=pack)


def test_support_adds_up_over_the_topics_that_it_may_be():
    assert support({"the city": 0.75, "a company": 0.25}) == {
        "市水务局": 0.75,
        "清泉供水公司": 0.25,
        "碧波供水公司": 0.075,
    }


def test_a_topic_without_a_line_supports_nobody():
    assert support({"nobody": 1}, district=EAST) == {}


def test_the_line_of_a_district_counts_there_and_that_of_the_city_elsewhere():
    pack = pack_of(mandates=(*LINES, line("of a street", DISTRICT, "民政", district=EAST)))
    assert support({"a street": 1}, district=EAST, pack=pack) == {"东湖区民政局": 1}
    assert support({"a street": 1}, district=WEST, pack=pack) == {"西山区政府": 1, "西山区松风街道": 1}


def test_readings_do_not_change_each_other():
    pack = pack_of()
    roster, mandates = roster_of(pack), mandates_of(pack)
    topics = np.eye(len(TOPICS), dtype=np.float32)[[2, 1, 2]]
    areas = np.array([[1, 0], [0, 0], [0, 1]], dtype=np.float32)
    units = np.zeros((3, len(UNITS)), dtype=np.float32)
    units[0, COLUMN["东湖区枫桥街道"]] = 1
    where = np.where(roster.area >= 0, np.maximum(areas, 0.1)[:, roster.area], np.float32(1))

    def of(rows):
        return mandates.support(
            topics[rows],
            areas_named=areas[rows],
            units_named=units[rows],
            area_probability=where[rows],
            roster=roster,
        )

    np.testing.assert_allclose(of([0, 1, 2]), np.concatenate([of([0]), of([1]), of([2])]))
    assert of([0])[0, COLUMN["东湖区枫桥街道"]] == 1
    assert of([1])[0, COLUMN["市民政局"]] == 1
