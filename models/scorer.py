"""Linear one-against-all classifiers that share one matrix of weights."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from models.features import Matrix

UNSEEN = np.float32(-1.2)  # the margin of a class without rows: a little below what absent classes score


class Scorer:
    """All heads at once: one product of the sparse rows with a contiguous float32 matrix.

    Parameters
    ----------
    heads
        How many classes each head has, in the order of the columns.
    weights
        Shape `(features, classes of all heads)`; a bundle keeps them as bfloat16, which halves it.
    bias
        Shape `(classes of all heads,)`.
    """

    def __init__(self, *, heads: Mapping[str, int], weights: NDArray[np.floating], bias: Floats) -> None:
        self.heads = dict(heads)
        self.weights = np.ascontiguousarray(weights, dtype=np.float32)
        self.bias = bias
        self._columns, start = {}, 0
        for name, size in heads.items():
            self._columns[name] = slice(start, start + size)
            start += size

    def margins(self, rows: Matrix) -> dict[str, Floats]:
        """Signed distances to the boundary, for each head an array `(rows, classes)`."""
        scores = rows @ self.weights + self.bias
        return {name: scores[:, columns] for name, columns in self._columns.items()}
