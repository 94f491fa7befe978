"""Where a request is: in words, as the number of an address, or as coordinates, all of which an order keeps as words.

>>> Location(address="望京西园四区", lat=39.99, long=116.47, address_id="545483").written
'望京西园四区；经度116.47, 纬度39.99；地址编号545483'
>>> Location.read('望京西园四区；经度116.47, 纬度39.99') == Location(address="望京西园四区", lat=39.99, long=116.47)
True
"""

import re
from dataclasses import dataclass
from typing import Self

_COORDINATES = re.compile(r"经度(-?[0-9]{1,3}(?:\.[0-9]{1,6})?), 纬度(-?[0-9]{1,2}(?:\.[0-9]{1,6})?)")
_NUMBER = "地址编号"
_BETWEEN = "；"
_DECIMALS = 6  # a tenth of a metre


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place on the ground; `lat` and `long` (WGS 84) are both known or both None."""

    address: str = ""
    address_id: str = ""
    lat: float | None = None
    long: float | None = None

    @property
    def written(self) -> str:
        """The location as the address of an appeal."""
        parts = [self.address]
        if self.lat is not None and self.long is not None:
            parts.append(f"经度{_decimal(self.long)}, 纬度{_decimal(self.lat)}")
        if self.address_id:
            parts.append(f"{_NUMBER}{self.address_id}")
        return _BETWEEN.join(filter(None, parts))

    @classmethod
    def read(cls, written: str) -> Self:
        """Take the address of an order apart; one that came in otherwise is all words."""
        parts = written.split(_BETWEEN)
        address_id = parts.pop().removeprefix(_NUMBER) if parts[-1].startswith(_NUMBER) else ""
        found = _COORDINATES.fullmatch(parts[-1]) if parts else None
        if found is None:
            return cls(address=_BETWEEN.join(parts), address_id=address_id)
        return cls(address=_BETWEEN.join(parts[:-1]), address_id=address_id, lat=float(found[2]), long=float(found[1]))


def _decimal(degrees: float) -> str:
    rounded = round(degrees, _DECIMALS) + 0.0  # never -0
    return f"{rounded:.{_DECIMALS}f}".rstrip("0").rstrip(".")
