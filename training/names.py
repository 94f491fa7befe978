"""What units and topics of closed orders are called today: merged, split and renamed ones by who acts for them now."""

from collections import defaultdict
from datetime import date

from triage.citypack import CityPack
from triage.domain import Unit, UnitCode, holds


class Unnamed(Exception):  # noqa: N818 - a finding that a caller counts, not a fault
    """No unit acts today for a name: `reason` is one of `REASONS`."""

    REASONS = ("unit_not_in_pack", "unit_ended", "unit_ambiguous")

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Names:
    """The names of a city pack as they stand on a day."""

    def __init__(self, pack: CityPack, *, on: date) -> None:
        self._on = on
        self._by_code: dict[UnitCode, Unit] = {unit.code: unit for unit in pack.units}
        self._bearers: dict[str, list[Unit]] = defaultdict(list)
        for unit in pack.units:
            for name in dict.fromkeys((unit.name, *unit.aliases)):
                self._bearers[name].append(unit)
        self._paths: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for topic in pack.topics:
            self._paths[topic.name].add(topic.path)
        self._known = {topic.path for topic in pack.topics}

    def unit(self, name: str, *, district: str = "") -> str:
        """Return who acts today for the unit of a name; of several the one in the district, if that is one.

        Raises
        ------
        Unnamed
            The pack has no such unit, it ended without a successor, or several may have taken over.
        """
        if name not in self._bearers:
            raise Unnamed("unit_not_in_pack")
        bearers = self._bearers[name]
        of_that_name = [unit for unit in bearers if unit.name == name and self._acting(unit)]
        acting = {found.code: found for unit in of_that_name or bearers if (found := self._acting(unit))}
        if not acting:
            raise Unnamed("unit_ended")
        there = (
            [unit for unit in acting.values() if unit.district == district] if len(acting) > 1 else [*acting.values()]
        )
        if len(there) != 1:
            raise Unnamed("unit_ambiguous")
        return there[0].name

    def topic(self, path: tuple[str, ...]) -> tuple[str, ...]:
        """Return the whole path of a topic of which an export has the name alone, where only one is called so."""
        if len(path) != 1 or path in self._known or len(self._paths.get(path[0], ())) != 1:
            return path
        (whole,) = self._paths[path[0]]
        return whole

    def _acting(self, unit: Unit) -> Unit | None:
        while not holds(unit, self._on) and unit.successor:
            unit = self._by_code[unit.successor]
        return unit if holds(unit, self._on) else None
