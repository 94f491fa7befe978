"""A city lived through day by day: its people call, the service routes, units act, and the weeks are counted."""

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from training.simulate.city import City
from training.simulate.closed import Row
from training.simulate.door import Client, Door, Line
from training.simulate.people import Case, Habits, People
from training.simulate.seasons import load
from training.simulate.texts import Texts
from triage.directory import CHINA_TIME
from triage.domain import Unit

_BEGINS = time(8, 0)
_MOST_RETURNS = 3
_CHANNELS = ("电话", "电话", "电话", "微信", "网站")
_INSISTS = 0.1  # of those for whom nothing is solved, so many make the hotline send it out again
Hook = Callable[[int, date], None]


class Clock:
    """The time of the simulation; a ledger that is given it tells when things happened there."""

    def __init__(self, day: date) -> None:
        self.now = self._morning(day)

    def __call__(self) -> datetime:
        return self.now

    @property
    def day(self) -> date:
        return self.now.astimezone(CHINA_TIME).date()

    def begin(self, day: date) -> None:
        """Let a day begin."""
        self.now = max(self.now, self._morning(day))

    def tick(self) -> None:
        """Let a second pass."""
        self.now += timedelta(seconds=1)

    @staticmethod
    def _morning(day: date) -> datetime:
        return datetime.combine(day, _BEGINS, tzinfo=CHINA_TIME).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What became of the orders of a week; who is right is known here alone.

    Parameters
    ----------
    automatic, automatic_right
        What the service dispatched by itself, and what of it went to the unit whose it is.
    automatic_confirmed
        What of it was closed by the unit that it went to: what looks right to whoever learns from closures.
    audited
        What it was sure of and a person was drawn to decide.
    first_right
        What went to the right unit first, whoever sent it.
    suggested_right
        What the first suggestion was right about.
    elsewhere
        What the service would have sent to another line, or not accepted.
    returns
        How often orders came back.
    closed, closed_right
        What was closed, and what of it in the name of the unit whose it is.
    bundles
        Which bundles answered.
    """

    number: int
    begins: date
    orders: int = 0
    automatic: int = 0
    automatic_right: int = 0
    automatic_closed: int = 0
    automatic_confirmed: int = 0
    audited: int = 0
    first_right: int = 0
    suggested_right: int = 0
    elsewhere: int = 0
    returns: int = 0
    closed: int = 0
    closed_right: int = 0
    bundles: tuple[str, ...] = ()


_COUNTED = tuple(field.name for field in fields(Week) if field.name not in ("number", "begins", "bundles"))


def simulate(
    city: City,
    client: Client,
    *,
    days: int,
    key: str = "",
    orders: float = 60,
    habits: Habits | None = None,
    clock: Clock | None = None,
    seed: int = 0,
    every: int = 4,
    retrain: Hook | None = None,
    changed: Hook | None = None,
) -> tuple[Week, ...]:
    """Live through so many days from the first of the city's story, and count its weeks.

    With the same seed the same people say the same on the same days, whatever the service makes of it.

    Parameters
    ----------
    client, key
        The public door of a service that has a pack of the city, and the key of an agent.
    orders
        How many come in on an ordinary day.
    clock
        Give the same to the ledger, where that is in reach, so that events have the days of the simulation.
    every, retrain
        After how many weeks to call `retrain` with the number of the week that ended and the day.
    changed
        Called with the number of the week and the day on which units changed, before anybody calls: the time to publish
        `city.pack(day)`.
    """
    clock = clock or Clock(city.story.first)
    hotline = _Hotline(city, Door(client, city, key=key), People(city, habits or Habits(), seed=seed), clock)
    callers = _Callers(city, orders, seed)
    first = city.story.first
    for number in range(days):
        day, week = first + timedelta(days=number), number // 7
        clock.begin(day)
        if any(change.on == day for change in city.changes):
            if changed:
                changed(week, day)
            hotline.door.look()
        hotline.work(day)
        for case in callers.calls(day):
            hotline.take(case, week)
        ended = (number + 1) % (7 * every) == 0
        if retrain and ended:
            retrain(week, day)
            hotline.door.look()
    hotline.finish(first + timedelta(days=days))
    return hotline.weeks(-(-days // 7))


def history(city: City, *, days: int, orders: float = 60, habits: Habits | None = None, seed: int = 0) -> Iterator[Row]:
    """Live through the days before the city's story without a service: people alone send, err, and units keep some.

    What is closed in the name of a unit is not always its own, as in any hotline's records.
    """
    people, callers = People(city, habits or Habits(), seed=seed), _Callers(city, orders, f"history {seed}")
    for at in range(days, 0, -1):
        day = city.story.first - timedelta(days=at)
        for case in callers.calls(day):
            unit = _recorded(city, case, _kept(people, case, day), day)
            estate, topic = case.estate, "/".join(case.matter.topic.path)
            yield Row(case.reference, day.isoformat(), case.text, topic, unit.name, estate.district, estate.street)


def _kept(people: People, case: Case, day: date) -> Unit:
    """Send an order on until a unit keeps it, and return which."""
    unit, returned = people.sends(case, (), audited=False, on=day), list[Unit]()
    while (refused := people.answers(case, unit, automatic=False, on=day)) and len(returned) < _MOST_RETURNS:
        returned.append(unit)
        unit = people.sends_again(case, refused, without=returned, on=day)
    return unit


def _recorded(city: City, case: Case, unit: Unit, day: date) -> Unit:
    """Return in whose name an order is closed: two operators do not write down the same."""
    return city.rival(case.matter, case.estate, day) if city.second_view(case.matter, case.draw) else unit


class _Callers:
    """Who calls on a day, and what about; they do not know what becomes of it."""

    def __init__(self, city: City, orders: float, seed: int | str) -> None:
        self._city, self._orders, self._seed = city, orders, seed
        self._draw = random.Random(f"callers {seed}")
        self._texts = Texts(city, self._draw)

    def calls(self, day: date) -> Iterator[Case]:
        draw, city = self._draw, self._city
        many = round(self._orders * load(day, city.seed) * draw.uniform(0.85, 1.15))
        for at, drawn in enumerate(draw.choices(city.matters, cum_weights=city.shares(day), k=many)):
            matter, estate, text = self._texts.say(drawn, draw.choice(city.estates), day)
            reference = f"SIM{day:%y%m%d}-{at}"
            own = random.Random(f"{self._seed} {reference}")
            yield Case(reference=reference, text=text, matter=matter, estate=estate, draw=own)


class _Hotline:
    """What goes on between the service and everybody who works with it."""

    def __init__(self, city: City, door: Door, people: People, clock: Clock) -> None:
        self._city, self.door, self._people, self._clock = city, door, people, clock
        self._counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._bundles: defaultdict[int, dict[str, None]] = defaultdict(dict)
        self._waiting: list[tuple[date, int, Iterator[int]]] = []
        self._taken = 0

    def take(self, case: Case, week: int) -> None:
        self._taken += 1
        self._go_on(self._clock.day, self._taken, self._life(case, week))

    def work(self, day: date) -> None:
        """Go on with every order that waited for this day."""
        while self._waiting and self._waiting[0][0] <= day:
            self._go_on(day, *heapq.heappop(self._waiting)[1:])

    def finish(self, day: date) -> None:
        """Go on with what is open until nothing is, though nobody calls any more."""
        while self._waiting:
            self._clock.begin(day)
            self.work(day)
            day += timedelta(days=1)

    def weeks(self, many: int) -> tuple[Week, ...]:
        return tuple(
            Week(
                number=number,
                begins=self._city.story.first + timedelta(weeks=number),
                bundles=tuple(self._bundles[number]),
                **{name: self._counts[number][name] for name in _COUNTED},
            )
            for number in range(many)
        )

    def _go_on(self, day: date, number: int, life: Iterator[int]) -> None:
        wait = next(life, None)
        if wait is not None:
            heapq.heappush(self._waiting, (day + timedelta(days=wait), number, life))

    def _life(self, case: Case, week: int) -> Iterator[int]:
        """Live through an order; it says after how many days it goes on."""
        counts, draw = self._counts[week], case.draw
        order = self._said(case)
        unit, automatic = self._sent_first(case, order, counts, week)
        returned: list[Unit] = []
        sent_by_model = automatic
        while True:
            yield draw.randint(0, 2)
            today = self._clock.day
            unit = self._city.acting(unit, today)
            refused = self._people.answers(case, unit, automatic=automatic, on=today)
            if refused is None or len(returned) == _MOST_RETURNS:
                break
            counts["returns"] += 1
            returned.append(unit)
            self._tick()
            self.door.give_back(order["id"], reason=refused.reason, proposed=refused.proposed)
            unit = self._people.sends_again(case, refused, without=returned, on=today)
            automatic = False
            self._tick()
            self.door.dispatch(order["id"], unit)
        yield draw.randint(1, 6)
        closed_by = self._closed(case, order, unit)
        self._count_closure(case, counts, closed_by)
        if sent_by_model:
            counts["automatic_closed"] += 1
            counts["automatic_confirmed"] += not returned and closed_by.code == unit.code
        yield 1
        yield from self._called_back(case, order, unit)

    def _said(self, case: Case) -> Line:
        self._tick()
        channel = case.draw.choice(_CHANNELS)
        return self.door.submit(case.text, reference=case.reference, at=self._clock.now, channel=channel)

    def _sent_first(self, case: Case, order: Line, counts: Counter[str], week: int) -> tuple[Unit, bool]:
        """Return who has an order first, and whether no person sent it."""
        today = self._clock.day
        owner, suggested = case.owner(self._city, today), self.door.suggested(order)
        unit = self.door.unit(order["unit"])
        automatic = unit is not None
        if unit is None:
            unit = self._people.sends(case, suggested, audited=order["audited"], on=today)
            self._tick()
            self.door.dispatch(order["id"], unit)
        unit = self._city.acting(unit, today)
        right = unit.code == owner.code
        counts["orders"] += 1
        counts["automatic"] += automatic
        counts["automatic_right"] += automatic and right
        counts["audited"] += order["audited"]
        counts["first_right"] += right
        best = self._city.acting(suggested[0], today) if suggested else None
        counts["suggested_right"] += best is not None and best.code == owner.code
        counts["elsewhere"] += order["status"] in ("transferred", "declined")
        self._bundles[week][_bundle(order)] = None
        return unit, automatic

    def _closed(self, case: Case, order: Line, unit: Unit) -> Unit:
        today = self._clock.day
        named = _recorded(self._city, case, self._city.acting(unit, today), today)
        self._tick()
        self.door.close(order["id"], named)
        return named

    def _count_closure(self, case: Case, counts: Counter[str], named: Unit) -> None:
        counts["closed"] += 1
        counts["closed_right"] += named.code == case.owner(self._city, self._clock.day).code

    def _called_back(self, case: Case, order: Line, unit: Unit) -> Iterator[int]:
        """Call the citizen back; one who insists gets the owner, and is called back once more."""
        if self._solved(case, order, unit) or case.draw.random() >= _INSISTS:
            return
        owner = case.owner(self._city, self._clock.day)
        self._tick()
        self.door.dispatch(order["id"], owner)
        yield 3
        owner = self._city.acting(owner, self._clock.day)
        self._tick()
        self.door.close(order["id"], owner)
        yield 1
        self._solved(case, order, owner)

    def _solved(self, case: Case, order: Line, unit: Unit) -> bool:
        today = self._clock.day
        said = self._people.says(case, self._city.acting(unit, today), today)
        self._tick()
        self.door.call_back(order["id"], contacted=said.contacted, solved=said.solved, satisfaction=said.satisfaction)
        return said.solved

    def _tick(self) -> None:
        self._clock.tick()


def _bundle(order: Line) -> str:
    routing: dict[str, Any] = order["routing"] or {}
    found: str = routing.get("versions", {}).get("bundle", "")
    return found
