"""Topics: paths of the tree, scored by what the heads of all three levels say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick, softmax
from models.calibration import Calibration
from triage.domain import Topic

DEPTH = 3
HEADS = tuple(f"topic{depth}" for depth in range(1, DEPTH + 1))
LENGTH = 10
_OTHERS = (0.5, 0.3)  # how much the upper levels weigh for the topics after the first
_SHARPNESS = np.float32(3)  # makes log-odds of margins, whose scale is that of a linear SVM
TOGETHER = 5.0  # the same for the sum of three levels


def level_classes(paths: Sequence[tuple[str, ...]]) -> list[NDArray[np.intp]]:
    """For each of the heads `topic1` to `topic3` the class of each path: the number of its beginning of that length."""
    beginnings = [[path[:depth] for path in paths] for depth in range(1, DEPTH + 1)]
    numbers = [{name: at for at, name in enumerate(sorted(set(names)))} for names in beginnings]
    return [
        np.array([number[name] for name in names], dtype=np.intp)
        for names, number in zip(beginnings, numbers, strict=True)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicList:
    """Columns of topics, best first, and their scores, both of shape `(readings, topics listed)`."""

    topics: NDArray[np.intp]
    scores: Floats


class TopicTable:
    """The topics that can be predicted, of one scheme, in the order of their columns."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.topics = tuple(topics)
        self._of_level = level_classes([topic.path for topic in topics])

    def listed(self, margins: Mapping[str, Floats]) -> TopicList:
        """List the most likely topics: the first by all levels together, the others with the upper ones weighing less.

        The levels together hit more often; the deepest, which tells a leaf from those beside it, offers choices.
        """
        scores = self._together(margins, *_OTHERS)
        first = best(self._together(margins, 1, 1), 1)
        np.put_along_axis(scores, first, scores.max(axis=1, keepdims=True) + np.float32(1e-3), axis=1)
        topics = best(scores, LENGTH)
        return TopicList(topics=topics, scores=_SHARPNESS * pick(scores, topics))

    def probabilities(self, margins: Mapping[str, Floats]) -> Floats:
        """Return rough probabilities of all topics by all levels together, shape `(readings, topics)`."""
        return softmax(self._together(margins, 1, 1), TOGETHER)

    def together(self, margins: Mapping[str, Floats]) -> Floats:
        """Return the sum of what all levels say of each topic, shape `(readings, topics)`."""
        return self._together(margins, 1, 1)

    def by_level(self, probabilities: Floats) -> list[Floats]:
        """Return the probabilities of the classes of each level, given those of the topics."""
        levels = []
        for of in self._of_level[:-1]:
            member = np.zeros((len(of), int(of.max()) + 1), dtype=np.float32)
            member[np.arange(len(of)), of] = 1
            levels.append(probabilities @ member)
        return [*levels, probabilities]

    def classes(self, topic: Topic) -> list[tuple[str, int, str]]:
        """Return for each level its head, the class of a topic in it, and the name of that class."""
        at = self.topics.index(topic)
        return [
            (f"topic{depth}", int(of[at]), topic.path[min(depth, len(topic.path)) - 1])
            for depth, of in enumerate(self._of_level, start=1)
        ]

    def _together(self, margins: Mapping[str, Floats], first: float, second: float) -> Floats:
        levels = [margins[f"topic{depth}"][:, of] for depth, of in enumerate(self._of_level, start=1)]
        return np.float32(first) * levels[0] + np.float32(second) * levels[1] + levels[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRanking:
    """A table of topics and the calibration of its scores."""

    table: TopicTable
    calibration: Calibration
