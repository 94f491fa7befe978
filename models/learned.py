"""What fitting makes and a bundle keeps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from models.calibration import Calibration
from models.encoder import Encoder
from models.features import Features
from models.matters import Splitter
from models.neighbours import ClosedOrder, Neighbours
from models.outside import Outside
from models.ranker import Ranker
from models.scorer import Scorer
from models.topic import TopicRanking


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """A ranker and the calibration of its scores."""

    ranker: Ranker
    calibration: Calibration

    def probabilities(self, features: Floats) -> Floats:
        """Return calibrated probabilities of shape `(lists, candidates)`."""
        return self.calibration.probabilities(self.ranker.score(features))


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Everything that fitting makes and a bundle keeps; `topics` is None for a pack without topics.

    `orders` are the closed orders in the order of the index of `neighbours`.
    """

    features: Features
    encoder: Encoder | None
    scorer: Scorer
    neighbours: Neighbours
    experience: NDArray[np.float32]
    units: Ranking
    topics: TopicRanking | None
    outside: Outside | None = None
    splitter: Splitter | None = None
    orders: tuple[ClosedOrder, ...] = ()
