"""What a city writes itself is read with all its faults, led by its directory, and split so that it can be tried."""

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from training.corpus import (
    COLUMNS,
    OUTSIDE_COLUMNS,
    VOICES,
    Written,
    as_closures,
    held_out,
    meanings,
    read_appeals,
    read_outside,
)
from triage.citypack import load_pack
from triage.domain import Origin, Topic, TopicCode
from triage.errors import InputError, PackError

HEADER, OUTSIDE_HEADER = ",".join(COLUMNS), ",".join(OUTSIDE_COLUMNS)
FILES = {
    "pack.toml": 'name = "yunling"\ntitle = "云岭"\ncity = "云岭市"\nversion = "2031.03"\n',
    "units.csv": """\
code,name,kind,district,duty,aliases
sw,云岭市水务局,municipal,,水务,市水务局
cg,云岭市城市管理局,municipal,,城市管理,市城管局
gs,云岭市清泉水务有限公司,company,,供水,清泉水务
gj,云岭市公共交通集团有限公司,company,,公交,公交集团
dh-cg,东湖区城市管理局,district,东湖区,城市管理,
xs-cg,西山区城市管理局,district,西山区,城市管理,
dh-zf,东湖区人民政府,district,东湖区,区政府,
xs-zf,西山区人民政府,district,西山区,区政府,
ny-zf,南苑区人民政府,district,南苑区,区政府,
fq,东湖区枫桥街道,street,东湖区,街道,
la,东湖区柳岸街道,street,东湖区,街道,
sf,西山区松风街道,street,西山区,街道,
sg,西山区石鼓镇,street,西山区,乡镇,
lt,南苑区莲塘街道,street,南苑区,街道,
""",
    "topics.csv": """\
code,level1,level2,level3,meaning,words
stalls,城市管理,市容,占道经营,摊贩占用人行道或马路摆摊,摊贩|夜市摊位|摆摊
waste,城市管理,环卫,垃圾清运,垃圾桶满了或垃圾堆放无人清运,垃圾桶|垃圾清运
estate,住房,物业,物业服务,住宅小区的物业不尽责,物业|楼道|门禁
water,公用事业,供水,自来水停水,家里停水、水压低或水质差,停水|自来水
bus,交通,公交,公交候车,公交车久等不来或到站不停,
""",
    "directory.csv": """\
topic,district,lead,assist
stalls,,district:城市管理,
waste,,district:城市管理,
waste,南苑区,street:街道,
estate,,street:街道,district:区政府
water,,company:供水,municipal:水务
bus,,company:公交,
""",
    "places.csv": """\
name,kind,district,street
东湖区,district,,
西山区,district,,
南苑区,district,,
枫桥街道,street,东湖区,
柳岸街道,street,东湖区,
松风街道,street,西山区,
石鼓镇,street,西山区,
莲塘街道,street,南苑区,
""",
    "duties.csv": """\
duty,words
水务,水务局
城市管理,城管|城管局
供水,自来水|停水
公交,公交车
区政府,区政府
街道,街道|街道办
乡镇,镇政府
""",
}


def pack_folder(folder, *rows, **changed):
    """A small pack of the invented city, with the rows as its appeals; files are changed by name, left out by None."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in (FILES | {name.replace("_", "."): text for name, text in changed.items()}).items():
        if text is not None:
            (folder / file).write_text(text, encoding="utf-8")
    if rows:
        write_appeals(folder, *rows)
    return folder


def write_appeals(folder, *rows, file="a.csv", header=HEADER):
    (folder / "appeals").mkdir(exist_ok=True)
    (folder / "appeals" / file).write_text("\n".join([header, *rows, ""]), encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    return pack_folder(tmp_path / "yunling")


def appeals_in(folder):
    return read_appeals(folder, load_pack(folder))


def faults(folder):
    with pytest.raises(PackError) as caught:
        appeals_in(folder)
    return [(Path(fault.file).name, fault.line, fault.message) for fault in caught.value.faults]


def closures_of(folder, *rows, seed=0, **given):
    write_appeals(folder, *rows)
    return as_closures(appeals_in(folder), load_pack(folder), seed=seed, **given)


def test_appeals_are_read_with_what_the_pack_knows_of_their_names(folder):
    write_appeals(
        folder,
        "a1,楼道里堆满杂物,物业服务,angry,anna,东湖区,枫桥街道,",
        'a2,"停水了，水表在转,怎么回事",自来水停水,question,anna,,,市水务局',
    )
    first, second = appeals_in(folder)
    assert (first.id, first.text, first.voice, first.author) == ("a1", "楼道里堆满杂物", "angry", "anna")
    assert first.topic.path == ("住房", "物业", "物业服务")
    assert (first.district, first.street, first.unit) == ("东湖区", "枫桥街道", None)
    assert second.text == "停水了，水表在转,怎么回事"
    assert (second.district, second.street, second.unit.name) == ("", "", "云岭市水务局")
    assert second.source == f"{folder}/appeals/a.csv:3"


def test_all_files_of_the_folder_are_read_in_the_order_of_their_names_and_nothing_else(folder):
    write_appeals(folder, "b1,停水了,自来水停水,question,anna,,,", file="b.csv")
    write_appeals(folder, "a1,公交车不来,公交候车,question,anna,,,", file="a.csv")
    (folder / "appeals" / "notes.md").write_text("no appeals", encoding="utf-8")
    assert [one.id for one in appeals_in(folder)] == ["a1", "b1"]


def test_a_spreadsheet_may_have_saved_them(folder):
    write_appeals(folder, "a1,公交车不来,公交候车,question,anna,,,", header=f"\ufeff{HEADER}")
    assert [one.id for one in appeals_in(folder)] == ["a1"]


def test_a_pack_need_not_have_appeals(folder):
    assert appeals_in(folder) == ()


def test_every_fault_is_told_at_once_with_file_and_line(folder):
    write_appeals(
        folder,
        "a1,楼道里堆满杂物,物业服务,angry,anna,东湖区,枫桥街道,",
        "a2,门禁坏了,物业,angry,anna,,,",
        "a3,门禁又坏了,物业服务,shouting,anna,,,",
        "a4,门禁还是坏的,物业服务,angry,anna,西山区,枫桥街道,",
        "a5,门禁一直坏着,物业服务,angry,anna,,,云岭市教育局",
        "a6,　 ,物业服务,angry,anna,,,",
        "a1,电梯停了,物业服务,angry,anna,,,",
        "a8,楼道里堆满杂物,物业服务,polite,anna,,,",
        "a9,门禁坏了半年,物业服务",
        "a10,门禁坏了,没人管,物业服务,angry,anna,,,",
        "a11,保安不在,保安,whisper,anna,北塘区,,无",
        file="faulty.csv",
    )
    write_appeals(folder, "a12,停水", file="header.csv", header="id,text")
    told = [
        ("faulty.csv", 3, "topic 物业 is not in the pack; write one that is"),
        ("faulty.csv", 4, "voice shouting is not in the pack; write one that is"),
        ("faulty.csv", 5, "street 枫桥街道 is not in the pack; write one that is"),
        ("faulty.csv", 6, "unit 云岭市教育局 is not in the pack; write one that is"),
        ("faulty.csv", 7, "text "),
        ("faulty.csv", 8, f"this id is already at {folder}/appeals/faulty.csv:2"),
        ("faulty.csv", 9, f"this text is already at {folder}/appeals/faulty.csv:2"),
        ("faulty.csv", 10, "8 cells are expected; quote a text with a comma"),
        ("faulty.csv", 11, "8 cells are expected; quote a text with a comma"),
        ("faulty.csv", 12, "topic 保安 is not in the pack; write one that is"),
        ("faulty.csv", 12, "voice whisper is not in the pack; write one that is"),
        ("faulty.csv", 12, "street (empty) is not in the pack; write one that is"),
        ("faulty.csv", 12, "unit 无 is not in the pack; write one that is"),
        ("header.csv", 1, f"the columns must be {HEADER}"),
    ]
    found = faults(folder)
    assert [(file, line) for file, line, _ in found] == [(file, line) for file, line, _ in told]
    assert [said for (*_, said), (*_, message) in zip(told, found, strict=True) if not message.startswith(said)] == []


def test_a_repeat_is_found_across_files(folder):
    write_appeals(folder, "a1,停水了,自来水停水,question,anna,,,", file="a.csv")
    write_appeals(folder, "a1,停水了,自来水停水,angry,bo,,,", file="b.csv")
    first = f"{folder}/appeals/a.csv:2"
    assert faults(folder) == [
        ("b.csv", 2, f"this id is already at {first}"),
        ("b.csv", 2, f"this text is already at {first}"),
    ]


@pytest.mark.parametrize("column", COLUMNS)
def test_no_column_may_be_missing(folder, column):
    write_appeals(folder, header=HEADER.replace(f"{column},", "").removesuffix(f",{column}"))
    assert faults(folder) == [("a.csv", 1, f"the columns must be {HEADER}")]


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\na1,停水了,自来水停水,question,anna,,,\n".encode("gb18030"),
        f'{HEADER}\na1,"停水了,a,b'.encode(),
        b"\xff",
    ],
    ids=["another encoding", "an open quotation", "no text"],
)
def test_a_file_that_cannot_be_read_does_not_hide_the_faults_of_others(folder, content):
    write_appeals(folder, "a1,停水了,水,question,anna,,,", file="z.csv")
    (folder / "appeals" / "bad.csv").write_bytes(content)
    (file, line, message), other = faults(folder)
    assert (file, line, message.startswith("not CSV in UTF-8: ")) == ("bad.csv", 1, True)
    assert other[:2] == ("z.csv", 2)


LEAVES = [Topic(code=TopicCode(f"t{at}"), path=("一级", "二级", f"事项{at}")) for at in range(12)]


def written(leaves=LEAVES, authors=("anna", "bo"), voices=VOICES, each=3):
    """Some appeals for every leaf in every voice of every author."""
    keys = [
        (leaf, author, voice, at) for leaf in leaves for author in authors for voice in voices for at in range(each)
    ]
    return [
        Written(id=str(number), text=f"第{number}件", topic=leaf, voice=voice, author=author)
        for number, (leaf, author, voice, _) in enumerate(keys)
    ]


def voices_that_test(rows, *, seed):
    return {
        (one.topic.name, one.author, one.voice)
        for one, tests in zip(rows, held_out(rows, seed=seed), strict=True)
        if tests
    }


@pytest.mark.parametrize("seed", range(3))
def test_whole_voices_of_an_author_are_held_out(seed):
    rows = written()
    tested = voices_that_test(rows, seed=seed)
    expected = [(one.topic.name, one.author, one.voice) in tested for one in rows]
    assert held_out(rows, seed=seed) == expected
    assert 0 < sum(expected) < len(rows)


@pytest.mark.parametrize(("voices", "tested"), [(1, 1), (4, 1), (9, 1), (10, 2), (20, 4)])
def test_of_each_leaf_about_a_fifth_of_the_voices_test_and_never_none(voices, tested):
    authors = ("anna", "bo") if voices > len(VOICES) else ("anna",)
    rows = written(authors=authors, voices=VOICES[: voices // len(authors)])
    kept = voices_that_test(rows, seed=0)
    assert [sum(name == leaf.name for name, *_ in kept) for leaf in LEAVES] == [tested] * len(LEAVES)


def test_the_same_seed_holds_out_the_same_and_another_seed_others():
    rows = written()
    assert held_out(rows, seed=3) == held_out(rows, seed=3)
    assert held_out(rows, seed=3) != held_out(rows, seed=4)


def test_neither_the_order_of_the_appeals_nor_other_leaves_decide():
    rows = written()
    shuffled = random.Random(0).sample(rows, len(rows))
    assert voices_that_test(shuffled, seed=0) == voices_that_test(rows, seed=0)
    alone = [one for one in rows if one.topic == LEAVES[5]]
    assert voices_that_test(alone, seed=0) <= voices_that_test(rows, seed=0)


def test_each_leaf_draws_for_itself():
    """Else no voice would be tried on one leaf and learned on another."""
    by_leaf = {}
    for name, *voice in voices_that_test(written(), seed=0):
        by_leaf.setdefault(name, set()).add(tuple(voice))
    assert len(set(map(frozenset, by_leaf.values()))) > len(LEAVES) / 2


@pytest.mark.parametrize(
    ("topic", "place", "unit"),
    [
        ("占道经营", "东湖区,枫桥街道", "东湖区城市管理局"),
        ("占道经营", "西山区,", "西山区城市管理局"),
        ("占道经营", "南苑区,", "云岭市城市管理局"),
        ("占道经营", ",", "云岭市城市管理局"),
        ("垃圾清运", "南苑区,莲塘街道", "南苑区莲塘街道"),
        ("垃圾清运", "东湖区,", "东湖区城市管理局"),
        ("物业服务", "西山区,石鼓镇", "西山区石鼓镇"),
        ("自来水停水", "西山区,石鼓镇", "云岭市清泉水务有限公司"),
    ],
)
def test_the_unit_is_the_one_that_the_directory_makes_responsible(folder, topic, place, unit):
    (row,) = closures_of(folder, f"a1,请来看一看,{topic},polite,anna,{place},")
    assert (row.id, row.text, row.unit) == ("a1", "请来看一看", unit)
    assert (row.topic[-1], f"{row.district},{row.street}") == (topic, place)
    assert (row.origin, row.source) == (Origin.WRITTEN, f"{folder}/appeals/a.csv:2")


@pytest.mark.parametrize("place", [",", "东湖区,", "西山区,松风街道"])
def test_a_unit_that_the_row_names_wins_and_no_place_is_drawn(folder, place):
    (row,) = closures_of(folder, f"a1,水管爆了物业不管,物业服务,angry,anna,{place},清泉水务")
    assert (row.unit, row.text) == ("云岭市清泉水务有限公司", "水管爆了物业不管")
    assert f"{row.district},{row.street}" == place


UNPLACED = [f"a{at},楼道没人扫第{at}次说了,物业服务,angry,anna,,," for at in range(60)]


def test_where_a_street_leads_and_none_is_named_one_is_drawn_and_said(folder):
    streets = set()
    for at, row in enumerate(closures_of(folder, *UNPLACED)):
        assert row.text == f"{row.district}{row.street}，楼道没人扫第{at}次说了"
        assert row.unit == f"{row.district}{row.street}"
        streets.add(row.unit)
    assert streets == {"东湖区枫桥街道", "东湖区柳岸街道", "西山区松风街道", "西山区石鼓镇", "南苑区莲塘街道"}


def test_a_street_is_drawn_in_the_district_that_is_known(folder):
    rows = closures_of(folder, *(row.replace("anna,,", "anna,西山区,") for row in UNPLACED))
    assert {row.street for row in rows} == {"松风街道", "石鼓镇"}
    assert {row.district for row in rows} == {"西山区"}
    (row,) = closures_of(folder, "a1,垃圾没人收,垃圾清运,angry,anna,南苑区,,")
    assert (row.text, row.unit) == ("南苑区莲塘街道，垃圾没人收", "南苑区莲塘街道")


def test_a_draw_is_the_same_for_one_seed_whatever_stands_beside(folder):
    rows = closures_of(folder, *UNPLACED, seed=5)
    assert closures_of(folder, *UNPLACED[::-1], seed=5) == rows[::-1]
    assert closures_of(folder, UNPLACED[7], seed=5) == [rows[7]]
    assert closures_of(folder, *UNPLACED, seed=6) != rows


def test_a_line_leads_while_it_holds(tmp_path):
    directory = FILES["directory.csv"].replace("lead,assist", "lead,assist,valid_from,valid_to")
    lines = "bus,,company:公交,,,2031-06-30\nbus,,municipal:城市管理,,2031-07-01,\n"
    folder = pack_folder(tmp_path / "pack", directory_csv=directory.replace("bus,,company:公交,\n", lines))
    row = "a1,公交车等不来,公交候车,angry,anna,,,"
    assert closures_of(folder, row, on=date(2031, 6, 30))[0].unit == "云岭市公共交通集团有限公司"
    assert closures_of(folder, row, on=date(2031, 7, 1))[0].unit == "云岭市城市管理局"
    bus = {row.unit for row in meanings(load_pack(folder), on=date(2031, 7, 1)) if row.topic[-1] == "公交候车"}
    assert bus == {"云岭市城市管理局"}


def test_a_topic_without_a_line_is_bad_input_and_the_row_is_named(tmp_path):
    folder = pack_folder(tmp_path / "pack", directory_csv=None)
    with pytest.raises(InputError, match=r"a\.csv:2: no line of directory\.csv leads 占道经营"):
        closures_of(folder, "a1,烧烤摊占了人行道,占道经营,angry,anna,,,")


def test_a_pack_tells_of_each_topic_its_meaning_and_its_words(folder):
    rows = {row.id: row for row in meanings(load_pack(folder))}
    assert list(rows) == [
        *("stalls-meaning", "stalls-words", "waste-meaning", "waste-words", "estate-meaning", "estate-words"),
        *("water-meaning", "water-words", "bus-meaning"),
    ]
    assert rows["stalls-meaning"].text == "占道经营，摊贩占用人行道或马路摆摊"
    assert rows["stalls-words"].text == "摊贩，夜市摊位，摆摊"
    assert rows["stalls-words"].topic == ("城市管理", "市容", "占道经营")
    assert {row.origin for row in rows.values()} == {Origin.MEANING}


def test_a_meaning_has_the_unit_that_leads_without_a_place_and_none_where_the_place_decides(folder):
    units = {row.id: row.unit for row in meanings(load_pack(folder))}
    assert units["water-meaning"] == units["water-words"] == "云岭市清泉水务有限公司"
    assert units["waste-meaning"] == "云岭市城市管理局"
    assert units["estate-meaning"] == units["estate-words"] == ""


def test_a_pack_without_directory_still_tells_what_its_topics_mean(folder):
    pack = replace(load_pack(folder), mandates=())
    assert {row.unit for row in meanings(pack)} == {""}
    assert len(meanings(pack)) == 9


def write_outside(folder, *rows, file="a.csv", header=OUTSIDE_HEADER):
    (folder / "outside").mkdir(parents=True, exist_ok=True)
    (folder / "outside" / file).write_text("\n".join([header, *rows, ""]), encoding="utf-8")


def outside_faults(folder):
    with pytest.raises(PackError) as caught:
        read_outside(folder, load_pack(folder))
    return [(fault.file, fault.line, fault.message) for fault in caught.value.faults]


@pytest.fixture
def chinas(tmp_path, monkeypatch):
    """The folder of China's texts, of which there is one."""
    folder = tmp_path / "china"
    write_outside(folder, "c1,楼下着火了,119,panic,anna")
    monkeypatch.setattr("training.corpus.CHINA", folder)
    return folder


def test_what_goes_elsewhere_is_read_file_by_file_with_its_destination(folder):
    write_outside(folder, "b1,法院判了不执行,litigation,call,bo", file="b.csv")
    write_outside(folder, "a1,楼下着火了,119,panic,anna", 'a2,"家里停水, 三天了",none,call,anna', file="a.csv")
    (folder / "outside" / "notes.md").write_text("no texts", encoding="utf-8")
    rows = read_outside(folder, load_pack(folder))
    assert [(row.id, row.text, row.outside) for row in rows] == [
        ("a1", "楼下着火了", "119"),
        ("a2", "家里停水, 三天了", "none"),
        ("b1", "法院判了不执行", "litigation"),
    ]
    assert {(row.unit, row.topic, row.origin) for row in rows} == {("", (), Origin.WRITTEN)}


def test_what_a_pack_has_written_itself_wins_over_chinas(folder, chinas):
    write_outside(folder, "a1,燃气灶漏气了,gas,panic,anna")
    assert [row.id for row in read_outside(folder, load_pack(folder))] == ["a1"]


def test_a_pack_that_has_written_none_takes_chinas(folder, chinas):
    assert [row.id for row in read_outside(folder, load_pack(folder))] == ["c1"]
    assert [row.id for row in read_outside(None, load_pack(folder))] == ["c1"]


def test_every_fault_of_what_goes_elsewhere_is_told_at_once_with_file_and_line(folder, chinas):
    write_outside(
        folder,
        "a1,楼下着火了,119,panic,anna",
        "a2,外星人来了,911,panic,anna",
        "a3,　 ,119,panic,anna",
        "a4,没有说去哪,,call,anna",
        "a5,派给谁都行,first_handler,call,anna",
        "a6,路上撞车了,没人管,122,call,anna",
        "a7,路上撞车了,122",
        file="faulty.csv",
    )
    write_outside(folder, "b1,楼下着火了,119", file="header.csv", header="id,text,to")
    write_outside(folder, "c1,外星人又来了,911,panic,anna", file="more.csv")
    (folder / "outside" / "bad.csv").write_bytes("id,text,to,voice,author\n甲".encode("gb18030"))
    known = "is of no learned rule in rules.csv, or the text is empty"
    told = [
        ("bad.csv", 1, "not CSV in UTF-8: "),
        ("faulty.csv", 3, f"to 911 {known}"),
        ("faulty.csv", 4, f"to 119 {known}"),
        ("faulty.csv", 5, f"to (empty) {known}"),
        ("faulty.csv", 6, f"to first_handler {known}"),
        ("faulty.csv", 7, "5 cells are expected; quote a text with a comma"),
        ("faulty.csv", 8, "5 cells are expected; quote a text with a comma"),
        ("header.csv", 1, f"the columns must be {OUTSIDE_HEADER}"),
        ("more.csv", 2, f"to 911 {known}"),
    ]
    found = outside_faults(folder)
    assert [(file, line) for file, line, _ in found] == [(f"{folder}/outside/{file}", line) for file, line, _ in told]
    assert [said for (*_, said), (*_, message) in zip(told, found, strict=True) if not message.startswith(said)] == []


def test_a_destination_that_only_words_tell_cannot_be_learned(folder):
    rules = "code,action,to,rank,words,unless,learned,citation,say,valid_from,valid_to\n"
    (folder / "rules.csv").write_text(
        f"{rules}fire,transfer,119,10,着火了,,yes,依据,请离开,,\ngas,transfer,gas,12,漏气,,,依据,请开窗,,\n",
        encoding="utf-8",
    )
    write_outside(folder, "a1,楼下着火了,119,panic,anna", "a2,燃气灶漏气了,gas,panic,anna")
    assert [(line, message[:6]) for _, line, message in outside_faults(folder)] == [(3, "to gas")]
