"""From the orders that a hotline has closed to the line that says who must act on a new one.

The hotline of 云岭市 (an invented city, see `tests.city`) exports two months, fits a bundle, mends the pack that was
derived from its orders, fits again, tries the bundle on the orders of May, and routes what citizens say in June. Every
step is a command; each test is what one finds after it.
"""

import contextlib
import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from api.cli import main as paidan
from tests import city
from training.cli import main as paidan_train

HOUSING = ["nanyuan-housing", "南苑区住房和城乡建设局", "district", "南苑区", "住房城乡建设", "南苑区住建局"]
JUNE = [
    {"id": "J1", "text": "市民来电反映：西山区石鼓镇梧桐里7号今天早上六点多家里自来水停水，没有收到停水通知。"},
    {"id": "J2", "text": "学府名居新交付的房子屋顶漏水，开发商推脱不修", "district": "南苑区"},
    {"id": "J3"},
    {"id": "J4", "text": "我叫王小明，电话13800138000，望湖路有流动商贩占用人行道摆摊", "address": "东湖区枫桥街道"},
    {"id": "J5", "text": "。"},
]


def run(command, *arguments):
    """Run a command as a shell would; answer its exit code and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = command([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = stop.code
    return code or 0, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """The folder that the person who does all this works in."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture(scope="module")
def spring(desk):
    """Two months, as the hotline's system exports them: GB18030, Chinese headers, the closing report beside."""
    return city.write_csv(desk / "三四月工单.csv", city.closures(), encoding="gb18030")


@pytest.fixture(scope="module")
def first_fit(desk, spring):
    return run(paidan_train, "fit", "--closures", spring, "--out", desk / "first")


@pytest.fixture(scope="module")
def mended_pack(desk, first_fit):
    """A person opens the derived pack, writes down a name that callers use, and adds an office without orders."""
    path = desk / "first" / "pack" / "units.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    aliases = rows[0].index("aliases")
    for row in rows:
        if row[1] == city.WATER:
            row[aliases] = row[aliases].replace("清泉水务有限公司", "清泉自来水")
    pack = desk / "pack"
    pack.mkdir()
    for file in path.parent.iterdir():
        (pack / file.name).write_bytes(file.read_bytes())
    with (pack / "units.csv").open("w", encoding="utf-8-sig", newline="") as file:  # as Excel saves it
        csv.writer(file).writerows([*rows, HOUSING])
    return pack


@pytest.fixture(scope="module")
def second_fit(desk, spring, mended_pack):
    return run(paidan_train, "fit", "--closures", spring, "--pack", mended_pack, "--out", desk / "second")


@pytest.fixture(scope="module")
def evaluation(desk, second_fit):
    """The orders of May, in which the water company goes by the name that the person wrote down."""
    may = city.closures(60, seed=5, days=31, first=date(2031, 5, 1))
    renamed = [replace(row, unit="云岭清泉自来水") if row.unit == city.WATER else row for row in may]
    export = city.write_csv(desk / "五月工单.csv", renamed, encoding="gb18030")
    options = ["--bundle", desk / "second", "--closures", export, "--json", desk / "may.json"]
    done = run(paidan_train, "evaluate", *options)
    return done, json.loads((desk / "may.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def routed(desk, second_fit):
    asked, answered = desk / "june.jsonl", desk / "routed.jsonl"
    asked.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in JUNE), encoding="utf-8")
    done = run(paidan, "route", "--bundle", desk / "second", "--in", asked, "--out", answered)
    return done, [json.loads(line) for line in answered.read_text(encoding="utf-8").splitlines()]


def test_the_export_is_read_and_a_bundle_fitted(first_fit, spring):
    code, out, err = first_fit
    assert (code, err) == (0, "")
    assert "      400  kept" in out
    assert "云岭".encode("gb18030") in spring.read_bytes()


def test_the_derived_pack_is_the_city(desk, first_fit):
    code, out, _ = run(paidan, "pack", "check", desk / "first" / "pack")
    found = {name.strip(): int(count) for name, count in (line.rsplit(maxsplit=1) for line in out.splitlines())}
    assert code == 0
    assert (found["districts"], found["streets and townships"], found["units"], found["topics"]) == (3, 5, 14, 8)


def test_the_mended_pack_is_checked_before_it_is_used(mended_pack):
    code, out, _ = run(paidan, "pack", "check", mended_pack)
    assert code == 0
    assert "units                       15" in out


def test_the_second_bundle_is_another_one_and_knows_the_new_office(desk, first_fit, second_fit):
    code, out, err = second_fit
    assert (code, err) == (0, "")
    first, second = (json.loads((desk / name / "manifest.json").read_bytes()) for name in ("first", "second"))
    assert first["id"] != second["id"]
    assert first["made_with"]["pack"] != second["made_with"]["pack"]
    assert HOUSING[1] in (desk / "second" / "pack" / "units.csv").read_text(encoding="utf-8")
    assert second["id"] in out


def test_the_orders_of_may_mostly_go_where_they_were_closed(evaluation):
    (code, out, err), found = evaluation
    assert (code, err) == (0, "")
    assert (found["rows"], found["unknown_units"]) == (60, 0)
    assert found["figures"]["top1"] > 0.75
    assert found["figures"]["top5"] > 0.9
    assert out.startswith("60 rows (0 of units the bundle has not met)")


def test_every_line_is_answered_in_its_place(routed):
    (code, _, err), lines = routed
    assert (code, err) == (0, "")
    assert [line["id"] for line in lines] == [line["id"] for line in JUNE]
    assert lines[2] == {"id": "J3", "error": {"code": "missing", "message": lines[2]["error"]["message"]}}


def test_a_routed_line_obeys_the_contract(desk, routed):
    manifest = json.loads((desk / "second" / "manifest.json").read_bytes())
    for line in (line for line in routed[1] if "error" not in line):
        assert set(line) == {
            "id", "topics", "place", "suggestions", "decision", "matters", "kind", "urgency", "due", "versions",
            "missing", "question", "risk", "degraded",
        }  # fmt: skip
        assert line["versions"] == {"bundle": manifest["id"], "pack": "first 2031.04.30", "policy": "2026.11"}
        assert set(line["place"]) == {
                "district", "street", "community", "building", "evidence", "possible", "question",
            }  # fmt: skip
        assert all(set(topic) == {"code", "name", "path", "probability"} for topic in line["topics"])
        assert all(topic["name"] == topic["path"][-1] for topic in line["topics"])
        suggested = line["suggestions"]
        assert len(suggested) >= 5
        assert all(set(one) == {"unit", "name", "role", "probability", "reasons"} for one in suggested)
        odds = [one["probability"] for one in suggested]
        assert odds == sorted(odds, reverse=True)
        assert all(0 <= probability <= 1 for probability in odds)
        decision = line["decision"]
        assert set(decision) == {"action", "units", "set", "reason", "to", "why", "rules"}
        assert decision["action"] in {"dispatch", "suggest", "review", "transfer", "decline"}
        assert set(decision["units"]) <= {one["unit"] for one in suggested}
        assert set(decision["set"]) <= {one["name"] for one in suggested}
        assert decision["why"]


def test_who_must_act(routed):
    water, leak, _, stall, nothing = routed[1]
    assert water["suggestions"][0]["name"] == city.WATER
    assert water["topics"][0]["path"] == ["公用事业", "供水", "自来水停水"]
    assert (water["place"]["district"], water["place"]["street"]) == ("西山区", "石鼓镇")
    assert HOUSING[0] in [one["unit"] for one in leak["suggestions"]]
    assert (stall["place"]["district"], stall["suggestions"][0]["name"]) == ("东湖区", "东湖区城市管理局")
    assert (nothing["decision"]["action"], nothing["decision"]["units"]) == ("decline", [])


def test_who_asked_is_in_no_answer(desk, routed):
    written = (desk / "routed.jsonl").read_text(encoding="utf-8")
    assert "13800138000" not in written
    assert "王小明" not in written
