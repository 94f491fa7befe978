"""Appeals from a sheet, row by row."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import BinaryIO

from api.orders import LONE, PLAIN
from api.sheets.cells import SheetKind, as_meant
from api.sheets.records import Record, csv_records, excel_records
from triage.clock import moment
from triage.domain import Appeal
from triage.errors import InputError
from triage.ledger.drafts import REFERENCE_LIMIT
from triage.lines import read_lines, text_from

Numbered = Iterator[tuple[int, Appeal | InputError]]

_WANTED = {
    "text": ("诉求内容",),
    "id": ("来电编号", "工单编号"),
    "address": ("地址",),
    "district": ("区", "辖区"),
    "received_at": ("受理时间",),
    "channel": ("来源渠道",),
}
_LABEL_LIMITS = {"id": REFERENCE_LIMIT, "channel": 100}  # as the ledger keeps them
_TITLES = 20  # rows in which the header is looked for
_LINE_LIMIT = 8 << 20


def read_appeals(kind: SheetKind, stream: BinaryIO) -> Numbered:
    """Read appeals one by one, with the row that each is in; a row that cannot be used is an error in its place.

    CSV may be UTF-8, GB18030 or UTF-16; of Excel the first sheet is read. Columns are found by their Chinese names
    wherever they are, and others ignored; JSON Lines are those of the contract. An appeal that has no number of its
    own has an empty `id`.

    Parameters
    ----------
    stream
        At its beginning, and one that can go back there.

    Raises
    ------
    InputError
        While reading: the file is of another kind, damaged or too large, or has no column 诉求内容.
    """
    if kind is SheetKind.LINES:
        return _read_lines(stream)
    if kind is SheetKind.EXCEL:
        return _read_table(excel_records(stream), ragged=True)
    return _read_table(csv_records(stream), ragged=False)


def _read_table(records: Iterator[Record], *, ragged: bool) -> Numbered:
    """`ragged` rows are whole though they are shorter or longer than the header."""
    header = _header(records)
    for row, cells in records:
        if isinstance(cells, InputError):
            yield row, cells
        elif any(map(str.strip, cells)):
            torn = not ragged and (len(cells) < header.width or any(cells[header.width :]))
            yield row, _torn(header, cells, row) if torn else _row(header, cells, row)


class _Header:
    """Where in a row the fields of an appeal are; of several columns for one the first that is filled counts."""

    def __init__(self, names: Sequence[str]) -> None:
        at = {name: position for position, name in reversed(list(enumerate(names)))}
        self.width = max((position + 1 for position, name in enumerate(names) if name), default=0)
        self.columns = {field: [(name, at[name]) for name in known if name in at] for field, known in _WANTED.items()}

    def cell(self, field: str, cells: Sequence[str]) -> tuple[str, str]:
        """Return the column that says it, and what it says."""
        columns = self.columns[field]
        within = ((name, position) for name, position in columns if position < len(cells))
        filled = ((name, said) for name, position in within if (said := as_meant(cells[position])))
        return next(filled, (columns[0][0] if columns else "", ""))


def _header(records: Iterator[Record]) -> _Header:
    for _, cells in islice(records, _TITLES):
        if not isinstance(cells, InputError):
            header = _Header([_plain(cell) for cell in cells])
            if header.columns["text"]:
                return header
    known = "、".join(name for names in _WANTED.values() for name in names)
    message = f"no column 诉求内容 in the first {_TITLES} rows; name the columns {known}, and save CSV as UTF-8"
    raise InputError(message, code="no_header", row=1, field="诉求内容")


def _plain(name: str) -> str:
    """Return the name of a column without what exporters vary: width, white space, and marks such as * or (必填)."""
    return re.sub(r"\([^()]*\)|[\s*'\ufeff]", "", unicodedata.normalize("NFKC", name))


def _torn(header: _Header, cells: Sequence[str], row: int) -> InputError:
    message = f"{len(cells)} cells under {header.width} columns; quote a text that holds a delimiter or a new line"
    return InputError(message, code="broken_row", row=row)


def _row(header: _Header, cells: Sequence[str], row: int) -> Appeal | InputError:
    said = {field: header.cell(field, cells) for field in _WANTED}
    try:
        for name, value in said.values():
            if LONE.search(value):
                raise InputError("bytes that are no text; save the file as UTF-8", code="not_text", field=name)
        return _appeal({field: value for field, (_, value) in said.items()})
    except InputError as error:
        field = error.field or ""
        return InputError(error.message, code=error.code, row=row, field=said[field][0] if field in said else field)


def _appeal(said: Mapping[str, str]) -> Appeal:
    if said["received_at"] and moment(said["received_at"]) is None:
        raise InputError("no time; write 2026-01-31 08:30", code="bad_time", field="received_at")
    appeal = Appeal(
        id=said["id"],
        text=text_from(said["text"]),
        address=said["address"] or None,
        district=said["district"] or None,
        received_at=said["received_at"] or None,
        channel=said["channel"] or None,
    )
    return _kept(appeal)


def _kept(appeal: Appeal) -> Appeal:
    """Refuse what the ledger would: it keeps these in columns of a database."""
    for field, limit in _LABEL_LIMITS.items():
        value = getattr(appeal, field) or ""
        if len(value) > limit or not re.fullmatch(PLAIN, value) or LONE.search(value):
            message = f"at most {limit} characters, none of them a control character"
            raise InputError(message, code=f"bad_{field}", field=field)
    return appeal


class _Lines:
    """The lines of a stream, the last of them with its number; of one that is too long for any appeal the beginning."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.number, self.line = stream, 0, b""

    def __iter__(self) -> Iterator[bytes]:
        while line := self._stream.readline(_LINE_LIMIT):
            self.number, self.line = self.number + 1, line
            while len(line) == _LINE_LIMIT and not line.endswith(b"\n"):
                line = self._stream.readline(_LINE_LIMIT)
            yield self.line

    def is_numbered(self) -> bool:
        """Tell whether the last line has a number of its own."""
        return json.loads(self.line.decode("utf-8-sig")).get("id") is not None


def _read_lines(stream: BinaryIO) -> Numbered:
    lines = _Lines(stream)
    for _, found in read_lines(lines):
        row = lines.number
        try:
            if isinstance(found, InputError):
                raise found
            own = found.id != str(row) or lines.is_numbered()
            yield row, _kept(found if own else replace(found, id=""))
        except InputError as error:
            yield row, InputError(error.message, code=error.code, row=row, field=error.field)
