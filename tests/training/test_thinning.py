"""Too many orders are thinned fairly: the same ones again, all kinds of units, in one pass."""

from collections import Counter

import pytest

from training.outcomes import Settled
from training.thinning import thinned
from triage.domain import Closure


def settled(count, *, unit="市水务局", first=0):
    return [Settled(closure=Closure(id=f"{unit}{n}", text="停水", unit=unit), weight=1.0) for n in range(first, count)]


def test_few_orders_are_all_kept_in_their_order():
    orders = settled(50)
    assert thinned(orders, most=50, seed=0) == (tuple(orders), 0)


def test_of_many_some_are_kept_and_the_rest_is_counted():
    kept, left = thinned(iter(settled(5_000)), most=300, fewest=10, seed=0)
    assert (len(kept), left) == (300, 4_700)
    assert list(kept) == sorted(kept, key=lambda one: int(one.closure.id.removeprefix("市水务局")))


def test_a_unit_with_few_orders_loses_none():
    orders = [*settled(9_000), *settled(7, unit="枫桥街道办事处"), *settled(40, unit="市林业局")]
    kept, _ = thinned(orders, most=500, fewest=20, seed=3)
    units = Counter(one.closure.unit for one in kept)
    assert units["枫桥街道办事处"] == 7
    assert 20 <= units["市林业局"] < 40


def test_frequent_units_stay_as_frequent_as_they_are():
    orders = [*settled(20_000), *settled(10_000, unit="市交通局"), *settled(10_000, unit="市教育局")]
    kept, _ = thinned(orders, most=4_000, fewest=20, seed=1)
    shares = {unit: count / len(kept) for unit, count in Counter(one.closure.unit for one in kept).items()}
    assert shares == pytest.approx({"市水务局": 0.5, "市交通局": 0.25, "市教育局": 0.25}, abs=0.03)


def test_the_seed_decides_and_nothing_else():
    orders = settled(3_000)
    assert thinned(orders, most=200, fewest=5, seed=7) == thinned(orders, most=200, fewest=5, seed=7)
    assert thinned(orders, most=200, fewest=5, seed=7) != thinned(orders, most=200, fewest=5, seed=8)


def test_new_orders_leave_most_of_what_was_kept():
    before, _ = thinned(settled(5_000), most=500, fewest=5, seed=0)
    after, _ = thinned(settled(5_500), most=500, fewest=5, seed=0)
    assert len({one.closure.id for one in before} & {one.closure.id for one in after}) > 430
