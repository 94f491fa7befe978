"""Arrays in half the size keep three digits, and the best columns come in order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.arrays import best, from_bfloat16, to_bfloat16

finite = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, st.integers(0, 30), elements=finite))
def test_half_the_size_keeps_three_digits(values):
    again = from_bfloat16(to_bfloat16(values))
    assert again.dtype == np.float32
    assert np.all(np.abs(again - values) <= np.abs(values) / 256 + 1e-38)


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 9)), elements=finite), st.integers(1, 12))
def test_the_best_columns_come_in_order(scores, count):
    columns = best(scores, count)
    taken = np.take_along_axis(scores, columns, axis=1)
    assert np.array_equal(taken, -np.sort(-scores, axis=1)[:, :count])
    assert all(len(set(row)) == len(row) for row in columns.tolist())
