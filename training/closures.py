"""Orders and how they ended, read from the files that hotlines export."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from training.columns import STATUSES, Columns, find_columns
from training.tables import Cell, Problem, Row, read_table
from triage.domain import Closure, Ended
from triage.errors import InputError

_DAY = re.compile(r"\s*((?:19|20)\d\d)\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})(?!\d)")
_COMPACT_DAY = re.compile(r"\s*(20\d\d)(\d\d)(\d\d)")
_SERIAL = re.compile(r"\s*([2-6]\d{4})(?:\.\d+)?\s*")
_EXCEL_EPOCH = date(1899, 12, 30)
_YES = re.compile(r"是|有|已?(?:响应|联系|解决)|true|yes|[1y]")
_NO = re.compile(r"否|没有?|未(?:响应|联系|解决)?|不是|false|no|[0n]")
# Enough of a text to tell two orders with one number apart, and short enough to know an order that grew since.
_OPENING = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Closures:
    """What was read; `ended` are the same orders with what the export tells of how they ended.

    `problems` tells each row that could not be read, and each date that could not (its row is kept, undated).
    `repeated` counts rows that a later row of the same order replaced.
    """

    rows: tuple[Closure, ...]
    ended: tuple[Ended, ...] = ()
    problems: tuple[Problem, ...] = ()
    repeated: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    orders: tuple[Ended, ...]
    problems: tuple[Problem, ...]


def read_closures(paths: Sequence[Path], *, columns: Mapping[str, str] | None = None) -> Closures:
    """Read CSV, JSON Lines and Excel exports into closures, in the order given.

    Texts are as the export has them; `training.hygiene.clean` strips them. The closing report is never read: it tells
    who acted. An order that comes twice is kept as it came last, since exports are cut from a moving table. A row
    without a number is called after its file and row.

    Parameters
    ----------
    columns
        Our field to their header (`{"unit": "经办部门"}`) where the names are not known; comes before the known names.

    Raises
    ------
    InputError
        A file cannot be used at all: missing, empty, in no known encoding, without rows, text or unit.
    """
    if not paths:
        raise InputError("no file given; name at least one export of closed orders")
    files = [_read(Path(path), columns) for path in paths]
    ended, repeated = _latest(order for file in files for order in file.orders)
    problems = tuple(problem for file in files for problem in file.problems)
    return Closures(rows=tuple(one.closure for one in ended), ended=ended, problems=problems, repeated=repeated)


def day_of(value: Cell) -> date | None:
    """Return the day of a date cell, an Excel serial number or a text such as 2018/1/2 15:39:12; None for all else."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value)
    if match := _DAY.match(text) or _COMPACT_DAY.match(text):
        return _calendar_day(*map(int, match.groups()))
    if match := _SERIAL.fullmatch(text):
        return _EXCEL_EPOCH + timedelta(days=int(match[1]))
    return None


def _calendar_day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _read(path: Path, columns: Mapping[str, str] | None) -> _Read:
    table = read_table(path)
    where = find_columns(table.header, columns, file=path)
    orders: list[Ended] = []
    problems = list(table.problems)
    for row in table.rows:
        try:
            orders.append(_ended(row, where, _closure(row, where, path, problems)))
        except InputError as error:
            problems.append(Problem(file=str(path), row=row.number, field=error.field or "", message=error.message))
    return _Read(orders=tuple(orders), problems=tuple(sorted(problems, key=lambda problem: problem.row)))


def _closure(row: Row, where: Columns, path: Path, problems: list[Problem]) -> Closure:
    def text(field: str) -> str:
        return _text(_first(_cells(row, where, field)), field)

    number = text("id")
    return Closure(
        id=number or f"{path.stem}-{row.number}",
        text=text("text"),
        unit=text("unit"),
        topic=_topic(row, where),
        opened_on=_opened_on(row, where, number, path, problems),
        district=text("district"),
        street=text("street"),
        community=text("community"),
        kind=text("kind"),
        source=f"{path}, row {row.number}",
    )


def _ended(row: Row, where: Columns, closure: Closure) -> Ended:
    """Read how an order ended; what is in no column stays as it is where nobody knows."""

    def text(field: str) -> str:
        return _text(_first(_cells(row, where, field)), field)

    units, reasons = _listed(row, where, "returned_by"), _listed(row, where, "return_reasons")
    told = reasons if len(reasons) == len(units) else [""] * len(units)
    return Ended(
        closure=closure,
        status=_status(text("status"), merged_into=text("merged_into")),
        address=text("address"),
        channel=text("channel"),
        returned=tuple(zip(units, told, strict=True)),
        first_unit=text("first_unit"),
        automatic=_yes(text("automatic")) or False,
        audited=_yes(text("audited")) or False,
        propensity=_share(text("propensity")),
        contacted=_yes(text("contacted")),
        solved=_yes(text("solved")),
        satisfaction=text("satisfaction"),
        closed_on=next(filter(None, map(day_of, _cells(row, where, "closed_at"))), None),
        merged_into=text("merged_into"),
    )


def _status(word: str, *, merged_into: str) -> str:
    """Return where an order stands: done if nothing is said about it, and nothing if it is not understood."""
    if merged_into:
        return "merged"
    if not word:
        return "closed"
    return next((status for status, words in STATUSES.items() if re.search(words, word.casefold())), "")


def _yes(word: str) -> bool | None:
    """Return whether a word says yes; None where it says neither."""
    word = word.casefold()
    return False if _NO.fullmatch(word) else True if _YES.fullmatch(word) else None


def _share(word: str) -> float:
    """Return how probable it was that a person would look; 1 where nothing sound is said."""
    with suppress(ValueError):
        share = float(word)
        return share if 0 < share <= 1 else 1.0
    return 1.0


def _listed(row: Row, where: Columns, field: str) -> list[str]:
    """Return the names in a cell, which exports join in one way or another."""
    cell = _first(_cells(row, where, field))
    if isinstance(cell, list):
        return [name for one in cell if (name := _text(one, field))]
    return [name.strip() for name in re.split(r"[、,，;；|]", _text(cell, field)) if name.strip()]


def _cells(row: Row, where: Columns, field: str) -> list[Cell]:
    """Return what the columns of a field hold in this row, empty cells left out."""
    cells = [_cell(row, position) for position in where.of.get(field, ())]
    return [cell for cell in cells if cell is not None and str(cell).strip()]


def _cell(row: Row, position: int) -> Cell:
    return row.cells[position] if position < len(row.cells) else None


def _first(cells: Sequence[Cell]) -> Cell:
    return cells[0] if cells else None


def _text(cell: Cell, field: str) -> str:
    """Return a cell as text; Excel's ways to force text (a leading ', ="…") and to keep numbers (1.0) are undone."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, dict) and isinstance(cell.get("name"), str):  # as our own lines show units and topics
        return str(cell["name"]).strip()
    if isinstance(cell, (list, tuple, dict)):
        raise InputError(f"a text is expected, not a {type(cell).__name__}", field=field)
    return re.sub(r'^(?:="(.*)"|\'(.*))$', r"\1\2", str(cell).strip(), flags=re.DOTALL).strip()


def _topic(row: Row, where: Columns) -> tuple[str, ...]:
    levels = [_text(_cell(row, position), "topic") for position in where.levels]
    if any(levels):
        return _until_empty(levels)
    cell = _first(_cells(row, where, "topic"))
    if isinstance(cell, list):
        return _until_empty([_text(level, "topic") for level in cell])
    return _until_empty([level.strip() for level in _text(cell, "topic").strip("/").split("/")])


def _until_empty(levels: Sequence[str]) -> tuple[str, ...]:
    return tuple(levels[: levels.index("")] if "" in levels else levels)


def _opened_on(row: Row, where: Columns, number: str, path: Path, problems: list[Problem]) -> date | None:
    for cell in _cells(row, where, "opened_at") + _cells(row, where, "dispatched_at"):
        if day := day_of(cell):
            return day
        message = f"{str(cell)[:40]} is no date; write 2018-01-31 (the row is kept)"
        problems.append(Problem(file=str(path), row=row.number, field="opened_at", message=message))
    return day_of(number) if _COMPACT_DAY.match(number) else None


def _latest(orders: Iterable[Ended]) -> tuple[tuple[Ended, ...], int]:
    """Keep each order as it came last; a number that two different orders share (lists counted from 1) keeps both."""
    kept: dict[str, Ended] = {}
    repeated = 0
    for order in orders:
        closure = order.closure
        known = kept.get(closure.id)
        if known and known.closure.text[:_OPENING] != closure.text[:_OPENING]:
            renamed = replace(closure, id=f"{closure.id}@{closure.source}")
            kept[renamed.id] = replace(order, closure=renamed)
            continue
        repeated += known is not None
        kept[closure.id] = order
    return tuple(kept.values()), repeated
