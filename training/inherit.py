"""What orders of an older topic scheme still teach: each gets the topic of the newest that it would most likely have.

Two witnesses speak for a topic: what a model of the newer orders says of the text, and where the older topic usually
goes. The second is estimated from the first over all older orders, a few rounds of expectation and maximisation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from models.arrays import Floats, softmax
from models.features import Matrix

_SHARPNESS = 6.0
_TRUST = 0.7  # in the older topic, against the text
_ROUNDS = 3
_KEPT = 0.8  # of the older orders, the clearest ones
_WEIGHT = 0.5  # of an inherited topic against one that was given
_PRIOR = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """Topics of the newest scheme for all rows, -1 where there is none, and how much each row counts."""

    topic: NDArray[np.intp]
    weight: NDArray[np.float64]


def inherit(
    matrix: Matrix, topic: NDArray[np.intp], older: NDArray[np.intp], rows: NDArray[np.bool_], *, seed: int
) -> Inherited:
    """Give the rows of an older scheme topics of the newest.

    Parameters
    ----------
    topic, older
        Topic in the newest scheme and in the older one, -1 where the row has none.
    rows
        What may be learned from.
    """
    given, heirs = rows & (topic >= 0), rows & (older >= 0)
    found = np.where(given, topic, -1)
    weight = np.ones(len(topic))
    if not heirs.any() or len(np.unique(topic[given])) < 3:
        return Inherited(topic=found, weight=weight)
    model = LinearSVC(C=0.3, tol=0.01, max_iter=3000, random_state=seed).fit(matrix[given], topic[given])
    by_text = softmax(model.decision_function(matrix[heirs]).astype(np.float32), _SHARPNESS)
    likely = _settled(by_text, older[heirs])
    sure = likely.max(axis=1)
    kept = sure >= np.quantile(sure, 1 - _KEPT)
    clear = np.flatnonzero(heirs)[kept]
    found[clear] = model.classes_[likely[kept].argmax(axis=1)]
    weight[clear] = _WEIGHT
    return Inherited(topic=found, weight=weight)


def _settled(by_text: Floats, older: NDArray[np.intp]) -> Floats:
    """Probabilities by text and older topic together, shape of `by_text`."""
    _, path = np.unique(older, return_inverse=True)
    likely = by_text
    for _ in range(_ROUNDS):
        share = likely.mean(axis=0)
        goes_to = np.zeros((path.max() + 1, by_text.shape[1]), dtype=np.float32)
        np.add.at(goes_to, path, likely)
        goes_to = (goes_to + _PRIOR * share) / (goes_to.sum(axis=1, keepdims=True) + _PRIOR)
        likely = by_text * (goes_to[path] / (share + 1e-4)) ** _TRUST
        likely /= likely.sum(axis=1, keepdims=True)
    return likely
