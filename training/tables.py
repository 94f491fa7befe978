"""Exports as they come (CSV, Excel, JSON Lines) into rows under a header; nothing here knows what a column means."""

import codecs
import csv
import io
import json
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.errors import Fault, InputError

Cell = object
_DELIMITERS = ",\t;"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What could not be read, and where. `row` counts as a spreadsheet does: the header is row 1."""

    file: str
    row: int
    message: str
    field: str = ""

    def __str__(self) -> str:
        field = f", field {self.field}" if self.field else ""
        return f"{self.file}, row {self.row}{field}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One file: what its columns are called, its whole rows, and the rows that are broken."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()


def read_table(path: Path) -> Table:
    """Read one export; the content, not the name, tells Excel from text.

    Raises
    ------
    InputError
        The path is no file, the file is empty, in an unknown encoding, or holds a header and nothing else.
    """
    data = _bytes_of(path)
    if data.startswith(_OLD_EXCEL):
        raise InputError("this is the old Excel format; save it as .xlsx or CSV", file=path)
    if data.startswith(_ZIP):
        table = _excel(path, data)
    elif path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        table = _json_lines(path, data)
    else:
        table = _csv(path, data)
    return _with_rows(path, table)


def _bytes_of(path: Path) -> bytes:
    if not path.exists():
        raise InputError("no such file; give the path of an export (CSV, JSON Lines or .xlsx)", file=path)
    if not path.is_file():
        raise InputError("this is a folder; give the files in it", file=path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be opened: {error.strerror}", file=path) from error
    if not data.strip():
        raise InputError("the file is empty; export it again", file=path)
    return data


def _with_rows(path: Path, table: Table) -> Table:
    if table.rows:
        return table
    if table.problems:
        first = table.problems[0]
        raise InputError(f"no row can be read; the first: {first.message}", file=path, row=first.row)
    raise InputError("there is a header but no row below it; export the orders too", file=path)


def _decode(path: Path, data: bytes) -> tuple[str, bool]:
    """Return the text, and whether the file ends inside a character.

    The header decides between UTF-8 and GB18030: long UTF-8 texts with one bad byte also decode as GB18030, into
    characters that nobody wrote.
    """
    encoding = _encoding_of(path, data)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"byte {error.start} is not {encoding.upper()}; save the file as UTF-8 or GB18030 and try again"
        raise InputError(message, file=path, row=line) from error
    return text.removeprefix("\ufeff"), bool(decoder.getstate()[0])


def _encoding_of(path: Path, data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if (zero := data.find(b"\0")) >= 0:
        message = f"byte {zero} is zero: binary, or UTF-16 without its mark; save the file as UTF-8"
        raise InputError(message, file=path, row=data.count(b"\n", 0, zero) + 1)
    if data.startswith(codecs.BOM_UTF8):
        return "utf-8"
    header = data.splitlines()[0]
    return "utf-8" if _is_utf8(data) or (not header.isascii() and _is_utf8(header)) else "gb18030"


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _csv(path: Path, data: bytes) -> Table:
    text, cut = _decode(path, data)
    records = list(_records(io.StringIO(text, newline="").readlines()))
    start = _header_at([cells for cells, _ in records])
    header = tuple(records[start][0])
    rows, faults = _parted(records[start + 1 :], first=start + 2, width=len(header))
    if cut and rows and not faults:
        faults[rows.pop().number] = "the file ends inside this row"
    problems = tuple(Problem(file=str(path), row=number, message=message) for number, message in faults.items())
    return Table(header=header, rows=tuple(rows), problems=problems)


def _parted(records: list[tuple[list[str], bool]], *, first: int, width: int) -> tuple[list[Row], dict[int, str]]:
    """Part whole rows from broken ones; what follows an open quotation, up to the next whole row, belongs to it."""
    rows: list[Row] = []
    faults: dict[int, str] = {}
    after_open = False
    for number, (cells, whole) in enumerate(records, start=first):
        if not any(cell.strip() for cell in cells):
            continue
        if not (message := _fault(cells, width, whole=whole)):
            rows.append(Row(number=number, cells=cells))
        elif not (after_open and whole):
            faults[number] = message
        after_open = bool(message) and (after_open or not whole)
    return rows, faults


def _header_at(rows: Sequence[Sequence[Cell]]) -> int:
    """Return the position of the header: the first row with two names, since a title above it fills one cell."""
    filled = [sum(cell not in (None, "") for cell in row) for row in rows]
    return next((position for position, count in enumerate(filled) if count > 1), filled.index(max(filled)))


def _fault(cells: list[str], width: int, *, whole: bool) -> str:
    if not whole:
        return "a quotation mark opens here and never closes; export the file again or mend this row"
    if len(cells) < width:
        return f"{len(cells)} cells where the header has {width}; the row is cut short"
    if any(cells[width:]):
        return f"{len(cells)} cells where the header has {width}; a delimiter in a text needs quotation marks"
    return ""


class _Feed:
    """Lines handed to the csv reader, which asks for more than there is only inside an open quotation."""

    def __init__(self, lines: list[str], position: int) -> None:
        self.lines, self.position, self.starved = lines, position, False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        if self.position >= len(self.lines):
            self.starved = True
            raise StopIteration
        self.position += 1
        return self.lines[self.position - 1]


def _records(lines: list[str]) -> Iterator[tuple[list[str], bool]]:
    """Yield the cells of each record and whether it is whole.

    A stray quotation mark swallows all that follows, so reading starts again on the line after an open record.
    """
    csv.field_size_limit(1 << 30)
    delimiter = _delimiter(lines)
    start = 0
    while start < len(lines):
        feed = _Feed(lines, start)
        for cells in csv.reader(feed, delimiter=delimiter):
            if feed.starved:
                yield cells, False
                start += 1
                break
            yield cells, True
            start = feed.position


def _delimiter(lines: list[str]) -> str:
    header = next((line for line in lines if any(map(line.__contains__, _DELIMITERS))), "")
    return max(_DELIMITERS, key=header.count)


def _excel(path: Path, data: bytes) -> Table:
    from openpyxl import load_workbook  # noqa: PLC0415  (slow to import, and most exports are text)
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            # Some exporters state a size of one cell; the rows themselves are right.
            sheet.reset_dimensions()
            found = list(sheet.iter_rows(values_only=True))
            book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise InputError("the Excel file cannot be opened; save it again as .xlsx or CSV", file=path) from error
    if not any(map(any, found)):
        raise InputError("the first sheet is empty; put the orders on the first sheet", file=path)
    start = _header_at(found)
    header = tuple("" if cell is None else str(cell) for cell in found[start])
    below = enumerate(found[start + 1 :], start=start + 2)
    return Table(header=header, rows=tuple(Row(number=number, cells=cells) for number, cells in below if any(cells)))


def _json_lines(path: Path, data: bytes) -> Table:
    text, _ = _decode(path, data)
    found: list[tuple[int, dict[str, Cell]]] = []
    problems: list[Problem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, _object(line)))
        except ValueError as error:
            problems.append(Problem(file=str(path), row=number, message=f"not a JSON object: {error}"))
    header = tuple(dict.fromkeys(key for _, record in found for key in record))
    rows = tuple(Row(number=number, cells=[record.get(key) for key in header]) for number, record in found)
    return Table(header=header, rows=rows, problems=tuple(problems))


def _object(line: str) -> dict[str, Cell]:
    value = json.loads(line)
    if not isinstance(value, dict):
        message = f"one object per line is expected, this line holds a {type(value).__name__}"
        raise ValueError(message)
    return value


def checked_rows(file: Path, columns: Sequence[str], faults: list[Fault]) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the rows of a table and their lines; one that is no such table is a fault."""

    def fault(line: int, message: str) -> None:
        faults.append(Fault(file=str(file), line=line, message=message))

    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream, strict=True)
            if tuple(rows.fieldnames or ()) != tuple(columns):
                fault(1, f"the columns must be {','.join(columns)}")
                return
            for row in rows:
                if None in row or None in row.values():
                    fault(rows.line_num, f"{len(columns)} cells are expected; quote a text with a comma")
                else:
                    yield rows.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        fault(1, f"not CSV in UTF-8: {error}")
