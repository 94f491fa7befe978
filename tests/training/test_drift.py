"""A shift is told where there is one and not where there is none; a matter that nobody knew is found by its words."""

import random

import numpy as np
import pytest

from training.drift import CHANGED, new_matters, shift, words

UNITS = [f"u{n}" for n in range(30)]


def drawn(count, weights, seed):
    return random.Random(seed).choices(UNITS, weights, k=count)


@pytest.mark.parametrize("seed", range(8))
def test_two_times_of_the_same_shares_raise_no_alarm(seed):
    even = [1.0] * 30
    found = shift("units", drawn(4_000, even, seed), drawn(400, even, seed + 100))
    assert not found.alarms
    assert found.index < CHANGED / 2
    assert found.low <= found.index <= found.high


@pytest.mark.parametrize("seed", range(5))
def test_a_unit_that_takes_over_raises_one_and_is_named(seed):
    even, moved = [1.0] * 30, [1.0] * 29 + [12.0]
    found = shift("units", drawn(4_000, even, seed), drawn(600, moved, seed + 100))
    assert found.alarms
    assert found.moved[0].name == "u29"
    assert (found.moved[0].before < 0.05, found.moved[0].now > 0.2) == (True, True)


def test_the_interval_holds_the_true_index_nine_times_in_ten():
    weights = [np.full(30, 1 / 30), np.array([2.0] * 10 + [0.5] * 20)]
    old, new = (one / one.sum() for one in weights)
    true = float(((new - old) * np.log(new / old)).sum())
    held = 0
    for seed in range(40):
        found = shift("units", drawn(3_000, old, seed), drawn(1_500, new, seed + 900))
        held += found.low <= true <= found.high
    assert held >= 34


def test_the_index_is_that_of_the_books():
    found = shift("units", ["a"] * 60_000 + ["b"] * 40_000, ["a"] * 40_000 + ["b"] * 60_000)
    assert found.index == pytest.approx(2 * 0.2 * np.log(1.5), rel=0.01)


@pytest.mark.parametrize(("before", "now"), [([], ["a"]), (["a"], []), ([], [])])
def test_with_nothing_on_one_side_there_is_no_shift(before, now):
    assert shift("units", before, now).index == 0


def test_a_word_counts_once_a_text():
    assert sorted(words([["路灯", "路灯", "不", "亮", "12"], ["路灯", "电线"]])) == ["电线", "路灯", "路灯"]


USUAL = [["路灯", "不亮", "晚上"], ["垃圾", "没有", "清运"], ["停水", "三天", "没有"]] * 100


def orders(said, count, *, start=0, extra=()):
    draw = random.Random(3)
    return {
        str(start + n): [*draw.sample(said, 3), *draw.sample(["小区", "门口", "希望", "解决"], 2), *extra]
        for n in range(count)
    }


def test_a_matter_that_nobody_knew_is_found_with_its_words():
    known = {f"k{n}": tokens for n, tokens in enumerate(USUAL[:60])}
    fresh = orders(["电池柜", "换电", "充电柜", "换电站", "外卖"], 30, extra=["换电"])
    strangeness = dict.fromkeys(known, 0.1) | dict.fromkeys(fresh, 0.8)
    [matter] = new_matters(known | fresh, strangeness, USUAL, strange=0.5)
    assert set(matter.ids) == set(fresh)
    assert matter.words[0] == "换电"
    assert "垃圾" not in matter.words


def test_two_new_matters_are_two_and_the_larger_comes_first():
    one = orders(["电池柜", "换电站", "充电柜"], 12)
    other = orders(["无人机", "航线", "起降点"], 30, start=100)
    separate = {
        id_: [word for word in tokens if word not in {"小区", "门口", "希望", "解决"}]
        for id_, tokens in (one | other).items()
    }
    found = new_matters(separate, dict.fromkeys(separate, 0.9), USUAL, strange=0.5)
    assert [len(matter.ids) for matter in found] == [30, 12]
    assert set(found[0].words) == {"无人机", "航线", "起降点"}


def test_strange_orders_that_are_not_alike_are_no_matter():
    lone = {str(n): [f"词{n}甲", f"词{n}乙", "小区"] for n in range(40)}
    assert new_matters(lone, dict.fromkeys(lone, 0.9), USUAL, strange=0.5) == ()


def test_few_strange_orders_are_no_matter_yet():
    fresh = orders(["电池柜", "换电", "充电柜"], 7)
    assert new_matters(fresh, dict.fromkeys(fresh, 0.9), USUAL, strange=0.5) == ()
    assert new_matters(fresh, {}, USUAL, strange=0.5) == ()
