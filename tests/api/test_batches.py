"""Sheets go in and out over HTTP: row by row, each appeal once, and nobody waits for a slow reader."""

import asyncio
import csv
import io
import json

import openpyxl
import pytest

from api.sheets import SheetKind
from tests.api.fakes import POWER, WANGJING
from tests.triage.ledger.desk import SURE, UNSURE, event_count
from triage.errors import UnavailableError

CSV, LINES, EXCEL = (kind.media_type for kind in (SheetKind.CSV, SheetKind.LINES, SheetKind.EXCEL))
SHEET = f"来电编号,地址,诉求内容\nA1,望京花园,{SURE}\nA2,,{UNSURE}\n"


@pytest.fixture
def intake(key_of):
    return key_of("intake")


@pytest.fixture
def send(office, intake):
    """Send a sheet, and return what came of its rows."""

    def sent(body, kind=CSV, *, by=None):
        content = body.encode() if isinstance(body, str) else body
        answer = office.post("/v1/imports", content=content, headers={"Content-Type": kind, **(by or intake)})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    return sent


@pytest.fixture
def fetch(office, key_of):
    agent = key_of("agent")

    def fetched(**filters):
        answer = office.get("/v1/exports", params=filters, headers=agent)
        assert answer.status_code == 200, answer.text
        return answer

    return fetched


def rows_of(answer):
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def excel(*rows):
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (SHEET, CSV),
        (SHEET.encode("gb18030"), "text/csv"),
        (excel(["来电编号", "地址", "诉求内容"], ["A1", "望京花园", SURE], ["A2", "", UNSURE]), EXCEL),
        ("\n".join(json.dumps({"id": id_, "text": text}) for id_, text in (("A1", SURE), ("A2", UNSURE))), LINES),
    ],
    ids=["csv", "gb18030", "excel", "lines"],
)
def test_each_row_becomes_an_order(send, fetch, body, kind):
    made = send(body, kind)
    assert [(row["status"], row["error"]) for row in made] == [("dispatched", None), ("received", None)]
    assert [(row["工单编号"], row["来电编号"], row["诉求内容"]) for row in rows_of(fetch())] == [
        (made[1]["id"], "A2", UNSURE),
        (made[0]["id"], "A1", SURE),
    ]


def test_a_sheet_that_is_sent_again_makes_no_order_again(send, ledger):
    first = send(SHEET)
    before = event_count(ledger)
    assert send(SHEET) == first
    assert event_count(ledger) == before
    longer = send(f"{SHEET}A3,,路灯不亮\n")
    assert len({row["id"] for row in (*first, *longer)}) == 5  # another file, and so others' rows


def test_another_sender_has_orders_of_its_own(send, key_of):
    assert {row["id"] for row in send(SHEET)}.isdisjoint(row["id"] for row in send(SHEET, by=key_of("intake")))


def test_a_bad_row_is_told_in_its_place_and_the_rest_is_taken(send, fetch):
    made = send(f"来电编号,诉求内容\nA1,\n{'9' * 101},路灯不亮\nA3,{SURE}\n")
    assert [row["error"] is None for row in made] == [False, False, True]
    assert [row["row"] for row in made] == [2, 3, 4]
    assert [row["来电编号"] for row in rows_of(fetch())] == ["A3"]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("来电编号,地址\nA1,望京\n", CSV, 409),
        ("", CSV, 409),
        ("no workbook", EXCEL, 409),
        (SHEET, "text/plain", 415),
        (SHEET, "application/json", 415),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(office, intake, ledger, body, kind, status):
    before = event_count(ledger)
    answer = office.post("/v1/imports", content=body.encode(), headers={"Content-Type": kind, **intake})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert event_count(ledger) == before


def test_an_import_that_is_interrupted_says_so_and_is_repeated_as_it_is(office, send, monkeypatch):
    body = "诉求内容\n" + "".join(f"{n}号楼{UNSURE}\n" for n in range(150))
    hotline = office.app.state.hotline
    whole, times = hotline.submit_many, []

    def fails_the_second_time(submissions):
        times.append(len(submissions))
        if len(times) == 2:
            raise UnavailableError("the database does not answer: OperationalError")
        return whole(submissions)

    monkeypatch.setattr(hotline, "submit_many", fails_the_second_time)
    *made, stopped = send(body)
    assert (len(made), stopped["error"]["code"]) == (100, "database_unavailable")
    assert "send the file again for the rest" in stopped["error"]["message"]
    again = send(body)
    assert (len(again), again[:100]) == (150, made)


def test_orders_go_out_by_their_filters(send, fetch):
    send(SHEET)
    [row] = rows_of(fetch(unit=WANGJING.code))
    assert (row["承办单位"], row["状态"], row["地址"]) == (WANGJING.name, "已派", "望京花园")
    assert rows_of(fetch(unit=POWER.code)) == []
    assert [json.loads(line)["reference"] for line in fetch(format="jsonl").text.splitlines()] == ["A2", "A1"]
    sheet = openpyxl.load_workbook(io.BytesIO(fetch(format="xlsx").content)).active
    assert [row[1] for row in sheet.iter_rows(values_only=True)] == ["来电编号", "A2", "A1"]


def test_what_a_spreadsheet_would_run_goes_out_harmless(send, fetch):
    send('诉求内容\n"=HYPERLINK(""http://x"",""路灯"")"\n@SUM(A1)路灯不亮\n')
    assert all(row["诉求内容"].startswith("'") for row in rows_of(fetch()))


def test_a_sheet_names_its_file(fetch):
    answer = fetch(format="xlsx")
    assert answer.headers["content-disposition"] == 'attachment; filename="orders.xlsx"'
    assert answer.headers["content-type"] == EXCEL


def test_who_reads_slowly_holds_no_connection(office, send, key_of):
    """1,200 orders are three pages of the database and several pieces of the answer."""
    send("诉求内容\n" + "".join(f"{n}号楼{UNSURE}\n" for n in range(1_200)))
    pool = office.app.state.ledger.engine.pool
    held, pieces = [], []

    async def receive():
        await asyncio.sleep(3_600)

    async def send_slowly(message):
        held.append(pool.checkedout())
        pieces.append(message.get("body", b""))

    headers = [(b"authorization", key_of("agent")["Authorization"].encode())]
    scope = {"type": "http", "method": "GET", "path": "/v1/exports", "raw_path": b"/v1/exports", "headers": headers}
    scope |= {"query_string": b"format=jsonl", "root_path": "", "http_version": "1.1", "scheme": "http"}
    asyncio.run(office.app(scope, receive, send_slowly))
    assert len(b"".join(pieces).splitlines()) == 1_200
    assert len(pieces) > 1_200
    assert set(held) == {0}
