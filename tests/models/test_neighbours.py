"""Precedent: whoever closed the orders most like this one."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.features import Features
from models.neighbours import Neighbours
from tests import city
from triage.text import Reader, Segmenter

CLOSED = city.closures(120)
READER = Reader(Segmenter())
READINGS = READER.read_many([closure.text for closure in CLOSED])
FEATURES = Features.fit(READINGS)
ROWS = FEATURES.transform(READINGS)
UNITS = sorted({closure.unit for closure in CLOSED})
LABELS = np.array([UNITS.index(closure.unit) for closure in CLOSED], dtype=np.int32)
FITTED = Neighbours.fit(ROWS, LABELS, len(UNITS))


def test_votes_share_out_one_or_nothing():
    shares, nearest = FITTED.votes(ROWS)
    assert shares.shape == nearest.shape == (len(CLOSED), len(UNITS))
    assert shares.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (shares >= 0).all()
    assert nearest.max() <= 1 + 1e-5


def test_a_row_of_nothing_has_no_votes_and_no_nan():
    shares, nearest = FITTED.votes(csr_matrix((2, len(FEATURES)), dtype=np.float32))
    assert not shares.any()
    assert not nearest.any()


def test_an_order_told_again_is_its_own_nearest_neighbour():
    few = ROWS[:12]  # so few that no feature is common
    _, nearest = Neighbours.fit(few, np.arange(12, dtype=np.int32), 12).votes(few)
    assert np.diag(nearest) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(nearest.argmax(axis=1), np.arange(12))
    assert nearest[~np.eye(12, dtype=bool)].max() < 0.99


def test_a_new_order_goes_where_orders_like_it_went():
    new = FEATURES.transform(READER.read_many(["石鼓镇梧桐里自来水水压太低，三楼以上没有水，打水务热线没人接"]))
    shares, _ = FITTED.votes(new)
    assert UNITS[shares[0].argmax()] == city.WATER


def test_a_unit_that_closed_nothing_alike_gets_no_vote():
    rows = csr_matrix(np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32))
    shares, nearest = Neighbours.fit(rows, np.array([0, 2], dtype=np.int32), 4).votes(rows[:1])
    assert shares[0].tolist() == pytest.approx([1, 0, 0, 0])
    assert nearest[0].tolist() == pytest.approx([1, 0, 0, 0])


def test_the_nearer_half_counts_more_than_its_share_of_similarity():
    closed = csr_matrix(np.array([[1, 0], [0.6, 0.8]], dtype=np.float32))
    shares, nearest = Neighbours.fit(closed, np.array([0, 1], dtype=np.int32), 2).votes(closed[:1])
    assert nearest[0].tolist() == pytest.approx([1, 0.6])
    assert shares[0].tolist() == pytest.approx([1 / 1.36, 0.36 / 1.36])


def test_only_the_thirty_nearest_vote():
    alike = np.linspace(0.5, 1, 40, dtype=np.float32)
    closed = np.zeros((40, 42), dtype=np.float32)
    closed[:, 0] = alike
    closed[np.arange(40), np.arange(2, 42)] = np.sqrt(1 - alike**2)
    index = Neighbours(index=csr_matrix(closed.T), labels=np.arange(40, dtype=np.int32), count=40)
    asked = csr_matrix(np.eye(1, 42, dtype=np.float32))
    shares, _ = index.votes(asked)
    assert np.flatnonzero(shares[0]).tolist() == list(range(10, 40))


def test_common_features_make_no_neighbours():
    both = np.ones((40, 1), dtype=np.float32)
    rows = csr_matrix(np.hstack([both, np.eye(40, dtype=np.float32)]))
    _, nearest = Neighbours.fit(rows, np.arange(40, dtype=np.int32), 40).votes(rows)
    assert np.count_nonzero(nearest) == 40


def test_a_batch_is_the_same_as_one_by_one():
    together = FITTED.votes(ROWS[:15])
    for at in range(15):
        for many, one in zip(together, FITTED.votes(ROWS[at]), strict=True):
            np.testing.assert_allclose(many[at], one[0], atol=1e-6)
