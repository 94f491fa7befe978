"""Linear one-against-all classifiers that share one matrix of weights."""

from collections.abc import Mapping, Sequence

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
        Where those classes are among the classes of all heads, in their order, shape `(classes with rows,)`.
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

    def margins(self, rows: Matrix, heads: Sequence[str] = ()) -> dict[str, Floats]:
        """Signed distances to the boundary, for each head an array `(rows, classes)`; of some heads, if they are named.

        Those that are named must stand one behind the other.
        """
        wanted = {name: self._of_head[name] for name in heads or self._of_head}
        start, stop = min(of.start for of in wanted.values()), max(of.stop for of in wanted.values())
        learned = slice(*np.searchsorted(self.columns, [start, stop]).tolist())
        scores: Floats = np.empty((rows.shape[0], stop - start), dtype=np.float32)
        scores[:] = self.bias[start:stop]
        scores[:, _run(self.columns[learned] - start)] += self._product(rows, learned)
        return {name: scores[:, of.start - start : of.stop - start] for name, of in wanted.items()}

    def _product(self, rows: Matrix, learned: slice) -> Floats:
        """Multiply rows with the weights of the features that they have."""
        seen = np.zeros(len(self.weights), dtype=bool)
        seen[rows.indices] = True
        used = np.flatnonzero(seen)
        number = np.empty(len(seen), dtype=np.int32)
        number[used] = np.arange(len(used))
        compact = csr_matrix((rows.data, number[rows.indices], rows.indptr), shape=(rows.shape[0], len(used)))
        product: Floats = compact @ from_bfloat16(self.weights[used, learned])
        return product

    def has_learned(self, head: str, column: int) -> bool:
        """Tell whether a class of a head had rows."""
        return head in self._of_head and bool((self.columns == self._of_head[head].start + column).any())

    def of_class(self, head: str, column: int, features: NDArray[np.integer]) -> tuple[Floats, float]:
        """Return the weights of some features for one class of a head, shape `(features,)`, and its bias."""
        whole = self._of_head[head].start + column
        at = np.flatnonzero(self.columns == whole)
        weights = from_bfloat16(self.weights[features, at[0]]) if len(at) else np.zeros(len(features), dtype=np.float32)
        return weights, float(self.bias[whole])


def _run(columns: NDArray[np.integer]) -> slice | NDArray[np.integer]:
    """Return a slice where the columns follow each other, since numpy adds to one many times faster."""
    unbroken = len(columns) > 0 and columns[-1] - columns[0] == len(columns) - 1
    return slice(int(columns[0]), int(columns[-1]) + 1) if unbroken else columns
