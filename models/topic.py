"""Topics: paths of the tree, scored by what the heads of all three levels say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, best, pick, put, softmax
from models.calibration import Calibration
from triage.domain import Topic

DEPTH = 3
HEADS = tuple(f"topic{depth}" for depth in range(1, DEPTH + 1))
LENGTH = 10
_OTHERS = (np.float32(0.5), np.float32(0.3))  # how much the upper levels weigh for the topics after the first
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
        self._member = [np.eye(int(of.max(initial=0)) + 1, dtype=np.float32)[of] for of in self._of_level[:-1]]

    def listed(self, margins: Mapping[str, Floats]) -> TopicList:
        """List the most likely topics: the first by all levels together, the others with the upper ones weighing less.

        The levels together hit more often; the deepest, which tells a leaf from those beside it, offers choices.
        """
        upper, middle, deepest = self._levels(margins)
        scores: Floats = _OTHERS[0] * upper + _OTHERS[1] * middle + deepest
        first = best(upper + middle + deepest, 1)
        put(scores, first, scores.max(axis=1, keepdims=True) + np.float32(1e-3))
        topics = best(scores, LENGTH)
        return TopicList(topics=topics, scores=_SHARPNESS * pick(scores, topics))

    def probabilities(self, margins: Mapping[str, Floats]) -> Floats:
        """Return rough probabilities of all topics by all levels together, shape `(readings, topics)`."""
        return softmax(self.together(margins), TOGETHER)

    def together(self, margins: Mapping[str, Floats]) -> Floats:
        """Return the sum of what all levels say of each topic, shape `(readings, topics)`."""
        upper, middle, deepest = self._levels(margins)
        return upper + middle + deepest

    def by_level(self, probabilities: Floats) -> list[Floats]:
        """Return the probabilities of the classes of each level, given those of the topics."""
        return [*(probabilities @ member for member in self._member), probabilities]

    def classes(self, topic: Topic) -> list[tuple[str, int, str]]:
        """Return for each level its head, the class of a topic in it, and the name of that class."""
        at = self.topics.index(topic)
        return [
            (f"topic{depth}", int(of[at]), topic.path[min(depth, len(topic.path)) - 1])
            for depth, of in enumerate(self._of_level, start=1)
        ]

    def _levels(self, margins: Mapping[str, Floats]) -> Iterator[Floats]:
        """Yield what each level says of each topic."""
        return (margins[head][:, of] for head, of in zip(HEADS, self._of_level, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicRanking:
    """A table of topics and the calibration of its scores."""

    table: TopicTable
    calibration: Calibration
