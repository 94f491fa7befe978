"""Why a unit was suggested, told by what decided: the words, the evidence, the precedents and the runner-up.

Nothing is computed anew that the routing had: a `Trace` points at the arrays of its batch. The heads are linear, so
that the contributions of the words and the constant add up to the score. The ranker is not, but it is linear in pieces:
along the straight line from one candidate's features to another's its slope is known on every stretch, and the integral
of it gives each feature its share of the difference of the scores, which again add up (Aumann and Shapley, 1974;
integrated gradients of Sundararajan et al., 2017, here in closed form).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from models.candidates import EVIDENCE, ShortList
from models.features import Features, Matrix
from models.learned import Learned
from models.ranker import Ranker
from models.roster import Roster
from models.scorer import Scorer
from triage.citypack import CityPack
from triage.directory import Directory, today
from triage.domain import Reading, Routing, Unit
from triage.errors import InputError
from triage.explanation import Clause, Explanation, Precedent, RunnerUp, Score, Word

_PRECEDENTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was computed for readings that were assessed together."""

    rows: Matrix
    margins: Mapping[str, Floats]
    listed: ShortList
    similar: Sequence[tuple[NDArray[np.integer], Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One reading of a batch."""

    batch: Batch
    at: int


class Explainer:
    """Explains routings of one model, each from its trace."""

    def __init__(self, pack: CityPack, learned: Learned, roster: Roster) -> None:
        self._learned, self._roster = learned, roster
        self._column = {unit.code: at for at, unit in enumerate(roster.units)}
        self._directory = Directory(pack, on=today())
        self._duty_words = pack.duties

    def explain(self, routing: Routing) -> Explanation:
        """Explain the first suggestion of a routing.

        Raises
        ------
        InputError
            The routing has no suggestion, or was not assessed here.
        """
        if not routing.suggestions or not isinstance(routing.trace, Trace):
            raise InputError("nothing was suggested, so there is nothing to explain", code="nothing_suggested")
        trace, unit = routing.trace, routing.suggestions[0].unit
        return Explanation(
            unit=unit,
            scores=self._scores(routing, trace, unit),
            clause=self._clause(routing, unit),
            precedents=self._precedents(trace),
            runner_up=self._runner_up(routing, trace),
        )

    def _scores(self, routing: Routing, trace: Trace, unit: Unit) -> tuple[Score, ...]:
        """Tell the words behind the unit, its duty and district, and the topic, as far as heads were learned."""
        learned, roster = self._learned, self._roster
        at = self._column[unit.code]
        wanted = [("unit", at, unit.name), ("duty", int(roster.duty[at]), unit.duty)]
        if unit.district:
            wanted.append(("area", int(roster.area[at]), unit.district))
        if routing.topics and learned.topics:
            wanted += learned.topics.table.classes(routing.topics[0].topic)
        shared = Shared(trace, routing.reading, learned.features, learned.scorer)
        return tuple(
            shared.score(head=head, column=column, of=of)
            for head, column, of in wanted
            if learned.scorer.has_learned(head, column)
        )

    def _clause(self, routing: Routing, unit: Unit) -> Clause:
        led = self._directory.led(routing.topics[0].topic.code, routing.place) if routing.topics else None
        if led and led.lead.code == unit.code:
            return Clause(
                text=f"派单目录：“{routing.topics[0].topic.name}”由{unit.name}主办。", basis=led.mandate.basis
            )
        words = "、".join(self._duty_words.get(unit.duty, ())[:6])
        said = f"{unit.name}的职责是{unit.duty}" + (f"：{words}。" if words else "。")
        return Clause(text=said, basis="")

    def _precedents(self, trace: Trace) -> tuple[Precedent, ...]:
        learned = self._learned
        if not learned.orders:
            return ()
        orders, likeness = trace.batch.similar[trace.at]
        nearest = np.argsort(-likeness, kind="stable")[:_PRECEDENTS].tolist()
        return tuple(
            Precedent(
                id=learned.orders[order].id,
                opened_on=learned.orders[order].opened_on,
                topic=learned.orders[order].topic,
                unit=self._roster.units[int(learned.neighbours.labels[order])],
                similarity=similarity,
            )
            for order, similarity in zip(orders[nearest].tolist(), likeness[nearest].tolist(), strict=True)
        )

    def _runner_up(self, routing: Routing, trace: Trace) -> RunnerUp | None:
        leads = [suggestion.unit for suggestion in routing.suggestions if suggestion.role == "lead"]
        if len(leads) < 2:
            return None
        first, second = leads[:2]
        listed = trace.batch.listed
        columns = listed.units[trace.at].tolist()
        rows = [columns.index(self._column[unit.code]) for unit in (first, second)]
        features = listed.features[trace.at]
        ranker = self._learned.units.ranker
        scores = ranker.score(features[rows])
        found = shares(ranker, features[rows[0]], features[rows[1]])
        telling = sorted((kind for kind in found if found[kind] > 0), key=lambda kind: -found[kind])[:3]
        said = "、".join(f"{kind}（{found[kind]:+.2f}）" for kind in telling) or "各项依据接近"
        why = f"{second.name}不如{first.name}：{said}。"
        return RunnerUp(unit=second, gap=float(scores[0] - scores[1]), shares=found, why=why)


class Shared:
    """The words of one reading, among which the score of any class of a linear head can be shared out.

    What an n-gram adds is shared by the characters of all places where it stands, and the characters of each token are
    then put together again. Spans are those of the masked text.
    """

    def __init__(self, trace: Trace, reading: Reading, features: Features, scorer: Scorer) -> None:
        self._trace, self._reading, self._scorer = trace, reading, scorer
        self._row = trace.batch.rows[trace.at]
        stands = features.spans(reading)
        spans = [stands.get(feature, []) for feature in self._row.indices.tolist()]
        self._placed = np.array([bool(places) for places in spans], dtype=bool)
        lengths = [sum(end - start for start, end in places) for places in spans]
        cells = [(entry, at) for entry, places in enumerate(spans) for start, end in places for at in range(start, end)]
        self._entry, self._character = np.array(cells, dtype=np.intp).reshape(-1, 2).T
        self._part = 1 / np.array(lengths, dtype=float)[self._entry]
        self._ends = np.cumsum([len(token) for token in reading.tokens], dtype=int)

    def score(self, *, head: str, column: int, of: str) -> Score:
        """Share out the score of one class."""
        weights, bias = self._scorer.of_class(head, column, self._row.indices)
        value = (self._row.data * weights).astype(float)
        cells = value[self._entry] * self._part
        upto = np.cumsum(np.bincount(self._character, weights=cells, minlength=len(self._reading.masked)))
        upto = np.concatenate([[0.0], upto])
        worth = np.diff(upto[[0, *self._ends]])
        ends = self._ends.tolist()
        order = np.argsort(-np.abs(worth), kind="stable")
        words = tuple(
            Word(ends[at] - len(token), ends[at], token, float(worth[at]))
            for at in order.tolist()
            if worth[at] and (token := self._reading.tokens[at])
        )
        total = float(self._trace.batch.margins[head][self._trace.at, column])
        rest = float(value[~self._placed].sum())
        return Score(part=head, of=of, total=total, bias=bias, rest=rest, words=words)


def shares(ranker: Ranker, features: Floats, against: Floats) -> dict[str, float]:
    """Share out the difference of two candidates' scores among the kinds of evidence in `EVIDENCE`.

    Parameters
    ----------
    features, against
        Of the two candidates, shape `(features,)`. The shares add up to the score of the first less that of the second.
    """
    worth = ranker.integrated(against, features)
    return {kind: float(worth[list(columns)].sum()) for kind, columns in EVIDENCE.items()}
