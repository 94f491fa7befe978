"""Closed orders of a simulated city as a file holds them, a million in less than a minute."""

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from training.simulate.city import City, Estate, Matter
from training.simulate.seasons import load
from training.simulate.texts import Texts

HEADER = ("工单编号", "受理时间", "诉求内容", "事项", "处置单位", "辖区", "镇街")
_DAYS = 365
_AT_ONCE = 1_000


class Row(NamedTuple):
    """A closed order, in the order of `HEADER`; the topic is a path with `/` between its levels."""

    id: str
    date: str
    text: str
    topic: str
    unit: str
    district: str
    street: str


def generate(
    count: int, seed: int = 0, *, city: City | None = None, first: date | None = None, days: int = _DAYS
) -> Iterator[Row]:
    """Draw closed orders over so many days, the oldest first; the same city and seed give the same rows.

    The unit is whose the matter was, but where one of two operators takes another view.
    """
    city = city or City(seed)
    first = first or city.story.first
    draw = random.Random(f"closed {seed}")
    texts, units = Texts(city, draw), _Units(city)
    paths = {id(one): "/".join(one.topic.path) for one in city.matters}
    number = 0
    for day, many in _days(count, first, days, city.seed):
        units.on(day)
        shown, stem = day.isoformat(), f"SM{day:%y%m%d}"
        for drawn in _drawn(draw, city.matters, city.shares(day), many):
            number += 1
            matter, estate, text = texts.say(drawn, city.estates[int(draw.random() * len(city.estates))], day)
            unit = units.recorded(matter, estate, draw)
            place = (estate.district, estate.street)
            yield Row(f"{stem}{number:08}", shown, text, paths[id(matter)], unit, *place)


def write_rows(path: Path, rows: Iterable[Sequence[str]]) -> Path:
    """Write rows as a CSV that `training.closures.read_closures` reads."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows)
    return path


def _drawn(draw: random.Random, listed: Sequence[Matter], shares: Sequence[float], many: int) -> Iterator[Matter]:
    for at in range(0, many, _AT_ONCE):
        yield from draw.choices(listed, cum_weights=shares, k=min(_AT_ONCE, many - at))


class _Units:
    """Whose matters are on a day, looked up once."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._day = city.story.first
        self._names: dict[tuple[int, int], tuple[str, str]] = {}
        self._turns = sorted({change.on for change in city.changes})
        self._turn = -1

    def on(self, day: date) -> None:
        turn = sum(day >= one for one in self._turns)
        if turn != self._turn:
            self._turn, self._day = turn, day
            self._names.clear()

    def recorded(self, matter: Matter, estate: Estate, draw: random.Random) -> str:
        key = id(matter), id(estate)
        names = self._names.get(key)
        if names is None:
            city, day = self._city, self._day
            of = city.duty(matter, estate, day), city.rival(matter, estate, day)
            names = self._names[key] = (of[0].name, of[1].name)
        return names[self._city.second_view(matter, draw)]


def _days(count: int, first: date, days: int, seed: int) -> Iterator[tuple[date, int]]:
    """Give each day its part of the orders; together they are `count`."""
    dates = [first + timedelta(days=at) for at in range(days)]
    until = list(accumulate(load(day, seed) for day in dates))
    ends = [round(count * end / until[-1]) for end in until]
    for day, begin, end in zip(dates, [0, *ends], ends, strict=False):
        yield day, end - begin
