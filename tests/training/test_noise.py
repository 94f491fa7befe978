"""Doubtful labels: flipped ones come first, and the model, the neighbours and what is usual each have their say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_val_predict
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier

from tests.city import MATTERS, closures
from training.judgements import Judgements
from training.noise import doubtful, doubts
from triage.domain import Closure

NAMES = ("水务局", "电力局", "城管局")


def table(*rows):
    return np.array(rows, dtype=float)


def test_flipped_labels_come_first():
    """Of 1,200 orders 5 % are given to another unit at random: the first 5 % of the ranking hold most of these."""
    matter = {one.topic: one for one in MATTERS}
    rows = closures(1_200)
    names, right = np.unique([matter[row.topic].unit(row.street) for row in rows], return_inverse=True)
    random = np.random.default_rng(5)
    flipped = random.choice(len(rows), 60, replace=False)
    labels = right.copy()
    labels[flipped] = (labels[flipped] + random.integers(1, len(names), 60)) % len(names)
    said = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True).fit_transform(
        [row.text for row in rows]
    )
    told, voted = (
        cross_val_predict(model, said, labels, cv=3, method="predict_proba")
        for model in (MultinomialNB(alpha=0.05), KNeighborsClassifier(10, metric="cosine"))
    )
    first = doubtful([row.id for row in rows], labels, names, told, votes=voted, most=60)
    wrong = {rows[at].id for at in flipped}
    assert sum(doubt.id in wrong for doubt in first) >= 45
    truth = {row.id: names[at] for row, at in zip(rows, right, strict=True)}
    assert sum(doubt.says == truth[doubt.id] for doubt in first if doubt.id in wrong) >= 40


def test_a_doubt_tells_what_the_model_and_similar_orders_say():
    told = table([0.1, 0.9, 0], [0.8, 0.2, 0], [0.1, 0.9, 0])
    voted = table([0.3, 0.6, 0.1], [1, 0, 0], [0, 1, 0])
    (first,) = doubtful(["a", "b", "c"], np.array([0, 0, 1]), NAMES, told, votes=voted, most=1)
    assert (first.id, first.label, first.says, first.confident) == ("a", "水务局", "电力局", True)
    assert (first.given, first.probability, first.vote_label, first.vote_says) == (0.1, 0.9, 0.3, 0.6)


def test_similar_orders_decide_where_the_model_is_undecided():
    told = table(*[[0.5, 0.5, 0]] * 3)
    voted = table([0.5, 0.5, 0], [0.1, 0.9, 0], [0.9, 0.1, 0])
    found = doubtful(["a", "b", "c"], np.zeros(3, dtype=int), NAMES, told, votes=voted)
    assert [doubt.id for doubt in found] == ["b", "a", "c"]


def test_a_label_that_is_usually_told_with_little_confidence_is_not_doubted_for_that():
    """The first unit is usually sure, the second never: 0.4 is doubtful of the first and good of the second."""
    told = table(*[[0.95, 0.05, 0]] * 30, *[[0.6, 0.4, 0]] * 30, [0.4, 0.6, 0])
    found = doubtful([str(at) for at in range(61)], np.array([0] * 30 + [1] * 30 + [0]), NAMES, told)
    assert (found[0].id, found[0].confident) == ("60", True)
    assert not any(doubt.confident for doubt in found[1:])


def test_every_labelled_order_is_ranked_and_one_without_a_label_passed_over():
    told = table([0.1, 0.9, 0], [0.9, 0.1, 0], [0, 0, 1])
    found = doubtful(["a", "b", "c"], np.array([0, -1, 2]), NAMES, told)
    assert [doubt.id for doubt in found] == ["a", "c"]
    assert found[1].says == "城管局"  # nothing else was even possible
    assert doubtful([], np.zeros(0, dtype=int), NAMES, np.zeros((0, 3))) == ()


PROBABILITY = st.sampled_from([0.0, 0.1, 0.25, 0.6])


@given(st.lists(st.tuples(st.integers(0, 2), PROBABILITY, PROBABILITY, PROBABILITY), min_size=1, max_size=20))
def test_sparse_probabilities_rank_as_dense_ones_and_the_doubts_fall(rows):
    labels, told = np.array([row[0] for row in rows]), table(*[row[1:] for row in rows])
    ids = [str(at) for at in range(len(rows))]
    found = doubtful(ids, labels, NAMES, told, votes=told)
    assert found == doubtful(ids, labels, NAMES, csr_matrix(told), votes=csr_matrix(told))
    assert sorted(doubt.id for doubt in found) == sorted(ids)
    order = [(not doubt.confident, -doubt.doubt) for doubt in found]
    assert order == sorted(order)


@pytest.mark.parametrize("column", [0, 1, 2])
def test_an_order_is_the_less_doubtful_the_more_its_label_is_given(column):
    told = np.full((2, 3), 0.2)
    told[1, column] = 0.6
    found = doubtful(["less", "more"], np.array([column] * 2), NAMES, told)
    assert [doubt.id for doubt in found] == ["less", "more"]


@pytest.mark.parametrize("told", [True, False])
def test_orders_that_a_router_was_tried_on_are_ranked_by_what_it_told(told):
    rows = [Closure(id=str(at), text="停水", unit="水务局") for at in range(6)]
    named = [["水务局", "电力局"]] * 5 + [["电力局", "水务局"]]
    judged = Judgements.of_peer(named, np.full(6, 0.9), rows)
    chances = np.tile([0.9, 0.1, 0, 0, 0], (6, 1)) if told else None
    first, *rest = doubts(replace(judged, chances=chances))
    assert (first.id, first.label, first.says, first.probability) == ("5", "水务局", "电力局", 0.9)
    assert first.given == (0.1 if told else 0)
    assert first.confident
    assert not any(one.confident for one in rest)
    assert len(doubts(judged, most=2)) == 2
