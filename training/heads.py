"""The linear heads, fitted on several sets of rows side by side."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from models.arrays import Floats
from models.features import Matrix
from models.scorer import UNSEEN, Scorer
from training.dataset import Dataset, Mask
from training.inherit import Inherited, inherit
from training.parallel import in_parallel

# Of the data against the regularisation, by folds: halving or doubling the first makes no difference, and topics, whose
# classes are many and whose labels are noisier, want half of it.
_STRENGTH = 0.3
_TOPIC_STRENGTH = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A set of rows to learn from, and whether topics are learned too or only units."""

    rows: Mask
    topics: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labels:
    """The class of each row, -1 for rows that a head does not learn from, and how much each row counts."""

    classes: NDArray[np.intp]
    size: int
    strength: float = _STRENGTH
    weight: NDArray[np.float64] | None = None


def fit_scorers(
    data: Dataset, courses: Sequence[Course], *, seed: int, progress: Callable[[str], None]
) -> Iterator[Scorer]:
    """Fit one scorer for each course, their heads in parallel; each is given as soon as its heads are there."""

    def with_topics(course: Course) -> bool:
        return course.topics and len(data.topics) > 1

    inherited = in_parallel(
        [
            partial(inherit, data.matrix, data.topic, data.older_topic, course.rows, seed=seed)
            for course in courses
            if with_topics(course)
        ]
    )
    labels = [_labels(data, course.rows, next(inherited) if with_topics(course) else None) for course in courses]
    jobs = [partial(_fit_head, data.matrix, head, seed) for heads in labels for head in heads.values()]
    fitted = in_parallel(jobs)
    for done, heads in enumerate(labels, start=1):
        weights, biases = zip(*islice(fitted, len(heads)), strict=True)
        progress(f"linear heads {done} of {len(courses)}")
        sizes = {name: head.size for name, head in heads.items()}
        yield Scorer(heads=sizes, weights=np.hstack(weights), bias=np.concatenate(biases))


def _labels(data: Dataset, rows: Mask, inherited: Inherited | None) -> Mapping[str, _Labels]:
    labels = {
        name: _Labels(classes=np.where(rows, classes, -1), size=data.sizes[name])
        for name, classes in data.labels.items()
    }
    if inherited:
        for depth, of in enumerate(data.of_level, start=1):
            classes = np.where(inherited.topic >= 0, of[inherited.topic], -1)
            labels[f"topic{depth}"] = _Labels(
                classes=classes, size=int(of.max()) + 1, strength=_TOPIC_STRENGTH, weight=inherited.weight
            )
    return labels


def _fit_head(matrix: Matrix, labels: _Labels, seed: int) -> tuple[NDArray[np.float16], Floats]:
    """Weights `(features, size)` and bias `(size,)`; a class without rows scores `UNSEEN`, a single one is certain."""
    weights = np.zeros((matrix.shape[1], labels.size), dtype=np.float16)
    bias = np.full(labels.size, UNSEEN, dtype=np.float32)
    rows = labels.classes >= 0
    present = np.unique(labels.classes[rows])
    if len(present) == 1:
        bias[present] = 1.0
    if len(present) > 1:
        model = LinearSVC(C=labels.strength, tol=0.01, max_iter=3000, random_state=seed)
        weight = None if labels.weight is None else labels.weight[rows]
        with warnings.catch_warnings():  # a unit with one order is what hotlines have, not a mistake in the labels
            warnings.filterwarnings("ignore", message="The number of unique classes")
            model.fit(matrix[rows], labels.classes[rows], sample_weight=weight)
        both = len(present) == 2
        weights[:, present] = np.vstack([-model.coef_, model.coef_]).T if both else model.coef_.T
        bias[present] = np.concatenate([-model.intercept_, model.intercept_]) if both else model.intercept_
    return weights, bias
