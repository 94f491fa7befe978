"""A city is data: a folder of TOML and CSV that says who works there, on what, and what the places are called."""

import csv
import hashlib
import io
import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from triage.domain import Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.errors import Fault, InputError, PackError

_LEVELS = ("level1", "level2", "level3", "level4")
_COLUMNS = {
    "units.csv": ("code", "name", "kind", "district", "duty", "aliases"),
    "topics.csv": ("code", *_LEVELS, "meaning", "words"),
    "places.csv": ("name", "kind", "district", "street", "aliases"),
    "duties.csv": ("duty", "words"),
}
_REQUIRED = {
    "units.csv": ("code", "name", "kind", "duty"),
    "topics.csv": ("code", "level1"),
    "places.csv": ("name", "kind"),
    "duties.csv": ("duty", "words"),
}
_OPTIONAL = ("places.csv", "lexicon.txt")
_ABOUT = ("name", "title", "city", "version", "source")
_FILES = ("pack.toml", *_COLUMNS, "lexicon.txt")
_DERIVE = "`paidan-train fit --closures F... --out DIR` derives a pack from a city's closed orders"
_LOST = "a value has white space around it, an alias or word holds a |, or a topic path has more than four levels"
_ENTRY = re.compile(r"(?P<word>\S+)(?: [0-9]+)?(?: [a-z]+)?")
# Excel runs a cell that begins so as a formula, and whoever writes a unit's name is not whoever opens the file.
FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001


class PlaceKind(StrEnum):
    """What a name in `places.csv` is the name of."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    VILLAGE = "village"
    ROAD = "road"
    LANDMARK = "landmark"
    ESTATE = "estate"
    ZONE = "zone"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPlace:
    """A name on the map and where it lies; a district lies in itself, and so does a street or township."""

    name: str
    kind: PlaceKind
    district: str = ""
    street: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind is PlaceKind.DISTRICT and not self.district:
            object.__setattr__(self, "district", self.name)
        if self.kind is PlaceKind.STREET and not self.street:
            object.__setattr__(self, "street", self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class CityPack:
    """What is particular to a city: its units, topics, places, what each kind of office is called, and its words.

    `duties` maps each kind of office to the words people use for it; `topic_words` holds the topics that have words.
    `lexicon` entries are lines of a jieba user dictionary: a word, perhaps its frequency and its tag.
    The mappings and `words` are built each time they are asked for: keep what is used in a loop.
    """

    name: str
    title: str
    version: str
    city: str = ""
    source: str = ""
    units: tuple[Unit, ...] = ()
    topics: tuple[Topic, ...] = ()
    places: tuple[PackPlace, ...] = ()
    duties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    topic_words: Mapping[TopicCode, tuple[str, ...]] = field(default_factory=dict)
    lexicon: tuple[str, ...] = ()

    @property
    def districts(self) -> tuple[str, ...]:
        """Districts in the order of the places, and then any that only a unit names."""
        listed = [place.name for place in self.places if place.kind is PlaceKind.DISTRICT]
        return tuple(dict.fromkeys([*listed, *(unit.district for unit in self.units if unit.district)]))

    @property
    def unit_by_name(self) -> dict[str, Unit]:
        return {unit.name: unit for unit in self.units}

    @property
    def topic_by_path(self) -> dict[tuple[str, ...], Topic]:
        return {topic.path: topic for topic in self.topics}

    @property
    def words(self) -> tuple[str, ...]:
        """Words of two characters or more that the tokenizer must know: lexicon, places, aliases of units."""
        found = [entry.split()[0] for entry in self.lexicon]
        for place in self.places:
            found += [place.name, *place.aliases]
        for unit in self.units:
            found += unit.aliases
        return tuple(dict.fromkeys(word for word in found if len(word) >= 2))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content in hexadecimal; the order of rows and the machine do not change it."""
        content = [[getattr(self, key) for key in _ABOUT], *map(sorted, _tables(self).values())]
        canonical = json.dumps([*content, sorted(self.lexicon)], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def load_pack(folder: Path) -> CityPack:
    """Read the pack in a folder. `places.csv` and `lexicon.txt` may be missing.

    Raises
    ------
    PackError
        The folder is no pack, or its files have faults: all of them at once, each with file and line.
    """
    folder = Path(folder)
    if not any((folder / file).is_file() for file in _FILES):
        what = "holds no city pack" if folder.is_dir() else "no such folder"
        raise PackError([Fault(file=str(folder), line=1, message=f"{what}; {_DERIVE}")])
    return _read({file: (folder / file).read_bytes() for file in _FILES if (folder / file).is_file()}, folder)


def write_pack(pack: CityPack, folder: Path) -> None:
    """Write the files of a pack; `load_pack` of the folder then equals the pack.

    Raises
    ------
    PackError
        The pack has faults, as `load_pack` would find them. Nothing is written.
    InputError
        A value would not come back as it is: white space around it, `|` inside an alias, a fifth level of a topic.
    """
    folder = Path(folder)
    files = {file: text.encode(errors="surrogatepass") for file, text in _texts(pack).items()}
    if _read(files, folder) != pack:
        raise InputError(_LOST, file=folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (folder / file).write_bytes(content)


def counts(pack: CityPack) -> dict[str, int]:
    """Tell how much a pack holds, for a person to compare with what the city has."""
    return {
        "districts": len(pack.districts),
        "streets and townships": sum(place.kind is PlaceKind.STREET for place in pack.places),
        "units": len(pack.units),
        "duties": len(pack.duties),
        "topics": len(pack.topics),
        "places": len(pack.places),
        "lexicon": len(pack.lexicon),
    }


@dataclass(frozen=True, slots=True)
class _Row:
    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def many(self, column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.strip() for part in self[column].split("|") if part.strip()))

    def fault(self, message: str) -> Fault:
        return Fault(file=self.file, line=self.line, message=message)

    @property
    def path(self) -> tuple[str, ...]:
        levels = [self[level] for level in _LEVELS]
        return tuple(levels[: levels.index("")] if "" in levels else levels)


_Rows = list[_Row] | None


class _Files:
    """The files of a pack as far as they can be read, and every fault met while reading."""

    def __init__(self, contents: Mapping[str, bytes], folder: Path) -> None:
        self.faults: list[Fault] = []
        self._contents, self._folder = contents, folder
        self.about = self._about()
        self.tables = {file: self._rows(file) for file in _COLUMNS}
        self.lexicon = tuple(self._lexicon())

    def _fault(self, file: str, line: int, message: str) -> None:
        self.faults.append(Fault(file=str(self._folder / file), line=line, message=message))

    def _text(self, file: str) -> str | None:
        content = self._contents.get(file)
        if content is None:
            if file not in _OPTIONAL:
                self._fault(file, 1, "the file is missing")
            return None
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._fault(file, content.count(b"\n", 0, error.start) + 1, "not UTF-8; in Excel, save as CSV UTF-8")
            return None

    def _about(self) -> dict[str, str]:
        text = self._text("pack.toml")
        if text is None:
            return {}
        try:
            given = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"at line (\d+)", str(error))
            self._fault("pack.toml", int(place[1]) if place else text.count("\n") + 1, f"not TOML: {error}")
            return {}
        for key in _ABOUT:
            value = given.get(key, "")
            if not isinstance(value, str) or (key in {"name", "title", "version"} and not value.strip()):
                self._fault("pack.toml", _line_of(key, text), f'{key} must be a text: write {key} = "..."')
        return {key: str(given.get(key, "")) for key in _ABOUT}

    def _rows(self, file: str) -> _Rows:
        """Return the rows of a table, or None where there is nothing that other files could refer to."""
        text = self._text(file)
        if text is None:
            return None if file in self._contents or file not in _OPTIONAL else []
        header, *records = list(self._records(file, text)) or [(1, [])]
        if not self._header_holds(file, *header):
            return None
        return [self._row(file, line, header[1], cells) for line, cells in records]

    def _records(self, file: str, text: str) -> Iterator[tuple[int, list[str]]]:
        reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
        try:
            for cells in reader:
                plain = [re.sub(r"\r\n?", "\n", cell).strip() for cell in cells]
                while plain and not plain[-1]:  # spreadsheets save empty columns at the end
                    plain.pop()
                if plain:
                    yield line, plain
                line = reader.line_num + 1
        except csv.Error as error:
            self._fault(file, line, f"not CSV from here on: {error}")

    def _header_holds(self, file: str, line: int, header: Sequence[str]) -> bool:
        missing = [column for column in _REQUIRED[file] if column not in header]
        odd = [column for column in header if column not in _COLUMNS[file] or header.count(column) > 1]
        for column in missing:
            self._fault(file, line, f"column {column} is missing")
        for column in dict.fromkeys(odd):
            self._fault(file, line, f"column {column!r} is unknown or twice; known are {','.join(_COLUMNS[file])}")
        return not missing

    def _row(self, file: str, line: int, header: Sequence[str], cells: Sequence[str]) -> _Row:
        given = dict(zip(header, cells, strict=False))
        row = _Row(str(self._folder / file), line, {column: cell.removeprefix("'") for column, cell in given.items()})
        if len(cells) > len(header):
            self.faults.append(row.fault(f"{len(cells)} cells under {len(header)} columns; quote a value with a comma"))
        self.faults += [row.fault(f"{column} is empty") for column in _REQUIRED[file] if not row[column]]
        runs = [column for column, cell in given.items() if cell.startswith(FORMULA)]
        self.faults += [row.fault(f"{column} is a formula to Excel; write '{row[column]}") for column in runs]
        return row

    def _lexicon(self) -> Iterator[str]:
        for number, line in enumerate((self._text("lexicon.txt") or "").splitlines(), start=1):
            entry = " ".join(line.split())
            if entry and not entry.startswith("#"):
                if not _ENTRY.fullmatch(entry):
                    self._fault("lexicon.txt", number, f"{entry!r} is not: word [frequency] [tag]")
                yield entry


def _read(contents: Mapping[str, bytes], folder: Path) -> CityPack:
    files = _Files(contents, folder)
    units, topics, places, duties = (files.tables[file] for file in _COLUMNS)
    faults = [*files.faults, *_reference_faults(units, places, duties), *_topic_faults(topics or [])]
    if faults:
        raise PackError(faults)
    return CityPack(
        **files.about,
        units=tuple(map(_unit, units or [])),
        topics=tuple(Topic(code=TopicCode(row["code"]), path=row.path, meaning=row["meaning"]) for row in topics or []),
        places=tuple(map(_place, places or [])),
        duties={row["duty"]: row.many("words") for row in duties or []},
        topic_words={TopicCode(row["code"]): row.many("words") for row in topics or [] if row["words"]},
        lexicon=files.lexicon,
    )


def _unit(row: _Row) -> Unit:
    code, kind, aliases = UnitCode(row["code"]), UnitKind(row["kind"]), row.many("aliases")
    return Unit(code=code, name=row["name"], kind=kind, district=row["district"], duty=row["duty"], aliases=aliases)


def _place(row: _Row) -> PackPlace:
    kind, aliases = PlaceKind(row["kind"]), row.many("aliases")
    return PackPlace(name=row["name"], kind=kind, district=row["district"], street=row["street"], aliases=aliases)


def _reference_faults(units: _Rows, places: _Rows, duties: _Rows) -> Iterator[Fault]:
    """Find what is there twice, and what is named but not there; a file that could not be read accuses nobody."""
    yield from _repeats(duties or [], "duty", lambda row: (row["duty"],))
    yield from _repeats(units or [], "code", lambda row: (row["code"],))
    yield from _repeats(units or [], "name", lambda row: (row["name"],))
    yield from _unknown(units or [], "kind", list(UnitKind))
    yield from _shared_aliases(units or [])
    if duties is not None:
        yield from _unknown(units or [], "duty", {row["duty"] for row in duties}, "add it to duties.csv")
    if places is not None:
        districts = {row["name"] for row in places if row["kind"] == PlaceKind.DISTRICT}
        yield from _unknown(units or [], "district", districts, "add it to places.csv as a district")
        yield from _place_faults(places, districts)


def _place_faults(places: Sequence[_Row], districts: set[str]) -> Iterator[Fault]:
    """Names on the map may repeat (two districts have a Bridge Street), but not in one place."""
    yield from _repeats(places, "place", lambda row: (row["name"], row["kind"], row["district"], row["street"]))
    yield from _unknown(places, "kind", list(PlaceKind))
    yield from _unknown(places, "district", districts, "add it as a district")
    streets = {(row["district"], row["name"]) for row in places if row["kind"] == PlaceKind.STREET}
    for row in places:
        own = row["name"] if row["kind"] == PlaceKind.DISTRICT else row["district"]
        if row["district"] not in ("", own):
            yield row.fault(f"district {row['name']} cannot lie in {row['district']}; leave its column district empty")
        if row["street"] and (row["district"], row["street"]) not in streets:
            yield row.fault(
                f"street {row['street']} is unknown in {row['district'] or 'no district'}; add it as a street"
            )


def _topic_faults(topics: Sequence[_Row]) -> Iterator[Fault]:
    yield from _repeats(topics, "code", lambda row: (row["code"],))
    yield from _repeats(topics, "path", lambda row: row.path)
    for row in topics:
        if row.path and any(row[level] for level in _LEVELS[len(row.path) :]):
            yield row.fault(f"the path has a gap: {_LEVELS[len(row.path)]} is empty and a later level is not")


def _repeats(rows: Iterable[_Row], what: str, key: Callable[[_Row], tuple[str, ...]]) -> Iterator[Fault]:
    first: dict[tuple[str, ...], _Row] = {}
    for row in rows:
        value = key(row)
        if any(value) and first.setdefault(value, row) is not row:
            yield row.fault(f"{what} {'/'.join(filter(None, value))} is already on line {first[value].line}")


def _unknown(rows: Iterable[_Row], column: str, known: Collection[str], remedy: str = "") -> Iterator[Fault]:
    for row in rows:
        if row[column] and row[column] not in known:
            yield row.fault(f"{column} {row[column]} is unknown; {remedy or 'write one of ' + ', '.join(known)}")


def _shared_aliases(units: Sequence[_Row]) -> Iterator[Fault]:
    owner = {row["name"]: row for row in reversed(units)}
    for row in units:
        for alias in row.many("aliases"):
            first = owner.setdefault(alias, row)
            if first["name"] != row["name"]:
                yield row.fault(f"alias {alias} already means {first['name']} on line {first.line}; drop one")


def _line_of(key: str, text: str) -> int:
    found = re.search(rf"^\s*{key}\s*=", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _tables(pack: CityPack) -> dict[str, Sequence[tuple[str, ...]]]:
    units = [(u.code, u.name, u.kind.value, u.district, u.duty, "|".join(u.aliases)) for u in pack.units]
    words = {topic.code: "|".join(pack.topic_words.get(topic.code, ())) for topic in pack.topics}
    topics = [(t.code, *(*t.path, "", "", "")[:4], t.meaning, words[t.code]) for t in pack.topics]
    places = [(p.name, p.kind.value, p.district, p.street, "|".join(p.aliases)) for p in pack.places]
    duties = [(duty, "|".join(words)) for duty, words in pack.duties.items()]
    return dict(zip(_COLUMNS, (units, topics, places, duties), strict=True))


def _texts(pack: CityPack) -> dict[str, str]:
    about = "".join(f"{key} = {json.dumps(getattr(pack, key), ensure_ascii=False)}\n" for key in _ABOUT)
    tables = {file: _csv([_COLUMNS[file], *rows]) for file, rows in _tables(pack).items()}
    return {"pack.toml": about, **tables, "lexicon.txt": "".join(f"{entry}\n" for entry in pack.lexicon)}


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(["'" + cell if cell.startswith((*FORMULA, "'")) else cell for cell in row] for row in rows)
    return out.getvalue()
