"""Linear one-against-all classifiers that share one matrix of weights."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.arrays import Floats, from_bfloat16
from models.features import Matrix

UNSEEN = np.float32(-1.2)  # the margin of a class without rows: a little below what absent classes score


class Scorer:
    """All heads at once: one product of the sparse rows with the weights of the features that they have.

    Classes without rows have no weights and score their bias, so that a city may have a thousand units and few orders.

    Parameters
    ----------
    heads
        How many classes each head has, in the order of the columns.
    weights
        Shape `(features, classes with rows)`; kept as bfloat16, in memory as in the bundle, since a text has few of the
        features, and opening a bundle takes half the time.
    columns
        Where those classes are among the classes of all heads, shape `(classes with rows,)`.
    bias
        Shape `(classes of all heads,)`.
    """

    def __init__(
        self, *, heads: Mapping[str, int], weights: NDArray[np.uint16], columns: NDArray[np.integer], bias: Floats
    ) -> None:
        self.heads = dict(heads)
        self.weights = np.ascontiguousarray(weights)
        self.columns, self.bias = columns, bias
        self._of_head, start = {}, 0
        for name, size in heads.items():
            self._of_head[name] = slice(start, start + size)
            start += size

    def margins(self, rows: Matrix) -> dict[str, Floats]:
        """Signed distances to the boundary, for each head an array `(rows, classes)`."""
        scores = np.repeat(self.bias[None, :], rows.shape[0], axis=0)
        used, at = np.unique(rows.indices, return_inverse=True)
        compact = csr_matrix((rows.data, at, rows.indptr), shape=(rows.shape[0], len(used)))
        scores[:, self.columns] += compact @ from_bfloat16(self.weights[used])
        return {name: scores[:, columns] for name, columns in self._of_head.items()}
