import codecs
import json
from datetime import date, datetime

import pytest
from openpyxl import Workbook

from training.closures import day_of, read_closures
from triage.errors import InputError

HEADER = "工单编号,诉求内容,处置单位,一级分类,二级分类,受理时间,辖区,镇街,村居,诉求类型,办结汇报"
ROW = "A1,人民路有积水,市排水所,市政设施,排水,2024/5/1 15:39:12,东区,人民街道,桥头社区,投诉,东区城管局已到场"
CSV = f"{HEADER}\n{ROW}\nA2,公交卡怎么办理,公交公司,,,,,,,,\n"


@pytest.fixture
def export(tmp_path):
    def write(content, name="may.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return write


def texts(*paths, **options):
    return [row.text for row in read_closures(paths, **options).rows]


def refused(path, **options):
    with pytest.raises(InputError) as caught:
        read_closures([path], **options)
    return caught.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_csv_in_the_encodings_that_exports_come_in(export, encoding):
    assert texts(export(CSV, encoding=encoding)) == ["人民路有积水", "公交卡怎么办理"]


def test_utf16_with_the_high_byte_first(export):
    assert len(texts(export(codecs.BOM_UTF16_BE + CSV.encode("utf-16-be")))) == 2


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_delimiters(export, delimiter):
    assert len(texts(export(CSV.replace(",", delimiter)))) == 2


def test_every_field_is_found_and_the_closing_report_is_not_read(export):
    first = read_closures([export(CSV)]).rows[0]
    assert (first.id, first.unit, first.topic) == ("A1", "市排水所", ("市政设施", "排水"))
    assert (first.opened_on, first.district, first.street) == (date(2024, 5, 1), "东区", "人民街道")
    assert (first.community, first.kind) == ("桥头社区", "投诉")
    assert first.source.endswith("may.csv, row 2")
    assert "城管" not in repr(first)


@pytest.mark.parametrize(
    "header",
    [
        "编号,工单内容,承办单位",
        "ID,Content,Unit",
        " 工单号 ,内容,主办单位",
        "*工单编号,诉求内容（必填）,办理单位",
        "order_id,text,unit",
    ],
)
def test_headers_under_other_names(export, header):
    row = read_closures([export(f"{header}\n7,路灯不亮,路灯所\n")]).rows[0]
    assert (row.id, row.text, row.unit) == ("7", "路灯不亮", "路灯所")


def test_the_unit_that_closed_the_order_comes_before_the_one_it_was_sent_to(export):
    assert read_closures([export("内容,承办单位,处置单位\n路灯不亮,城管局,路灯所\n")]).rows[0].unit == "路灯所"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("行业分类1级,行业分类2级", "市政,路灯"),
        ("事项一级,事项二级", "市政,路灯"),
        ("topic2,topic1", "路灯,市政"),
        ("事项", "市政/路灯"),
    ],
)
def test_topics_by_level_or_as_a_path(export, header, cells):
    assert read_closures([export(f"text,unit,{header}\n路灯不亮,路灯所,{cells}\n")]).rows[0].topic == ("市政", "路灯")


def test_a_column_map_for_other_exports(export):
    path = export("单号,说了什么,谁办,大类,小类\n9,路灯不亮,路灯所,市政,路灯\n")
    columns = {"id": "单号", "text": "说了什么", "unit": "谁办", "topic1": "大类", "topic2": "小类"}
    row = read_closures([path], columns=columns).rows[0]
    assert (row.id, row.text, row.unit, row.topic) == ("9", "路灯不亮", "路灯所", ("市政", "路灯"))


def test_a_column_map_that_points_nowhere(export):
    assert "经办" in str(refused(export(CSV), columns={"unit": "经办"}))
    assert "known: id" in str(refused(export(CSV), columns={"units": "处置单位"}))


def test_a_missing_column_names_file_field_headers_and_remedy(export):
    error = refused(export("工单编号,诉求内容\n1,路灯不亮\n"))
    assert error.field == "unit"
    for said in ("may.csv", "工单编号, 诉求内容", "--column unit=HEADER"):
        assert said in str(error)


def test_line_breaks_and_big_fields_inside_quotation_marks(export):
    long = "路灯不亮\n" * 40_000
    assert texts(export(f'text,unit\n"{long}",路灯所\n')) == [long.strip()]


def test_a_title_above_the_header_and_blank_rows(export):
    assert len(texts(export(f"五月工单,,\n\n{CSV}\n,,\n"))) == 2


@pytest.mark.parametrize("tail", ['A3,"路口的树', "A3,路口的树"])
def test_a_truncated_csv_keeps_its_whole_rows_and_tells_the_broken_one(export, tail):
    closures = read_closures([export(CSV + tail)])
    assert [row.id for row in closures.rows] == ["A1", "A2"]
    assert [problem.row for problem in closures.problems] == [4]


def test_a_file_cut_inside_a_character(export):
    closures = read_closures([export("text,unit\n路灯不亮,路灯所\n树倒了,园林局".encode()[:-1])])
    assert [row.text for row in closures.rows] == ["路灯不亮"]
    assert "ends inside this row" in str(closures.problems[0])


def test_a_stray_quotation_mark_costs_one_row(export):
    closures = read_closures([export('text,unit\n"路灯不亮,路灯所\n树倒了,园林局\n井盖丢了,市政局\n')])
    assert [row.text for row in closures.rows] == ["树倒了", "井盖丢了"]
    assert "quotation mark" in closures.problems[0].message


def test_a_delimiter_too_many_shifts_no_column(export):
    closures = read_closures([export("text,unit\n路灯,不亮,路灯所\n树倒了,园林局\n")])
    assert [row.unit for row in closures.rows] == ["园林局"]
    assert len(closures.problems) == 1


def test_a_byte_of_another_encoding_names_file_and_row(export):
    error = refused(export(CSV.encode() + b"A3,\xff\xfe,\n"))
    assert error.row == 4
    assert "byte" in str(error)
    assert "may.csv" in str(error)


def test_binary_and_old_excel_are_refused(export):
    assert "binary" in str(refused(export(b"text,unit\n\x00\x01")))
    assert "old Excel" in str(refused(export(b"\xd0\xcf\x11\xe0rest", name="may.xls")))


def test_paths_that_hold_no_orders(export, tmp_path):
    assert "no such file" in str(refused(tmp_path / "june.csv"))
    assert "folder" in str(refused(tmp_path))
    assert "empty" in str(refused(export(" \n")))
    assert "no row below" in str(refused(export(HEADER + "\n")))
    with pytest.raises(InputError, match="no file given"):
        read_closures([])


def test_rows_without_text_or_unit_are_left_to_hygiene(export):
    rows = read_closures([export("text,unit\n,路灯所\n路灯不亮,\n")]).rows
    assert [(row.text, row.unit) for row in rows] == [("", "路灯所"), ("路灯不亮", "")]


def test_an_order_that_comes_twice_is_kept_as_it_came_last(export):
    may, june = (
        export("id,text,unit\n1,路灯不亮,城管局\n"),
        export("id,text,unit\n1,路灯不亮,路灯所\n", name="june.csv"),
    )
    closures = read_closures([may, june])
    assert [row.unit for row in closures.rows] == ["路灯所"]
    assert closures.repeated == 1


def test_lists_that_both_count_from_one_lose_nothing(export):
    may, june = export("id,text,unit\n1,路灯不亮,路灯所\n"), export("id,text,unit\n1,树倒了,园林局\n", name="june.csv")
    closures = read_closures([may, june])
    assert len({row.id for row in closures.rows}) == 2
    assert closures.repeated == 0


def test_a_row_without_a_number_is_called_after_file_and_row(export):
    assert read_closures([export("text,unit\n路灯不亮,路灯所\n")]).rows[0].id == "may-2"


@pytest.mark.parametrize(
    "value",
    ["2018-01-02", "2018-01-02T15:39:12+08:00", "2018/1/2 15:39:12", "2018年1月2日", "20180102", "43102", "43102.65",
     43102, datetime(2018, 1, 2, 15, 39), date(2018, 1, 2)],  # noqa: DTZ001
)  # fmt: skip
def test_days(value):
    assert day_of(value) == date(2018, 1, 2)


@pytest.mark.parametrize("value", ["", "昨天", "2018-13-01", "1/2/18", "20181301", None])
def test_what_is_no_day(value):
    assert day_of(value) is None


def test_an_order_number_that_begins_with_a_day_dates_the_order(export):
    path = export(
        "id,text,unit,date\n20240501000001,路灯不亮,路灯所,\n20249901000001,树倒了,园林局,\n20240501000002,井盖丢了,市政局,2024-05-03\n"
    )
    assert [row.opened_on for row in read_closures([path]).rows] == [date(2024, 5, 1), None, date(2024, 5, 3)]


def test_a_date_that_is_none_is_told_and_its_row_kept(export):
    closures = read_closures([export("text,unit,date\n路灯不亮,路灯所,昨天\n")])
    assert closures.rows[0].opened_on is None
    assert closures.problems[0].field == "opened_at"


def test_json_lines(export):
    lines = [
        {
            "id": "1",
            "text": "路灯不亮",
            "unit": "路灯所",
            "topic": ["市政", "路灯"],
            "date": "2024-05-01",
            "district": "东区",
        },
        {
            "id": 2,
            "text": "树倒了",
            "unit": "园林局",
            "topic": "园林/树木",
            "opened_at": "2024-05-02T08:00:00",
            "street": "人民街道",
        },
    ]
    rows = read_closures([export("\n".join(map(json.dumps, lines)), name="may.jsonl")]).rows
    assert [(row.id, row.topic) for row in rows] == [("1", ("市政", "路灯")), ("2", ("园林", "树木"))]
    assert [(row.opened_on, row.district, row.street) for row in rows] == [
        (date(2024, 5, 1), "东区", ""),
        (date(2024, 5, 2), "", "人民街道"),
    ]


@pytest.mark.parametrize("bad", ["{", "[1, 2]", "7", '{"text": ["a"], "unit": "b"}', '{"text": "路灯", "unit'])
def test_a_bad_json_line_is_told_and_the_rest_go_on(export, bad):
    closures = read_closures([export(f'{bad}\n{{"text": "路灯不亮", "unit": "路灯所"}}\n', name="may.jsonl")])
    assert [row.text for row in closures.rows] == ["路灯不亮"]
    assert [(problem.row, "may.jsonl" in problem.file) for problem in closures.problems] == [(1, True)]


def test_json_lines_of_which_none_can_be_read(export):
    assert refused(export("{\n[]\n", name="may.jsonl")).row == 1


def excel(path, *rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_excel_with_dates_and_numbers_as_cells(tmp_path):
    path = excel(
        tmp_path / "may.xlsx",
        ["五月工单"],
        ["工单编号", "诉求内容", "处置单位", "受理时间", "辖区"],
        [20240501000001.0, "路灯不亮", "路灯所", datetime(2024, 5, 2, 8, 30)],  # noqa: DTZ001
        [],
        ["A2", "树倒了", "园林局", "2024/5/3", "东区"],
    )
    rows = read_closures([path]).rows
    assert [(row.id, row.opened_on) for row in rows] == [("20240501000001", date(2024, 5, 2)), ("A2", date(2024, 5, 3))]
    assert rows[1].source.endswith("row 5")


def test_excel_that_holds_nothing_or_is_broken(tmp_path, export):
    assert "first sheet is empty" in str(refused(excel(tmp_path / "empty.xlsx")))
    assert "no row below" in str(refused(excel(tmp_path / "header.xlsx", ["诉求内容", "处置单位"])))
    assert "cannot be opened" in str(refused(export(b"PK\x03\x04 cut", name="cut.xlsx")))


def test_numbers_that_excel_was_made_to_show_as_text(export):
    rows = read_closures([export('id,text,unit\n\'0017,路灯不亮,路灯所\n"=""0018""",树倒了,园林局\n')]).rows
    assert [row.id for row in rows] == ["0017", "0018"]
