"""A ranking is fitted on all lists, and judged and calibrated by rows that its trial had not seen."""

import numpy as np
import pytest

from training.rank import Lists, calibrated, rank_ahead, rank_crosswise, together

HALVES = np.arange(400) % 2


def lists(count=400, *, noise=0.3, seed=8):
    """Lists of eight candidates; the first feature tells the right one, as far as the noise lets it."""
    random = np.random.default_rng(seed)
    features = random.standard_normal((count, 8, 3)).astype(np.float32)
    truth = features[..., 0] + noise * random.standard_normal((count, 8))
    return Lists(rows=np.arange(count), features=features, right=np.eye(8, dtype=bool)[truth.argmax(axis=1)])


@pytest.fixture(scope="module")
def easy():
    return lists()


def test_lists_of_some_rows_are_kept(easy):
    mixed = Lists(rows=easy.rows[::-1], features=easy.features[::-1], right=easy.right[::-1])
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
    opposite = Lists(rows=easy.rows, features=easy.features * turned, right=easy.right)
    assert rank_crosswise(easy, halves=HALVES, seed=0).tried.metrics["top1"] > 0.6
    assert rank_crosswise(opposite, halves=HALVES, seed=0).tried.metrics["top1"] < 0.05


def test_the_figures_are_counted_over_every_list(easy):
    metrics = rank_crosswise(easy, halves=HALVES, seed=0).tried.metrics
    assert metrics["rows"] == 400
    assert metrics["top1"] <= metrics["top3"] <= metrics["top5"] <= 1
    assert 0 <= metrics["coverage_at_95"] <= 1
    assert metrics["calibration_error"] < 0.15


def test_the_newest_rows_calibrate_what_the_older_ones_taught(easy):
    ahead = lists(300, seed=9)
    ahead = Lists(rows=ahead.rows + 400, features=ahead.features, right=ahead.right)
    older = np.arange(700) < 400
    ranked = rank_ahead(easy, ahead, older=older, seed=0)
    assert ranked.tried.metrics["rows"] == 300
    assert ranked.tried.metrics["top1"] > 0.6
    probability = ranked.ranking.probabilities(ahead.features)
    sure, hit = probability.max(axis=1), ahead.right[np.arange(300), probability.argmax(axis=1)]
    assert sure.mean() == pytest.approx(hit.mean(), abs=0.08)


def test_the_same_seed_gives_the_same_ranking(easy):
    one, two = (rank_crosswise(easy, halves=HALVES, seed=3) for _ in range(2))
    assert np.array_equal(one.ranking.ranker.inner, two.ranking.ranker.inner)
    assert one.tried == two.tried


def scored(count, hits):
    """Scores that are all different, surest first; `hits` of the lists, the surest ones, have the right one first."""
    sure = np.linspace(6, 1, count, dtype=np.float32)
    scores = np.stack([sure, np.zeros_like(sure)], axis=1)
    first = np.arange(count) < hits
    return scores, np.stack([first, ~first], axis=1)


def test_a_promise_is_made_where_it_held():
    scores, right = scored(400, 200)
    found = calibrated(scores, right)
    sure = found.calibration.probabilities(scores)[:, 0]
    assert right[:, 0][sure >= found.dispatch_at].mean() >= 0.95
    assert found.metrics["coverage_at_95"] == pytest.approx(200 / 0.95 / 400, abs=0.005)
    assert found.metrics["top1"] == 0.5


def test_few_rows_make_no_promise():
    assert calibrated(*scored(400, 40)).dispatch_at > 1
    assert calibrated(*scored(60, 60)).dispatch_at <= 1
    assert calibrated(*scored(300, 0)).dispatch_at > 1
