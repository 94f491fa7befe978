"""Wrong first suggestions are told apart: another place of the duty, another duty, both, or nobody knows."""

import numpy as np
import pytest

from training.confusions import WAYS, Confusion, Post, confusions
from training.judgements import Judgements
from triage.domain import Closure, Unit, UnitCode, UnitKind


def unit(name, kind, duty="", district=""):
    return Unit(code=UnitCode(name), name=name, kind=kind, duty=duty, district=district)


PACK = (
    unit("东湖城管", UnitKind.DISTRICT, "城管", "东湖区"),
    unit("西山城管", UnitKind.DISTRICT, "城管", "西山区"),
    unit("东湖住建", UnitKind.DISTRICT, "住建", "东湖区"),
    unit("市城管", UnitKind.MUNICIPAL, "城管"),
    unit("水务公司", UnitKind.COMPANY),
    unit("公交公司", UnitKind.COMPANY),
    unit("枫桥街道", UnitKind.STREET, district="东湖区"),
    unit("柳岸街道", UnitKind.STREET, district="东湖区"),
)


def tried(*pairs):
    rows = [Closure(id=str(at), text="停水", unit=right) for at, (_, right) in enumerate(pairs)]
    return Judgements.of_peer([[name] if name else [] for name, _ in pairs], np.full(len(pairs), 0.5), rows)


@pytest.mark.parametrize(
    ("suggested", "closed", "way"),
    [
        ("东湖城管", "西山城管", "other_place"),
        ("市城管", "东湖城管", "other_place"),
        ("枫桥街道", "柳岸街道", "other_place"),
        ("东湖城管", "东湖住建", "other_duty"),
        ("西山城管", "东湖住建", "other_both"),
        ("枫桥街道", "东湖城管", "other_both"),
        ("水务公司", "公交公司", "other_alike"),
        ("", "水务公司", "other_unknown"),
        ("水务公司", "外地单位", "other_unknown"),
    ],
)
def test_two_units_differ_in_place_duty_both_or_neither(suggested, closed, way):
    found = confusions(tried((suggested, closed)), PACK)
    assert found.ways == {one: int(one == way) for one in WAYS}


def test_confusions_add_up_by_duty_and_what_is_right_is_none():
    found = confusions(
        tried(("东湖城管", "西山城管"), ("西山城管", "东湖城管"), ("东湖城管", "东湖住建"), ("市城管", "市城管")), PACK
    )
    assert (found.wrong, sum(found.ways.values()), sum(one.rows for one in found.duties)) == (3, 3, 3)
    assert found.duties == (
        Confusion(suggested="城管", closed="城管", rows=2),
        Confusion(suggested="城管", closed="住建", rows=1),
    )


def test_a_unit_without_a_duty_has_its_kind_and_a_street_is_a_place_itself():
    company, street = Post.of(PACK[4]), Post.of(PACK[6])
    assert (company.duty, street.duty) == ("company", "street")
    assert street.place == ("street", "枫桥街道")


def test_where_all_is_right_nothing_is_confused():
    found = confusions(tried(("水务公司", "水务公司")), PACK)
    assert (found.wrong, found.duties, set(found.ways.values())) == (0, (), {0})
