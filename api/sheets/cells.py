"""What stands in a cell: nothing that a spreadsheet runs, and nothing that a file cannot hold."""

import re
from enum import StrEnum

from api.orders import LONE
from triage.citypack import FORMULA


class SheetKind(StrEnum):
    """How a sheet is written, named as its files end."""

    CSV = "csv"
    EXCEL = "xlsx"
    LINES = "jsonl"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    SheetKind.CSV: "text/csv; charset=utf-8",
    SheetKind.EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    SheetKind.LINES: "application/jsonl",
}

_CELL_LIMIT = 32_767  # of Excel, in units of UTF-16
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
# With apostrophes in front too, so that reading takes away just the one that writing put there.
_RUNS = re.compile(rf"[\s\ufeff']*[{re.escape(''.join(FORMULA))}|%\t\r\n]")
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile("_x(005[Ff]_|000[Dd]_\n?)")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, and that a file can hold.

    >>> harmless("=1+1"), harmless(" @SUM(A1)"), harmless("路灯不亮")
    ("'=1+1", "' @SUM(A1)", '路灯不亮')
    """
    text = LONE.sub("\ufffd", _UNWRITABLE.sub("", text)).replace("\r\n", "\n")
    return f"'{text}" if _RUNS.match(text) else text


def as_meant(cell: str) -> str:
    """Return what was said in a cell, without the apostrophe that keeps a spreadsheet from running it."""
    cell = cell.strip()
    return cell[1:].strip() if cell.startswith("'") and _RUNS.match(cell[1:]) else cell


def in_excel(text: str) -> str:
    """Return what Excel shows as the text, or as much of it as a cell holds: it reads `_x003D_` as `=`."""
    text = _LOOKS_ESCAPED.sub("_x005F_", text)
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _CELL_LIMIT:
        return text
    return units[: 2 * (_CELL_LIMIT - 1)].decode("utf-16-le", "ignore") + "…"


def from_excel(text: str) -> str:
    """Return the text that Excel shows; it writes the end of a line as `_x000D_`."""
    return _ESCAPED.sub(lambda found: "_" if found[1].startswith("005") else "\n", text)
