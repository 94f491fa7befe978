"""A clerk's sheet becomes lines of the directory, or tells all that is wrong with it."""

import csv
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from tests.triage.test_pack_directory import GOOD
from triage.citypack import load_pack
from triage.citypack.sheets import HEADER, in_words, read_sheet, write_sheet
from triage.citypack.tables import FORMULA
from triage.domain import Deadline, Mandate, Office, TopicCode, UnitKind
from triage.errors import InputError, PackError

WATER = Office(level=UnitKind.MUNICIPAL, duty="水务")
STREET = Office(level=UnitKind.STREET, duty="街道")
COMPANY = Office(level=UnitKind.COMPANY, duty="供水")
DISTRICT = Office(level=UnitKind.DISTRICT, duty="水务")
TOPICS = (
    "code,level1,level2,statutory\nt1,物业服务,,\nt2,用水违法,,水务\nt3,物业服务,电梯,\nt4,公共设施,电梯,\n101,供水,,\n"
)
SHAPES = [".csv", ".xlsx"]


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    """The pack of 云岭 with more topics, two of one name, and without a directory."""
    folder = tmp_path_factory.mktemp("pack")
    for file, text in (GOOD | {"topics.csv": TOPICS, "directory.csv": "topic,lead\n"}).items():
        (folder / file).write_text(text)
    return load_pack(folder)


def written(path, *rows, header=HEADER):
    """A sheet with these rows, as the office program saves it."""
    if path.suffix == ".xlsx":
        book = Workbook()
        for row in (header, *rows):
            book.active.append(row)
        book.save(path)
    else:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return path


def row(**cells):
    return [(dict.fromkeys(HEADER, "") | {"事项编码": "t1", "主办": "市级:水务"} | cells)[column] for column in HEADER]


@pytest.fixture
def read(tmp_path, pack):
    """The lines of a sheet with these rows."""
    return lambda *rows, **given: read_sheet(written(tmp_path / "sheet.csv", *rows, **given), pack)


@pytest.fixture
def faults(read):
    """Faults of a sheet with these rows, as `line: message`."""

    def found(*rows, **given):
        with pytest.raises(PackError) as caught:
            read(*rows, **given)
        assert {Path(fault.file).name for fault in caught.value.faults} == {"sheet.csv"}
        return [f"{fault.line}: {fault.message}" for fault in caught.value.faults]

    return found


def test_a_clerk_reads_chinese(tmp_path, pack):
    line = Mandate(
        topic=TopicCode("t3"),
        district="东湖区",
        lead=STREET,
        assist=(COMPANY, WATER),
        basis="《条例》第三条",
        deadline=Deadline.DAYS_15,
        valid_from=date(2026, 1, 31),
    )
    write_sheet(tmp_path / "sheet.csv", pack, [line])
    assert (tmp_path / "sheet.csv").read_bytes().decode("utf-8") == (
        "\ufeff事项编码,事项,区,主办,协办,依据,时限,生效,失效\r\n"
        "t3,物业服务/电梯,东湖区,街道:街道,企业:供水、市级:水务,《条例》第三条,15个工作日,2026-01-31,\r\n"
    )
    assert in_words(line)["失效"] == ""


@pytest.mark.parametrize(
    ("cells", "field", "value"),
    [
        ({"主办": "市级:水务"}, "lead", WATER),
        ({"主办": "市级：水务"}, "lead", WATER),
        ({"主办": "municipal:水务"}, "lead", WATER),
        ({"主办": " 企业 : 供水 "}, "lead", COMPANY),
        ({"协办": "企业:供水、街道：街道"}, "assist", (COMPANY, STREET)),
        ({"协办": "企业:供水、、企业:供水"}, "assist", (COMPANY,)),
        ({"区": "东湖区"}, "district", "东湖区"),
        ({"区": "全市"}, "district", ""),
        ({"时限": ""}, "deadline", Deadline.DAYS_7),
        ({"时限": "2小时"}, "deadline", Deadline.HOURS_2),
        ({"时限": "24小时"}, "deadline", Deadline.HOURS_24),
        ({"时限": "7个工作日"}, "deadline", Deadline.DAYS_7),
        ({"时限": "15个工作日"}, "deadline", Deadline.DAYS_15),
        ({"时限": "15d"}, "deadline", Deadline.DAYS_15),
        ({"生效": "2026-01-31"}, "valid_from", date(2026, 1, 31)),
        ({"生效": "2026/1/31"}, "valid_from", date(2026, 1, 31)),
        ({"失效": "2026/01/1"}, "valid_to", date(2026, 1, 1)),
        ({"依据": "'-三定方案"}, "basis", "-三定方案"),
        ({"依据": "第一条\n第二条"}, "basis", "第一条\n第二条"),
    ],
)
def test_a_cell_may_be_written_in_several_ways(read, cells, field, value):
    [line] = read(row(**cells))
    assert getattr(line, field) == value


@pytest.mark.parametrize("level", ["市级", "区级", "街道", "企业"])
def test_each_level_has_its_word(read, level):
    duty = {"街道": "街道", "企业": "供水"}.get(level, "水务")
    [line] = read(row(主办=f"{level}:{duty}"))
    kinds = {"市级": "municipal", "区级": "district", "街道": "street", "企业": "company"}
    assert str(line.lead) == f"{kinds[level]}:{duty}"


@pytest.mark.parametrize(
    ("code", "name", "topic"),
    [
        ("t2", "", "t2"),
        ("", "用水违法", "t2"),
        ("t2", "用水违法", "t2"),
        ("", "物业服务/电梯", "t3"),
        ("", "公共设施 ／ 电梯", "t4"),  # noqa: RUF001
        ("t4", "电梯", "t4"),
        ("t4", "公共设施/电梯", "t4"),
        ("", "物业服务", "t1"),
    ],
)
def test_a_topic_is_named_by_code_path_or_last_name(read, code, name, topic):
    assert read(row(事项编码=code, 事项=name))[0].topic == topic


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"事项编码": ""}, "事项编码 and 事项 are empty; write one of them"),
        ({"事项编码": "t9"}, "事项编码 t9 is unknown; write the code of a topic"),
        ({"事项编码": "", "事项": "路灯"}, "事项 路灯 is unknown; write the path of a topic"),
        ({"事项编码": "", "事项": "电梯"}, "事项 电梯 may be t3 or t4; write the whole path"),
        (
            {"事项编码": "t3", "事项": "公共设施/电梯"},
            "事项编码 t3 is 物业服务/电梯, and 事项 says 公共设施/电梯; correct",
        ),
        ({"区": "火星区"}, "区 火星区 is unknown; write one of 东湖区、西山区, or nothing"),
        ({"主办": ""}, "an empty cell is no office; write 市级、区级、街道、企业、开发区、其他 and a duty, such as"),
        ({"主办": "水务"}, "水务 is no office"),
        ({"主办": "市级:"}, "市级: is no office"),
        ({"主办": "省级:水务"}, "省级:水务 is no office"),
        ({"协办": "企业:供水、水务"}, "水务 is no office"),
        ({"时限": "3天"}, "时限 3天 is unknown; write one of 2小时、24小时、7个工作日、15个工作日"),
        ({"生效": "2026-02-30"}, "生效 2026-02-30 is no date; write 2026-01-31"),
        ({"失效": "月底"}, "失效 月底 is no date"),
        ({"失效": "2026-1/31"}, "失效 2026-1/31 is no date"),
        ({"生效": "2026-02-01", "失效": "2026-01-31"}, "失效 2026-01-31 is before 生效 2026-02-01"),
        ({"依据": "=1+1"}, "依据 is a formula to Excel; write its value, or '=1+1"),
        ({"依据": "＠三定"}, "依据 is a formula to Excel"),  # noqa: RUF001
        ({"主办": "企业:供热"}, "no unit is company:供热; add it to units.csv"),
        ({"主办": "开发区:水务"}, "no unit is zone:水务"),
        ({"协办": "其他:水务"}, "no unit is other:水务"),
        ({"主办": "区级:市场监管"}, "no district:市场监管 in 西山区"),
        ({"事项编码": "t2", "主办": "街道:街道"}, "topic t2 is a duty of 水务: a functional department must handle it"),
    ],
)
def test_a_row_that_cannot_be_meant_is_a_fault_where_it_stands(faults, cells, fault):
    [found] = faults(row(事项编码="t4"), row(**cells))
    assert found.startswith(f"3: {fault}")


def test_all_faults_come_at_once(faults):
    found = faults(
        row(事项编码="t9", 主办="水务", 时限="3天"),
        row(),
        row(事项编码="t4", 主办="企业:供热"),
        row(依据="重复"),
        row(事项编码="t3", 生效="昨天"),
    )
    assert [fault.partition(":")[0] for fault in found] == ["2", "2", "2", "4", "5", "6"]
    assert found[4] == "5: line 3 leads topic t1 at the same time; end that one"


def test_lines_are_counted_as_the_program_shows_them(faults):
    lines = faults(row(依据="两\n行"), [], ["", ""], row(事项编码="t9"))
    assert [line.partition(":")[0] for line in lines] == ["6"]


def test_a_sheet_may_be_a_part_and_successive_lines_do_not_contradict(read):
    assert len(read(row(失效="2026-12-31"), row(生效="2027-01-01"), row(区="东湖区"))) == 3
    assert read() == ()


def test_a_header_lacks_nothing_but_one_name_of_the_topic(read, faults):
    code, name, *others = HEADER
    assert len(read(["t1", *row()[2:]], header=[code, *others])) == 1
    assert len(read(["用水违法", *row()[2:]], header=[name, *others])) == 1
    assert [fault.partition(";")[0] for fault in faults(header=["主办", "生效", "备注"])] == [
        "1: column 事项编码 or 事项 is missing",
        *(f"1: column {column} is missing" for column in ("区", "协办", "依据", "时限", "失效")),
    ]
    assert faults(row(), header=[*HEADER[:-1], "生效", "失效"]) == ["1: column 生效 is there twice; drop one"]


def test_columns_of_the_clerks_own_are_not_read(read):
    assert read([*row(), "=SUM(A1)"], header=[*HEADER, "备注"]) == read(row())


def test_a_value_with_a_comma_that_is_not_quoted_is_a_fault(faults):
    assert faults([*row(失效="2026-12-31"), "多出"])[0].startswith("2: 10 cells under 9 columns; quote a value")


def test_excel_keeps_days_numbers_and_formulas_apart_from_text(tmp_path, pack):
    cells = row(事项编码=101, 生效=date(2026, 1, 31), 失效=datetime(2026, 12, 31), 依据="公告")  # noqa: DTZ001
    [line] = read_sheet(written(tmp_path / "sheet.xlsx", cells), pack)
    assert (line.topic, line.valid_from, line.valid_to) == ("101", date(2026, 1, 31), date(2026, 12, 31))
    moment = row(失效=datetime(2026, 12, 31, 8, 30), 生效=46053.0)  # noqa: DTZ001
    with pytest.raises(PackError) as caught:
        read_sheet(written(tmp_path / "sheet.xlsx", row(依据="=1+1"), moment), pack)
    assert [fault.message for fault in caught.value.faults] == [
        "依据 is a formula to Excel; write its value, or '=1+1",
        "生效 46053 is no date; write 2026-01-31",
        "失效 2026-12-31 08:30:00 is no date; write 2026-01-31",
    ]
    [line] = read_sheet(written(tmp_path / "sheet.xlsx", row(依据="-三定方案")), pack)
    assert line.basis == "-三定方案"


def test_the_content_and_not_the_name_tells_excel_from_csv(tmp_path, pack):
    written(tmp_path / "sheet.xlsx", row()).rename(tmp_path / "sheet.csv")
    assert len(read_sheet(tmp_path / "sheet.csv", pack)) == 1


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", ":1: column 事项编码 or 事项 is missing"),
        (",".join(HEADER).encode() + "\nt1,物业".encode("gb18030"), ":2: not UTF-8; in Excel, save as CSV UTF-8"),
        (",".join(HEADER).encode() + b'\nt1,"', ":2: not CSV from here on"),
        (b"\xd0\xcf\x11\xe0", ":1: this is the old Excel format; save it as .xlsx"),
        (b"PK\x03\x04 cut short", ":1: the Excel file cannot be opened; save it again"),
    ],
)
def test_a_file_that_is_no_sheet_is_told_with_the_remedy(tmp_path, pack, content, fault):
    (tmp_path / "sheet.csv").write_bytes(content)
    with pytest.raises(PackError) as caught:
        read_sheet(tmp_path / "sheet.csv", pack)
    assert f"sheet.csv{fault}" in str(caught.value)


def test_a_sheet_that_is_not_there_or_a_folder_is_told(tmp_path, pack):
    for path, what in ((tmp_path / "none.csv", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(PackError, match=f"{path.name}:1: {what}.*; name a sheet"):
            read_sheet(path, pack)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("start", [*FORMULA, "'"])
def test_no_value_runs_as_a_formula_and_each_comes_back(tmp_path, pack, shape, start):
    file = tmp_path / f"sheet{shape}"
    line = Mandate(topic=TopicCode("t1"), lead=WATER, basis=f"{start}cmd|' /C calc'!A0")
    write_sheet(file, pack, [line])
    assert read_sheet(file, pack) == (line,)
    if shape == ".csv":
        cells = [cell for cells in csv.reader(file.read_text("utf-8-sig").splitlines()) for cell in cells]
    else:
        cells = [cell.value for cells in load_workbook(file).active for cell in cells if cell.value]
        assert all(cell.data_type != "f" for cells in load_workbook(file).active for cell in cells)
    assert not any(cell.startswith(FORMULA) for cell in cells)


def test_what_would_not_come_back_is_not_written(tmp_path, pack):
    for basis in (" 条例", "第一条\r第二条", "\ud800", "条例\t"):
        with pytest.raises(InputError, match="would not come back"):
            write_sheet(tmp_path / "sheet.csv", pack, [Mandate(topic=TopicCode("t1"), lead=WATER, basis=basis)])
    with pytest.raises(InputError, match="would not come back"):
        write_sheet(tmp_path / "sheet.xlsx", pack, [Mandate(topic=TopicCode("t1"), lead=WATER, basis="条\x07例")])
    with pytest.raises(PackError, match=r"sheet\.csv:2: 事项编码 t9 is unknown"):
        write_sheet(tmp_path / "sheet.csv", pack, [Mandate(topic=TopicCode("t9"), lead=WATER)])
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_has_a_name_that_says_what_it_is_and_a_folder_to_be_in(tmp_path, pack):
    with pytest.raises(InputError, match=r"sheet\.ods: a sheet is CSV or Excel; end its name in"):
        write_sheet(tmp_path / "sheet.ods", pack, [])
    with pytest.raises(InputError, match="No such file or directory; name a file that can be written"):
        write_sheet(tmp_path / "nowhere" / "sheet.csv", pack, [])


BASES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff") | st.sampled_from("='\"、,|\n")
).map(str.strip)
DAYS = st.none() | st.dates()
OFFICES = st.sampled_from([WATER, STREET, COMPANY, DISTRICT])
PLACES = st.tuples(st.sampled_from(["t1", "t3", "t4", "101"]), st.sampled_from(["", "东湖区", "西山区"]))


@st.composite
def directories(draw):
    """Lines for some topics in some districts, each from some day to some day."""
    lines = []
    for topic, district in draw(st.lists(PLACES, unique=True, max_size=5)):
        days = draw(st.tuples(DAYS, DAYS))
        first, last = sorted(days) if all(days) else days
        line = Mandate(
            topic=TopicCode(topic),
            district=district,
            lead=draw(OFFICES),
            assist=tuple(draw(st.lists(OFFICES, unique=True))),
            basis=draw(BASES),
            deadline=draw(st.sampled_from(Deadline)),
            valid_from=first,
            valid_to=last,
        )
        lines.append(line)
    return tuple(lines)


@pytest.mark.parametrize("shape", SHAPES)
@given(lines=directories())
def test_what_is_written_is_read(tmp_path_factory, pack, shape, lines):
    file = tmp_path_factory.getbasetemp() / f"sheet{shape}"
    write_sheet(file, pack, lines)
    assert read_sheet(file, pack) == lines


@given(lines=directories())
def test_a_sheet_says_as_much_as_the_directory(lines):
    assert len({tuple(in_words(line).values()) for line in lines}) == len(
        {replace(line, topic=TopicCode("")) for line in lines}
    )
