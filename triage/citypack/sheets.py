"""The directory as a spreadsheet that a clerk edits: CSV or Excel, in the words of the hotline."""

import csv
import io
import re
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from triage.citypack.mandates import directory_faults
from triage.citypack.pack import CityPack
from triage.citypack.tables import FORMULA, Row
from triage.domain import Deadline, Mandate, Office, Topic, TopicCode, UnitKind
from triage.errors import Fault, InputError, PackError

HEADER = ("事项编码", "事项", "区", "主办", "协办", "依据", "时限", "生效", "失效")
LEVELS = dict(zip(("市级", "区级", "街道", "企业", "开发区", "其他"), UnitKind, strict=True))
DEADLINES = dict(zip(("2小时", "24小时", "7个工作日", "15个工作日"), Deadline, strict=True))

_WHOLE_CITY = ("", "全市")
_LEVEL_NAMES = {kind: name for name, kind in LEVELS.items()}
_DEADLINE_NAMES = {deadline: name for name, deadline in DEADLINES.items()}
_DAY = re.compile(r"([0-9]{4})([-/])([0-9]{1,2})\2([0-9]{1,2})")
_NOBODY = Office(level=UnitKind.OTHER, duty="")
_WIDTHS = (12, 36, 12, 22, 40, 50, 14, 14, 14)
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_LOST = "a value would not come back as it is: white space around it, a 、 in a duty, or a character no file can hold"

T = TypeVar("T")
Record = tuple[int, list[str]]


def read_sheet(file: Path, pack: CityPack) -> tuple[Mandate, ...]:
    """Read the lines of a sheet, which may be a part of a directory; the content, not the name, tells Excel from CSV.

    Columns other than those of `HEADER` are the clerk's own and not read.

    Raises
    ------
    PackError
        The sheet cannot be read, names what the pack does not have, or contradicts itself: all faults at once.
    """
    file = Path(file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(file, f"{error.strerror}; name a sheet (CSV or .xlsx)") from None
    return _read(content, file, pack)


def write_sheet(file: Path, pack: CityPack, mandates: Sequence[Mandate]) -> None:
    """Write lines of a directory as CSV, or as Excel where the name ends in .xlsx; `read_sheet` gives them back.

    Raises
    ------
    PackError
        The lines have faults, as `read_sheet` would find them. Nothing is written.
    InputError
        The name ends in something else, the folder cannot be written to, or a value would not come back as it is.
    """
    file = Path(file)
    write = {".csv": _csv, ".xlsx": _excel}.get(file.suffix.lower())
    if write is None:
        raise InputError("a sheet is CSV or Excel; end its name in .csv or .xlsx", file=file)
    paths = {topic.code: "/".join(topic.path) for topic in pack.topics}
    rows = [(line.topic, paths.get(line.topic, ""), *in_words(line).values()) for line in mandates]
    try:
        content = write([[_harmless(cell) for cell in row] for row in (HEADER, *rows)])
    except ValueError:
        raise InputError(_LOST, file=file) from None
    if _read(content, file, pack) != tuple(mandates):
        raise InputError(_LOST, file=file)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InputError(f"{error.strerror}; name a file that can be written", file=file) from None


def in_words(line: Mandate) -> dict[str, str]:
    """Say a line of the directory in the words of a sheet, by column; the topic is left out.

    >>> in_words(Mandate(topic=TopicCode("T1"), lead=Office(level=UnitKind.DISTRICT, duty="水务")))["主办"]
    '区级:水务'
    """
    first, last = (day.isoformat() if day else "" for day in (line.valid_from, line.valid_to))
    assist = "、".join(map(_office_name, line.assist))
    cells = (line.district, _office_name(line.lead), assist, line.basis, _DEADLINE_NAMES[line.deadline], first, last)
    return dict(zip(HEADER[2:], cells, strict=True))


def _office_name(office: Office) -> str:
    return f"{_LEVEL_NAMES[office.level]}:{office.duty}"


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith((*FORMULA, "'")) else cell


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue().encode("utf-8-sig")  # Excel takes CSV without the mark for GBK


def _excel(rows: Sequence[Sequence[str]]) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415  (slow to import)
    from openpyxl.utils import get_column_letter  # noqa: PLC0415
    from openpyxl.utils.exceptions import IllegalCharacterError  # noqa: PLC0415

    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("派单目录")
    sheet.freeze_panes = "A2"
    for column, width in enumerate(_WIDTHS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    try:
        for row in rows:
            sheet.append(row)
    except IllegalCharacterError as error:
        raise ValueError(error) from None
    finally:
        book.save(out)
    return out.getvalue()


def _read(content: bytes, file: Path, pack: CityPack) -> tuple[Mandate, ...]:
    interpreter = _Interpreter(pack)
    rows = _rows(content, file, interpreter.faults)
    lines = [(row, line) for row in rows if (line := interpreter.mandate(row))]
    if faults := [*interpreter.faults, *_faults_together(lines, pack)]:
        raise PackError(faults)
    return tuple(line for _, line in lines)


def _rows(content: bytes, file: Path, faults: list[Fault]) -> list[Row]:
    """Return the rows below the header, their cells as the clerk meant them."""
    if content.startswith(_OLD_EXCEL):
        raise _unreadable(file, "this is the old Excel format; save it as .xlsx or as CSV UTF-8")
    records = list((_excel_records if content.startswith(_ZIP) else _csv_records)(content, file))
    (line, header), *below = records or [(1, [])]
    _check_header(header, file, line)
    return [_row(str(file), number, header, cells, faults) for number, cells in below]


def _csv_records(content: bytes, file: Path) -> Iterator[Record]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unreadable(file, "not UTF-8; in Excel, save as CSV UTF-8", line) from None
    reader, line = csv.reader(io.StringIO(text, newline=""), strict=True), 1
    try:
        for cells in reader:
            yield from _filled(line, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _unreadable(
            file, f"not CSV from here on: {error}; quote the values that hold quotation marks", line
        ) from None


def _excel_records(content: bytes, file: Path) -> list[Record]:
    from openpyxl import load_workbook  # noqa: PLC0415  (slow to import)
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl tells of drop-down lists and colours that it does not keep
            sheet = load_workbook(io.BytesIO(content), read_only=True).worksheets[0]
            sheet.reset_dimensions()  # some programs state a size of one cell; the rows themselves are right
            rows = [[_text(cell.value, cell.data_type) for cell in cells] for cells in sheet.iter_rows()]
    except (InvalidFileException, BadZipFile, ParseError, KeyError, ValueError, IndexError):
        raise _unreadable(file, "the Excel file cannot be opened; save it again as .xlsx or as CSV UTF-8") from None
    return [record for number, cells in enumerate(rows, start=1) for record in _filled(number, cells)]


def _text(value: Any, type_: str) -> str:  # noqa: ANN401 - whatever Excel holds
    """Write a cell as CSV would have it; a text that begins as a formula does is none in Excel."""
    if value is None:
        return ""
    if type_ == "f":
        return f"={str(value).removeprefix('=')}"
    if isinstance(value, datetime):
        value = value if value.time().isoformat() != "00:00:00" else value.date()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    return f"'{text}" if text.startswith(FORMULA) else text


def _filled(line: int, cells: Sequence[str]) -> Iterator[Record]:
    plain = [re.sub(r"\r\n?", "\n", cell).strip() for cell in cells]
    while plain and not plain[-1]:
        plain.pop()
    if plain:
        yield line, plain


def _check_header(header: Sequence[str], file: Path, line: int) -> None:
    """A column that is missing is a fault even where cells of it may be empty: its content would be lost unseen."""
    missing = [column for column in HEADER[2:] if column not in header]
    if not {*HEADER[:2]} & {*header}:
        missing.insert(0, "事项编码 or 事项")
    faults = [f"column {column} is missing; the header is {','.join(HEADER)}" for column in missing]
    faults += [f"column {column} is there twice; drop one" for column in HEADER if header.count(column) > 1]
    if faults:
        raise PackError([Fault(file=str(file), line=line, message=message) for message in faults])


def _row(file: str, line: int, header: Sequence[str], cells: Sequence[str], faults: list[Fault]) -> Row:
    given = {column: cell for column, cell in zip(header, cells, strict=False) if column in HEADER}
    row = Row(file, line, {column: cell.removeprefix("'") for column, cell in given.items()})
    if len(cells) > len(header):
        faults.append(row.fault(f"{len(cells)} cells under {len(header)} columns; quote a value with a comma"))
    runs = [column for column, cell in given.items() if cell.startswith(FORMULA)]
    faults += [row.fault(f"{column} is a formula to Excel; write its value, or '{row[column]}") for column in runs]
    return row


class _Interpreter:
    """Makes lines of the directory of rows, as far as it can, and keeps every fault met."""

    def __init__(self, pack: CityPack) -> None:
        self.faults: list[Fault] = []
        self._topics = {topic.code: topic for topic in pack.topics}
        self._districts = {*pack.districts}
        self._by_path, self._by_name = _meanings(pack.topics, _whole), _meanings(pack.topics, _last)

    def mandate(self, row: Row) -> Mandate | None:
        """Return the line that a row means, or None where it has a fault."""
        known = len(self.faults)
        line = Mandate(
            topic=self._part(row, self._topic, TopicCode("")),
            district=self._part(row, self._district, ""),
            lead=self._part(row, lambda row: _office(row["主办"]), _NOBODY),
            assist=self._part(row, _assist, ()),
            basis=row["依据"],
            deadline=self._part(row, _deadline, Deadline.DAYS_7),
            valid_from=self._part(row, lambda row: _day(row, "生效"), None),
            valid_to=self._part(row, lambda row: _day(row, "失效"), None),
        )
        if line.valid_from and line.valid_to and line.valid_to < line.valid_from:
            self.faults.append(row.fault(f"失效 {line.valid_to} is before 生效 {line.valid_from}; correct one of them"))
        return line if len(self.faults) == known else None

    def _part(self, row: Row, read: Callable[[Row], T], default: T) -> T:
        try:
            return read(row)
        except ValueError as error:
            self.faults.append(row.fault(str(error)))
            return default

    def _topic(self, row: Row) -> TopicCode:
        code, name = TopicCode(row["事项编码"]), _path(row["事项"])
        by_path, by_name = self._by_path.get(name, ()), self._by_name.get(name, ())
        if not code:
            return _only(by_path or by_name, row["事项"])
        if code not in self._topics:
            message = f"事项编码 {code} is unknown; write the code of a topic, or only what it is called under 事项"
            raise ValueError(message)
        if name and code not in (*by_path, *by_name):
            message = (
                f"事项编码 {code} is {_whole(self._topics[code])}, and 事项 says {row['事项']}; correct one of them"
            )
            raise ValueError(message)
        return code

    def _district(self, row: Row) -> str:
        district = row["区"]
        if district in _WHOLE_CITY:
            return ""
        if district not in self._districts:
            message = f"区 {district} is unknown; write one of {'、'.join(sorted(self._districts))}, or nothing"
            raise ValueError(message)
        return district


def _meanings(topics: Sequence[Topic], name: Callable[[Topic], str]) -> Mapping[str, list[TopicCode]]:
    found = defaultdict[str, list[TopicCode]](list)
    for topic in topics:
        found[name(topic)].append(topic.code)
    return found


def _whole(topic: Topic) -> str:
    return _path("/".join(topic.path))


def _last(topic: Topic) -> str:
    return _path(topic.name)


def _path(cell: str) -> str:
    return "/".join(part.strip() for part in re.split("[/／]", cell))  # noqa: RUF001


def _only(codes: Sequence[TopicCode], name: str) -> TopicCode:
    if not name:
        raise ValueError("事项编码 and 事项 are empty; write one of them")
    if not codes:
        message = f"事项 {name} is unknown; write the path of a topic, its levels joined by /, or its 事项编码"
        raise ValueError(message)
    if len(codes) > 1:
        message = f"事项 {name} may be {' or '.join(codes)}; write the whole path, or its 事项编码"
        raise ValueError(message)
    return codes[0]


def _office(cell: str) -> Office:
    level, *duty = (part.strip() for part in re.split("[:：]", cell, maxsplit=1))
    kind = LEVELS.get(level) or next((kind for kind in UnitKind if kind == level), None)
    if kind is None or not any(duty):
        message = f"{cell or 'an empty cell'} is no office; write {'、'.join(LEVELS)} and a duty, such as 区级:市场监管"
        raise ValueError(message)
    return Office(level=kind, duty=duty[0])


def _assist(row: Row) -> tuple[Office, ...]:
    return tuple(dict.fromkeys(_office(part.strip()) for part in re.split("[、|]", row["协办"]) if part.strip()))


def _deadline(row: Row) -> Deadline:
    cell = row["时限"]
    if not cell:
        return Deadline.DAYS_7
    found = DEADLINES.get(cell) or next((deadline for deadline in Deadline if deadline == cell), None)
    if found is None:
        message = f"时限 {cell} is unknown; write one of {'、'.join(DEADLINES)}"
        raise ValueError(message)
    return found


def _day(row: Row, column: str) -> date | None:
    cell = row[column]
    if not cell:
        return None
    try:
        found = _DAY.fullmatch(cell)
        return date(int(found[1]), int(found[3]), int(found[4])) if found else date.fromisoformat("")
    except ValueError:
        message = f"{column} {cell} is no date; write 2026-01-31"
        raise ValueError(message) from None


def _faults_together(lines: Sequence[tuple[Row, Mandate]], pack: CityPack) -> Iterator[Fault]:
    """Find lines that name nobody, send down or contradict each other.

    That nobody leads a topic is no fault of a sheet, which may be a part; the pack it goes into tells.
    """
    tables = {
        "directory.csv": [_plain(row, line) for row, line in lines],
        "units.csv": [
            _of_pack(name=u.name, kind=u.kind, duty=u.duty, district=u.district, valid_to=str(u.valid_to or ""))
            for u in pack.units
        ],
        "topics.csv": [_of_pack(code=topic.code, statutory=topic.statutory) for topic in pack.topics],
        "places.csv": [_of_pack(name=p.name, kind=p.kind, district=p.district) for p in pack.places],
    }
    return (fault for fault in directory_faults(tables) if fault.file)


def _plain(row: Row, line: Mandate) -> Row:
    first, last = (str(day or "") for day in (line.valid_from, line.valid_to))
    offices = {"lead": str(line.lead), "assist": "|".join(map(str, line.assist))}
    days = {"valid_from": first, "valid_to": last}
    return Row(row.file, row.line, {"topic": line.topic, "district": line.district, **offices, **days})


def _of_pack(**cells: str) -> Row:
    return Row("", 0, cells)


def _unreadable(file: Path, message: str, line: int = 1) -> PackError:
    return PackError([Fault(file=str(file), line=line, message=message)])
