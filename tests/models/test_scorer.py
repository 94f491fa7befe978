"""All heads share one matrix; each gets its own columns back."""

import numpy as np
from scipy.sparse import csr_matrix

from models.scorer import Scorer

RANDOM = np.random.default_rng(3)
WEIGHTS = RANDOM.standard_normal((7, 6)).astype(np.float16)
BIAS = RANDOM.standard_normal(6).astype(np.float32)
SCORER = Scorer(heads={"unit": 3, "duty": 1, "area": 2}, weights=WEIGHTS, bias=BIAS)
DENSE = (RANDOM.random((4, 7)) * (RANDOM.random((4, 7)) > 0.5)).astype(np.float32)


def test_margins_are_the_product_of_rows_and_weights_split_by_head():
    margins = SCORER.margins(csr_matrix(DENSE))
    expected = DENSE @ WEIGHTS.astype(np.float32) + BIAS
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
    scorer = Scorer(heads={"unit": 6, "area": 0}, weights=WEIGHTS, bias=BIAS)
    assert scorer.margins(csr_matrix(DENSE))["area"].shape == (4, 0)


def test_margins_are_single_precision():
    assert SCORER.margins(csr_matrix(DENSE))["unit"].dtype == np.float32
