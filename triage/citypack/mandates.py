"""What the lines of `directory.csv` must prove: somebody leads every topic in every district on every day."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from triage.citypack.faults import is_day, unknown
from triage.citypack.pack import PlaceKind
from triage.citypack.tables import Row, Rows
from triage.domain import Deadline, Office, UnitKind
from triage.errors import Fault

_NO_SENDING_DOWN = "a functional department must handle it, 国办函〔2025〕66号 forbids to send it down to a street"
_SHAPE = "is no office; write level:duty, such as district:市场监管"


def office(cell: str) -> Office:
    """Read `level:duty`."""
    level, _, duty = cell.partition(":")
    return Office(level=UnitKind(level), duty=duty)


def directory_faults(tables: Mapping[str, Rows]) -> Iterator[Fault]:
    """Find lines that name nobody, contradict each other or send down, and topics that nobody leads.

    A pack without a directory owes nothing.
    """
    mandates, units, topics, places = (
        tables[file] for file in ("directory.csv", "units.csv", "topics.csv", "places.csv")
    )
    if not mandates:
        return
    yield from unknown(mandates, "deadline", list(Deadline))
    if topics is not None:
        yield from unknown(mandates, "topic", {row["code"] for row in topics}, "write the code of a topic")
        yield from _sent_down(mandates, topics)
    if places is not None:
        districts = [row["name"] for row in places if row["kind"] == PlaceKind.DISTRICT]
        yield from unknown(mandates, "district", districts, "add it to places.csv as a district")
        if units is not None:
            yield from _nobody(mandates, _Acting(units, places), districts)
        if topics is not None:
            yield from _gaps(mandates, topics, districts)


class _Acting:
    """Which offices there are, by units that have not ended."""

    def __init__(self, units: Sequence[Row], places: Sequence[Row]) -> None:
        acting = [row for row in units if not row["valid_to"]]
        self._offices = {(row["kind"], row["duty"], row["district"]) for row in acting}
        offices = {(row["kind"], row["duty"]) for row in acting}
        self._anywhere = offices
        streets = {(row["district"], row["name"]) for row in places if row["kind"] == PlaceKind.STREET}
        named = {row["name"] for row in acting if row["kind"] == UnitKind.STREET}
        self._without = defaultdict[str, list[str]](list)
        for district, street in sorted(streets):
            if district + street not in named and street not in named:
                self._without[district].append(street)

    def missing(self, given: Office, district: str) -> str:
        """Tell what is missing for an office in a district; "" if a unit is there."""
        if given.level is UnitKind.STREET:
            without = self._without[district]
            return f"no unit for the streets {'、'.join(without)}" if without else ""
        if given.level is UnitKind.DISTRICT:
            there = (given.level, given.duty, district) in self._offices
            # The city's office of that duty stands in where a district has none.
            return "" if there or (UnitKind.MUNICIPAL, given.duty) in self._anywhere else f"no {given} in {district}"
        return "" if (given.level, given.duty) in self._anywhere else f"no unit is {given}"


def _nobody(mandates: Sequence[Row], acting: _Acting, districts: Sequence[str]) -> Iterator[Fault]:
    for row in mandates:
        for cell in (row["lead"], *row.many("assist")):
            level, _, duty = cell.partition(":")
            if level not in list(UnitKind) or not duty:
                yield row.fault(f"{cell} {_SHAPE}")
                continue
            where = [row["district"]] if row["district"] else districts
            faults = dict.fromkeys(acting.missing(office(cell), district) for district in where)
            for fault in filter(None, faults):
                yield row.fault(f"{fault}; add it to units.csv")


def _sent_down(mandates: Sequence[Row], topics: Sequence[Row]) -> Iterator[Fault]:
    statutory = {row["code"]: row["statutory"] for row in topics}
    for row in mandates:
        if statutory.get(row["topic"]) and row["lead"].startswith(f"{UnitKind.STREET}:"):
            yield row.fault(f"topic {row['topic']} is a duty of {statutory[row['topic']]}: {_NO_SENDING_DOWN}")


def _gaps(mandates: Sequence[Row], topics: Sequence[Row], districts: Sequence[str]) -> Iterator[Fault]:
    """A line for a district comes before one for the whole city; two lines of one rank must not meet."""
    lines = defaultdict[tuple[str, str], list[Row]](list)
    for row in mandates:
        if is_day(row["valid_from"]) and is_day(row["valid_to"]):
            lines[row["topic"], row["district"]].append(row)
    for rows in lines.values():
        ordered = sorted(rows, key=lambda row: row["valid_from"])
        for before, after in pairwise(ordered):
            if not before["valid_to"] or before["valid_to"] >= after["valid_from"]:
                yield after.fault(f"line {before.line} leads topic {after['topic']} at the same time; end that one")
    for topic in topics:
        everywhere = lines[topic["code"], ""]
        without = [
            f"{district or 'the city'} {gap}"
            for district in districts or [""]
            if (gap := _gap([*everywhere, *(lines[topic["code"], district] if district else [])]))
        ]
        if without:
            yield topic.fault(f"nobody leads topic {topic['code']} in directory.csv: {'; '.join(without[:3])}")


def _gap(rows: Sequence[Row]) -> str:
    """Tell on which days nobody leads, after the first line has begun; "" if there are none."""
    if not rows:
        return "has no line"
    ordered = sorted(rows, key=lambda row: row["valid_from"])
    until: date | None = ordered[0].day("valid_to")
    for row in ordered[1:]:
        first, last = row.day("valid_from"), row.day("valid_to")
        if until is None:
            return ""
        if first and first > until + timedelta(days=1):
            return f"from {until + timedelta(days=1)} to {first - timedelta(days=1)}"
        until = None if last is None else max(until, last)
    return f"from {until + timedelta(days=1)} on" if until else ""
