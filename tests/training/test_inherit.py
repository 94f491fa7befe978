"""Orders of an older topic scheme get the topic of the newest that they would most likely have."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from training.inherit import inherit

# Four matters of 40 orders, each with words of its own; half of the orders are older. The old tree knew two branches.
MATTER = np.repeat(np.arange(4), 40)
OLDER = np.tile([True, False], 80)
WORDS = np.random.default_rng(2).random((160, 8)) * 0.3
WORDS[np.arange(160), MATTER] += 1
MATRIX = csr_matrix(WORDS.astype(np.float32))
TOPIC = np.where(OLDER, -1, MATTER)
OLD_TOPIC = np.where(OLDER, MATTER // 2, -1)
ALL = np.ones(160, dtype=bool)


@pytest.fixture(scope="module")
def inherited():
    return inherit(MATRIX, TOPIC, OLD_TOPIC, ALL, seed=0)


def test_topics_that_were_given_stay_and_count_fully(inherited):
    assert np.array_equal(inherited.topic[~OLDER], MATTER[~OLDER])
    assert (inherited.weight[~OLDER] == 1).all()


def test_most_older_orders_inherit_the_right_topic_and_count_less(inherited):
    heirs = OLDER & (inherited.topic >= 0)
    assert 0.75 <= heirs.sum() / OLDER.sum() <= 0.85
    assert (inherited.topic[heirs] == MATTER[heirs]).all()
    assert (inherited.weight[heirs] < 1).all()


def test_the_unclear_ones_inherit_nothing():
    words = WORDS.copy()
    words[OLDER & (np.arange(160) % 5 == 0)] = 0.15  # they say nothing in particular
    inherited = inherit(csr_matrix(words.astype(np.float32)), TOPIC, OLD_TOPIC, ALL, seed=0)
    assert (inherited.topic[OLDER & (np.arange(160) % 5 == 0)] == -1).all()


@pytest.mark.parametrize(("old", "topic"), [(0, 0), (1, 2)])
def test_the_old_topic_helps_where_words_do_not(old, topic):
    """An order between matter 0 and matter 2, whose old topic always became 0 or 1, or 2 or 3."""
    words = WORDS.copy()
    words[OLDER & (np.arange(160) % 4 == 2)] = 0.15  # less clear than it, so that they inherit nothing and it does
    words = np.vstack([words, np.where(np.isin(np.arange(8), [0, 2]), 0.8, 0.1)])
    rows = csr_matrix(words.astype(np.float32))
    inherited = inherit(rows, np.append(TOPIC, -1), np.append(OLD_TOPIC, old), np.append(ALL, [True]), seed=0)
    assert inherited.topic[-1] == topic


def test_only_the_rows_that_may_be_learned_from_count():
    rows = np.arange(160) % 4 != 1
    inherited = inherit(MATRIX, TOPIC, OLD_TOPIC, rows, seed=0)
    assert (inherited.topic[~rows] == -1).all()
    hidden = np.where(rows, TOPIC, 3)
    assert np.array_equal(inherit(MATRIX, hidden, OLD_TOPIC, rows, seed=0).topic, inherited.topic)


def test_without_older_orders_nothing_is_inherited():
    nobody = np.full(160, -1)
    inherited = inherit(MATRIX, TOPIC, nobody, ALL, seed=0)
    assert np.array_equal(inherited.topic, TOPIC)
    assert (inherited.weight == 1).all()


def test_a_newest_scheme_of_two_topics_is_too_thin_to_inherit_from():
    inherited = inherit(MATRIX, np.where(TOPIC > 1, -1, TOPIC), OLD_TOPIC, ALL, seed=0)
    assert (inherited.topic[OLDER] == -1).all()
