"""The rows of CSV and Excel files from strangers, one at a time; nothing here knows what a column means."""

import codecs
import csv
import warnings
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from api.sheets.cells import from_excel
from triage.errors import InputError
from triage.lines import TEXT_LIMIT

Record = tuple[int, Sequence[str] | InputError]

_CHUNK = 1 << 16
_DELIMITERS = ",\t;"
_RECORD_LIMIT, _RECORD_LINES = 2 * TEXT_LIMIT, 2_000
_BROKEN_LIMIT = 1_000
_BROKEN = "a quotation mark opens and does not close, or stands alone in a text; write two of them in a text"
_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UNPACKED_LIMIT = 64 << 20
_TAG_LIMIT, _ROW_TAG_LIMIT = 4_000_000, 100_000
_ROW_LIMIT, _COLUMN_LIMIT = 1_048_576, 256
_AT_ONCE = 500
# What zipfile, expat and openpyxl raise on files that were damaged or made up.
_UNREADABLE = (
    *(BadZipFile, zlib.error, ParseError, EOFError, OSError),
    *(LookupError, ValueError, TypeError, AttributeError, RuntimeError, ArithmeticError),
)


def csv_records(stream: BinaryIO) -> Iterator[Record]:
    """Read rows, numbered as a spreadsheet does; bytes that are no text come as lone surrogates.

    A quotation mark that never closes breaks its row alone: reading goes on at the next line.

    Raises
    ------
    InputError
        The file is Excel, or too many rows are broken.
    """
    head = stream.read(_CHUNK)
    stream.seek(0)
    if head.startswith((_ZIP, _OLD_EXCEL)):
        raise InputError("this is Excel; send it as .xlsx, or save it as CSV UTF-8", code="not_csv", row=1)
    encoding = _encoding(head)
    start = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    yield from _parsed(_Feed(_lines(stream, encoding)), _delimiter(start))


def _encoding(head: bytes) -> str:
    """Tell the encoding by the first words: further down, one bad byte would make all of UTF-8 look like GB18030."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    words = next((line for line in head.split(b"\n") if not line.isascii()), b"")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(words)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"


def _delimiter(start: str) -> str:
    """Return what stands between the cells of the header, before which a title may stand."""
    header = next((line for line in start.split("\n") if any(map(line.__contains__, _DELIMITERS))), "")
    return max(_DELIMITERS, key=header.count)


def _lines(stream: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("replace" if encoding == "utf-16" else "surrogateescape")
    rest = ""
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from (f"{line}\n" for line in whole)
        if len(rest) > _RECORD_LIMIT:  # no appeal's, however it goes on
            yield rest
            rest = ""
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


class _Feed:
    """Lines for the csv reader, that can go back to the one after that in which a row began."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: list[str] = []
        self._taken: list[str] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._size > _RECORD_LIMIT or len(self._taken) > _RECORD_LINES:
            raise csv.Error
        line = self._again.pop() if self._again else next(self._lines)
        self._taken.append(line)
        self._size += len(line)
        return line

    def go_on(self) -> None:
        self._taken.clear()
        self._size = 0

    def go_back(self) -> None:
        self._again += reversed(self._taken[1:])
        self.go_on()


def _parsed(feed: _Feed, delimiter: str) -> Iterator[Record]:
    rows, row, broken = csv.reader(feed, delimiter=delimiter, strict=True), 0, 0
    while True:
        row += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error:
            broken += 1
            if broken > _BROKEN_LIMIT:
                message = f"more than {_BROKEN_LIMIT:,} rows are broken; export the file again"
                raise InputError(message, code="broken_file", row=row) from None
            feed.go_back()
            yield row, InputError(_BROKEN, code="broken_row", row=row)
        else:
            feed.go_on()
            yield row, cells


def excel_records(stream: BinaryIO) -> Iterator[Record]:
    """Read the rows of the first sheet.

    Raises
    ------
    InputError
        The file is no sheet of Excel, or larger than anyone's.
    """
    try:
        rows = enumerate(_first_sheet(stream).iter_rows(values_only=True), 1)
        while block := _block(rows):
            yield from block
    except _UNREADABLE as error:
        message = "the Excel file cannot be opened; save it again as .xlsx, or as CSV UTF-8"
        raise InputError(message, code="not_excel", row=1) from error


def _first_sheet(stream: BinaryIO) -> Any:  # noqa: ANN401 - openpyxl has no types
    """Open the first sheet alone: `load_workbook` would read through each that the file says it has."""
    from openpyxl.reader.excel import ExcelReader  # noqa: PLC0415 - slow to import
    from openpyxl.styles.stylesheet import apply_stylesheet  # noqa: PLC0415
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet  # noqa: PLC0415

    with ZipFile(stream) as archive:
        if sum(part.file_size for part in archive.infolist()) > _UNPACKED_LIMIT or not _is_of_a_size(archive):
            message = "too much for one sheet once it is unpacked; split the file, or save it as CSV UTF-8"
            raise InputError(message, code="too_large", row=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of drop-down lists and colours that it does not keep
        reader = ExcelReader(stream, read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        target = next((part.target for _, part in reader.parser.find_sheets() if "chartsheet" not in part.Type), "")
        sheet = ReadOnlyWorksheet(reader.wb, "", target, reader.shared_strings)
    sheet.reset_dimensions()  # some programs state a size of one cell; the rows themselves are right
    return sheet


def _is_of_a_size(archive: ZipFile) -> bool:
    """Tell whether XML can be read without filling the memory: openpyxl keeps a row, however long, until it ends."""
    all_tags = 0
    for part in archive.infolist():
        in_row = 0
        with archive.open(part) as content:
            while chunk := content.read(_CHUNK):
                tags = chunk.count(b"<")
                all_tags += tags
                in_row = tags if b"</row" in chunk or b"</si" in chunk else in_row + tags
                if in_row > _ROW_TAG_LIMIT or all_tags > _TAG_LIMIT:
                    return False
    return True


def _block(rows: Iterator[tuple[int, Sequence[object]]]) -> list[Record]:
    """Return the next rows; warnings are kept off while they are read, and never while somebody else runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        block = list(islice(rows, _AT_ONCE))
    if block and block[-1][0] > _ROW_LIMIT:
        raise InputError(f"more than {_ROW_LIMIT:,} rows", code="too_large", row=_ROW_LIMIT)
    return [(row, [_text(cell) for cell in cells[:_COLUMN_LIMIT]]) for row, cells in block]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return from_excel(str(value))
