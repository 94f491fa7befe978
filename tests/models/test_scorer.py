"""All heads share one matrix; each gets its own columns back."""

import numpy as np
from scipy.sparse import csr_matrix

from models.arrays import from_bfloat16, to_bfloat16
from models.scorer import Scorer

RANDOM = np.random.default_rng(3)
WEIGHTS = to_bfloat16(RANDOM.standard_normal((7, 6)).astype(np.float32))
BIAS = RANDOM.standard_normal(6).astype(np.float32)
SCORER = Scorer(heads={"unit": 3, "duty": 1, "area": 2}, weights=WEIGHTS, columns=np.arange(6), bias=BIAS)
DENSE = (RANDOM.random((4, 7)) * (RANDOM.random((4, 7)) > 0.5)).astype(np.float32)


def test_margins_are_the_product_of_rows_and_weights_split_by_head():
    margins = SCORER.margins(csr_matrix(DENSE))
    expected = DENSE @ from_bfloat16(WEIGHTS) + BIAS
    assert list(margins) == ["unit", "duty", "area"]
    assert [margin.shape for margin in margins.values()] == [(4, 3), (4, 1), (4, 2)]
    np.testing.assert_allclose(np.hstack(list(margins.values())), expected, rtol=1e-5)


def test_a_batch_is_the_same_as_one_by_one():
    together = SCORER.margins(csr_matrix(DENSE))["unit"]
    alone = [SCORER.margins(csr_matrix(DENSE[at : at + 1]))["unit"][0] for at in range(4)]
    np.testing.assert_allclose(together, alone, rtol=1e-6)


def test_a_row_of_nothing_scores_the_bias():
    assert np.array_equal(SCORER.margins(csr_matrix((1, 7), dtype=np.float32))["area"][0], BIAS[4:])


def test_a_head_without_classes_has_no_columns():
    scorer = Scorer(heads={"unit": 6, "area": 0}, weights=WEIGHTS, columns=np.arange(6), bias=BIAS)
    assert scorer.margins(csr_matrix(DENSE))["area"].shape == (4, 0)


def test_margins_are_single_precision():
    assert SCORER.margins(csr_matrix(DENSE))["unit"].dtype == np.float32


def test_a_class_without_weights_scores_its_bias():
    few = Scorer(heads={"unit": 3, "area": 2}, weights=WEIGHTS[:, :2], columns=np.array([1, 3]), bias=BIAS[:5])
    margins = few.margins(csr_matrix(DENSE))
    np.testing.assert_allclose(margins["unit"][:, [0, 2]], np.repeat(BIAS[None, [0, 2]], 4, axis=0))
    expected = DENSE @ from_bfloat16(WEIGHTS[:, :2]) + BIAS[[1, 3]]
    np.testing.assert_allclose(np.stack([margins["unit"][:, 1], margins["area"][:, 0]], axis=1), expected, rtol=1e-5)
