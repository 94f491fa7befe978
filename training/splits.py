"""The splitter of appeals with several matters, fitted on texts whose joints are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.features import Features
from models.matters import Splitter, Trees, describe, joints
from models.scorer import Scorer
from models.topic import TopicTable
from training.tables import checked_rows
from triage.citypack import CHINA
from triage.domain import Reading
from triage.errors import Fault, PackError
from triage.text import Reader

FOLDER = "matters"
COLUMNS = ("id", "text", "voice", "author")
MARK = "‖"  # stands in a text where another matter begins
_MORE_PROBABLE_THAN_NOT = 0.5
_NEAR = 1  # characters between a mark and the joint that it stands for


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A text without its marks, where they stood, and who wrote it."""

    text: str
    marks: tuple[int, ...]
    author: str


def read_marked(folder: Path | None) -> tuple[Marked, ...]:
    """Read the texts in the folder `matters` of a pack, or of China's where the pack has none.

    Raises
    ------
    PackError
        A file is not CSV in UTF-8 with the columns `id,text,voice,author`: all faults at once, with file and line.
    """
    own = folder / FOLDER if folder else CHINA / FOLDER
    found: list[Marked] = []
    faults: list[Fault] = []
    for file in sorted((own if own.is_dir() else CHINA / FOLDER).glob("*.csv")):
        found += [marked(row["text"], author=row["author"]) for _, row in checked_rows(file, COLUMNS, faults)]
    if faults:
        raise PackError(faults)
    return tuple(found)


def marked(text: str, *, author: str = "") -> Marked:
    """Take the marks out of a text."""
    parts = text.split(MARK)
    marks = np.cumsum([len(part) for part in parts[:-1]], dtype=int).tolist()
    return Marked(text="".join(parts), marks=tuple(marks), author=author)


def fit_splitter(
    texts: Sequence[Marked],
    ordinary: Sequence[Reading],
    *,
    reader: Reader,
    features: Features,
    scorer: Scorer,
    table: TopicTable,
    seed: int,
) -> Splitter:
    """Fit on texts with marks and on ordinary appeals, which have one matter each.

    Parameters
    ----------
    scorer, table
        Of topics, learned without the ordinary appeals.
    """
    readings = [*reader.read_many([text.text for text in texts]), *ordinary]
    listed = [joints(reading) for reading in readings]
    described = describe(readings, listed, features, scorer, table)
    right = [at_marks(places, text, reader) for places, text in zip(listed, texts, strict=False)]
    right += [np.zeros(len(places), dtype=bool) for places in listed[len(texts) :]]
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.08, max_leaf_nodes=15, max_depth=6, l2_regularization=1.0, random_state=seed
    ).fit(described, np.concatenate(right))
    return Splitter(trees=trees_of(model), threshold=_MORE_PROBABLE_THAN_NOT)


def at_marks(places: Sequence[int], text: Marked, reader: Reader) -> NDArray[np.bool_]:
    """Tell which joints of the masked text are where another matter begins."""
    marks = [len(reader.read(text.text[:mark]).masked) for mark in text.marks]
    return np.array([any(abs(at - mark) <= _NEAR for mark in marks) for at in places], dtype=bool)


def trees_of(model: HistGradientBoostingClassifier) -> Trees:
    """Take the trees out of a fitted model; a test holds their probabilities against its own."""
    nodes = [predictors[0].nodes for predictors in model._predictors]  # noqa: SLF001 - there is no public way
    width = max(map(len, nodes))
    shape = (len(nodes), width)
    feature, left, right = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    threshold, value = np.zeros(shape), np.zeros(shape, dtype=np.float32)
    for tree, of in enumerate(nodes):
        count, leaf = len(of), of["is_leaf"].astype(bool)
        own = np.arange(count)
        feature[tree, :count] = np.where(leaf, 0, of["feature_idx"])
        left[tree, :count], right[tree, :count] = np.where(leaf, own, of["left"]), np.where(leaf, own, of["right"])
        threshold[tree, :count] = np.where(leaf, 0, of["num_threshold"])
        value[tree, :count] = np.where(leaf, of["value"], 0)
    depth = max(int(of["depth"].max()) for of in nodes)
    baseline = float(model._baseline_prediction.ravel()[0])  # noqa: SLF001
    return Trees(
        feature=feature, threshold=threshold, left=left, right=right, value=value, baseline=baseline, depth=depth
    )
