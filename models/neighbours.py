"""Precedent: the closed orders most like an appeal, and who closed them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from models.arrays import Floats, Ints
from models.features import Matrix

_NEAREST = 30
_COMMON = 0.02  # a feature that stands in more of the rows than this makes neighbours of strangers


class Neighbours:
    """Votes of the nearest closed orders by cosine similarity over the features that are not common.

    Parameters
    ----------
    index
        Shape `(features, closed orders)`, the rows of the orders transposed, common features left empty.
    labels
        Who closed each order, as a column of the votes, shape `(closed orders,)`.
    """

    def __init__(self, *, index: Matrix, labels: Ints, count: int) -> None:
        self.index, self.labels, self.count = index, labels, count

    @classmethod
    def fit(cls, rows: Matrix, labels: Ints, count: int) -> "Neighbours":
        seen = np.bincount(rows.indices, minlength=rows.shape[1])
        rare = seen <= max(20, _COMMON * rows.shape[0])
        index = diags(rare.astype(np.float32)) @ rows.T @ diags(1 / _lengths(rows))
        return cls(index=csr_matrix(index, dtype=np.float32), labels=labels, count=count)

    def votes(self, rows: Matrix) -> tuple[Floats, Floats]:
        """Shares of the neighbours' squared similarity by label, and the highest similarity by label.

        Both of shape `(rows, count)`; zero where no neighbour has that label.
        """
        return self.votes_of(self.similar(rows))

    def similar(self, rows: Matrix) -> list[tuple[NDArray[np.integer], Floats]]:
        """Return the nearest closed orders of each row, in no order, and their cosine similarity."""
        if not self.index.nnz:
            nobody = np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32)
            return [nobody] * rows.shape[0]
        found, lengths = rows @ self.index, _lengths(rows)
        nearest = (_nearest(found, at) for at in range(rows.shape[0]))
        return [(orders, similar / length) for (similar, orders), length in zip(nearest, lengths, strict=True)]

    def votes_of(self, similar: Sequence[tuple[NDArray[np.integer], Floats]]) -> tuple[Floats, Floats]:
        """Return the votes of what `similar` found."""
        shares = np.zeros((len(similar), self.count), dtype=np.float32)
        nearest = np.zeros_like(shares)
        for at, (orders, likeness) in enumerate(similar):
            if len(orders):
                labels = self.labels[orders]
                shares[at] = np.bincount(labels, weights=likeness * likeness, minlength=self.count)
                np.maximum.at(nearest[at], labels, likeness)
        return shares / (shares.sum(axis=1, keepdims=True) + np.float32(1e-9)), nearest


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedOrder:
    """What is told of a closed order when it is a precedent; never its text."""

    id: str
    opened_on: str
    topic: str


def _nearest(found: Matrix, at: int) -> tuple[Floats, NDArray[np.integer]]:
    span = slice(found.indptr[at], found.indptr[at + 1])
    similar, orders = found.data[span], found.indices[span]
    if len(similar) > _NEAREST:
        top = np.argpartition(similar, -_NEAREST)[-_NEAREST:]
        similar, orders = similar[top], orders[top]
    return similar, orders


def _lengths(rows: Matrix) -> Floats:
    """Euclidean length of each row, 1 for an empty one."""
    row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    squares = np.bincount(row, weights=rows.data**2, minlength=rows.shape[0])
    return np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
