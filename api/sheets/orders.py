"""Orders as a sheet, piece by piece."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any

from api.orders import Names, order_line
from api.sheets.cells import SheetKind, harmless, in_excel
from triage.directory import CHINA_TIME
from triage.ledger.order import Entry, Status
from triage.lines import as_json

STATUSES = dict(zip(Status, ("待派", "已派", "办理中", "已退单", "办结", "已并单", "已转接", "不予受理"), strict=True))

_Cell = Callable[[Entry, Names], str]
_ROW_LIMIT = 1_048_576  # of a sheet in Excel
_CHUNK = 1 << 16


def write_orders(kind: SheetKind, entries: Iterable[Entry], names: Names) -> Iterator[bytes]:
    """Write orders, piece by piece; those of JSON Lines are as `GET /v1/appeals` shows them.

    Excel's are written whole, to a temporary file, before the first piece comes.
    """
    if kind is SheetKind.LINES:
        return (as_json(order_line(entry, names, routing=False)) + b"\n" for entry in entries)
    rows = ([harmless(cell(entry, names)) for cell in _COLUMNS.values()] for entry in entries)
    return _excel(rows) if kind is SheetKind.EXCEL else _csv(rows)


def _csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")  # Excel takes CSV without the mark for GBK
    writer.writerow(_COLUMNS)
    for row in rows:
        writer.writerow(row)
        if out.tell() > _CHUNK:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


def _excel(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import

    book = Workbook(write_only=True)
    with TemporaryFile() as out:
        try:
            _fill(book, rows)
        finally:
            book.save(out)  # what is not saved would leave its own temporary file behind
        out.seek(0)
        yield from iter(lambda: out.read(_CHUNK), b"")


def _fill(book: Any, rows: Iterable[Sequence[str]]) -> None:  # noqa: ANN401 - openpyxl has no types
    sheet = _headed(book)
    for number, row in enumerate(rows):
        if number and number % (_ROW_LIMIT - 1) == 0:
            sheet = _headed(book)
        sheet.append(_cells(sheet, row))


def _headed(book: Any) -> Any:  # noqa: ANN401 - openpyxl has no types
    sheet = book.create_sheet("工单")
    sheet.freeze_panes = "A2"
    sheet.append(_cells(sheet, [*_COLUMNS]))
    return sheet


def _cells(sheet: Any, row: Sequence[str]) -> list[Any]:  # noqa: ANN401 - openpyxl has no types
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - slow to import

    cells = [WriteOnlyCell(sheet, in_excel(text)) for text in row]
    for cell in cells:
        cell.data_type = "s"  # openpyxl takes #N/A for an error
    return cells


def _time(at: datetime | None) -> str:
    return at.astimezone(CHINA_TIME).replace(tzinfo=None).isoformat(" ", "seconds") if at else ""


def _yes(fact: bool | None) -> str:  # noqa: FBT001 - it is what is written
    return "" if fact is None else "是" if fact else "否"


def _name(code: str, names: Names) -> str:
    return names(code) if code else ""


def _listed(codes: Iterable[str], names: Names) -> str:
    return "、".join(map(names, codes))


_COLUMNS: Mapping[str, _Cell] = {
    "工单编号": lambda entry, _: entry.order.id,
    "来电编号": lambda entry, _: entry.order.reference,
    "受理时间": lambda entry, _: _time(entry.order.received_at),
    "来源渠道": lambda entry, _: entry.order.channel or entry.order.source,
    "诉求内容": lambda entry, _: entry.text or "",
    "地址": lambda entry, _: entry.address or "",
    "事项": lambda entry, names: _name(entry.order.topic, names),
    "区": lambda entry, _: entry.order.district,
    "街道": lambda entry, _: entry.order.street,
    "诉求类型": lambda entry, _: entry.order.kind,
    "紧急程度": lambda entry, _: entry.order.urgency,
    "状态": lambda entry, _: STATUSES[entry.order.status],
    "承办单位": lambda entry, names: _name(entry.order.unit, names),
    "协办单位": lambda entry, names: _listed(entry.order.assist, names),
    "首派单位": lambda entry, names: _name(entry.order.first_unit, names),
    "自动派单": lambda entry, _: _yes(entry.order.sent_by_model) if entry.order.first_unit else "",
    "人工抽检": lambda entry, _: _yes(entry.order.audited) if entry.order.propensity else "",
    "抽检比例": lambda entry, _: f"{entry.order.propensity:g}" if entry.order.propensity else "",
    "退单单位": lambda entry, names: _listed(entry.order.returned_by, names),
    "派单时间": lambda entry, _: _time(entry.order.dispatched_at),
    "签收时间": lambda entry, _: _time(entry.order.signed_at),
    "办结时间": lambda entry, _: _time(entry.order.closed_at),
    "处置单位": lambda entry, names: _name(entry.order.final_unit, names),
    "响应": lambda entry, _: _yes(entry.order.contacted),
    "解决": lambda entry, _: _yes(entry.order.solved),
    "满意度": lambda entry, _: entry.order.satisfaction,
    "反馈时限": lambda entry, _: _time(entry.order.feedback_by),
    "是否超期": lambda entry, _: _yes(entry.order.overdue),
    "重复次数": lambda entry, _: str(entry.order.repeats),
    "并入工单": lambda entry, _: entry.order.merged_into,
}
