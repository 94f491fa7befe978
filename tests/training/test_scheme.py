"""A city renames its topic tree and says so nowhere; the orders tell the day."""

import random
from datetime import date, timedelta

import pytest

from tests.city import FIRST_DAY, MATTERS
from training.scheme import Scheme, find_scheme
from triage.domain import Closure

OLD = sorted({matter.topic[0] for matter in MATTERS})
NEW = sorted({matter.renamed[0] for matter in MATTERS})


def closure(topic, day=None):
    return Closure(id="1", text="路灯不亮", unit="路灯所", topic=topic, opened_on=day)


def orders(first_level, *, days=60, a_day=20, seed=1):
    """Orders of `days` days, their first level drawn by `first_level(draw, day)`."""
    draw = random.Random(seed)
    return [
        closure((first_level(draw, day), "乙", "丙", "丁"), FIRST_DAY + timedelta(days=day))
        for day in range(days)
        for _ in range(a_day)
    ]


@pytest.mark.parametrize("change", [20, 33, 45])
def test_the_day_of_a_change_is_found(change):
    scheme = find_scheme(orders(lambda draw, day: draw.choice(NEW if day >= change else OLD)))
    assert scheme.since == FIRST_DAY + timedelta(days=change)
    assert scheme.first_levels == set(NEW)


def test_a_change_that_takes_a_week_is_found_within_it():
    """Operators move over one after the other, and a few orders come with the old tree until the end."""

    def moving(draw, day):
        return draw.choice(NEW if draw.random() < min(0.98, max(0, (day - 28) / 7)) else OLD)

    since = find_scheme(orders(moving)).since
    assert since is not None
    assert abs((since - FIRST_DAY).days - 32) <= 5


def test_of_two_changes_the_last_counts():
    def renamed_twice(draw, day):
        return draw.choice(OLD if day < 25 else ["甲", "乙"] if day < 55 else NEW)

    scheme = find_scheme(orders(renamed_twice, days=85))
    assert scheme.since == FIRST_DAY + timedelta(days=55)
    assert scheme.first_levels == set(NEW)


def test_shares_that_drift_are_no_change():
    """Floods in spring, noise in summer: from one in ten to six in ten, and nothing was renamed."""

    def drifting(draw, day):
        return OLD[0] if draw.random() < 0.1 + 0.5 * day / 60 else draw.choice(OLD[1:])

    scheme = find_scheme(orders(drifting))
    assert scheme.since is None
    assert scheme.first_levels == set(OLD)


def test_one_new_topic_among_many_is_no_change():
    scheme = find_scheme(orders(lambda draw, day: draw.choice([*OLD, "疫情"] if day >= 30 else OLD)))
    assert scheme.since is None
    assert "疫情" in scheme.first_levels


def test_too_few_orders_prove_no_change():
    assert find_scheme(orders(lambda draw, day: draw.choice(NEW if day >= 30 else OLD), a_day=2)).since is None


def test_a_slip_into_the_old_tree_does_not_make_it_the_newest():
    def slipping(draw, day):
        return draw.choice(NEW if day >= 30 and draw.random() > 0.004 else OLD)

    assert find_scheme(orders(slipping)).first_levels == set(NEW)


def test_orders_without_dates_or_topics():
    assert find_scheme([]) == Scheme(first_levels=frozenset())
    assert find_scheme([closure(()), closure((), FIRST_DAY)]).first_levels == set()
    assert find_scheme([closure(("市政",)), closure(("住房", "物业"), FIRST_DAY)]).first_levels == {"市政", "住房"}


@pytest.mark.parametrize(
    ("topic", "path"),
    [
        (("市政", "照明", "路灯", "不亮"), ("市政", "照明", "路灯")),
        (("市政",), ("市政",)),
        (("城管", "照明", "路灯"), ()),
        ((), ()),
    ],
)
def test_a_path_goes_as_deep_as_can_be_predicted_and_is_empty_for_an_older_scheme(topic, path):
    assert Scheme(first_levels=frozenset({"市政", "住房"}), since=date(2031, 4, 1)).path(closure(topic)) == path


def test_the_day_of_the_change_is_told():
    assert "2031-04-01" in str(Scheme(first_levels=frozenset(), since=date(2031, 4, 1)))
    assert str(Scheme(first_levels=frozenset())) == "one topic scheme throughout"
