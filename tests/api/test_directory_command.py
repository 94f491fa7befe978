"""A directory goes from the pack to a sheet, to a draft, is tried out, and is published."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

import models.bundle
from api import directory
from api.directory import directory_app
from tests.api.fakes import POWER, TRAFFIC, KeywordTriage
from tests.triage.test_pack_directory import GOOD
from triage.citypack import load_pack
from triage.citypack.sheets import read_sheet
from triage.domain import Action, Decision, Suggestion
from triage.errors import InputError, PackError
from triage.replay import Move, Replay

SPLIT = (
    "topic,district,lead,assist,basis,deadline,valid_from,valid_to\n"
    "t1,,street:街道,company:供水,,,,2026-12-31\n"
    "t1,,municipal:水务,,三定方案,24h,2027-01-01,\n"
    "t2,,district:水务,municipal:水务,,,,\n"
)


@pytest.fixture
def run():
    """Run a command of `paidan directory`; its output, or the error that `paidan` would tell."""

    def ran(*arguments):
        result = CliRunner().invoke(directory_app, [str(argument) for argument in arguments])
        if isinstance(result.exception, InputError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.output

    return ran


@pytest.fixture
def pack(tmp_path):
    return made(tmp_path / "yunling")


def made(folder, **tables):
    folder.mkdir()
    for file, text in (GOOD | {f"{table}.csv": text for table, text in tables.items()}).items():
        (folder / file).write_text(text)
    return folder


@pytest.fixture
def draft(tmp_path, pack):
    return made(tmp_path / "draft", directory=SPLIT)


@pytest.mark.parametrize("shape", ["csv", "xlsx"])
def test_export_writes_a_sheet_that_import_takes_back(run, pack, tmp_path, shape):
    sheet, out = tmp_path / f"sheet.{shape}", tmp_path / "out"
    assert run("export", pack, "--out", sheet) == f"2 lines in {sheet}\n"
    assert run("import", sheet, "--pack", pack, "--out", out) == (f"2 lines in {out}\n0 added, 0 ended, 0 changed\n")
    assert load_pack(out) == load_pack(pack)


def test_export_of_a_day_has_the_lines_of_that_day(run, draft, tmp_path):
    sheet = tmp_path / "sheet.csv"
    for day, first, count in (("2026-12-31", "t1", 2), ("2027-01-01", "t1", 2)):
        assert run("export", draft, "--out", sheet, "--on", day) == f"{count} lines in {sheet}\n"
        lines = read_sheet(sheet, load_pack(draft))
        assert [line.topic for line in lines] == [first, "t2"]
        assert (lines[0].valid_from is None) == (day == "2026-12-31")
    run("export", draft, "--out", sheet)
    assert len(read_sheet(sheet, load_pack(draft))) == 3


def test_import_tells_what_the_draft_changes(run, pack, draft, tmp_path):
    run("export", draft, "--out", tmp_path / "sheet.csv")
    out = run("import", tmp_path / "sheet.csv", "--pack", pack, "--out", tmp_path / "made")
    assert out.splitlines()[1] == "1 added, 0 ended, 1 changed"
    assert load_pack(tmp_path / "made").mandates == load_pack(draft).mandates


def test_import_writes_nothing_where_the_sheet_or_the_pack_with_it_has_faults(run, pack, tmp_path):
    sheet, out = tmp_path / "sheet.csv", tmp_path / "out"
    run("export", pack, "--out", sheet)
    sound = sheet.read_text("utf-8-sig")
    sheet.write_text(sound.replace("街道:街道", "街道").replace("t2", "t9"))
    with pytest.raises(PackError) as caught:
        run("import", sheet, "--pack", pack, "--out", out)
    assert [(fault.file, fault.line) for fault in caught.value.faults] == [(str(sheet), 2), (str(sheet), 3)]
    sheet.write_text("".join(sound.splitlines(keepends=True)[:2]))
    with pytest.raises(
        PackError, match=r"^\S+sheet\.csv:1: nobody leads topic t2 in directory\.csv: 东湖区 has no line; [^\n]+$"
    ):
        run("import", sheet, "--pack", pack, "--out", out)
    sheet.write_text(sound.splitlines()[0])
    with pytest.raises(InputError, match="no line below the header; `paidan directory export` writes a sheet"):
        run("import", sheet, "--pack", pack, "--out", out)
    assert not out.exists()


def test_import_leaves_what_is_there_alone(run, pack, tmp_path):
    run("export", pack, "--out", tmp_path / "sheet.csv")
    for place in (pack, tmp_path / "sheet.csv"):
        with pytest.raises(InputError, match="there is something here; name a folder that is new or empty"):
            run("import", tmp_path / "sheet.csv", "--pack", pack, "--out", place)
    (tmp_path / "empty").mkdir()
    assert run("import", tmp_path / "sheet.csv", "--pack", pack, "--out", tmp_path / "empty")


def test_diff_has_a_line_for_each_change_in_the_words_of_the_sheet(run, pack, draft):
    assert run("diff", pack, draft).splitlines() == [
        "changed  t1  物业服务  全市  失效 (none) → 2026-12-31",
        "added    t1  物业服务  全市  主办 市级:水务; 依据 三定方案; 时限 24小时; 生效 2027-01-01",
        "1 added, 0 ended, 1 changed",
    ]
    parts = [
        *("主办 市级:水务 → 街道:街道", "协办 (none) → 企业:供水", "依据 三定方案 → (none)"),
        *("时限 24小时 → 7个工作日", "生效 2027-01-01 → (none)"),
    ]
    assert run("diff", draft, pack, "--on", "2027-01-01").splitlines() == [
        f"changed  t1  物业服务  全市  {'; '.join(parts)}",
        "0 added, 0 ended, 1 changed",
    ]


def test_diff_takes_sheets_and_packs(run, pack, draft, tmp_path):
    old, new = tmp_path / "old.xlsx", tmp_path / "new.csv"
    run("export", pack, "--out", old)
    run("export", draft, "--out", new)
    told = run("diff", pack, draft)
    for before in (pack, old):
        for after in (draft, new):
            assert run("diff", before, after, "--pack", pack) == told


def test_diff_of_nothing_says_so(run, pack):
    assert run("diff", pack, pack) == "0 added, 0 ended, 0 changed\n"


def test_diff_of_what_is_not_there_is_bad_input(run, pack, tmp_path):
    with pytest.raises(PackError, match=r"none:1: No such file or directory; name a sheet"):
        run("diff", pack, tmp_path / "none", "--pack", pack)


def test_publish_makes_the_draft_the_directory_and_history_tells_of_it(run, pack, draft):
    assert run("history", pack) == "nothing was published here\n"
    out = run("publish", draft, "--to", pack, "--by", "张", "--note", "部门改名")
    assert out.startswith(f"event 1 in {pack}: 1 added, 0 ended, 1 changed; directory ")
    assert load_pack(pack).mandates == load_pack(draft).mandates
    digest = out.split()[-1]
    number, _, _, *rest = run("history", pack).split()
    assert [number, *rest] == ["1", "张", "+1", "-0", "~1", digest, "部门改名"]


def test_publish_needs_a_reason(run, draft, pack):
    with pytest.raises(InputError, match="field note"):
        run("publish", draft, "--to", pack, "--by", "张", "--note", "")


class Sent(KeywordTriage):
    """The small triage with another directory: what was the power company's is now that of the traffic police."""

    def route(self, appeal):
        routing = super().route(appeal)
        if routing.suggestions[0].unit is not POWER:
            return routing
        decision = Decision(action=Action.SUGGEST, reason="likely", why="", units=(TRAFFIC.code,))
        return replace(routing, suggestions=(Suggestion(unit=TRAFFIC, probability=0.9),), decision=decision)


@pytest.fixture
def bundle(monkeypatch, tmp_path):
    monkeypatch.setattr(directory, "open_triage", lambda bundle, city=None: Sent() if city else KeywordTriage())
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "text": "停电"}\noops\n{"id": "b", "text": "望京街道"}\n{"id": "c"}\n')
    return source


def test_replay_tells_who_would_act_instead(run, bundle, pack, tmp_path):
    out = tmp_path / "cases.jsonl"
    assert run("replay", pack, "--in", bundle, "--out", out).splitlines() == [
        "appeals                        2",
        "same first suggestion          1",
        "decided for other units        1",
        "decided otherwise              1",
        "      1  生活垃圾清运  国网北京市电力公司  →  北京市公安局公安交通管理局",
        "unreadable and not counted: 2; the first, 2: no JSON: Expecting value, character 1",
    ]
    (case,) = map(json.loads, out.read_text().splitlines())
    assert case == {
        "id": "a",
        "topic": "生活垃圾清运",
        "from": "国网北京市电力公司",
        "to": "北京市公安局公安交通管理局",
        "action": {"before": "dispatch", "after": "suggest"},
        "units": {"before": ["bj-dl"], "after": ["bj-jg"]},
    }


def test_of_many_moves_the_most_frequent_are_shown(run, pack, tmp_path, monkeypatch):
    moves = tuple(Move(topic=f"事项{at}", source="甲", target="乙", count=30 - at) for at in range(22))
    found = Replay(appeals=500, kept=0, units=0, actions=0, moves=moves, cases=())
    monkeypatch.setattr(directory, "open_triage", lambda bundle, city=None: None)
    monkeypatch.setattr("triage.replay.replay", lambda before, after, appeals: found)
    (tmp_path / "in.jsonl").write_text("")
    lines = run("replay", pack, "--in", tmp_path / "in.jsonl").splitlines()
    assert (lines[4], lines[23], lines[-1]) == (
        "     30  事项0   甲  →  乙",
        "     11  事项19  甲  →  乙",
        "and 2 more",
    )


def test_replay_reads_a_pipe(bundle, pack):
    result = CliRunner().invoke(directory_app, ["replay", str(pack)], input=bundle.read_bytes())
    assert result.output.startswith("appeals                        2\n")


def test_replay_does_not_overwrite_what_it_reads(run, bundle, pack):
    was = bundle.read_bytes()
    with pytest.raises(InputError, match="would be overwritten"):
        run("replay", pack, "--in", bundle, "--out", bundle)
    assert bundle.read_bytes() == was


def test_replay_opens_a_bundle_with_its_own_directory_and_with_the_other(run, pack, tmp_path, monkeypatch):
    opened = []

    def load(folder, *, city=None):
        opened.append((folder, city))
        return KeywordTriage()

    monkeypatch.setattr(models.bundle, "load_triage", load)
    (tmp_path / "in.jsonl").write_text("")
    with pytest.raises(InputError, match="none: no bundle here; `make run` fits one"):
        run("replay", pack, "--bundle", tmp_path / "none", "--in", tmp_path / "in.jsonl")
    run("replay", pack, "--bundle", tmp_path, "--in", tmp_path / "in.jsonl")
    assert opened == [(tmp_path, None), (tmp_path, load_pack(pack))]
