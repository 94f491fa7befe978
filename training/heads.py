"""The linear heads, fitted on several sets of rows side by side."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from models.arrays import Floats, to_bfloat16
from models.features import Matrix
from models.scorer import UNSEEN, Scorer
from models.topic import DEPTH
from training.dataset import Dataset, Mask
from training.inherit import Inherited, inherit
from training.parallel import in_parallel

# Of the data against the regularisation, by folds: halving or doubling the first makes no difference, and topics, whose
# classes are many and whose labels are noisier, want half of it.
_STRENGTH = 0.3
_TOPIC_STRENGTH = 0.15


# How much the words that the pack gives a topic weigh beside what is learned, and how little it matters how often they
# are said there: by folds, the fourth root of the weights together with 10 to 20 is as good as any.
_MEANING, _REPEATED = 15.0, 0.25
_RARE = ("beyond", "outside")  # heads whose classes are not as frequent among what was written as among appeals
_MEANING_ROW = 3.0  # what the pack says of a topic, against one appeal


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A set of rows to learn from, and whether topics are learned too or only units."""

    rows: Mask
    topics: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Labels:
    """The class of each row, -1 for rows that a head does not learn from, and how much each row counts.

    Where `among` is given, a class is told from those of its own group only: a leaf from the leaves of its first level,
    which is cheaper than from all leaves, and more often right together with a head for that level. What the rows of
    `meaning` say of a class is added to its weights.
    """

    classes: NDArray[np.intp]
    size: int
    strength: float = _STRENGTH
    weight: NDArray[np.float64] | None = None
    among: NDArray[np.intp] | None = None
    meaning: Mask | None = None
    idf: Floats | None = None


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
        weights, biases, present = zip(*islice(fitted, len(heads)), strict=True)
        progress(f"linear heads {done} of {len(courses)}")
        sizes = {name: head.size for name, head in heads.items()}
        starts = np.cumsum([0, *sizes.values()])
        columns = np.concatenate([start + classes for start, classes in zip(starts, present, strict=False)])
        yield Scorer(
            heads=sizes,
            weights=to_bfloat16(np.hstack(weights)),
            columns=columns.astype(np.int32),
            bias=np.concatenate(biases),
        )


def _labels(data: Dataset, rows: Mask, inherited: Inherited | None) -> Mapping[str, _Labels]:
    known = {name: np.where(rows, classes, -1) for name, classes in data.labels.items()}
    labels = {
        name: _Labels(
            classes=classes, size=data.sizes[name], weight=_balanced(classes) if name in _RARE else data.weight
        )
        for name, classes in known.items()
    }
    if inherited:
        levels = [np.where(inherited.topic >= 0, of[inherited.topic], -1) for of in data.of_level]
        meaning = data.folds < 0
        for depth, (of, classes) in enumerate(zip(data.of_level, levels, strict=True), start=1):
            labels[f"topic{depth}"] = _Labels(
                classes=classes,
                size=int(of.max()) + 1,
                strength=_TOPIC_STRENGTH,
                weight=inherited.weight * data.weight * np.where(meaning, _MEANING_ROW, 1),
                among=levels[0] if depth == DEPTH else None,
                meaning=meaning if depth == DEPTH else None,
                idf=data.features.idf,
            )
    return labels


def _balanced(classes: NDArray[np.intp]) -> NDArray[np.float64]:
    """Let each class count the same, however few rows it has."""
    counts = np.bincount(classes[classes >= 0])
    share = counts.sum() / (len(counts) * np.maximum(counts, 1))
    return np.where(classes >= 0, share[classes], 0.0)


def _fit_head(matrix: Matrix, labels: _Labels, seed: int) -> tuple[NDArray[np.float16], Floats, NDArray[np.intp]]:
    """Weights `(features, classes with rows)`, bias `(size,)`, those classes; one without rows scores `UNSEEN`."""
    bias = np.full(labels.size, UNSEEN, dtype=np.float32)
    groups = np.zeros_like(labels.classes) if labels.among is None else labels.among
    known = labels.classes >= 0
    weights, present = [np.zeros((matrix.shape[1], 0), dtype=np.float16)], [np.zeros(0, dtype=np.intp)]
    for group in np.unique(groups[known]).tolist():
        rows = np.flatnonzero(known & (groups == group))
        classes = np.unique(labels.classes[rows])
        weight, bias[classes] = _fit_group(matrix[rows], labels, rows, seed)
        weights.append(weight)
        present.append(classes)
    return np.hstack(weights) + _meant(matrix, labels, np.concatenate(present)), bias, np.concatenate(present)


def _fit_group(
    matrix: Matrix, labels: _Labels, rows: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.float16], Floats]:
    classes = labels.classes[rows]
    if (classes == classes[0]).all():  # certain, for this head; among its group it tells nothing
        bias = np.full(1, 1.0 if labels.among is None else 0.0, dtype=np.float32)
        return np.zeros((matrix.shape[1], 1), dtype=np.float16), bias
    model = LinearSVC(C=labels.strength, tol=0.01, max_iter=3000, random_state=seed)
    weight = None if labels.weight is None else labels.weight[rows]
    with warnings.catch_warnings():  # a unit with one order is what hotlines have, not a mistake in the labels
        warnings.filterwarnings("ignore", message="The number of unique classes")
        model.fit(matrix, classes, sample_weight=weight)
    if len(model.classes_) == 2:
        both = np.vstack([-model.coef_, model.coef_])
        return both.T.astype(np.float16), np.concatenate([-model.intercept_, model.intercept_])
    return model.coef_.T.astype(np.float16), model.intercept_


def _meant(matrix: Matrix, labels: _Labels, present: NDArray[np.intp]) -> NDArray[np.float16] | np.float16:
    """Directions of what the pack says of each class, of length `_MEANING`, shape `(features, classes present)`."""
    if labels.meaning is None or labels.idf is None:
        return np.float16(0)
    rows = np.flatnonzero(labels.meaning & (labels.classes >= 0))
    if not len(rows):
        return np.float16(0)
    column = np.full(labels.size, -1)
    column[present] = np.arange(len(present))
    member = csr_matrix(
        (np.ones(len(rows)), (column[labels.classes[rows]], np.arange(len(rows)))), shape=(len(present), len(rows))
    )
    said = csr_matrix(member @ matrix[rows][:, : len(labels.idf)])
    said.data **= _REPEATED
    directions = np.zeros((matrix.shape[1], len(present)), dtype=np.float16)
    directions[: len(labels.idf)] = (_MEANING * normalize(said @ diags(labels.idf))).toarray().T
    return directions
