"""The watch over live traffic: what comes in now against the weeks before, and alerts in the ledger where it moved."""

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from training.drift import Matter, Moved, Shift, new_matters, shift, words
from triage.citypack import CityPack
from triage.errors import InputError
from triage.ledger.alerts import MATTERS, Alert, alert
from triage.ledger.events import Event, Facts
from triage.ledger.ledger import Ledger
from triage.ledger.statistics import Share
from triage.ledger.traffic import Passed, passed
from triage.lines import Line
from triage.text import Segmenter

FEWEST = 50  # orders on either side of a comparison
_FEWEST_ALIKE = 8
_STRANGE = 0.9  # of the orders before were less strange than one that is
_TWICE = 2.0
_RETURNS_MOVED = 0.02
_UNITS_SHOWN = 8
_ORDERS_TOLD = 500
_PLACEHOLDER = re.compile("〔[^〔〕]*〕")
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Orders that came in from `since` up to `until` are compared with those from `before` up to `since`."""

    before: datetime
    since: datetime
    until: datetime

    @property
    def span(self) -> timedelta:
        return self.until - self.since

    def end_for(self, order: Passed) -> datetime | None:
        """Return until when it counts what became of an order; None where the time before is no whole span.

        Orders of now had little time to come back. Those before count as they stood when as much had passed for them.
        """
        if order.received_at >= self.since:
            return self.until
        spans = (self.since - order.received_at - timedelta.resolution) // self.span
        return self.since - spans * self.span if spans < (self.since - self.before) // self.span else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returns(Shift):
    """By how much the share of sent orders that came back has changed, with its 95 % interval; `moved` are units."""

    @property
    def alarms(self) -> bool:
        """Whether the share rose or fell by more than two points, beyond chance."""
        return self.low >= _RETURNS_MOVED or self.high <= -_RETURNS_MOVED


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What was found: shifts of the axes that have enough orders, new matters, and the alerts that were written.

    `before` and `now` are how many orders were compared, `bundles` which routed them.
    """

    period: Period
    before: int
    now: int
    bundles: tuple[str, ...] = ()
    shifts: tuple[Shift, ...] = ()
    matters: tuple[Matter, ...] = ()
    alerts: tuple[Event, ...] = ()

    @property
    def too_few(self) -> bool:
        return min(self.before, self.now) < FEWEST

    def event(self, axis: str, orders: Sequence[str] = ()) -> int | None:
        """Return the number of the alert that was written now; None where nothing alarms, or it was told before."""
        told = (event for event in self.alerts if event.facts["axis"] == axis)
        return next((event.number for event in told if event.facts.get("orders", []) == list(orders)), None)

    def line(self) -> Line:
        """Return all of it as JSON has it."""
        axes = [
            {**asdict(one), "alarm": one.alarms, "event": self.event(one.axis) if one.alarms else None}
            for one in self.shifts
        ]
        matters = [{**asdict(one), "event": self.event(MATTERS, told_of(one))} for one in self.matters]
        counts = {"orders_before": self.before, "orders": self.now, "too_few": self.too_few}
        return {**_written(self.period), **counts, "bundles": self.bundles, "axes": axes, "matters": matters}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """An order and the words of it, each once."""

    order: Passed
    words: tuple[str, ...]


def watch(ledger: Ledger, pack: CityPack, *, now: datetime, days: int = 7, before: int = 28) -> Watched:
    """Compare the orders of the last `days` with those of the days `before` them, and write down what alarms.

    Raises
    ------
    InputError
        The time before is shorter than the time that is compared with it.
    """
    if before < days:
        raise InputError(f"the time before must be no shorter than the {days} days themselves", field="--before")
    since = now - timedelta(days=days)
    period = Period(before=since - timedelta(days=before), since=since, until=now)
    earlier, recent = _parted(_heard(ledger, period), since)
    bundles = tuple(sorted({one.order.bundle for one in (*earlier, *recent)} - {""}))
    found = Watched(period=period, before=len(earlier), now=len(recent), bundles=bundles)
    if found.too_few:
        return found
    found = replace(found, shifts=tuple(_shifts(earlier, recent, pack, period)), matters=_matters(earlier, recent))
    return replace(found, alerts=tuple(alert(ledger, list(_alerts(found)), silent=period.span)))


def _heard(ledger: Ledger, period: Period) -> Iterator[_Heard]:
    """Read orders, and keep their words alone; one word of many orders is one in memory.

    Citizens send what no terminal should be told, such as half a character; that is no word.
    """
    cut = Segmenter().cut
    for order in passed(ledger.engine, since=period.before, until=period.until):
        tokens = [token for token in cut(_PLACEHOLDER.sub(" ", order.text)) if token.isprintable()]
        yield _Heard(order=replace(order, text=""), words=tuple(sorted(map(sys.intern, words([tokens])))))


def _parted(orders: Iterable[_Heard], since: datetime) -> tuple[list[_Heard], list[_Heard]]:
    earlier: list[_Heard] = []
    recent: list[_Heard] = []
    for one in orders:
        (recent if one.order.received_at >= since else earlier).append(one)
    return earlier, recent


def _shifts(earlier: Sequence[_Heard], recent: Sequence[_Heard], pack: CityPack, period: Period) -> Iterator[Shift]:
    for axis, names in _axes(pack).items():
        told = [[found for one in side if (found := names(one))] for side in (earlier, recent)]
        if min(map(len, told)) >= FEWEST:
            yield shift(axis, *([name for found in side for name in found] for side in told))
    if returns := _returns([one.order for one in earlier], [one.order for one in recent], period):
        yield returns


def _axes(pack: CityPack) -> Mapping[str, Callable[[_Heard], Sequence[str]]]:
    topics = {str(topic.code): "/".join(topic.path[:2]) for topic in pack.topics}
    return {
        "topics": lambda one: _told(topics.get(one.order.topic, one.order.topic)),
        "units": lambda one: _told(one.order.unit),
        "districts": lambda one: _told(one.order.district),
        "words": lambda one: one.words,
        "confidence": lambda one: _told(_tenth(one.order.sure)),
    }


def _told(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _tenth(probability: float | None) -> str:
    """Name the tenth that a probability lies in.

    >>> _tenth(0.3), _tenth(0.95), _tenth(1.0), _tenth(None)
    ('0.3-0.4', '0.9-1.0', '0.9-1.0', 'none')
    """
    if probability is None:
        return "none"
    tenth = min(int(10 * probability + 1e-9), 9)
    return f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}"


def _returns(earlier: Sequence[Passed], recent: Sequence[Passed], period: Period) -> Returns | None:
    """Compare the shares of orders that came back.

    Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine 17 (1998),
    method 10.
    """
    before, now = (_came_back(side, period) for side in (earlier, recent))
    sent = before.total(), now.total()
    if min(sent) < FEWEST:
        return None
    old, new = (Share(side.total() - side[""], side.total()) for side in (before, now))
    (low, high), (from_, to) = old.interval or (0.0, 1.0), new.interval or (0.0, 1.0)
    p, q = old.rate or 0.0, new.rate or 0.0
    units = [_moved(unit, before[unit] / sent[0], now[unit] / sent[1]) for unit in sorted({*before, *now} - {""})]
    most = sorted(units, key=lambda moved: -abs(moved.adds))[:_UNITS_SHOWN]
    return Returns(
        axis="returns",
        index=q - p,
        low=q - p - float(np.hypot(q - from_, high - p)),
        high=q - p + float(np.hypot(to - q, p - low)),
        moved=(_moved(ALL, p, q), *most),
    )


def _came_back(orders: Iterable[Passed], period: Period) -> Counter[str]:
    """Count sent orders by the unit that first sent them back; those that did not come back under no name."""
    counts: Counter[str] = Counter()
    for order in orders:
        end = period.end_for(order)
        if end and order.sent_at and order.sent_at < end:
            back = order.returned_at is not None and order.returned_at < end
            counts[order.returned_by if back else ""] += 1
    return counts


def _moved(name: str, before: float, now: float) -> Moved:
    return Moved(name=name, before=before, now=now, adds=now - before)


def _matters(earlier: Sequence[_Heard], recent: Sequence[_Heard]) -> tuple[Matter, ...]:
    """Find what recent orders tell in words that were rare before, and no topic fits as well as it fits others."""
    strange = [_strangeness(one) for one in earlier if one.order.fits is not None]
    if len(strange) < FEWEST:
        return ()
    limit = float(np.quantile(strange, _STRANGE))
    usual = float(np.mean(np.array(strange) >= limit))
    fresh = _fresh(earlier, recent, limit, usual)
    # Whoever says nothing fresh keeps a name of its own, so that what a new matter always says is not said by all.
    texts = {
        one.order.id: tuple(sorted(fresh.intersection(one.words))) or (one.order.id,) for one in recent if one.words
    }
    strangeness = {one.order.id: _strangeness(one) for one in recent}
    return new_matters(texts, strangeness, (one.words for one in earlier), strange=limit, fewest=_FEWEST_ALIKE)


def _strangeness(one: _Heard) -> float:
    return 0.0 if one.order.fits is None else 1.0 - one.order.fits


def _fresh(earlier: Sequence[_Heard], recent: Sequence[_Heard], limit: float, usual: float) -> set[str]:
    """Return words that twice as many orders say as before, and twice as many strange ones as usual, beyond chance."""
    before = Counter(word for one in earlier for word in one.words)
    now = Counter(word for one in recent for word in one.words)
    odd = Counter(word for one in recent if _strangeness(one) >= limit for word in one.words)
    texts = [sum(bool(one.words) for one in side) for side in (earlier, recent)]
    return {
        word
        for word, count in odd.items()
        if count >= _FEWEST_ALIKE
        and _surely(now[word], texts[1]) >= _TWICE * _at_most(before[word], texts[0])
        and _surely(count, now[word]) >= _TWICE * usual
    }


def _surely(count: int, of: int) -> float:
    return (Share(count, of).interval or (0.0, 1.0))[0]


def _at_most(count: int, of: int) -> float:
    return (Share(count, of).interval or (0.0, 1.0))[1]


def _alerts(found: Watched) -> Iterator[Alert]:
    circumstances = {**_written(found.period), "bundles": list(found.bundles)}
    yield from (_of_shift(one, circumstances) for one in found.shifts if one.alarms)
    for matter in found.matters:
        facts = {**circumstances, "count": len(matter.ids), "orders": told_of(matter)}
        yield Alert(axis=MATTERS, facts=facts, content={"words": list(matter.words)})


def told_of(matter: Matter) -> list[str]:
    """Return the orders that an alert names: the newest, as a matter may have any number."""
    return list(matter.ids[-_ORDERS_TOLD:])


def _written(period: Period) -> dict[str, str]:
    return {name: getattr(period, name).isoformat() for name in ("before", "since", "until")}


def _of_shift(found: Shift, circumstances: Facts) -> Alert:
    """Words of appeals go where what citizens wrote can be kept apart; all other names are codes and names of packs."""
    measured = {name: round(getattr(found, name), 4) for name in ("index", "low", "high")}
    moved = [[one.name, round(one.before, 4), round(one.now, 4)] for one in found.moved]
    if found.axis == "words":
        return Alert(axis=found.axis, facts={**measured, **circumstances}, content={"moved": moved})
    return Alert(axis=found.axis, facts={**measured, "moved": moved, **circumstances})
