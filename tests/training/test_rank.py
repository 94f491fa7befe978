"""A ranking is fitted on all lists, and judged and calibrated by rows that its trial had not seen."""

import numpy as np
import pytest

from training.rank import Lists, rank_ahead, rank_crosswise, together

HALVES = np.arange(400) % 2


def lists(count=400, *, noise=0.3, seed=8):
    """Lists of eight candidates; the first feature tells the right one, as far as the noise lets it."""
    random = np.random.default_rng(seed)
    features = random.standard_normal((count, 8, 3)).astype(np.float32)
    truth = features[..., 0] + noise * random.standard_normal((count, 8))
    return listed(np.arange(count), features, np.eye(8, dtype=bool)[truth.argmax(axis=1)])


def listed(rows, features, right):
    """Lists of the units 10 to 17, whose first topic is the number of the row."""
    units = np.tile(np.arange(10, 18), (len(rows), 1))
    each = np.ones(len(rows))
    return Lists(rows=rows, units=units, features=features, right=right, topic=np.asarray(rows), weight=each)


@pytest.fixture(scope="module")
def easy():
    return lists()


def test_lists_of_some_rows_are_kept(easy):
    mixed = listed(easy.rows[::-1], easy.features[::-1], easy.right[::-1])
    wanted = np.zeros(400, dtype=bool)
    wanted[[3, 7]] = True
    kept = mixed.of(wanted)
    assert kept.rows.tolist() == [7, 3]
    assert np.array_equal(kept.features[0], easy.features[7])
    assert np.array_equal(kept.right[1], easy.right[3])


def test_lists_of_different_rows_are_joined(easy):
    half = HALVES == 0
    joined = together([easy.of(half), easy.of(~half)])
    assert sorted(joined.rows.tolist()) == list(range(400))
    assert np.array_equal(joined.features[200], easy.features[1])


def test_figures_are_those_of_rows_that_were_not_learned_from(easy):
    """Where the halves teach the opposite, each is misjudged by what learned from the other."""
    turned = np.where(HALVES, -1, 1)[:, None, None].astype(np.float32)
    opposite = listed(easy.rows, easy.features * turned, easy.right)
    assert rank_crosswise(easy, halves=HALVES, seed=0).metrics["top1"] > 0.6
    assert rank_crosswise(opposite, halves=HALVES, seed=0).metrics["top1"] < 0.05


def test_the_figures_are_counted_over_the_half_that_calibrated_nothing(easy):
    metrics = rank_crosswise(easy, halves=HALVES, seed=0).metrics
    assert metrics["rows"] == 200
    assert metrics["top1"] <= metrics["top3"] <= metrics["top5"] <= 1
    assert 0 <= metrics["coverage_at_95"] <= 1
    assert metrics["calibration_error"] < 0.15


def test_the_newest_rows_try_what_the_older_ones_taught_and_calibrated(easy):
    ahead = lists(300, seed=9)
    ahead = listed(ahead.rows + 400, ahead.features, ahead.right)
    older = np.arange(700) < 400
    halves = np.arange(700) % 2
    ranked = rank_ahead(easy, ahead, older=older, halves=halves, seed=0)
    assert ranked.metrics["rows"] == 300
    assert ranked.metrics["top1"] > 0.6
    probability = ranked.ranking.probabilities(ahead.features)
    sure, hit = probability.max(axis=1), ahead.right[np.arange(300), probability.argmax(axis=1)]
    assert sure.mean() == pytest.approx(hit.mean(), abs=0.08)


def test_the_same_seed_gives_the_same_ranking(easy):
    one, two = (rank_crosswise(easy, halves=HALVES, seed=3) for _ in range(2))
    assert np.array_equal(one.ranking.ranker.inner, two.ranking.ranker.inner)
    assert np.array_equal(one.tried.sure, two.tried.sure)


def test_what_was_tried_is_kept_for_the_promises(easy):
    ahead = lists(300, seed=9)
    ahead = listed(ahead.rows + 400, ahead.features, ahead.right)
    ranked = rank_ahead(easy, ahead, older=np.arange(700) < 400, halves=np.arange(700) % 2, seed=0)
    tried = ranked.tried
    assert tried.right.mean() == pytest.approx(ranked.metrics["top1"], abs=1e-4)
    assert set(tried.unit.tolist()) <= set(range(10, 18))
    assert tried.topic.tolist() == (np.arange(300) + 400).tolist()
    assert (tried.owned[tried.right] == tried.sure[tried.right]).all()
    assert (tried.owned <= tried.sure).all()


def test_what_calibrates_does_not_try(easy):
    """The other half is ten times as noisy: it spoils what was tried, and leaves the calibration as it was."""
    half = HALVES == 1
    noisy = easy.features.copy()
    noisy[half] = lists(400, noise=9.0, seed=5).features[half]
    calm = rank_crosswise(easy, halves=HALVES, seed=0)
    spoiled = rank_crosswise(listed(easy.rows, noisy, easy.right), halves=HALVES, seed=0)
    assert spoiled.metrics["top1"] < calm.metrics["top1"] - 0.2
