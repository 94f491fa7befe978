"""The files of a pack as rows of text, and every fault met while reading them."""

import csv
import io
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from triage.citypack.terms import parse_terms
from triage.errors import Fault

LEVELS = ("level1", "level2", "level3", "level4")
_VALIDITY = ("valid_from", "valid_to")
COLUMNS = {
    "units.csv": ("code", "name", "kind", "district", "duty", "aliases", *_VALIDITY, "successor"),
    "topics.csv": ("code", *LEVELS, "meaning", "words", "kinds", "urgency", "outside", "statutory"),
    "directory.csv": ("topic", "district", "lead", "assist", "basis", "deadline", *_VALIDITY),
    "places.csv": ("name", "kind", "district", "street", "aliases", "code", *_VALIDITY, "successor"),
    "duties.csv": ("duty", "words"),
    "rules.csv": ("code", "action", "to", "rank", "words", "unless", "learned", "citation", "say", *_VALIDITY),
}
_REQUIRED = {
    "units.csv": ("code", "name", "kind", "duty"),
    "topics.csv": ("code", "level1"),
    "directory.csv": ("topic", "lead"),
    "places.csv": ("name", "kind"),
    "duties.csv": ("duty", "words"),
    "rules.csv": ("code", "action", "say"),
}
_OPTIONAL = ("directory.csv", "places.csv", "rules.csv", "policy.toml", "lexicon.txt")
ABOUT = ("name", "title", "city", "version", "source")
FILES = ("pack.toml", "policy.toml", *COLUMNS, "lexicon.txt")
_ENTRY = re.compile(r"(?P<word>\S+)(?: [0-9]+)?(?: [a-z]+)?")
# Excel runs a cell that begins so as a formula, and whoever writes a unit's name is not whoever opens the file.
FORMULA = tuple("=+-@＝＋－＠")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table; a column that is missing reads as empty."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def many(self, column: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.strip() for part in self[column].split("|") if part.strip()))

    def fault(self, message: str) -> Fault:
        return Fault(file=self.file, line=self.line, message=message)

    def day(self, column: str) -> date | None:
        """Return the day of a cell that `date_faults` has nothing against."""
        return date.fromisoformat(self[column]) if self[column] else None

    @property
    def path(self) -> tuple[str, ...]:
        levels = [self[level] for level in LEVELS]
        return tuple(levels[: levels.index("")] if "" in levels else levels)


Rows = list[Row] | None


class Files:
    """The files of a pack as far as they can be read, and every fault met while reading."""

    def __init__(self, contents: Mapping[str, bytes], folder: Path) -> None:
        self.faults: list[Fault] = []
        self._contents, self._folder = contents, folder
        self.about = self._about()
        self.terms = parse_terms(self._text("policy.toml") or "", partial(self._fault, "policy.toml"))
        self.tables = {file: self._rows(file) for file in COLUMNS}
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
        for key in ABOUT:
            value = given.get(key, "")
            if not isinstance(value, str) or (key in {"name", "title", "version"} and not value.strip()):
                self._fault("pack.toml", _line_of(key, text), f'{key} must be a text: write {key} = "..."')
        return {key: str(given.get(key, "")) for key in ABOUT}

    def _rows(self, file: str) -> Rows:
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
        odd = [column for column in header if column not in COLUMNS[file] or header.count(column) > 1]
        for column in missing:
            self._fault(file, line, f"column {column} is missing")
        for column in dict.fromkeys(odd):
            self._fault(file, line, f"column {column!r} is unknown or twice; known are {','.join(COLUMNS[file])}")
        return not missing

    def _row(self, file: str, line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
        given = dict(zip(header, cells, strict=False))
        row = Row(str(self._folder / file), line, {column: cell.removeprefix("'") for column, cell in given.items()})
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


def _line_of(key: str, text: str) -> int:
    found = re.search(rf"^\s*{key}\s*=", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1
