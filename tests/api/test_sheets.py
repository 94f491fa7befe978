"""Sheets: orders go out so that no spreadsheet runs them, appeals come in so that no row spoils another."""

import csv
import doctest
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from api.orders import order_line
from api.sheets import SheetKind, cells, harmless, read_appeals, write_orders
from api.sheets import orders as orders_module
from api.sheets import records as records_module
from triage.citypack import FORMULA
from triage.domain import Appeal
from triage.errors import InputError
from triage.ledger.order import Entry, Order, Status

NAMES = {"sj-sw": "市水务局", "sj-jt": "市交通委", "xl-fq": "枫桥街道办事处", "T1": "供水/停水"}
MORNING = datetime(2026, 11, 22, 0, 30, 15, tzinfo=UTC)
TABLES = (SheetKind.CSV, SheetKind.EXCEL)
DANGERS = (*FORMULA, "|", "%", "\t", "\r", "\n")
HEADER = "来电编号,受理时间,来源渠道,区,地址,诉求内容"


def names(code: str) -> str:
    return NAMES.get(code, code)


def entry(text: str | None = "家里停水三天", *, address: str | None = "枫桥路1号", **given) -> Entry:
    order = Order(**{"id": "20261122-1", "first": 1, "version": 3, "received_at": MORNING} | given)
    return Entry(order=order, text=text, address=address, routing=None)


WHOLE = entry(
    reference="R-007",
    status=Status.CLOSED,
    channel="电话",
    topic="T1",
    district="东湖区",
    street="枫桥街道",
    kind="投诉",
    urgency="较急",
    unit="sj-sw",
    assist=("sj-jt", "xl-fq"),
    first_unit="sj-jt",
    sent_by_model=True,
    propensity=0.05,
    returned_by=("sj-jt", "xl-fq"),
    dispatched_at=MORNING,
    signed_at=MORNING,
    closed_at=MORNING,
    final_unit="sj-sw",
    contacted=True,
    solved=False,
    satisfaction="基本满意",
    feedback_by=MORNING,
    overdue=True,
    repeats=2,
    merged_into="20261121-5",
)
SHOWN = {
    "工单编号": "20261122-1",
    "来电编号": "R-007",
    "受理时间": "2026-11-22 08:30:15",
    "来源渠道": "电话",
    "诉求内容": "家里停水三天",
    "地址": "枫桥路1号",
    "事项": "供水/停水",
    "区": "东湖区",
    "街道": "枫桥街道",
    "诉求类型": "投诉",
    "紧急程度": "较急",
    "状态": "办结",
    "承办单位": "市水务局",
    "协办单位": "市交通委、枫桥街道办事处",
    "首派单位": "市交通委",
    "自动派单": "是",
    "人工抽检": "否",
    "抽检比例": "0.05",
    "退单单位": "市交通委、枫桥街道办事处",
    "派单时间": "2026-11-22 08:30:15",
    "签收时间": "2026-11-22 08:30:15",
    "办结时间": "2026-11-22 08:30:15",
    "处置单位": "市水务局",
    "响应": "是",
    "解决": "否",
    "满意度": "基本满意",
    "反馈时限": "2026-11-22 08:30:15",
    "是否超期": "是",
    "重复次数": "2",
    "并入工单": "20261121-5",
}


def written(kind: SheetKind, *entries: Entry) -> bytes:
    return b"".join(write_orders(kind, entries, names))


def shown(kind: SheetKind, data: bytes) -> list[dict[str, str]]:
    """Read a sheet as a spreadsheet does."""
    if kind is SheetKind.CSV:
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    header, *rows = load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)
    return [dict(zip(header, ["" if cell is None else cell for cell in row], strict=True)) for row in rows]


def read(kind: SheetKind, data: bytes) -> list[tuple[int, Appeal | InputError]]:
    return list(read_appeals(kind, io.BytesIO(data)))


def refusal(kind: SheetKind, data: bytes) -> InputError:
    """Return why a file is refused as a whole."""
    with pytest.raises(InputError) as caught:
        read(kind, data)
    return caught.value


def is_taken_or_refused(kind: SheetKind, data: bytes) -> bool:
    try:
        return all(isinstance(found, Appeal | InputError) for _, found in read(kind, data))
    except InputError as error:
        return bool(error.message)


def texts(found: list[tuple[int, Appeal | InputError]]) -> list[str]:
    """Say what came of each row: its text, or the code of its error."""
    return [one.text if isinstance(one, Appeal) else one.code for _, one in found]


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join((header, *rows)).encode()


def excel_of(*rows: tuple, header: str = HEADER) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in (header.split(","), *rows):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where temporary files are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_examples_in_the_module():
    assert doctest.testmod(cells).failed == 0


@pytest.mark.parametrize("kind", TABLES)
def test_an_order_is_written_in_the_words_of_the_hotline(kind):
    assert shown(kind, written(kind, WHOLE)) == [SHOWN]


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_not_known_is_empty_and_an_erased_order_still_stands(kind):
    [row] = shown(kind, written(kind, entry(None, address=None, erased=True, source="sensors")))
    filled = {"工单编号", "受理时间", "来源渠道", "状态", "是否超期", "重复次数"}
    assert {column for column, cell in row.items() if cell} == filled
    assert (row["来源渠道"], row["状态"], row["是否超期"]) == ("sensors", "待派", "否")


@pytest.mark.parametrize("status", Status)
def test_every_status_has_a_word(status):
    [row] = shown(SheetKind.CSV, written(SheetKind.CSV, entry(status=status)))
    assert row["状态"] in {"待派", "已派", "办理中", "已退单", "办结", "已并单", "已转接", "不予受理"}


@pytest.mark.parametrize("kind", TABLES)
def test_a_sheet_of_no_orders_is_a_header(kind):
    data = written(kind)
    assert shown(kind, data) == []
    cells = data.decode("utf-8-sig").split("\r\n")[0].split(",") if kind is SheetKind.CSV else None
    assert cells in (None, [*SHOWN])


def test_json_lines_are_orders_as_http_shows_them():
    lines = written(SheetKind.LINES, WHOLE, entry()).splitlines()
    assert [json.loads(line) for line in lines] == [
        order_line(WHOLE, names, routing=False),
        order_line(entry(), names, routing=False),
    ]


def test_csv_bears_the_mark_without_which_excel_takes_it_for_gbk_and_ends_lines_as_excel_does():
    data = written(SheetKind.CSV, WHOLE)
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == 2


@pytest.mark.parametrize("before", ["", " ", "　", "\u00a0 ", "\ufeff", "\x00", "'", " '"])
@pytest.mark.parametrize("danger", DANGERS)
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(danger, before):
    assert harmless(f"{before}{danger}1+1").startswith("'")


@pytest.mark.parametrize("text", ["路灯不亮", "1-2号楼", "a=b", "电话：123", "", "（停水）", "'引号'"])
def test_other_cells_are_as_they_were(text):
    assert harmless(text) == text


@pytest.mark.parametrize("column", ["诉求内容", "地址", "来电编号", "来源渠道", "承办单位", "事项", "街道"])
@pytest.mark.parametrize("kind", TABLES)
def test_no_column_is_run(kind, column):
    evil = "=cmd|'/C calc'!A0"
    order = {"reference": evil, "channel": evil, "unit": evil, "topic": evil, "street": evil}
    [row] = shown(kind, written(kind, entry(evil, address=evil, **order)))
    assert row[column] == f"'{evil}"


@pytest.mark.parametrize("text", ["=1+1", "#N/A", "#REF!", "0012", "1e5", "TRUE", "2026-01-01", "{=1}"])
def test_every_cell_in_excel_is_text(text):
    book = load_workbook(io.BytesIO(written(SheetKind.EXCEL, entry(text, address=text))))
    types = {cell.data_type for row in book.active.iter_rows() for cell in row if cell.value is not None}
    assert types == {"s"}


def test_what_looks_escaped_to_excel_is_shown_as_it_was_said():
    data = written(SheetKind.EXCEL, entry("_x003D_1+1"))
    assert b"_x005F_x003D_1+1" in zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml")
    assert texts(read(SheetKind.EXCEL, data)) == ["_x003D_1+1"]


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("停\x00水\x07\x1b", "停水"),
        ("停\ud83d水", "停\ufffd水"),
        ("停\ufffe\uffff水", "停水"),
        ("一\r\n二\n三\t四", "一\n二\n三\t四"),
        ("𠮷😀", "𠮷😀"),
    ],
)
def test_characters_that_no_file_holds_are_dropped_or_replaced(kind, said, kept):
    [row] = shown(kind, written(kind, entry(said)))
    assert row["诉求内容"] == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("停" * 32_767, "停" * 32_767),
        ("停" * 32_768, "停" * 32_766 + "…"),
        ("😀" * 20_000, "😀" * 16_383 + "…"),
        ("一" + "😀" * 20_000, "一" + "😀" * 16_382 + "…"),
    ],
    ids=["that fits", "one more", "pairs", "pairs that do not come out even"],
)
def test_a_text_is_cut_to_what_a_cell_of_excel_holds_and_not_in_csv(said, kept):
    [row] = shown(SheetKind.EXCEL, written(SheetKind.EXCEL, entry(said)))
    assert row["诉求内容"] == kept
    assert len(kept.encode("utf-16-le")) <= 2 * 32_767
    [row] = shown(SheetKind.CSV, written(SheetKind.CSV, entry(said)))
    assert row["诉求内容"] == said


def test_more_orders_than_a_sheet_holds_go_on_in_another_one(monkeypatch):
    monkeypatch.setattr(orders_module, "_ROW_LIMIT", 4)
    data = written(SheetKind.EXCEL, *(entry(str(number)) for number in range(7)))
    sheets = load_workbook(io.BytesIO(data)).worksheets
    assert [[row[4] for row in sheet.iter_rows(values_only=True)] for sheet in sheets] == [
        ["诉求内容", "0", "1", "2"],
        ["诉求内容", "3", "4", "5"],
        ["诉求内容", "6"],
    ]


@pytest.mark.parametrize("kind", [SheetKind.CSV, SheetKind.LINES])
def test_orders_are_written_as_they_come(kind):
    taken = []

    def many() -> Iterator[Entry]:
        for number in range(20_000):
            taken.append(number)
            yield WHOLE

    next(write_orders(kind, many(), names))
    assert 0 < len(taken) < 2_000


def test_excel_leaves_no_temporary_file_whatever_happens(temporary):
    def failing() -> Iterator[Entry]:
        yield WHOLE
        raise OSError("the database went away")

    assert written(SheetKind.EXCEL, WHOLE)
    pieces = write_orders(SheetKind.EXCEL, [WHOLE], names)
    next(pieces)
    pieces.close()
    with pytest.raises(OSError, match="went away"):
        list(write_orders(SheetKind.EXCEL, failing(), names))
    assert list(temporary.iterdir()) == []


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=20)


@settings(max_examples=30)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4), st.sampled_from(TABLES))
@example([("'=1", " ''+1"), ("_x000D_", "_x005F_")], SheetKind.EXCEL)
def test_words_that_went_out_come_in_as_they_were(said, kind):
    out = written(kind, *(entry(f"{text}。", address=address) for text, address in said))
    appeals = [appeal for _, appeal in read(kind, out)]
    unwritable = str.maketrans("", "", "\ufffe\uffff")
    kept = [
        (f"{text}。".translate(unwritable).strip(), address.translate(unwritable).strip()) for text, address in said
    ]
    assert [(appeal.text, appeal.address or "") for appeal in appeals] == kept


ROWS = ("C-1,2026-01-31 08:30,电话,东湖区,枫桥路1号,家里停水", "C-2,,,,,路灯不亮")
FIRST = Appeal(
    id="C-1", text="家里停水", address="枫桥路1号", district="东湖区", received_at="2026-01-31 08:30", channel="电话"
)
SECOND = Appeal(id="C-2", text="路灯不亮")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_is_read_in_the_encodings_and_with_the_delimiters_of_hotlines(encoding, delimiter):
    text = "\r\n".join((HEADER, *ROWS, "")).replace(",", delimiter)
    assert read(SheetKind.CSV, text.encode(encoding)) == [(2, FIRST), (3, SECOND)]


def test_excel_is_read_with_its_dates_and_numbers():
    at = datetime.fromisoformat("2026-01-31T08:30:00")
    data = excel_of((20260131001, at, "电话", "东湖区", 12.5, "家里停水"), (3.0, date(2026, 1, 31)))
    [(row, appeal), (_, error)] = read(SheetKind.EXCEL, data)
    assert (row, appeal.id, appeal.received_at, appeal.address) == (2, "20260131001", "2026-01-31 08:30:00", "12.5")
    assert (error.code, error.row, error.field) == ("empty_text", 3, "诉求内容")


def test_json_lines_are_those_of_the_contract():
    lines = (
        b'\xef\xbb\xbf{"text": "\xe5\x81\x9c\xe6\xb0\xb4", "id": 7, "channel": "app"}\n\n{"text": 3}\nno\n{"text": "x"}'
    )
    (one, seven), (three, wrong), (four, broken), (five, last) = read(SheetKind.LINES, lines)
    assert (one, seven) == (1, Appeal(id="7", text="停水", channel="app"))
    assert (three, wrong.row, wrong.code, wrong.field) == (3, 3, "wrong_type", "text")
    assert (four, broken.row, broken.code) == (4, 4, "invalid_json")
    assert (five, last) == (5, Appeal(id="", text="x"))


def test_a_line_whose_number_is_its_own_keeps_it():
    lines = b'{"text": "x", "id": "1"}\n{"text": "y", "id": 2}\n{"text": "z", "id": null}'
    assert [appeal.id for _, appeal in read(SheetKind.LINES, lines)] == ["1", "2", ""]


@pytest.mark.parametrize("kind", TABLES)
def test_columns_are_found_by_name_in_any_order_and_others_are_ignored(kind):
    header, row = "备注,地 址 ,*诉求内容（必填）,辖区,工单编号", ("无", "枫桥路1号", "家里停水", "东湖区", "20260131-5")
    data = csv_of(",".join(row), header=header) if kind is SheetKind.CSV else excel_of(row, header=header)
    expected = Appeal(id="20260131-5", text="家里停水", address="枫桥路1号", district="东湖区")
    assert read(kind, data) == [(2, expected)]


@pytest.mark.parametrize("kind", TABLES)
def test_the_callers_number_comes_before_the_orders_and_none_is_made_up(kind):
    header, rows = "工单编号,来电编号,诉求内容", [("O-1", "C-1", "一"), ("O-2", "", "二"), ("", "", "三")]
    data = csv_of(*map(",".join, rows), header=header) if kind is SheetKind.CSV else excel_of(*rows, header=header)
    assert [appeal.id for _, appeal in read(kind, data)] == ["C-1", "O-2", ""]


@pytest.mark.parametrize("kind", TABLES)
def test_orders_that_went_out_come_in_as_appeals(kind):
    expected = replace(FIRST, id="R-007", text="家里停水三天", received_at="2026-11-22 08:30:15")
    assert read(kind, written(kind, WHOLE)) == [(2, expected)]


@pytest.mark.parametrize("kind", TABLES)
def test_a_title_above_the_header_and_empty_rows_do_no_harm(kind):
    data = (
        csv_of("", HEADER, ROWS[0], "", ",,,,,", ROWS[1], header="云岭市12345工单")
        if kind is SheetKind.CSV
        else excel_of(
            (), HEADER.split(","), ROWS[0].split(","), (), (" ",), ROWS[1].split(","), header="云岭市12345工单"
        )
    )
    assert read(kind, data) == [(4, FIRST), (7, SECOND)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (SheetKind.CSV, b""),
        (SheetKind.CSV, "工单编号,内容\r\n1,停水".encode()),
        (SheetKind.CSV, "诉求内容\r\n停水".encode("utf-16-le")),
        (SheetKind.CSV, bytes(range(256)) * 300),
        (SheetKind.EXCEL, excel_of(("1", "停水"), header="工单编号,内容")),
        (SheetKind.EXCEL, excel_of(header="")),
    ],
)
def test_a_sheet_without_the_column_that_matters_is_one_error(kind, data):
    error = refusal(kind, data)
    assert (error.row, error.code, error.field) == (1, "no_header", "诉求内容")
    assert "诉求内容" in error.message


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ("C-9,,,,,", "empty_text", "诉求内容"),
        ("C-9,昨天,,,,停水", "bad_time", "受理时间"),
        (f"{'9' * 101},,,,,停水", "bad_id", "来电编号"),
        ("C\x079,,,,,停水", "bad_id", "来电编号"),
        (f"C-9,,{'网' * 101},,,停水", "bad_channel", "来源渠道"),
        (f"C-9,,,,,{'停' * 100_001}", "text_too_long", "诉求内容"),
        ("C-9,,,,停水", "broken_row", None),
        ("C-9,,,,,停水,一天", "broken_row", None),
        ('C-9,,,,,"停水"了', "broken_row", None),
    ],
)
def test_a_row_that_cannot_be_used_is_named_and_spoils_no_other(row, code, field):
    found = read(SheetKind.CSV, csv_of(ROWS[0], row, ROWS[1]))
    assert [found[0], found[2]] == [(2, FIRST), (4, SECOND)]
    number, error = found[1]
    assert (number, error.row, error.code, error.field) == (3, 3, code, field)
    assert error.message


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_bytes_that_are_no_text_spoil_the_cell_that_they_stand_in(encoding):
    rows = [
        row.encode(encoding)
        for row in (HEADER + ",备注", ROWS[0] + ",", "C-3,,,,,停水,", "C-4,,,,,停电,", ROWS[1] + ",")
    ]
    rows[2] = rows[2].replace("停".encode(encoding), b"\xff")
    rows[3] += b"\xff"
    found = read(SheetKind.CSV, b"\n".join(rows))
    assert texts(found) == ["家里停水", "not_text", "停电", "路灯不亮"]
    assert found[1][1].field == "诉求内容"


@pytest.mark.parametrize("far", ["", "\n".join(ROWS[:1] * 20_000)])
def test_a_quotation_mark_that_never_closes_breaks_its_row_alone(far):
    found = read(SheetKind.CSV, csv_of(ROWS[0], 'C-9,,,,,"停水', ROWS[1], far).strip())
    assert texts(found[:3]) == ["家里停水", "broken_row", "路灯不亮"]
    assert all(isinstance(appeal, Appeal) for _, appeal in found[2:])
    assert len(found) == (20_003 if far else 3)


def test_a_text_of_several_lines_is_one_row():
    found = read(SheetKind.CSV, csv_of('C-1,,,,,"第一行\r\n第二行，""引号"",逗号"', ROWS[1]))
    assert texts(found) == ['第一行\r\n第二行，"引号",逗号', "路灯不亮"]
    assert found[1][0] == 3


def test_rows_that_each_swallow_the_next_ones_are_given_up_in_time():
    """Each line leaves a quotation open whether or not one was open before it."""
    assert refusal(SheetKind.CSV, csv_of(*['x","'] * 200_000)).code == "broken_file"


@pytest.mark.parametrize("kind", [SheetKind.CSV, SheetKind.LINES])
def test_a_line_without_end_is_an_error_and_not_kept(kind):
    data = csv_of("停" * 3_000_000, ROWS[1]) if kind is SheetKind.CSV else b"[" * 20_000_000 + b'\n{"text": "x"}'
    found = read(kind, data)
    assert {error.code for _, error in found[:-1]} <= {"broken_row", "text_too_long", "invalid_json"}
    assert found[:-1]
    assert isinstance(found[-1][1], Appeal)


@pytest.mark.parametrize("kind", [SheetKind.CSV, SheetKind.LINES])
def test_rows_are_read_one_by_one(kind):
    rows = csv_of(*ROWS * 50_000) if kind is SheetKind.CSV else '{"text": "停水"}\n'.encode() * 100_000
    stream = io.BytesIO(rows)
    next(read_appeals(kind, stream))
    assert stream.tell() < len(rows) / 10


@pytest.mark.parametrize("data", [excel_of(ROWS[0].split(",")), b"\xd0\xcf\x11\xe0 old"])
def test_excel_that_is_called_csv_is_told(data):
    assert refusal(SheetKind.CSV, data).code == "not_csv"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", csv_of(*ROWS), b"\xd0\xcf\x11\xe0 old", excel_of()[:900]])
def test_what_is_no_excel_is_told(data):
    assert refusal(SheetKind.EXCEL, data).code == "not_excel"


def with_sheet(xml: bytes, **parts: bytes) -> bytes:
    """Put other XML in the place of the sheet of a workbook."""
    source, out = zipfile.ZipFile(io.BytesIO(excel_of(ROWS[0].split(",")))), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, xml if name == "xl/worksheets/sheet1.xml" else source.read(name))
    return out.getvalue()


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
TITLE = '<row r="1"><c r="A1" t="inlineStr"><is><t>诉求内容</t></is></c></row>'.encode()


@pytest.mark.parametrize(
    "inside",
    [b" " * (64 << 20), b"<row>" + b"<c/>" * 200_000 + b"</row>", b"<row/>" * 200_000, b"<row></row>" * 2_000_001],
    ids=["more than memory", "a row without end", "rows that do not end", "rows without end"],
)
def test_a_small_file_that_unpacks_to_a_large_one_is_refused(inside):
    bomb = with_sheet(SHEET % (TITLE + inside))
    assert len(bomb) < 200_000
    assert refusal(SheetKind.EXCEL, bomb).code == "too_large"


def test_a_sheet_with_more_rows_than_excel_has_is_given_up(monkeypatch):
    monkeypatch.setattr(records_module, "_ROW_LIMIT", 5_000)
    sheet = with_sheet(SHEET % (TITLE + b'<row r="999999999999"><c><v>1</v></c></row>'))
    assert refusal(SheetKind.EXCEL, sheet).code == "too_large"


def test_columns_far_to_the_right_are_not_read():
    wide = '<row r="2"><c r="A2" t="inlineStr"><is><t>停水</t></is></c><c r="ZZZ2"><v>1</v></c></row>'.encode()
    assert read(SheetKind.EXCEL, with_sheet(SHEET % (TITLE + wide))) == [(2, Appeal(id="", text="停水"))]


def test_a_sheet_of_entities_is_no_sheet():
    bomb = b'<!DOCTYPE x [<!ENTITY a "%s">' % (b"a" * 1000)
    bomb += (
        b"".join(b'<!ENTITY %c "%s">' % (65 + at, b"&%c;" % (64 + at if at else 97) * 20) for at in range(12)) + b"]>"
    )
    assert (
        refusal(SheetKind.EXCEL, with_sheet(bomb + SHEET % (TITLE + b"<row><c><v>&L;</v></c></row>"))).code
        == "not_excel"
    )


def test_a_cell_that_is_said_to_be_a_date_and_is_none_spoils_no_other():
    book, out = Workbook(), io.BytesIO()
    book.active.append(["受理时间", "诉求内容"])
    book.active.append([9e9, "停水"])
    book.active.append([46000.5, "停电"])
    for row in (2, 3):
        book.active.cell(row, 1).number_format = "yyyy-mm-dd"
    book.save(out)
    assert texts(read(SheetKind.EXCEL, out.getvalue())) == ["bad_time", "停电"]


@settings(max_examples=40)
@given(st.data())
def test_damaged_excel_files_are_errors_or_rows_and_never_crash(data):
    damaged = bytearray(_PLAIN_EXCEL)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    assert is_taken_or_refused(SheetKind.EXCEL, bytes(damaged))


def _stored() -> bytes:
    """A workbook that is not compressed, so that damage is to its XML."""
    source, out = zipfile.ZipFile(io.BytesIO(excel_of(*(row.split(",") for row in ROWS)))), io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return out.getvalue()


_PLAIN_EXCEL = _stored()
_SHEET_XML = zipfile.ZipFile(io.BytesIO(_PLAIN_EXCEL)).read("xl/worksheets/sheet1.xml")


@settings(max_examples=40)
@given(st.data())
def test_made_up_sheets_are_errors_or_rows_and_never_crash(data):
    xml = bytearray(_SHEET_XML)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(xml) - 1))
        xml[at : at + data.draw(st.integers(0, 3))] = data.draw(
            st.sampled_from([b"", b"9", b"e", b"<", b'"', b"s", b" ", b"-", b"<v>x</v>", b"</row>", b"ZZZZ"])
        )
    assert is_taken_or_refused(SheetKind.EXCEL, with_sheet(bytes(xml)))


@given(st.binary(max_size=300), st.sampled_from(list(SheetKind)))
def test_any_bytes_are_errors_or_appeals_and_never_crash(data, kind):
    assert is_taken_or_refused(kind, data)
    titled = "诉求内容,地址\r\n".encode() + data
    assert is_taken_or_refused(kind, titled)


@pytest.mark.parametrize("kind", SheetKind)
def test_a_stream_stays_open_for_whoever_opened_it(kind):
    stream = io.BytesIO(written(kind, WHOLE))
    list(read_appeals(kind, stream))
    assert not stream.closed
