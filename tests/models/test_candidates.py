"""What the text names and what orders taught make a short list that a unit without orders can be on, too."""

from dataclasses import fields, replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.candidates import LENGTH, short_list
from models.evidence import Evidence, NamesInText, gather
from models.mandates import Mandates
from models.roster import Roster, duty_class, spoken_names
from models.scorer import UNSEEN
from triage.citypack import CityPack, PackPlace, PlaceKind
from triage.domain import Mandate, Office, Place, Reading, Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.places import Places

DISTRICTS = ("东湖区", "西山区", "南苑区", "北塘区")
DUTIES = {
    "城管执法": ("城管", "摆摊"),
    "水务": ("停水", "水务局"),
    "教育": ("学校",),
    "街道": ("街道",),
    "住建": ("漏水",),
}


def unit(name, *, kind=UnitKind.DISTRICT, district="", duty="水务", aliases=()):
    return Unit(code=UnitCode(name), name=name, kind=kind, district=district, duty=duty, aliases=aliases)


def office(district, duty):
    return unit(f"{district}{duty}局", district=district, duty=duty)


STREET = unit("东湖区枫桥街道办事处", kind=UnitKind.STREET, district="东湖区", duty="街道", aliases=("枫桥街道",))
CITY_WATER = unit("市水务局", kind=UnitKind.MUNICIPAL, aliases=("水务总局",))
UNITS = (CITY_WATER, STREET, *(office(district, duty) for district in DISTRICTS for duty in DUTIES if duty != "街道"))
PACK = CityPack(
    name="demo",
    title="示例",
    version="1",
    units=UNITS,
    places=(
        *(PackPlace(name=name, kind=PlaceKind.DISTRICT, aliases=(name[:2],)) for name in DISTRICTS),
        PackPlace(name="枫桥街道", kind=PlaceKind.STREET, district="东湖区"),
    ),
    duties=DUTIES,
)
COLUMN = {unit.name: at for at, unit in enumerate(UNITS)}


def roster_of(pack, closed=None):
    return Roster(pack, np.zeros(len(pack.units), dtype=np.float32) if closed is None else closed)


def readings_of(*texts):
    return [Reading(masked=text, tokens=(text,)) for text in texts]


def named_in(*texts, pack=PACK):
    readings = readings_of(*texts)
    places = [Places(pack.places).resolve(text) for text in texts]
    return NamesInText(pack, roster_of(pack)).find(readings, places)


def evidence_of(*texts, pack=PACK, seed=0, unit_margin=None, duty_margin=None, directory=None):
    """Evidence about texts, with random margins and votes where none are given."""
    roster, draw = roster_of(pack), np.random.default_rng(seed)

    def random(width):
        return draw.normal(scale=2, size=(len(texts), width)).astype(np.float32)

    margins = {
        "unit": random(len(roster)) if unit_margin is None else unit_margin,
        "duty": random(len(roster.duties)) if duty_margin is None else duty_margin,
        "area": random(len(roster.areas)),
    }
    votes = draw.dirichlet(np.ones(len(roster)), size=len(texts)).astype(np.float32)
    return gather(
        roster,
        margins=margins,
        votes=(votes, votes),
        named=named_in(*texts, pack=pack),
        readings=readings_of(*texts),
        directory=directory,
    )


def test_a_duty_is_apart_by_level():
    assert duty_class(CITY_WATER) != duty_class(office("东湖区", "水务"))
    assert duty_class(office("西山区", "水务")) == duty_class(office("东湖区", "水务"))


def test_a_roster_knows_class_area_and_kind_of_each_unit():
    roster = roster_of(PACK)
    assert len(roster) == len(UNITS)
    assert [roster.duties[at] for at in roster.duty] == [duty_class(unit) for unit in UNITS]
    assert [roster.areas[at] if at >= 0 else "" for at in roster.area] == [unit.district for unit in UNITS]
    assert roster.kinds.sum(axis=1).tolist() == [1] * len(UNITS)


def test_a_unit_without_orders_shares_the_experience_of_its_duty():
    closed = np.zeros(len(UNITS), dtype=np.float32)
    closed[COLUMN["西山区水务局"]] = 9
    roster = roster_of(PACK, closed)
    fresh = COLUMN["东湖区水务局"]
    assert roster.experience[fresh] == 0
    assert roster.duty_experience[fresh] == pytest.approx(np.log(10))
    assert roster.duty_experience[COLUMN["市水务局"]] == 0


def test_a_street_goes_by_its_bare_name_too():
    assert spoken_names(STREET) == sorted({"东湖区枫桥街道办事处", "枫桥街道", "枫桥"})
    assert "水务总局" in spoken_names(CITY_WATER)


def test_a_text_names_units_duties_and_areas():
    named = named_in("东湖区枫桥街道停水了，水务局不管", "路灯不亮")
    assert named.units[0, COLUMN[STREET.name]] == 1
    assert named.units[0].sum() == 1
    assert named.duties[0, COLUMN["西山区水务局"]] == named.duties[0, COLUMN["市水务局"]] == 2
    assert named.duties[0, COLUMN["东湖区教育局"]] == 0
    assert named.areas[0].tolist() == [float(area == "东湖区") for area in roster_of(PACK).areas]
    assert not any(table[1].any() for table in (named.units, named.duties, named.areas))


def test_a_duty_named_often_is_not_named_without_end():
    assert named_in("停水" * 50).duties.max() == 4


def test_the_street_that_a_place_settles_is_named_though_the_text_does_not_spell_it():
    place = Place(district="东湖区", street="枫桥街道")
    named = NamesInText(PACK, roster_of(PACK)).find(readings_of("门口停水"), [place])
    assert np.flatnonzero(named.units[0]).tolist() == [COLUMN[STREET.name]]


def test_rows_can_be_taken_from_what_was_named():
    taken = named_in("东湖区停水", "学校", "枫桥街道").take(np.array([2, 0]))
    assert taken.units[0, COLUMN[STREET.name]] == 1
    assert taken.duties[1, COLUMN["市水务局"]] == 1


def test_a_named_district_outweighs_what_orders_taught():
    evidence = evidence_of("西山区停水", "停水")
    west, east = COLUMN["西山区水务局"], COLUMN["东湖区水务局"]
    assert evidence.area_probability[0, west] > 0.89
    assert evidence.area_probability[0, east] < 0.11
    assert evidence.area_named[0, west] == evidence.other_area_named[0, east] == 1
    assert evidence.other_area_named[0, COLUMN["市水务局"]] == 0
    assert not evidence.other_area_named[1].any()


def test_shares_of_units_and_offices_sum_to_one():
    evidence = evidence_of("西山区停水", "", "学校")
    assert evidence.unit_probability.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert evidence.office_probability.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_a_city_without_districts_is_a_city():
    pack = CityPack(
        name="demo", title="示例", version="1", units=(CITY_WATER, unit("市公安局")), duties={"水务": ("停水",)}
    )
    evidence = evidence_of("停水", "", pack=pack)
    assert (evidence.area_probability == 1).all()
    assert short_list(evidence, roster_of(pack)).units.shape == (2, 2)


@given(
    texts=st.lists(st.sampled_from(["", "东湖区停水", "学校门口摆摊", "枫桥街道", "🙂\ud800"]), min_size=1, max_size=4),
    seed=st.integers(0, 50),
    count=st.integers(2, len(UNITS)),
)
def test_a_list_has_at_most_thirty_different_units_and_five_where_there_are_five(texts, seed, count):
    pack = CityPack(name="d", title="d", version="1", units=UNITS[:count], places=PACK.places, duties=DUTIES)
    listed = short_list(evidence_of(*texts, pack=pack, seed=seed), roster_of(pack))
    assert listed.units.shape == (len(texts), min(count, LENGTH))
    assert min(count, 5) <= listed.units.shape[1] <= 30
    assert all(len(set(row)) == len(row) for row in listed.units.tolist())
    assert listed.features.shape[:2] == listed.units.shape
    assert np.isfinite(listed.features).all()


@pytest.mark.parametrize("scale", [0.0, 1e-6, 50.0, 1e4])
def test_features_are_finite_for_margins_of_any_size(scale):
    margins = scale * np.random.default_rng(1).standard_normal((1, len(UNITS))).astype(np.float32)
    listed = short_list(evidence_of("停水", unit_margin=margins), roster_of(PACK))
    assert np.isfinite(listed.features).all()


def test_a_unit_without_orders_is_listed_for_its_duty_and_the_district_that_is_named():
    """Everybody else has closed orders; only the duty that the text sounds like and the district speak for it."""
    fresh, roster = COLUMN["北塘区水务局"], roster_of(PACK)
    seen = np.full((2, len(UNITS)), -0.9, dtype=np.float32)
    seen[:, fresh] = UNSEEN
    duty = np.full((2, len(roster.duties)), -1, dtype=np.float32)
    duty[:, roster.duty[fresh]] = 0.8
    evidence = evidence_of("北塘区停水", "北塘区停水", unit_margin=seen, duty_margin=duty)
    assert (short_list(evidence, roster).units[:, 0] == fresh).all()


@given(ended=st.sets(st.integers(0, len(UNITS) - 1), max_size=len(UNITS)), seed=st.integers(0, 50))
def test_a_unit_that_has_ended_is_never_listed_before_others(ended, seed):
    """Though orders, precedent and the text all speak for it."""
    units = tuple(replace(unit, valid_to=date(2018, 11, 8)) if at in ended else unit for at, unit in enumerate(UNITS))
    pack = replace(PACK, units=units)
    margins = np.full((1, len(UNITS)), -1, dtype=np.float32)
    margins[:, sorted(ended)] = 1
    listed = short_list(evidence_of("东湖区枫桥街道停水", pack=pack, seed=seed, unit_margin=margins), roster_of(pack))
    past = [column in ended for column in listed.units[0].tolist()]
    assert past == sorted(past)
    assert past.count(False) == min(len(UNITS) - len(ended), LENGTH)


def test_a_unit_acts_on_its_last_day_and_one_that_will_end_still_does():
    pack = replace(PACK, units=(replace(CITY_WATER, valid_to=date.max), replace(STREET, valid_to=date.min)))
    assert roster_of(pack).ended.tolist() == [False, True]


def test_a_mandate_puts_a_unit_on_the_short_list():
    """Nothing else speaks for the office: no orders, and neither its duty nor its district is likely."""
    led, roster = COLUMN["北塘区教育局"], roster_of(PACK)
    topic = Topic(code=TopicCode("t1"), path=("入学",))
    line = Mandate(topic=topic.code, lead=Office(level=UnitKind.DISTRICT, duty="教育"))
    mandates = Mandates.of(replace(PACK, mandates=(line,)), roster, (topic,), on=date(2026, 7, 1))
    seen = np.zeros((1, len(UNITS)), dtype=np.float32)
    seen[:, led] = UNSEEN
    duty = np.zeros((1, len(roster.duties)), dtype=np.float32)
    duty[:, roster.duty[led]] = -9
    known = {"unit_margin": seen, "duty_margin": duty}
    without = evidence_of("北塘区", **known)
    assert not without.mandate.any()
    assert short_list(without, roster).units[0, -1] == led
    told = evidence_of("北塘区", **known, directory=(mandates, np.ones((1, 1), dtype=np.float32)))
    assert short_list(told, roster).units[0, 0] == led
    assert told.mandate[0, led] == pytest.approx(told.area_probability[0, led])


def test_the_ranker_is_told_what_the_directory_says():
    roster = roster_of(PACK)
    evidence = evidence_of("东湖区停水")
    supported = replace(evidence, mandate=np.full_like(evidence.mandate, 0.5))
    before, after = short_list(evidence, roster), short_list(supported, roster)
    assert before.units.tolist() == after.units.tolist()
    assert (before.features != after.features).any()


def test_the_list_begins_with_what_promises_most():
    roster = roster_of(PACK)
    margins = np.full((1, len(UNITS)), -1, dtype=np.float32)
    margins[0, 7] = 2
    listed = short_list(evidence_of("", unit_margin=margins), roster)
    assert listed.units[0, 0] == 7


def test_a_list_for_one_reading_is_the_list_for_it_among_others():
    texts = ("东湖区停水", "学校门口摆摊", "枫桥街道漏水")
    together, roster = evidence_of(*texts), roster_of(PACK)
    listed = short_list(together, roster)
    for at in range(len(texts)):
        alone = Evidence(**{field.name: getattr(together, field.name)[at : at + 1] for field in fields(Evidence)})
        one = short_list(alone, roster)
        assert one.units.tolist() == listed.units[at : at + 1].tolist()
        np.testing.assert_allclose(one.features[0], listed.features[at], atol=1e-6)
