"""Dense vectors of readings, so that words which mean the like are near each other: a table with one vector a word."""

import numpy as np
from scipy.sparse import csr_matrix, hstack

from models.arrays import Floats
from models.features import Matrix

_SHARE = np.float32(0.7)  # length of the dense block of a row, against 1 for characters and 1 for words


class Encoder:
    """The mean of the vectors of a reading's words, weighed as `Features` weighs them.

    It needs neither torch nor scikit-learn: whatever made the table (`training.encoder`), serving is one product.

    Parameters
    ----------
    table
        One vector for each word of the features, shape `(len(features.words), dimensions)`.
    """

    def __init__(self, table: Floats) -> None:
        self.table = np.ascontiguousarray(table, dtype=np.float32)

    def embed(self, rows: Matrix) -> Floats:
        """Return vectors of length 1, shape `(rows, dimensions)`; zeros for a row without known words.

        `rows` are as `Features.transform` gives them, the words in the last columns.
        """
        dense: Floats = rows[:, rows.shape[1] - len(self.table) :] @ self.table
        length = np.linalg.norm(dense, axis=1, keepdims=True)
        vectors: Floats = dense / np.maximum(length, np.float32(1e-9))
        return vectors


def with_vectors(rows: Matrix, encoder: Encoder | None) -> Matrix:
    """Put the vectors behind the features, as further columns that heads and neighbours learn from."""
    if encoder is None:
        return rows
    return csr_matrix(hstack([rows, csr_matrix(_SHARE * encoder.embed(rows))], format="csr", dtype=np.float32))
