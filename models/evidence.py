"""What speaks for each unit, as tables of rows by units: margins, precedent, and what the text itself names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, softmax
from models.mandates import Mandates
from models.roster import Roster, spoken_names
from triage.citypack import CityPack
from triage.domain import Place, Reading, UnitKind
from triage.mentions import Finder

_NAMED = np.float32(0.9)  # how far a district that the text settles is trusted against what orders taught
SHARPNESS = 3.0  # makes probabilities of margins, whose scale is that of a linear SVM


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What the texts name: how often the duty of each unit, and whether each unit and each area."""

    duties: Floats
    units: Floats
    areas: Floats

    def take(self, rows: NDArray[np.intp]) -> "Named":
        return Named(duties=self.duties[rows], units=self.units[rows], areas=self.areas[rows])


class NamesInText:
    """Finds duties and units by the words that people use for them, and takes from the place what it settles."""

    def __init__(self, pack: CityPack, roster: Roster) -> None:
        self._roster = roster
        columns: dict[str, list[int]] = {}
        for at, name in enumerate(roster.duties):
            columns.setdefault(name.rpartition("@")[0], []).append(at)
        self._area = {name: at for at, name in enumerate(roster.areas)}
        self._street = {
            (unit.district, name): at
            for at, unit in enumerate(roster.units)
            if unit.kind is UnitKind.STREET
            for name in (unit.name.removeprefix(unit.district), *unit.aliases)
        }
        words = sorted({(word, duty) for duty, words in pack.duties.items() for word in words})
        names: list[tuple[str, tuple[str, int]]] = []
        names += [(word, ("duty", at)) for word, duty in words for at in columns.get(duty, ())]
        names += [(name, ("unit", at)) for at, unit in enumerate(roster.units) for name in spoken_names(unit)]
        self._finder = Finder(names)

    def find(self, readings: Sequence[Reading], places: Sequence[Place]) -> Named:
        """Tables of shape `(readings, units)` for duties and units, `(readings, areas)` for areas."""
        duties = np.zeros((len(readings), len(self._roster.duties)), dtype=np.float32)
        units = np.zeros((len(readings), len(self._roster)), dtype=np.float32)
        areas = np.zeros((len(readings), len(self._roster.areas)), dtype=np.float32)
        for at, (reading, place) in enumerate(zip(readings, places, strict=True)):
            for mention in self._finder.find(reading.masked):
                what, column = mention.of
                if what == "duty":
                    duties[at, column] += 1
                else:
                    units[at, column] = 1
            if place.district in self._area:
                areas[at, self._area[place.district]] = 1
            if (street := self._street.get((place.district or "", place.street or ""))) is not None:
                units[at, street] = 1
        return Named(duties=np.minimum(duties, 4)[:, self._roster.duty], units=units, areas=areas)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that speaks for a unit; each table of shape `(readings, units)`, lengths of `(readings, 1)`."""

    unit_margin: Floats
    unit_probability: Floats
    duty_margin: Floats
    duty_probability: Floats
    area_margin: Floats
    area_probability: Floats
    office_probability: Floats
    votes: Floats
    nearest: Floats
    duty_named: Floats
    unit_named: Floats
    area_named: Floats
    other_area_named: Floats
    mandate: Floats
    length: Floats


def gather(
    roster: Roster,
    *,
    margins: Mapping[str, Floats],
    votes: tuple[Floats, Floats],
    named: Named,
    readings: Sequence[Reading],
    directory: tuple[Mandates, Floats] | None = None,
) -> Evidence:
    """Spread what is known by unit, duty and area over the units of the roster.

    `margins` has the heads `unit`, `duty` and `area` in the order of the roster's columns; `directory` comes with the
    probabilities of its topics.
    """
    has_area = (roster.area >= 0)[None, :]
    unit, duty, area = margins["unit"], margins["duty"], margins["area"]
    duty_probability = softmax(duty, SHARPNESS)[:, roster.duty]
    any_named = named.areas.any(axis=1, keepdims=True)
    likely = softmax(area, SHARPNESS) if roster.areas else area
    likely = np.where(any_named, (1 - _NAMED) * likely + _NAMED * named.areas, likely)
    area_probability = np.where(has_area, _of_area(likely, roster), np.float32(1))
    office = duty_probability * area_probability
    mandate = np.zeros_like(unit)
    if directory:
        mandates, topics = directory
        mandate = mandates.support(
            topics,
            areas_named=named.areas,
            units_named=named.units,
            area_probability=area_probability,
            roster=roster,
        )
    area_named = np.where(has_area, _of_area(named.areas, roster), np.float32(0))
    return Evidence(
        unit_margin=unit,
        unit_probability=softmax(unit, SHARPNESS),
        duty_margin=duty[:, roster.duty],
        duty_probability=duty_probability,
        area_margin=np.where(has_area, _of_area(area, roster), np.float32(0)),
        area_probability=area_probability,
        office_probability=office / office.sum(axis=1, keepdims=True),
        votes=votes[0],
        nearest=votes[1],
        duty_named=named.duties,
        unit_named=named.units,
        area_named=area_named,
        other_area_named=(any_named & (area_named == 0) & has_area).astype(np.float32),
        mandate=mandate,
        length=_lengths(readings),
    )


def _of_area(by_area: Floats, roster: Roster) -> Floats:
    """Columns of areas for each unit; a unit without one gets the last, which the caller overwrites."""
    return by_area[:, roster.area] if by_area.shape[1] else np.ones((len(by_area), len(roster)), dtype=np.float32)


def _lengths(readings: Iterable[Reading]) -> Floats:
    return np.log1p(np.array([[len(reading.masked)] for reading in readings], dtype=np.float32))
