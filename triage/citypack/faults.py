"""What is wrong with the rows of a pack: named twice, named and not there, or against each other."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date

from triage.citypack.pack import PlaceKind
from triage.citypack.tables import LEVELS, Row, Rows
from triage.domain import Outside, UnitKind, Urgency
from triage.errors import Fault


def faults_of(tables: Mapping[str, Rows]) -> Iterator[Fault]:
    """Find what is there twice, and what is named but not there; a file that could not be read accuses nobody."""
    units, topics, places, duties = (tables[file] for file in ("units.csv", "topics.csv", "places.csv", "duties.csv"))
    yield from repeats(duties or [], "duty", lambda row: (row["duty"],))
    yield from repeats(units or [], "code", lambda row: (row["code"],))
    yield from repeats(units or [], "name", lambda row: (row["name"],))
    yield from unknown(units or [], "kind", list(UnitKind))
    yield from _shared_aliases(units or [])
    yield from _succession(units or [])
    for dated in (units, tables["directory.csv"], places, tables["rules.csv"]):
        yield from _date_faults(dated or [])
    if duties is not None:
        yield from unknown(units or [], "duty", {row["duty"] for row in duties}, "add it to duties.csv")
        yield from unknown(topics or [], "statutory", {row["duty"] for row in duties}, "add it to duties.csv")
    if places is not None:
        districts = {row["name"] for row in places if row["kind"] == PlaceKind.DISTRICT}
        yield from unknown(units or [], "district", districts, "add it to places.csv as a district")
        yield from _place_faults(places, districts)
    yield from _topic_faults(topics or [])


def _date_faults(rows: Sequence[Row]) -> Iterator[Fault]:
    for row in rows:
        odd = [column for column in ("valid_from", "valid_to") if not is_day(row[column])]
        for column in odd:
            yield row.fault(f"{column} {row[column]} is no date; write 2026-01-31")
        if not odd and row["valid_to"] and row["valid_to"] < row["valid_from"]:
            yield row.fault(f"valid_to {row['valid_to']} is before valid_from {row['valid_from']}")


def is_day(cell: str) -> bool:
    """Tell whether a cell is a date as 2026-01-31, or empty."""
    try:
        return not cell or date.fromisoformat(cell).isoformat() == cell
    except ValueError:
        return False


def _succession(units: Sequence[Row]) -> Iterator[Fault]:
    """A unit that has a successor has ended, and no line of successors comes back to where it began."""
    after = {row["code"]: row["successor"] for row in units}
    yield from unknown(units, "successor", set(after), "write the code of a unit")
    for row in units:
        if row["successor"] and not row["valid_to"]:
            yield row.fault("a unit with a successor has ended; write its last day into valid_to")
        met, code = {row["code"]}, row["successor"]
        while code and code in after and code not in met:
            met.add(code)
            code = after[code]
        if code == row["code"]:
            yield row.fault(f"the successors of {row['code']} come back to it; end the line at a unit that acts")


def _place_faults(places: Sequence[Row], districts: set[str]) -> Iterator[Fault]:
    """Names on the map may repeat (two districts have a Bridge Street), but not in one place."""
    yield from repeats(places, "place", lambda row: (row["name"], row["kind"], row["district"], row["street"]))
    yield from unknown(places, "kind", list(PlaceKind))
    yield from unknown(places, "district", districts, "add it as a district")
    streets = {(row["district"], row["name"]) for row in places if row["kind"] == PlaceKind.STREET}
    for row in places:
        own = row["name"] if row["kind"] == PlaceKind.DISTRICT else row["district"]
        if row["district"] not in ("", own):
            yield row.fault(f"district {row['name']} cannot lie in {row['district']}; leave its column district empty")
        if row["street"] and (row["district"], row["street"]) not in streets:
            yield row.fault(
                f"street {row['street']} is unknown in {row['district'] or 'no district'}; add it as a street"
            )


def _topic_faults(topics: Sequence[Row]) -> Iterator[Fault]:
    yield from repeats(topics, "code", lambda row: (row["code"],))
    yield from repeats(topics, "path", lambda row: row.path)
    yield from unknown(topics, "urgency", list(Urgency))
    yield from unknown(topics, "outside", list(Outside))
    for row in topics:
        if row.path and any(row[level] for level in LEVELS[len(row.path) :]):
            yield row.fault(f"the path has a gap: {LEVELS[len(row.path)]} is empty and a later level is not")


def repeats(rows: Iterable[Row], what: str, key: Callable[[Row], tuple[str, ...]]) -> Iterator[Fault]:
    """Find rows whose key another row has."""
    first: dict[tuple[str, ...], Row] = {}
    for row in rows:
        value = key(row)
        if any(value) and first.setdefault(value, row) is not row:
            yield row.fault(f"{what} {'/'.join(filter(None, value))} is already on line {first[value].line}")


def unknown(rows: Iterable[Row], column: str, known: Collection[str], remedy: str = "") -> Iterator[Fault]:
    """Find cells that are filled and not among what is known."""
    for row in rows:
        if row[column] and row[column] not in known:
            yield row.fault(f"{column} {row[column]} is unknown; {remedy or 'write one of ' + ', '.join(known)}")


def _shared_aliases(units: Sequence[Row]) -> Iterator[Fault]:
    owner = {row["name"]: row for row in reversed(units)}
    for row in units:
        for alias in row.many("aliases"):
            first = owner.setdefault(alias, row)
            if first["name"] != row["name"]:
                yield row.fault(f"alias {alias} already means {first['name']} on line {first.line}; drop one")
