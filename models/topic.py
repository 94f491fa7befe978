"""Topics: paths of the tree, ranked by what the heads of each level say and by which units deal with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick, softmax
from models.evidence import SHARPNESS
from triage.domain import Topic

DEPTH = 3
LENGTH = 25
_TINY = np.float32(1e-6)
_PRIOR_ROWS = 5.0  # a unit with fewer orders than this is taken to deal with what everybody does


def level_classes(paths: Sequence[tuple[str, ...]]) -> list[NDArray[np.intp]]:
    """For each of the heads `topic1` to `topic3` the class of each path: the number of its beginning of that length."""
    beginnings = [["/".join(path[:depth]) for path in paths] for depth in range(1, DEPTH + 1)]
    numbers = [{name: at for at, name in enumerate(sorted(set(names)))} for names in beginnings]
    return [
        np.array([number[name] for name in names], dtype=np.intp)
        for names, number in zip(beginnings, numbers, strict=True)
    ]


class TopicTable:
    """The topics that can be predicted, as columns, and how they hang together with levels and units.

    Parameters
    ----------
    topics
        Of one scheme, in the order of their columns.
    by_unit
        Share of each topic among the orders of each unit, shape `(units, topics)`.
    prior
        Share of each topic among all orders, shape `(topics,)`.
    """

    def __init__(self, topics: Sequence[Topic], *, by_unit: Floats, prior: Floats) -> None:
        self.topics, self.by_unit, self.prior = tuple(topics), by_unit, prior
        self.of_level = level_classes([topic.path for topic in topics])
        self._member: list[Floats] = [np.eye(of.max(initial=0) + 1, dtype=np.float32)[of] for of in self.of_level]

    def upward(self, by_topic: Floats, depth: int) -> Floats:
        """Sum over the topics that share a beginning of `depth` levels, shape `(rows, beginnings)`."""
        return by_topic @ self._member[depth - 1]


def shares_by_unit(units: NDArray[np.intp], topics: NDArray[np.intp], *, count: int, prior: Floats) -> Floats:
    """Smoothed share of each topic among the orders of each of `count` units."""
    table = np.zeros((count, len(prior)), dtype=np.float32)
    np.add.at(table, (units, topics), 1)
    smooth = np.float32(_PRIOR_ROWS)
    shares: Floats = (table + smooth * prior) / (table.sum(axis=1, keepdims=True) + smooth)
    return shares


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicList:
    """Columns of topics, most promising first, shape `(readings, topics listed)`, and their features."""

    topics: NDArray[np.intp]
    features: Floats


def topic_list(table: TopicTable, margins: Mapping[str, Floats], unit_probability: Floats) -> TopicList:
    """Choose topics by their levels and by the units that are likely, and describe each to the ranker."""
    heads = [margins[f"topic{depth}"] for depth in range(1, DEPTH + 1)]
    probability = [softmax(head, SHARPNESS) for head in heads]
    first, second, third = (level[:, of] for level, of in zip(probability, table.of_level, strict=True))
    by_unit = unit_probability @ table.by_unit
    listed = best(third + np.float32(0.3) * (by_unit + first * second), LENGTH)
    of_level = [of[listed] for of in table.of_level]
    shares = [pick(level, of) for level, of in zip(probability, of_level, strict=True)]
    shares += [pick(table.upward(by_unit, depth), of_level[depth - 1]) for depth in (1, 2)]
    shares += [pick(by_unit, listed), table.prior[listed]]
    columns = [pick(head, of) for head, of in zip(heads, of_level, strict=True)]
    features = np.concatenate([np.stack(columns, axis=-1), np.log(np.stack(shares, axis=-1) + _TINY)], axis=-1)
    return TopicList(topics=listed, features=features.astype(np.float32))
