"""What is beyond the hotline is told by two heads together, and few ordinary appeals raise an alarm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.outside import BEYOND, SHARES, Outside, destinations, reached_by
from triage.citypack import CityPack, national
from triage.domain import ORDINARY, Action, Rule

RULES, _ = national()
TRANSFER, DECLINE = BEYOND.index(Action.TRANSFER), BEYOND.index(Action.DECLINE)
DESTINATIONS = (("110", TRANSFER), ("gas", TRANSFER), ("litigation", DECLINE), ("military", DECLINE))
REACHED = np.stack([np.linspace(5, 1, len(SHARES)), np.linspace(3, 0, len(SHARES))], axis=1).astype(np.float32)
OUTSIDE = Outside(destinations=DESTINATIONS, reached=REACHED)


def heads(*readings):
    """Margins of readings, each as what `beyond` says (none, transfer, decline) and what `outside` says (none, ...)."""
    beyond, outside = zip(*readings, strict=True)
    return {"beyond": np.array(beyond, dtype=np.float32), "outside": np.array(outside, dtype=np.float32)}


def alarms(transfer, decline):
    return {Action.TRANSFER: transfer, Action.DECLINE: decline}


def test_what_can_be_learned_are_the_destinations_of_the_learned_rules():
    found = dict(destinations(CityPack(name="x", title="x", version="1", rules=RULES)))
    assert found == {rule.to: TRANSFER if rule.action is Action.TRANSFER else DECLINE for rule in RULES if rule.learned}
    assert len(found) == 17


def test_a_destination_is_a_column_once_however_many_rules_have_it():
    rules = [
        Rule(code=f"r{at}", action=Action.TRANSFER, to=to, learned=True) for at, to in enumerate(["gas", "110", "gas"])
    ]
    silent = Rule(code="said", action=Action.TRANSFER, to="119", words=(("着火",),))
    pack = CityPack(name="x", title="x", version="1", rules=(*rules, silent))
    assert destinations(pack) == (("gas", TRANSFER), ("110", TRANSFER))


def test_ordinary_appeals_are_the_first_class():
    assert BEYOND == (ORDINARY, "transfer", "decline")


def test_an_alarm_is_what_beyond_says_and_what_its_likeliest_destination_says():
    margins = heads(([9, 1, 2], [9, 0.5, 0.25, -1, -2]), ([0, -1, 0], [0, -3, 4, 2, 1]))
    np.testing.assert_allclose(OUTSIDE.alarms(margins), [[1.5, 1], [3, 2]])


@pytest.mark.parametrize(
    ("beyond", "outside", "like"),
    [
        ([0, 1, -9], [0, 1, 0, 5, 5], ("110",)),
        ([0, 1, -9], [0, 0, 1, 5, 5], ("gas",)),
        ([0, -9, 1], [0, 5, 5, 0, 1], ("military",)),
        ([0, -9, 1], [0, 5, 5, 1, 0], ("litigation",)),
        ([0, 1, 1], [0, 0, 1, 1, 0], ("gas", "litigation")),
        ([0, 0.5, 0.5], [0, 1, 1, 1, 1], ()),
        ([0, 1, -9], [0, 1, 1, 0, 0], ("110",)),
    ],
)
def test_what_raises_an_alarm_is_like_its_likeliest_destination(beyond, outside, like):
    assert OUTSIDE.like(heads((beyond, outside)), np.array([2, 2], dtype=np.float32)) == [like]


def test_each_reading_is_told_by_itself():
    one, other, neither = ([0, 5, 0], [0, 5, 0, 0, 0]), ([0, 0, 5], [0, 0, 0, 5, 0]), ([0, 0, 0], [0, 0, 0, 0, 0])
    thresholds = np.array([4, 4], dtype=np.float32)
    assert OUTSIDE.like(heads(one, neither, other), thresholds) == [("110",), (), ("litigation",)]


def test_no_readings_are_like_nothing():
    margins = {"beyond": np.zeros((0, 3), dtype=np.float32), "outside": np.zeros((0, 5), dtype=np.float32)}
    assert OUTSIDE.like(margins, np.zeros(2, dtype=np.float32)) == []


@pytest.mark.parametrize("destined", [DESTINATIONS[:2], DESTINATIONS[2:]])
def test_where_only_numbers_or_only_reasons_are_learned_the_others_raise_no_alarm(destined):
    outside = Outside(destinations=destined, reached=REACHED)
    found = outside.like(heads(([0, 9, 9], [0, 9, 9])), np.array([2, 2], dtype=np.float32))
    assert found == [(destined[0][0],)]


def test_a_share_that_was_kept_is_looked_up():
    found = OUTSIDE.thresholds(alarms(float(SHARES[24]), float(SHARES[4])))
    np.testing.assert_array_equal(found, [REACHED[24, 0], REACHED[4, 1]])


def test_every_share_that_a_city_may_write_is_found():
    for row, share in enumerate(range(1, 51)):
        assert OUTSIDE.thresholds(alarms(share / 1_000, 0.05)).tolist() == [REACHED[row, 0], REACHED[-1, 1]]


def test_a_share_between_two_is_kept_by_the_stricter_one():
    assert OUTSIDE.thresholds(alarms(0.0255, 0.0011)).tolist() == [REACHED[24, 0], REACHED[0, 1]]


def test_who_allows_no_false_alarm_gets_none():
    thresholds = OUTSIDE.thresholds(alarms(0.0, 0.0009))
    assert thresholds.tolist() == [np.inf, np.inf]
    assert OUTSIDE.like(heads(([0, 1e30, 1e30], [0, 1e30, 1e30, 1e30, 1e30])), thresholds) == [()]


@given(st.integers(0, 2**32 - 1), st.integers(50, 3_000), st.sampled_from([0.001, 0.005, 0.025, 0.05]))
def test_no_more_ordinary_appeals_than_allowed_raise_an_alarm(seed, count, share):
    ordinary = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    outside = Outside(destinations=DESTINATIONS, reached=reached_by(ordinary))
    raised = ordinary >= outside.thresholds(alarms(share, share))
    # The highest of the appeals is at its own threshold, however few there are.
    assert (raised.sum(axis=0) <= share * count + 1).all()
    if share * count >= 2:
        assert (raised.sum(axis=0) >= share * count - 1).all()


def test_what_fewer_appeals_reach_is_higher():
    reached = reached_by(np.random.default_rng(2).normal(size=(5_000, 2)).astype(np.float32))
    assert reached.shape == (len(SHARES), 2)
    assert reached.dtype == np.float32
    assert (np.diff(reached, axis=0) <= 0).all()


@given(
    st.lists(st.floats(-3, 3, width=32), min_size=8, max_size=8), st.floats(-3, 3, width=32), st.floats(0, 2, width=32)
)
def test_a_lower_threshold_never_takes_an_alarm_back(said, threshold, less):
    margins = heads((said[:3], said[3:]))
    strict, loose = (
        OUTSIDE.like(margins, np.array([at, at], dtype=np.float32))[0] for at in (threshold, threshold - less)
    )
    assert set(strict) <= set(loose)
