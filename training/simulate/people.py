"""Who works with orders: a dispatcher who errs, units that return what is not theirs or keep it, and citizens."""

import random
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from training.simulate.city import City, Estate, Matter
from triage.domain import ReturnReason, Unit, UnitKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people are; all are shares of 1.

    Parameters
    ----------
    right
        How often a dispatcher is right who decides alone.
    careful
        How often, about an order that was drawn to see whether the model is right.
    anchoring
        How often the first suggestion is taken without a thought; never where an order was drawn.
    again
        How often a dispatcher is right about an order that came back, if nobody proposes whose it is.
    returns
        Between which shares units differ in how often they send back what is not theirs.
    trust
        How much of that is left where the model sent it.
    custom
        How much of it is left by each order of the same matter that the unit has kept before.
    proposes, follows
        How often a unit says whose an order is, and how often it is then sent there.
    """

    right: float = 0.7
    careful: float = 0.9
    anchoring: float = 0.4
    again: float = 0.8
    returns: tuple[float, float] = (0.6, 0.9)
    trust: float = 0.8
    custom: float = 0.95
    proposes: float = 0.6
    follows: float = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An appeal and whose it is, which nobody is told; `draw` decides what people make of it."""

    reference: str
    text: str
    matter: Matter
    estate: Estate
    draw: random.Random

    def owner(self, city: City, on: date) -> Unit:
        return city.duty(self.matter, self.estate, on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """退单: why a unit sends an order back, and whom it proposes."""

    reason: ReturnReason
    proposed: Unit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """回访: what a citizen says when called back."""

    contacted: bool
    solved: bool
    satisfaction: str


class People:
    """Everybody who works with the orders of a city, or waits for them."""

    def __init__(self, city: City, habits: Habits, *, seed: int) -> None:
        self._city, self._habits = city, habits
        draw = random.Random(f"people {seed}")
        self._returns = {unit.code: draw.uniform(*habits.returns) for unit in city.ever()}
        self._pleasant = {unit.code: draw.random() for unit in city.ever()}
        self._kept: Counter[tuple[str, str]] = Counter()

    def sends(self, case: Case, suggested: Sequence[Unit], *, audited: bool, on: date) -> Unit:
        """Decide where an order goes first."""
        habits, draw = self._habits, case.draw
        anchored = draw.random() < habits.anchoring
        if suggested and anchored and not audited:
            return self._city.acting(suggested[0], on)
        return self._judged(case, habits.careful if audited else habits.right, on)

    def sends_again(self, case: Case, refused: Refused, *, without: Collection[Unit], on: date) -> Unit:
        """Decide where an order goes that came back."""
        habits, draw = self._habits, case.draw
        if refused.proposed and draw.random() < habits.follows:
            return refused.proposed
        found = self._judged(case, habits.again, on)
        return found if found not in without else case.owner(self._city, on)

    def answers(self, case: Case, unit: Unit, *, automatic: bool, on: date) -> Refused | None:
        """Return why a unit sends an order back; None where it keeps it, its own or not."""
        owner, draw = case.owner(self._city, on), case.draw
        kept = unit.code, case.matter.topic.code
        share = self._returns[unit.code] * self._habits.custom ** self._kept[kept]
        share *= self._habits.trust if automatic else 1.0
        refuses, proposes = draw.random() < share, draw.random() < self._habits.proposes
        if unit.code == owner.code:
            return None
        if not refuses:
            self._kept[kept] += 1
            return None
        return Refused(reason=_reason(unit, owner, draw), proposed=owner if proposes else None)

    def says(self, case: Case, unit: Unit, on: date) -> Said:
        """Return what a citizen says of how a unit dealt with a matter."""
        own, draw = unit.code == case.owner(self._city, on).code, case.draw
        contacted = draw.random() < (0.97 if own else 0.75)
        solved = draw.random() < (0.85 if own else 0.3)
        pleased = 0.6 * self._pleasant[unit.code] + 0.3 * solved + 0.1 * contacted
        grades = ("满意", "基本满意", "一般", "不满意")
        bounds = (pleased, pleased + 0.2, pleased + 0.35)
        grade = sum(draw.random() > bound for bound in bounds)
        return Said(contacted=contacted, solved=solved, satisfaction=grades[grade])

    def _judged(self, case: Case, right: float, on: date) -> Unit:
        owner = case.owner(self._city, on)
        if case.draw.random() < right:
            return owner
        wrong = [unit for unit in self._plausible(case, on) if unit.code != owner.code]
        return case.draw.choice(wrong) if wrong else owner

    def _plausible(self, case: Case, on: date) -> list[Unit]:
        """Return who might be taken for the owner: a rival, the same office elsewhere, the street of the place."""
        city, matter, estate = self._city, case.matter, case.estate
        street = next(one for one in city.units(on) if one.name == "".join(estate.believed))
        if matter.rule == "heat":
            return [*city.heaters, *city.heaters, street]
        near = city.unit(matter.lead, estate.believed, on)
        far = city.unit(matter.lead, case.draw.choice(city.streets), on)
        return [city.rival(matter, estate, on), city.rival(matter, estate, on), near, far, street]


def _reason(unit: Unit, owner: Unit, draw: random.Random) -> ReturnReason:
    if (unit.kind, unit.duty) == (owner.kind, owner.duty):
        return ReturnReason.OWNERSHIP if unit.kind is UnitKind.COMPANY else ReturnReason.PLACE
    return draw.choice((ReturnReason.DUTY, ReturnReason.DUTY, ReturnReason.SHARED, ReturnReason.OWNERSHIP))
