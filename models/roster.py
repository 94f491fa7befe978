"""The units of a pack as columns: what each is, so that evidence about duty and district reaches units without rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from triage.citypack import CityPack
from triage.directory import today
from triage.domain import Unit, UnitKind

_KINDS = tuple(UnitKind)
_STREET_SUFFIXES = ("街道", "地区", "镇", "乡")


class Roster:
    """Units in the order of their columns, with the class of each in the heads `duty` and `area`.

    Parameters
    ----------
    pack
        Whose units are candidates.
    closed
        How many orders each unit closed, shape `(units,)`; one without any can still be suggested for duty and place.
    """

    def __init__(self, pack: CityPack, closed: NDArray[np.float32]) -> None:
        self.units: tuple[Unit, ...] = pack.units
        self.duties = tuple(sorted({duty_class(unit) for unit in pack.units}))
        self.areas = tuple(sorted({unit.district for unit in pack.units if unit.district}))
        self.duty: NDArray[np.intp] = np.array([self.duties.index(duty_class(unit)) for unit in pack.units])
        self.area: NDArray[np.intp] = np.array(
            [self.areas.index(unit.district) if unit.district else -1 for unit in pack.units]
        )
        self.kinds: Floats = np.eye(len(_KINDS), dtype=np.float32)[[_KINDS.index(unit.kind) for unit in pack.units]]
        self.has_area: NDArray[np.bool_] = self.area >= 0
        self.is_street: NDArray[np.bool_] = np.array([unit.kind is UnitKind.STREET for unit in pack.units])
        by_area = np.bincount(self.area[self.is_street & (self.area >= 0)], minlength=len(self.areas) + 1)
        self.streets_beside: Floats = np.maximum(by_area, 1).astype(np.float32)[self.area]
        self.ended: NDArray[np.bool_] = np.array([_has_ended(unit) for unit in pack.units])
        by_duty = np.bincount(self.duty, weights=closed, minlength=len(self.duties))
        self.experience: Floats = np.log1p(closed)
        self.duty_experience: Floats = np.log1p(by_duty).astype(np.float32)[self.duty]

    def __len__(self) -> int:
        return len(self.units)


def _has_ended(unit: Unit) -> bool:
    return unit.valid_to is not None and unit.valid_to < today()


def duty_class(unit: Unit) -> str:
    """The kind of office, apart by level: a district's housing office is asked for other things than the city's."""
    return f"{unit.duty}@{unit.kind}"


def spoken_names(unit: Unit) -> Sequence[str]:
    """What people call a unit, and for a street also its bare name: 望京 for 望京街道."""
    names = {unit.name, *unit.aliases}
    if unit.kind is UnitKind.STREET:
        bare = {name.removeprefix(unit.district) for name in names}
        names |= {name.removesuffix(suffix) for name in bare for suffix in _STREET_SUFFIXES if name.endswith(suffix)}
    return sorted(name for name in names if len(name) >= 2)
