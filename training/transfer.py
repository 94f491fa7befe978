"""What was written for one city, said of another: the same matters, led by that city's offices in its places."""

import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from training.corpus import Written
from triage.citypack import CityPack, PackPlace, PlaceKind
from triage.directory import Directory, today
from triage.domain import Closure, Origin, Topic, Unit, UnitKind
from triage.places import Places
from triage.text import normalise

_KIN = Path(__file__).with_name("kin.csv")


def transferred(written: Sequence[Written], home: CityPack, city: CityPack, *, seed: int) -> list[Closure]:
    """Say the appeals of one city of another; what no office there does is left out.

    The office that leads a matter at home is found in the other city by its duty, or by one that is kin to it and
    whose words the matter shares. Places of home are cut out of the text, and one of the other city, where its unit
    acts, is put before it. Topics are left empty: the other city has a tree of its own.
    """
    offices = _Offices(home, city)
    places = Places(home.places)
    return [
        closure
        for one in written
        if (closure := _said_there(one, offices, places, random.Random(f"{seed} {one.id}"))) is not None
    ]


class _Offices:
    """Which units of the other city do what leads a matter at home."""

    def __init__(self, home: CityPack, city: CityPack) -> None:
        self._directory = Directory(home, on=today())
        self._words, self._duties = home.topic_words, city.duties
        self._units: defaultdict[str, list[Unit]] = defaultdict(list)
        for unit in city.units:
            self._units[unit.duty].append(unit)
        self._streets: defaultdict[str, list[PackPlace]] = defaultdict(list)
        for place in city.places:
            if place.kind is PlaceKind.STREET:
                self._streets[place.district].append(place)
        self._found: dict[str, list[Unit]] = {}

    def units(self, one: Written) -> list[Unit]:
        """Return the units of the duty that fits best, of the level that leads at home where there are such."""
        if one.topic.code not in self._found:
            self._found[one.topic.code] = self._best(one.topic)
        return self._found[one.topic.code]

    def _best(self, topic: Topic) -> list[Unit]:
        mandate = self._directory.mandate(topic.code)
        if mandate is None:
            return []
        duty = mandate.lead.duty
        there = [name for name in (duty, *_kin().get(duty, ())) if name in self._units]
        if not there:
            return []
        said = [topic.name, topic.meaning, *self._words.get(topic.code, ())]
        shared = {name: sum(any(word in part for part in said) for word in self._duties[name]) for name in there}
        best = max(there, key=lambda name: (shared[name] + 2 * (name == duty), -there.index(name)))
        units = self._units[best]
        return [unit for unit in units if unit.kind is mandate.lead.level] or units

    def street(self, unit: Unit, draw: random.Random) -> str:
        """Return a place where the unit acts: its own street, one of its district, or nothing for one of the city."""
        if unit.kind is UnitKind.STREET:
            return unit.name if unit.district in unit.name else unit.district + unit.name
        streets = self._streets[unit.district] if unit.district else []
        return unit.district + (draw.choice(streets).name if streets else "")


def _said_there(one: Written, offices: _Offices, places: Places, draw: random.Random) -> Closure | None:
    units = offices.units(one)
    if not units or one.unit:
        return None
    unit = draw.choice(units)
    text = _without_places(one.text, places)
    place = offices.street(unit, draw)
    return Closure(
        id=one.id,
        text=f"{place}，{text}" if place else text,
        unit=unit.name,
        district=unit.district,
        origin=Origin.WRITTEN,
        source=one.source,
    )


def _without_places(text: str, places: Places) -> str:
    plain = normalise(text).text
    for start, end in sorted(places.resolve(plain).spans, reverse=True):
        plain = plain[:start] + plain[end:]
    return plain


@cache
def _kin() -> dict[str, tuple[str, ...]]:
    with _KIN.open(encoding="utf-8", newline="") as file:
        return {row["duty"]: tuple(row["kin"].split("|")) for row in csv.DictReader(file, strict=True)}
