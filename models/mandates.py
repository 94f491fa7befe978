"""What the directory says: how far each unit is the one that leads, given what the matter is about and where it is."""

from datetime import date

import numpy as np

from models.arrays import Floats
from models.roster import Roster
from triage.citypack import CityPack
from triage.directory import GOVERNMENT, Directory
from triage.domain import Mandate, Topic, Unit, UnitKind

_ABOVE = np.float32(0.2)  # of the city's office where the district is known, since some citizens write to it
_GUESSED = np.float32(0.1)  # of an office in a district that no name settles: the city's office leads until it is known
_BESIDE = 0.3  # a second company of the same duty, against the one that leads where nothing else is said


class Mandates:
    """The directory as arrays, each of shape `(topics, units)`.

    Parameters
    ----------
    leads
        Where a unit leads a topic in its own place.
    for_district
        Where an office of the city leads while the district is not known, or has no such office.
    for_street
        Where a district's government leads while the street is not known.
    """

    def __init__(self, *, leads: Floats, for_district: Floats, for_street: Floats) -> None:
        self.leads, self.for_district, self.for_street = leads, for_district, for_street
        # Offices of one duty lead the same topics, so that few columns differ and are worth a product.
        number: dict[bytes, int] = {}
        columns = [column.tobytes() for table in (leads, for_district, for_street) for column in table.T]
        of = [number.setdefault(column, len(number)) for column in columns]
        different = np.frombuffer(b"".join(number), dtype=np.float32).reshape(len(number), -1)
        self._different: Floats = np.ascontiguousarray(different.T)
        self._column = np.array(of, dtype=np.intp).reshape(3, -1)

    @classmethod
    def of(cls, pack: CityPack, roster: Roster, topics: tuple[Topic, ...], *, on: date) -> "Mandates | None":
        """Lay out the directory of a pack for the topics that can be predicted; None for a pack without one."""
        directory = Directory(pack, on=on)
        if not len(directory):
            return None
        tables = np.zeros((3, len(topics), len(roster)), dtype=np.float32)
        first = _first_of_duty(roster.units)
        for row, topic in enumerate(topics):
            for column, unit in enumerate(roster.units):
                if mandate := directory.mandate(topic.code, unit.district or None):
                    tables[:, row, column] = _share(mandate, unit, first)
        return cls(leads=tables[0], for_district=tables[1], for_street=tables[2])

    def support(
        self, topics: Floats, *, areas_named: Floats, units_named: Floats, area_probability: Floats, roster: Roster
    ) -> Floats:
        """Return the probability by the directory alone that a unit leads, shape `(readings, units)`.

        Parameters
        ----------
        topics
            Probabilities of the topics, shape `(readings, topics)`.
        areas_named, units_named
            1 where the text names an area or unit, shapes `(readings, areas)` and `(readings, units)`.
        area_probability
            Of the area of each unit, 1 for units without one, shape `(readings, units)`.
        """
        district_known = areas_named.any(axis=1, keepdims=True)
        instead_of_district = np.where(district_known, _ABOVE, np.float32(1))
        in_district = area_probability * np.where(district_known | ~roster.has_area, np.float32(1), _GUESSED)
        street_known = (units_named * roster.is_street).any(axis=1, keepdims=True)
        of_street = np.where(street_known, units_named, in_district / roster.streets_beside)
        fits = np.where(roster.is_street, of_street, in_district)
        led = topics @ self._different
        leads, for_district, for_street = (led.take(of, axis=1) for of in self._column)
        there = leads * fits
        instead = for_district * instead_of_district
        above = for_street * area_probability * ~street_known
        support: Floats = (there + instead + above).astype(np.float32)
        return support


def _first_of_duty(units: tuple[Unit, ...]) -> set[str]:
    first: dict[tuple[str, str, str], str] = {}
    for unit in units:
        first.setdefault((unit.kind, unit.duty, unit.district), unit.code)
    return set(first.values())


def _share(mandate: Mandate, unit: Unit, first: set[str]) -> tuple[float, float, float]:
    office, whole = mandate.lead, 1.0 if unit.code in first else _BESIDE
    if office.level is UnitKind.STREET:
        government = unit.kind is GOVERNMENT.level and unit.duty == GOVERNMENT.duty
        return float(unit.kind is UnitKind.STREET), 0.0, float(government)
    if unit.duty != office.duty:
        return 0.0, 0.0, 0.0
    instead = office.level is UnitKind.DISTRICT and unit.kind is UnitKind.MUNICIPAL
    return whole * (unit.kind is office.level), whole * instead, 0.0
