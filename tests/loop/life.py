"""A life of a simulated city with a real model: it learns from the city's past, serves, and learns from its ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from random import Random

from starlette.testclient import TestClient

from api.app import create_app
from api.champion import BundleOpener, Champion
from api.settings import Settings
from models.registry import Registry
from training.backtest import ALL
from training.closures import read_closures
from training.gate import Bounds
from training.measures import measure
from training.outcomes import LabelRules
from training.retrain import Recipe, Retrained, retrain
from training.simulate import City, Clock, Habits, Row, Week, history, simulate, write_rows
from triage.citypack import write_pack
from triage.domain import Ended
from triage.ledger.database import open_database
from triage.ledger.endings import endings
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger

PROMISE = 0.85
ORDERS, PAST, WEEKS = 30, 45, 24
HABITS = Habits(right=0.9, careful=0.97, returns=(0.6, 0.9), trust=0.25, custom=0.9)
"""Units rarely send back what the model sent: it is believed, and what was kept once is kept again."""

FEW = Bounds(least_rows=60, calibration=0.15, promise_tolerance=0.1, tolerance=0.05)
"""A small city judges on few orders."""

_FIRST = replace(FEW, least_rows=1, least_top1=0.0, calibration=1.0, promise_tolerance=PROMISE - 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a hotline learns: after so many weeks, or never; `audit_share` of what is sure goes to a person."""

    name: str
    every: int | None = 4
    audit_share: float = 0.2
    rules: LabelRules = field(default_factory=LabelRules)


NEVER = Way(name="no retraining", every=None)
SAFE = Way(name="retraining with safeguards")
CREDULOUS = Way(
    name="retraining without",
    audit_share=0.0,
    rules=LabelRules(self_confirmed=1.0, per_return=1.0, uncontacted=1.0, unsolved=1.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A city and how its hotline learns; everything that comes of it lies in `folder`."""

    folder: Path
    way: Way
    city: City = field(default_factory=lambda: City(1, districts=3, streets=3, estates=4))
    retrained: list[Retrained] = field(default_factory=list)

    def live(self, weeks: int = WEEKS) -> Sequence[Week]:
        """Let the city call for so many weeks."""
        first, clock = self.city.story.first, Clock(self.city.story.first)
        registry = Registry.open(self.folder / "registry")
        past = read_closures([write_rows(self.folder / "past.csv", self._history())]).ended
        self._publish(first)
        self._learn(past, registry, first, _FIRST)
        ledger = Ledger(open_database(f"sqlite:///{self.folder / 'ledger.db'}"), now=clock)
        _, key = ledger.create_key(role=Role.AGENT, name="simulation", unit="")
        champion = Champion(registry, BundleOpener(city=self._pack, pack=self._pack, state=self.folder / "state"))
        settings = Settings(state=self.folder / "state", worker=False)

        def learn(_: int, day: date) -> None:
            closed = endings(ledger.engine, self.city.pack(day))
            self._learn([*past, *closed], registry, day, FEW)
            champion.look()

        with TestClient(create_app(champion, settings, ledger, draw=Random("audits").random)) as client:
            return simulate(
                self.city,
                client,
                key=key,
                days=7 * weeks,
                orders=ORDERS,
                habits=HABITS,
                clock=clock,
                every=self.way.every or 1,
                retrain=learn if self.way.every else None,
                changed=lambda _, day: self._publish(day),
            )

    def believed(self) -> list[float]:
        """Return for each retraining what share of its dispatches the model before it got right, as was learned."""
        served = [one.served for one in self.retrained if one.served]
        return [measure(judged, promise=PROMISE)["", ""]["precision"] for judged in served]

    @property
    def _pack(self) -> Path:
        return self.folder / "pack"

    def _history(self) -> Iterator[Row]:
        return history(self.city, days=PAST, orders=ORDERS, habits=HABITS)

    def _publish(self, day: date) -> None:
        pack = self.city.pack(day, audit_share=self.way.audit_share)
        terms = replace(pack.terms, promise=replace(pack.terms.promise, precision=PROMISE))
        write_pack(replace(pack, terms=terms), self._pack)

    def _learn(self, ended: Sequence[Ended], registry: Registry, day: date, bounds: Bounds) -> None:
        recipe = Recipe(pack=self._pack, rules=self.way.rules, bounds=bounds, memory=ALL)
        work = self.folder / "work"
        self.retrained.append(retrain(ended, registry, recipe, work=work, today=day, by="simulation"))
