"""The nouns of an explanation: why a unit was suggested, in four parts."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from triage.domain import Routing, Unit


class Word(NamedTuple):
    """What the characters at `[start, end)` of the text as given add to a score."""

    start: int
    end: int
    text: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The score of `of`, a unit, kind of office, district or topic, in one linear part of the model.

    `bias`, the values of the words, and `rest` add up to `total`; `rest` is what is no word of the text, such as a
    vector of an encoder.
    """

    part: str
    of: str
    total: float
    bias: float
    rest: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """The duty: what the directory says of the topic, or what the unit is for."""

    text: str
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Precedent:
    """A closed order that is like the appeal, by cosine similarity, and how it ended."""

    id: str
    opened_on: str
    topic: str
    unit: Unit
    similarity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """The second suggestion; `shares`, by kind of evidence, add up to `gap`, by how much its score is lower."""

    unit: Unit
    gap: float
    shares: dict[str, float]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why the first suggestion was made; `runner_up` is None where there is only one."""

    unit: Unit
    scores: tuple[Score, ...]
    clause: Clause
    precedents: tuple[Precedent, ...]
    runner_up: RunnerUp | None


class Explainer(Protocol):
    """Whatever can tell why it suggested what it did."""

    def explain(self, routing: Routing) -> Explanation:
        """Explain a routing that it assessed, from its trace."""
        ...
