"""What the end of an order teaches: the unit that closed it, how much that can be believed, and whom it speaks against.

What the model dispatched by itself and nobody looked at comes back as the model's own label, so that it learns to agree
with itself. It is left out, and the orders that were drawn at random for a person stand for it, each for as many as it
was drawn from: Horvitz and Thompson, A generalization of sampling without replacement from a finite universe, JASA 47
(1952); that one of them may not stand for too many, as in Ionides, Truncated importance sampling, JCGS 17 (2008).
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from training.names import Names, Unnamed
from triage.domain import Closure, Ended, ReturnReason
from triage.errors import InputError
from triage.ledger.order import OPEN, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRules:
    """How much the ends of orders are believed; a label that nothing speaks against weighs 1.

    Parameters
    ----------
    per_return
        What an order weighs after a return, against before: whose it is was disputed. A return because details were
        missing is none about the unit.
    confirmed
        How much stays of the doubt after returns where the citizen was contacted and says that it is solved.
    uncontacted, unsolved
        What an order weighs whose citizen says that nobody got in touch, or else that nothing is solved: it may have
        been closed by who should not have had it.
    self_confirmed
        What an order weighs that the model dispatched and nobody looked at; 0 leaves it out, 1 believes the model.
    most_weight
        For how many orders one that was drawn for a person may stand.
    half_life
        After how many days an order weighs half; None where age does not matter.
    least_weight
        What even the oldest and most disputed weighs.
    routed_topics
        Whether a topic that nobody but the model gave is learned too.
    """

    per_return: float = 0.8
    confirmed: float = 0.5
    uncontacted: float = 0.5
    unsolved: float = 0.7
    self_confirmed: float = 0.0
    most_weight: float = 10.0
    half_life: float | None = None
    least_weight: float = 0.001
    routed_topics: bool = True

    def __post_init__(self) -> None:
        for name in ("per_return", "uncontacted", "unsolved", "least_weight"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name} must be above 0 and at most 1", field=name)
        for name in ("confirmed", "self_confirmed"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} must be from 0 to 1", field=name)
        if not self.most_weight >= 1:
            raise InputError("most_weight must be 1 or more", field="most_weight")
        if self.half_life is not None and not self.half_life > 0:
            raise InputError("half_life must be days above 0, or none", field="half_life")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """An order that teaches its unit with a weight; `returned` are the units it speaks against, and why they said.

    `channel` is how it came in, as far as known; `stands_for` for how many orders it stands where a model is judged.
    """

    closure: Closure
    weight: float
    returned: tuple[tuple[str, str], ...] = ()
    channel: str = ""
    stands_for: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """An order that teaches nothing, and why."""

    id: str
    reason: str


Outcome = Settled | Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What many orders teach."""

    settled: tuple[Settled, ...]
    unusable: tuple[Unusable, ...] = ()

    @property
    def closures(self) -> tuple[Closure, ...]:
        return tuple(one.closure for one in self.settled)

    @property
    def weights(self) -> dict[str, float]:
        """What each order weighs, by its id."""
        return {one.closure.id: one.weight for one in self.settled}

    @property
    def returned(self) -> dict[str, tuple[str, ...]]:
        """Which units an order speaks against, by its id, of those that speak against any."""
        return {one.closure.id: tuple(unit for unit, _ in one.returned) for one in self.settled if one.returned}

    @property
    def counts(self) -> dict[str, int]:
        """Orders that teach nothing by reason, every reason named even where it is 0."""
        found = Counter(one.reason for one in self.unusable)
        return {reason: found[reason] for reason in REASONS}

    @property
    def effective(self) -> float:
        """As many orders of equal weight would tell as much: Kish, Survey Sampling (1965)."""
        weights = [one.weight for one in self.settled]
        return sum(weights) ** 2 / sum(weight**2 for weight in weights) if weights else 0.0

    @property
    def summary(self) -> dict[str, object]:
        """The numbers for a report."""
        return {
            "read": len(self.settled) + len(self.unusable),
            "settled": len(self.settled),
            "effective": round(self.effective, 1),
            "with_returns": len(self.returned),
            "unusable": self.counts,
        }

    def __str__(self) -> str:
        lines = [
            f"{len(self.settled) + len(self.unusable):>9,}  orders",
            *(f"{-count:>9,}  {reason}" for reason, count in self.counts.items() if count),
        ]
        return "\n".join(
            [*lines, f"{len(self.settled):>9,}  settled, as good as {self.effective:,.0f} of equal weight"]
        )


def outcomes(
    ended: Iterable[Ended], rules: LabelRules = LabelRules(), *, today: date, names: Names | None = None
) -> Outcomes:
    """Tell what orders teach; see `outcome`."""
    settled: list[Settled] = []
    unusable: list[Unusable] = []
    for one in ended:
        found = outcome(one, rules, today, names)
        if isinstance(found, Settled):
            settled.append(found)
        else:
            unusable.append(found)
    return Outcomes(settled=tuple(settled), unusable=tuple(unusable))


def outcome(ended: Ended, rules: LabelRules, today: date, names: Names | None = None) -> Outcome:
    """Tell what an order teaches.

    Parameters
    ----------
    names
        What the units of the city are called today; without, they are called as the order has them.
    """
    id_ = ended.closure.id
    if reason := _reason(UNSETTLED, ended):
        return Unusable(id=id_, reason=reason)
    if names:
        try:
            ended = named_today(ended, names)
        except Unnamed as unnamed:
            return Unusable(id=id_, reason=unnamed.reason)
    if rules.self_confirmed == 0 and self_confirmed(ended):
        return Unusable(id=id_, reason="self_confirmed")
    return Settled(
        closure=_taught(ended, rules),
        weight=weight(ended, rules, today),
        returned=negatives(ended),
        channel=ended.channel,
        stands_for=stands_for(ended, rules),
    )


def merged(ended: Ended) -> bool:
    """It went on under another order, which teaches in its place."""
    return ended.status == Status.MERGED or bool(ended.merged_into)


def transferred(ended: Ended) -> bool:
    """Another number or line took it."""
    return ended.status == Status.TRANSFERRED


def declined(ended: Ended) -> bool:
    """It was explained and not accepted."""
    return ended.status == Status.DECLINED


def still_open(ended: Ended) -> bool:
    """Nobody has closed it, or not again since it was sent out again."""
    return ended.status in OPEN


def unknown_status(ended: Ended) -> bool:
    """An export says where it stands in a word that is not understood."""
    return ended.status != Status.CLOSED


def erased(ended: Ended) -> bool:
    """Its words are gone."""
    return ended.erased


def reopened(ended: Ended) -> bool:
    """It was closed and not solved, and was sent out again: two units had it, and neither need be right."""
    return ended.reopened


def disputed(ended: Ended) -> bool:
    """It was returned, and closed in the name of a unit that never took it."""
    return ended.disputed


def no_unit(ended: Ended) -> bool:
    """It was answered without any unit."""
    return not ended.closure.unit


UNSETTLED: Mapping[str, Callable[[Ended], bool]] = {
    "merged": merged,
    "transferred": transferred,
    "declined": declined,
    "open": still_open,
    "unknown_status": unknown_status,
    "erased": erased,
    "reopened": reopened,
    "disputed": disputed,
    "no_unit": no_unit,
}
REASONS = (*UNSETTLED, *Unnamed.REASONS, "self_confirmed")


def _reason(rules: Mapping[str, Callable[[Ended], bool]], ended: Ended) -> str:
    return next((reason for reason, holds in rules.items() if holds(ended)), "")


def named_today(ended: Ended, names: Names) -> Ended:
    """Call units and topic as the city does today; a unit other than the last that has no name today is left out.

    Raises
    ------
    Unnamed
        No unit acts today for the one that closed the order.
    """
    closure = ended.closure

    def known(name: str) -> str:
        try:
            return names.unit(name, district=closure.district)
        except Unnamed:
            return ""

    returned = tuple((name, reason) for unit, reason in ended.returned if (name := known(unit)))
    unit = names.unit(closure.unit, district=closure.district)
    first = known(ended.first_unit)
    return replace(
        ended,
        closure=replace(closure, unit=unit, topic=names.topic(closure.topic)),
        first_unit=first,
        returned=returned,
    )


def self_confirmed(ended: Ended) -> bool:
    """The model dispatched it, and it was closed without anybody else having had a say in who has it."""
    went_through = not ended.returned and ended.first_unit in ("", ended.closure.unit)
    return ended.automatic and not ended.audited and went_through


def negatives(ended: Ended) -> tuple[tuple[str, str], ...]:
    """Return whom an order speaks against: who returned it as not theirs, and did not close it after all."""
    return tuple((unit, reason) for unit, reason in _disputing(ended) if unit != ended.closure.unit)


def weight(ended: Ended, rules: LabelRules, today: date) -> float:
    """Return how much the label of an order counts: how far it is believed, times how many orders it stands for."""
    believed = returns_weight(ended, rules) * call_back_weight(ended, rules) * age_weight(ended, rules, today)
    return max(believed, rules.least_weight) * who_decided_weight(ended, rules)


def returns_weight(ended: Ended, rules: LabelRules) -> float:
    """Each return is a doubt whose order it is; a citizen for whom it was solved takes some of it away."""
    doubt = 1 - rules.per_return ** len(_disputing(ended))
    confirmed = ended.contacted is True and ended.solved is True
    return 1 - doubt * (rules.confirmed if confirmed else 1)


def call_back_weight(ended: Ended, rules: LabelRules) -> float:
    """Whether the unit got in touch and solved it counts; whether it pleased never does."""
    if ended.contacted is False:
        return rules.uncontacted
    return rules.unsolved if ended.solved is False else 1.0


def age_weight(ended: Ended, rules: LabelRules, today: date) -> float:
    """Return what is left by its half-life."""
    ended_on = ended.closed_on or ended.closure.opened_on
    if rules.half_life is None or ended_on is None:
        return 1.0
    return float(0.5 ** (max((today - ended_on).days, 0) / rules.half_life))


def who_decided_weight(ended: Ended, rules: LabelRules) -> float:
    """Return for how many orders it stands: what the model decided for less than one, what was drawn for more.

    Of the orders that the model is sure of, a share `p` is drawn; with the weight `s` of the others, those drawn weigh
    `s + (1 - s) / p`, so that on average each order counts once. Those of the others that came back teach besides:
    what the model did wrong counts more than its share.
    """
    if self_confirmed(ended):
        return rules.self_confirmed
    if not ended.audited:
        return 1.0
    believed = rules.self_confirmed
    stands_for = believed + (1 - believed) / ended.propensity if ended.propensity > 0 else rules.most_weight
    return min(stands_for, rules.most_weight)


def stands_for(ended: Ended, rules: LabelRules) -> float:
    """Return for how many orders it stands where a model is judged.

    Those that were drawn stand for all that the model dispatched. One that was not drawn and came back teaches, but
    judges nothing: that it is known at all is because the model was wrong.
    """
    return rules.self_confirmed if ended.automatic and not ended.audited else who_decided_weight(ended, rules)


def _disputing(ended: Ended) -> tuple[tuple[str, str], ...]:
    return tuple((unit, reason) for unit, reason in ended.returned if reason != ReturnReason.INCOMPLETE)


def _taught(ended: Ended, rules: LabelRules) -> Closure:
    return replace(ended.closure, topic=()) if ended.topic_routed and not rules.routed_topics else ended.closure
