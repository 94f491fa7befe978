"""派单目录: who leads a topic in a place, and who assists."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from triage.citypack import CityPack
from triage.domain import Mandate, Office, Place, TopicCode, Unit, UnitKind, holds

GOVERNMENT = Office(level=UnitKind.DISTRICT, duty="区政府")


CHINA_TIME = ZoneInfo("Asia/Shanghai")


def today() -> date:
    """Return the day it is in China, wherever the machine stands."""
    return datetime.now(CHINA_TIME).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Led:
    """Who leads and who assists, and the line of the directory that says so."""

    lead: Unit
    assist: tuple[Unit, ...]
    mandate: Mandate


class Directory:
    """The lines of a pack's directory as they stand on a day, made units by the place of a matter."""

    def __init__(self, pack: CityPack, *, on: date) -> None:
        self._line = {(mandate.topic, mandate.district): mandate for mandate in pack.mandates if holds(mandate, on)}
        self._units: dict[tuple[UnitKind, str, str], list[Unit]] = {}
        self._street: dict[tuple[str, str], Unit] = {}
        self._named: dict[str, Unit] = {}
        for unit in pack.units:
            if holds(unit, on):
                self._units.setdefault((unit.kind, unit.duty, unit.district), []).append(unit)
                self._named |= dict.fromkeys((*unit.aliases, unit.name, unit.code), unit)
                if unit.kind is UnitKind.STREET:
                    self._street[unit.district, unit.name.removeprefix(unit.district)] = unit

    def __len__(self) -> int:
        return len(self._line)

    def mandate(self, topic: TopicCode, district: str | None = None) -> Mandate | None:
        """Return the line for a topic: that of the district, or else that of the city."""
        return self._line.get((topic, district or "")) or self._line.get((topic, ""))

    def led(self, topic: TopicCode, place: Place) -> Led | None:
        """Return who leads a topic in a place; None where the topic has no line or the place is not known well enough.

        Where only the district is known, its government stands in for a street; where not even that is, the city's
        office of the same duty stands in for a district's.
        """
        mandate = self.mandate(topic, place.district)
        lead = self.unit(mandate.lead, place) if mandate else None
        if mandate is None or lead is None:
            return None
        helpers = (self.unit(office, place) for office in mandate.assist)
        assist = tuple(dict.fromkeys(unit for unit in helpers if unit and unit is not lead))
        return Led(lead=lead, assist=assist, mandate=mandate)

    def unit(self, office: Office, place: Place) -> Unit | None:
        """Return the unit that an office is in a place; of several, the one that the pack lists first."""
        return next(self._fitting(office, place), None)

    def named(self, name: str) -> Unit | None:
        """Return the unit with a code, name or alias."""
        return self._named.get(name)

    def _fitting(self, office: Office, place: Place) -> Iterator[Unit]:
        district = place.district or ""
        if office.level is UnitKind.STREET:
            if unit := self._street.get((district, place.street or "")):
                yield unit
            yield from self._of(GOVERNMENT.level, GOVERNMENT.duty, district) if district else ()
        elif office.level is UnitKind.DISTRICT:
            yield from self._of(office.level, office.duty, district) if district else ()
            yield from self._of(UnitKind.MUNICIPAL, office.duty, "")
        else:
            yield from self._of(office.level, office.duty, district)
            yield from self._of(office.level, office.duty, "")

    def _of(self, level: UnitKind, duty: str, district: str) -> Sequence[Unit]:
        return self._units.get((level, duty, district), ())
