"""A row's vector is the mean direction of its words; what the encoder does not know has none."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from models.encoder import Encoder, with_vectors

# Two columns of characters, three of words: 停水, 断水, 路灯.
TABLE = np.array([[3, 0], [1, 1], [0, 2]], dtype=np.float64)
ROWS = csr_matrix(
    np.array(
        [
            [1, 0, 1, 0, 0],
            [0, 1, 0, 0.5, 0],
            [0, 1, 0.6, 0, 0.9],
            [1, 1, 0, 0, 0],
            [0, 0, 0, 0, 0],
        ],
        dtype=np.float32,
    )
)
ENCODER = Encoder(TABLE)


def test_a_vector_points_where_the_words_of_its_row_point():
    half = np.sqrt(0.5)
    assert ENCODER.embed(ROWS[:3]) == pytest.approx(np.array([[1, 0], [half, half], [half, half]]), abs=1e-6)


def test_vectors_have_length_1_whatever_the_row_weighs():
    random = np.random.default_rng(0)
    encoder = Encoder(random.standard_normal((40, 8)))
    rows = csr_matrix((random.random((30, 60)) * (random.random((30, 60)) < 0.3)).astype(np.float32))
    for scale in (1e-3, 1, 1e3):
        vectors = encoder.embed(rows * np.float32(scale))
        assert vectors.shape == (30, 8)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(30), abs=1e-5)


def test_a_row_without_known_words_is_zeros():
    assert ENCODER.embed(ROWS[3:]).tolist() == [[0, 0], [0, 0]]


def test_no_rows_have_no_vectors():
    assert ENCODER.embed(ROWS[:0]).shape == (0, 2)


def test_without_an_encoder_the_rows_are_themselves():
    assert with_vectors(ROWS, None) is ROWS


def test_vectors_stand_behind_the_features_and_weigh_less_than_they():
    both = with_vectors(ROWS, ENCODER)
    assert both.shape == (5, 7)
    assert both.dtype == np.float32
    assert (both[:, :5] != ROWS).nnz == 0
    dense = both[:, 5:].toarray()
    assert dense == pytest.approx(0.7 * ENCODER.embed(ROWS), abs=1e-6)
    assert both[3:, 5:].nnz == 0
