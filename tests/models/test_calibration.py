"""A probability of 0.9 is right nine times in ten, and a promise holds above its threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from models.arrays import best, pick, softmax
from models.calibration import Calibration, expected_calibration_error, fit_calibration, threshold_for

calibrations = st.builds(Calibration, slope=st.floats(-1, 4), intercept=st.floats(-5, 5), reach=st.floats(0, 1))


def different(scores):
    """Move each score a little, so that no two of a list are the same."""
    return scores + np.arange(scores.shape[1], dtype=np.float32) / 16


score_lists = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(-30, 30).map(float)
).map(different)


@given(score_lists, calibrations)
def test_probabilities_are_probabilities_in_the_order_of_the_scores(scores, calibration):
    probabilities = calibration.probabilities(scores)
    assert np.isfinite(probabilities).all()
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()
    assert (probabilities.sum(axis=1) <= 1 + 1e-6).all()
    ranked = pick(probabilities, best(scores, scores.shape[1]))
    assert (np.diff(ranked, axis=1) <= 1e-7).all()


@given(score_lists, calibrations)
def test_the_first_stays_the_first(scores, calibration):
    first = pick(calibration.probabilities(scores), best(scores, 1))
    assert (first >= calibration.probabilities(scores).max(axis=1, keepdims=True) - 1e-7).all()


def test_two_firsts_share_their_probability():
    scores = np.array([[1.0, 1.0, 0.0]], dtype=np.float32)
    assert Calibration(intercept=2.0).probabilities(scores).sum() <= 1 + 1e-6


def test_without_a_fit_the_shares_of_the_list_are_kept():
    scores = np.array([[2.0, 1.0, -1.0]], dtype=np.float32)
    np.testing.assert_allclose(Calibration().probabilities(scores), softmax(scores), atol=1e-6)


def test_what_is_left_for_units_off_the_list_is_left():
    scores = np.array([[2.0, 1.0, -1.0]], dtype=np.float32)
    first = softmax(scores).max()
    assert Calibration(reach=0.5).probabilities(scores).sum() == pytest.approx(first + 0.5 * (1 - first), abs=1e-6)


def drawn(rows, *, sharpness, seed):
    """Lists whose right candidate is drawn by their softmax, and scores that are `sharpness` times too sure."""
    random = np.random.default_rng(seed)
    scores = random.normal(scale=1.5, size=(rows, 5)).astype(np.float32)
    chosen = np.array([random.choice(5, p=share / share.sum()) for share in softmax(scores).astype(float)])
    return sharpness * scores, np.eye(5, dtype=bool)[chosen]


@pytest.mark.parametrize("sharpness", [0.4, 1.0, 4.0])
def test_a_fit_makes_probabilities_hold_on_rows_that_it_has_not_seen(sharpness):
    calibration = fit_calibration(*drawn(4_000, sharpness=sharpness, seed=1), np.ones(4_000))
    scores, right = drawn(4_000, sharpness=sharpness, seed=2)
    probability = calibration.probabilities(scores).max(axis=1)
    hit = pick(right, best(scores, 1))[:, 0]
    assert expected_calibration_error(probability, hit) < 0.05
    assert probability.mean() == pytest.approx(hit.mean(), abs=0.03)


def test_the_reach_is_how_often_the_right_one_is_listed_when_it_is_not_first():
    scores = np.tile(np.array([3.0, 2.0, 1.0], dtype=np.float32), (100, 1))
    right = np.zeros((100, 3), dtype=bool)
    right[:50, 0] = right[50:75, 1] = True
    assert fit_calibration(scores, right, np.ones(100)).reach == pytest.approx(26 / 52)


def test_a_list_that_stands_for_three_counts_as_three():
    scores, right = drawn(300, sharpness=2.0, seed=3)
    times = np.random.default_rng(3).integers(1, 4, 300)
    once = fit_calibration(scores, right, times)
    often = fit_calibration(np.repeat(scores, times, axis=0), np.repeat(right, times, axis=0), np.ones(times.sum()))
    assert (once.slope, once.intercept) == pytest.approx((often.slope, often.intercept), abs=1e-3)
    assert once.reach == pytest.approx(often.reach)


def test_rows_that_are_all_right_or_all_wrong_can_be_fitted():
    scores = np.tile(np.array([2.0, 0.0], dtype=np.float32), (30, 1))
    for first in (True, False):
        right = np.tile(np.array([first, not first]), (30, 1))
        probability = fit_calibration(scores, right, np.ones(30)).probabilities(scores)[0, 0]
        assert probability > 0.9 if first else probability <= 0.5 + 1e-6


def test_the_error_of_perfectly_calibrated_bins_is_zero():
    probability = np.repeat([0.2, 0.5, 0.8], 10)
    right = np.concatenate([np.arange(10) < count for count in (2, 5, 8)])
    assert expected_calibration_error(probability, right) == pytest.approx(0, abs=1e-9)


def test_the_error_is_the_gap_weighed_by_rows():
    probability = np.array([0.9, 0.9, 0.9, 0.1])
    right = np.array([True, False, False, False])
    assert expected_calibration_error(probability, right, bins=2) == pytest.approx((abs(1 - 2.7) + 0.1) / 4)
    assert expected_calibration_error(np.array([1.0]), np.array([True])) == 0
    assert expected_calibration_error(np.array([]), np.array([], dtype=bool)) == 0


odds_and_hits = st.lists(st.tuples(st.integers(0, 40), st.booleans()), min_size=1, max_size=60)


@given(odds_and_hits, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_above_the_threshold_the_promise_holds_and_no_lower_one_would_do(rows, precision):
    probability = np.array([odds / 40 for odds, _ in rows])
    right = np.array([hit for _, hit in rows])
    threshold = threshold_for(precision, probability, right)
    kept = [floor for floor in probability if right[probability >= floor].mean() >= precision]
    assert threshold == (min(kept) if kept else 1.01)


def test_the_promise_holds_also_where_rows_are_equally_sure():
    probability, right = np.full(4, 0.9), np.array([True, False, False, False])
    threshold = threshold_for(0.95, probability, right)
    assert threshold > 0.9


def test_where_no_promise_can_be_kept_nothing_is_above_the_threshold():
    assert threshold_for(0.95, np.array([0.99, 0.5]), np.array([False, True])) > 1
    assert threshold_for(0.95, np.array([]), np.array([], dtype=bool)) > 1
