"""The splitter of appeals with several matters, fitted on texts whose joints are known."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from models.arrays import Floats
from models.features import Features
from models.matters import Splitter, Trees, describe, joints
from models.scorer import Scorer
from models.topic import TopicTable
from triage.citypack import CHINA
from triage.domain import Reading
from triage.errors import Fault, PackError
from triage.text import Reader

FOLDER = "matters"
COLUMNS = ("id", "text", "voice", "author")
MARK = "‖"  # stands in a text where another matter begins
_PARTS = 3  # of the authors, each tried by a splitter of the others
_WRONGLY = 0.035  # of ordinary appeals that may be split; about half of those do have several matters
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
        A file is not CSV in UTF-8 with the columns `id,text,voice,author`.
    """
    own = folder / FOLDER if folder else CHINA / FOLDER
    found: list[Marked] = []
    for file in sorted((own if own.is_dir() else CHINA / FOLDER).glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            try:
                if tuple(rows.fieldnames or ()) != COLUMNS:
                    raise PackError([Fault(file=str(file), line=1, message=f"the columns must be {','.join(COLUMNS)}")])
                found += [marked(row["text"], author=row["author"]) for row in rows]
            except (csv.Error, UnicodeDecodeError) as error:
                message = f"not CSV in UTF-8: {error}"
                raise PackError([Fault(file=str(file), line=rows.line_num, message=message)]) from error
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

    The threshold is where at most `_WRONGLY` of the ordinary appeals are cut by a splitter that has not seen them.

    Parameters
    ----------
    scorer, table
        Of topics, learned without the ordinary appeals.
    """
    readings = [*reader.read_many([text.text for text in texts]), *ordinary]
    listed = [joints(reading.masked) for reading in readings]
    described = describe(readings, listed, features, scorer, table)
    row = np.repeat(np.arange(len(readings)), [len(places) for places in listed])
    right = np.concatenate([_at_marks(places, text) for places, text in zip(listed, texts, strict=False)])
    right = np.concatenate([right, np.zeros(len(row) - len(right), dtype=bool)])
    authors = sorted({text.author for text in texts})
    part = [authors.index(text.author) % _PARTS for text in texts]
    part += np.random.default_rng(seed).integers(0, _PARTS, len(ordinary)).tolist()
    odds = np.zeros(len(row), dtype=np.float32)
    for number in range(_PARTS):
        tried = np.array(part)[row] == number
        if tried.any():
            odds[tried] = _fit(described[~tried], right[~tried], seed).probabilities(described[tried])
    surest = np.zeros(len(readings))
    np.maximum.at(surest, row, odds)
    threshold = np.quantile(surest[len(texts) :], 1 - _WRONGLY, method="higher") + 1e-6
    return Splitter(trees=_fit(described, right, seed), threshold=float(threshold))


def _at_marks(places: Sequence[int], text: Marked) -> NDArray[np.bool_]:
    return np.array([any(abs(at - mark) <= _NEAR for mark in text.marks) for at in places], dtype=bool)


def _fit(described: Floats, right: NDArray[np.bool_], seed: int) -> Trees:
    model = HistGradientBoostingClassifier(
        max_iter=120, learning_rate=0.08, max_leaf_nodes=15, max_depth=6, l2_regularization=1.0, random_state=seed
    ).fit(described, right)
    return trees_of(model)


def trees_of(model: HistGradientBoostingClassifier) -> Trees:
    """Take the trees out of a fitted model; a test holds their probabilities against its own."""
    nodes = [predictors[0].nodes for predictors in model._predictors]  # noqa: SLF001 - there is no public way
    width = max(map(len, nodes))
    shape = (len(nodes), width)
    feature, left, right = (np.zeros(shape, dtype=np.int32) for _ in range(3))
    threshold, value = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
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
