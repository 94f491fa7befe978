"""The ranker learns which features of a candidate speak for it, the same way every time."""

import numpy as np
import pytest

from models.arrays import softmax
from models.ranker import Ranker, _slopes, fit_ranker

RANDOM = np.random.default_rng(11)
FEATURES = RANDOM.standard_normal((300, 6, 4)).astype(np.float32)
PROMISE = FEATURES[..., 0] - 0.5 * FEATURES[..., 2]
RIGHT = np.eye(6, dtype=bool)[PROMISE.argmax(axis=1)]
NEW = RANDOM.standard_normal((80, 6, 4)).astype(np.float32)
PARTS = ("mean", "scale", "inner", "bias", "outer")


@pytest.fixture(scope="module")
def ranker():
    return fit_ranker(FEATURES, RIGHT, seed=5)


def test_a_toy_ordering_is_learned(ranker):
    best = (NEW[..., 0] - 0.5 * NEW[..., 2]).argmax(axis=1)
    assert (ranker.score(NEW).argmax(axis=1) == best).mean() > 0.9


def test_what_depends_on_two_features_together_is_learned():
    """No line does it: the right one is where both features agree."""
    features = RANDOM.choice(np.array([-1, 1], dtype=np.float32), size=(1_000, 4, 2))
    agree = features[..., 0] * features[..., 1] > 0
    features, right = features[agree.sum(axis=1) == 1], agree[agree.sum(axis=1) == 1]
    scores = fit_ranker(features, right, seed=1).score(features)
    assert (scores.argmax(axis=1) == right.argmax(axis=1)).mean() > 0.95


def test_slopes_are_those_of_the_loss():
    """Against differences of the cross-entropy, weight by weight."""
    random = np.random.default_rng(7)
    inputs, targets = random.standard_normal((5, 4, 3)), np.eye(4)[random.integers(0, 4, size=5)]
    weights = [random.standard_normal(shape) for shape in ((3, 6), (6,), (6,))]

    def loss():
        inner, bias, outer = weights
        return -(targets * np.log(softmax(np.maximum(inputs @ inner + bias, 0) @ outer))).sum() / len(inputs)

    for slope, weight in zip(_slopes(inputs, targets, weights), weights, strict=True):
        for at in np.ndindex(weight.shape):
            kept = weight[at]
            weight[at] = kept + 1e-5
            above = loss()
            weight[at] = kept - 1e-5
            below = loss()
            weight[at] = kept
            assert slope[at] == pytest.approx((above - below) / 2e-5, abs=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(ranker):
    again, other = fit_ranker(FEATURES, RIGHT, seed=5), fit_ranker(FEATURES, RIGHT, seed=6)
    assert all(np.array_equal(getattr(ranker, part), getattr(again, part)) for part in PARTS)
    assert not np.array_equal(ranker.inner, other.inner)


def test_fitting_leaves_its_input_alone():
    features, right = FEATURES.copy(), RIGHT.copy()
    fit_ranker(features, right, seed=0)
    assert np.array_equal(features, FEATURES)
    assert np.array_equal(right, RIGHT)


def test_a_batch_scores_as_one_by_one(ranker):
    alone = np.concatenate([ranker.score(NEW[at : at + 1]) for at in range(len(NEW))])
    np.testing.assert_allclose(ranker.score(NEW), alone, atol=1e-5)


def test_the_order_of_lists_and_of_candidates_does_not_matter(ranker):
    scores = ranker.score(NEW)
    np.testing.assert_allclose(ranker.score(NEW[::-1])[::-1], scores, atol=1e-5)
    np.testing.assert_allclose(ranker.score(NEW[:, ::-1])[:, ::-1], scores, atol=1e-5)


def test_no_lists_have_no_scores(ranker):
    assert ranker.score(NEW[:0]).shape == (0, 6)


def test_a_feature_beyond_what_was_seen_does_not_decide_alone(ranker):
    far, farther = NEW.copy(), NEW.copy()
    far[:, :, 1], farther[:, :, 1] = 1e3, 1e9
    assert np.array_equal(ranker.score(far), ranker.score(farther))
    assert np.isfinite(ranker.score(farther)).all()


def test_a_feature_that_never_varies_is_no_division_by_zero():
    features = FEATURES.copy()
    features[..., 3] = 7.0
    assert np.isfinite(fit_ranker(features, RIGHT, seed=0).score(features)).all()


def test_lists_without_the_right_one_teach_nothing():
    """Weights as they were drawn: the same for any features of that shape."""
    nothing = np.zeros_like(RIGHT)
    one, other = fit_ranker(FEATURES, nothing, seed=2), fit_ranker(FEATURES + 1, nothing, seed=2)
    assert isinstance(one, Ranker)
    assert np.array_equal(one.inner, other.inner)
    assert np.array_equal(one.outer, other.outer)
