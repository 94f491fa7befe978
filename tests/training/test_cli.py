"""`paidan-train` does what it is told, and tells in one line what it cannot do and what would help."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.bundle import load_triage, read_manifest
from tests import city
from tests.training.test_corpus import pack_folder
from tests.training.test_holdout import pack_with_appeals
from training.cli import main
from triage.domain import Appeal

FEW = city.closures(40)
LATER = city.closures(30, seed=31)


@pytest.fixture
def train(capsys, monkeypatch, tmp_path):
    """Run the command in an empty folder; answer its exit code, its output and its complaints."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture
def export(tmp_path):
    return city.write_csv(tmp_path / "few.csv", FEW)


def test_fit_tells_what_it_read_how_good_it_is_and_where_the_bundle_is(train, export):
    code, out, err = train("fit", "--closures", export, "--out", "var/bundle")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == ["       40  read", "       40  kept", "one topic scheme throughout"]
    assert "top1 0." in out
    last = out.splitlines()[-1]
    assert last.startswith(f"bundle {read_manifest(Path('var/bundle'))['id']} in ")
    assert last.endswith("var/bundle")


@pytest.mark.parametrize("spelt", [["--closures", "{0}", "{1}"], ["--closures", "{0}", "--closures", "{1}"]])
def test_several_files_are_named_after_one_option_or_several(train, tmp_path, spelt):
    halves = [city.write_csv(tmp_path / f"{at}.csv", FEW[at * 20 : at * 20 + 20]) for at in range(2)]
    code, _, _ = train("fit", *[word.format(*halves) for word in spelt], "--out", "bundle", "--seed", "3")
    assert code == 0
    manifest = read_manifest(tmp_path / "bundle")
    assert (manifest["rows"], manifest["seed"], [name for name, _ in manifest["sources"]]) == (
        40,
        3,
        ["0.csv", "1.csv"],
    )


def test_a_second_fit_replaces_the_bundle(train, export, tmp_path):
    assert train("fit", "--closures", export, "--out", "bundle")[0] == 0
    first = read_manifest(tmp_path / "bundle")
    assert train("fit", "--closures", export, "--out", "bundle", "--seed", "1")[0] == 0
    assert read_manifest(tmp_path / "bundle")["id"] != first["id"]
    assert train("fit", "--closures", export, "--out", "bundle")[0] == 0
    assert read_manifest(tmp_path / "bundle") == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "few.csv"]


def test_columns_under_other_names_are_mapped(train, tmp_path):
    header = ["单号", "何时", "说了什么", "谁办的", *city.HEADER[4:]]
    export = city.write_csv(tmp_path / "odd.csv", FEW, header=header)
    mapped = ["--column", "unit=谁办的", "--column", "text=说了什么", "--column", "opened_at=何时"]
    assert train("fit", "--closures", export, "--out", "bundle", *mapped)[0] == 0
    assert read_manifest(tmp_path / "bundle")["window"] == ["2031-03-01", "2031-04-29"]
    code, out, _ = train("evaluate", "--bundle", "bundle", "--closures", export, *mapped)
    assert (code, out.splitlines()[0]) == (0, "40 rows (0 of units the bundle has not met); set aside: none")


def test_rows_set_aside_are_listed_and_their_names_are_no_formulas(train, tmp_path):
    spoilt = [
        replace(FEW[0], id="=HYPERLINK(1)", unit=""),
        replace(FEW[1], id="+1", text=""),
        replace(FEW[2], id="-1", unit=""),
    ]
    spoilt += [replace(FEW[3], id="@a", unit="其他单位"), replace(FEW[4], id="A5", unit="无")]
    export = city.write_csv(tmp_path / "spoilt.csv", [*spoilt, *FEW[5:]])
    code, out, _ = train("fit", "--closures", export, "--out", "bundle", "--left-out", "left.csv")
    assert code == 0
    assert out.splitlines()[:5] == [
        *("       40  read", "       -1  no_text", "       -2  no_unit"),
        *("       -2  catch_all_unit", "       35  kept"),
    ]
    with Path("left.csv").open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["id", "source", "reason"]
    assert [row[0] for row in rows] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@a", "A5"]
    assert [row[2] for row in rows] == ["no_unit", "no_text", "no_unit", "catch_all_unit", "catch_all_unit"]
    assert rows[0][1] == f"{export}, row 2"
    assert read_manifest(tmp_path / "bundle")["left_out"]["no_unit"] == 2


def test_rows_that_cannot_be_read_are_told_and_the_rest_go_on(train, export):
    export.write_text(export.read_text("utf-8") + "\n".join(["一行,少了,很多"] * 12), encoding="utf-8")
    code, _, err = train("fit", "--closures", export, "--out", "bundle")
    assert code == 0
    assert err.splitlines()[0].startswith(f"{export}, row 42")
    assert err.splitlines()[-1].startswith("... and ")


def test_a_date_that_is_none_is_told_with_its_row(train, export):
    export.write_text(export.read_text("utf-8").replace("2031/03/01 08:30:00", "昨天", 1), encoding="utf-8")
    code, _, err = train("fit", "--closures", export, "--out", "bundle")
    assert code == 0
    assert err.startswith(f"{export}, row 2, field opened_at: 昨天 is no date")


def test_evaluate_prints_figures_and_writes_them_as_json(train, city_bundle, tmp_path):
    later = city.write_csv(tmp_path / "later.csv", LATER)
    code, out, err = train("evaluate", "--bundle", city_bundle, "--closures", later, "--json", "figures.json")
    found = json.loads(Path("figures.json").read_text(encoding="utf-8"))
    assert (code, err) == (0, "")
    assert found["bundle"] == read_manifest(city_bundle)["id"]
    assert (found["rows"], found["unknown_units"], found["gains"]) == (30, 0, {})
    assert out.startswith("30 rows (0 of units the bundle has not met); set aside: none\n")
    assert f"{found['figures']['top1']:.3f}" in next(line for line in out.splitlines() if line.split()[:1] == ["top1"])


def test_evaluate_with_peers_prints_the_gain_over_each_with_its_interval(train, city_bundle, city_export, tmp_path):
    later = city.write_csv(tmp_path / "later.csv", LATER)
    options = ["--bundle", city_bundle, "--closures", later, "--peers", "--train", city_export, "--json", "f.json"]
    code, out, _ = train("evaluate", *options)
    gains = json.loads(Path("f.json").read_text(encoding="utf-8"))["gains"]
    assert code == 0
    for name, gain in gains.items():
        middle, low, high = gain["top1"]
        line = next(line for line in out.splitlines() if line.startswith(f"gain over {name}: "))
        assert f"top1 {middle:+.3f} [{low:+.3f}, {high:+.3f}]" in line


@pytest.mark.parametrize(("language", "title"), [("zh", "模型评估报告"), ("en", "Evaluation report")])
def test_evaluate_writes_a_page_in_either_language(train, city_bundle, tmp_path, language, title):
    later = city.write_csv(tmp_path / "later.csv", LATER)
    options = ["--bundle", city_bundle, "--closures", later, "--report", "page.html", "--language", language]
    assert train("evaluate", *options)[0] == 0
    page = Path("page.html").read_text(encoding="utf-8")
    assert f"<h1>{title}</h1>" in page
    assert read_manifest(city_bundle)["id"] in page
    assert not any(row.text in page for row in LATER)


def test_a_language_that_is_none_is_refused_before_the_work(train, city_bundle, tmp_path):
    later = city.write_csv(tmp_path / "later.csv", LATER)
    options = ["--bundle", city_bundle, "--closures", later, "--report", "page.html", "--language", "fr"]
    code, out, err = train("evaluate", *options)
    assert (code, out) == (2, "")
    assert "zh or en" in err
    assert not Path("page.html").exists()


def test_noise_ranks_orders_by_id_and_shows_no_words(train, city_bundle, tmp_path):
    wrong = replace(LATER[0], unit=next(row.unit for row in LATER if row.unit != LATER[0].unit))
    later = city.write_csv(tmp_path / "later.csv", [wrong, *LATER[1:]])
    code, out, err = train("noise", "--bundle", city_bundle, "--closures", later, "--most", "8")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 9
    assert wrong.id in out
    assert not any(row.text in out for row in LATER)


HEADER_ONLY = "诉求内容,处置单位\n"


@pytest.mark.parametrize(
    ("bad", "options", "said"),
    [
        (None, ["june.csv"], ["june.csv: no such file", "give the path of an export"]),
        (None, ["."], [".: this is a folder; give the files in it"]),
        (HEADER_ONLY, ["bad.csv"], ["bad.csv: there is a header but no row below it; export the orders too"]),
        ("编号,诉求内容\n1,停水\n", ["bad.csv"], ["bad.csv, field unit: no column", "编号, 诉求内容", "name yours"]),
        (HEADER_ONLY + "停水,水务局\n", ["bad.csv"], ["1 usable rows of 1 units are too few; at least 20"]),
        (HEADER_ONLY + "停水,\n", ["bad.csv"], ["bad.csv: no row can be learned from", "'no_unit': 1"]),
        (None, ["few.csv", "--column", "unit"], ["field --column unit: write our field, =, and their header"]),
        (None, ["few.csv", "--column", "unit=经办"], ["few.csv, field unit: ", "经办", "the headers: 工单编号"]),
        (None, ["few.csv", "--column", "units=处置单位"], ["few.csv, field units: ", "unknown field; known: id"]),
        (None, ["few.csv", "--pack", "nowhere"], ["nowhere:1: no such folder; `paidan-train fit"]),
        (None, ["few.csv", "--out", "full"], ["full: something else than a bundle is there; name another"]),
        (None, ["few.csv", "--out", "few.csv"], ["few.csv: something else than a bundle is there"]),
    ],
)
def test_bad_input_is_told_in_one_line_with_where_and_what_to_do(train, export, bad, options, said):
    if bad:
        Path("bad.csv").write_text(bad, encoding="utf-8")
    Path("full").mkdir()
    Path("full/letter.txt").write_text("dear", encoding="utf-8")
    before = export.read_bytes()
    code, _, err = train("fit", "--out", "bundle", "--closures", *options)
    assert (code, err.count("\n"), err.startswith("paidan-train: ")) == (2, 1, True)
    assert [words for words in said if words not in err] == []
    assert export.read_bytes() == before
    assert [path.name for path in Path("full").iterdir()] == ["letter.txt"]
    assert not Path("bundle").exists()


def test_a_byte_of_another_encoding_names_file_and_row(train, export):
    lines = export.read_bytes().splitlines(keepends=True)
    export.write_bytes(b"".join([*lines[:7], b"\xff\xfe,", *lines[7:]]))
    code, _, err = train("fit", "--closures", export, "--out", "bundle")
    assert (code, err.count("\n")) == (2, 1)
    assert f"{export}, row 8: " in err
    assert "save the file as UTF-8" in err


def test_every_fault_of_a_pack_is_told_at_once(train, export, city_bundle, tmp_path):
    pack = shutil.copytree(city_bundle / "pack", tmp_path / "pack")
    units = (pack / "units.csv").read_text(encoding="utf-8").splitlines()
    units[1] = units[1].replace("company", "firm")
    units[3] += ",one,too,many"
    (pack / "units.csv").write_text("\n".join([*units, units[2], ""]), encoding="utf-8")
    (pack / "pack.toml").write_text("name = \n", encoding="utf-8")
    code, _, err = train("fit", "--closures", export, "--pack", pack, "--out", "bundle")
    assert code == 2
    assert err.startswith(f"paidan-train: {pack}/pack.toml:1: ")
    for fault in ("pack.toml:1: not TOML", "units.csv:2: kind firm", "units.csv:4: ", "units.csv:16: code "):
        assert fault in err
    assert not Path("bundle").exists()


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda bundle: (bundle / "grams.json").write_text("[]"), "grams.json: the file was changed"),
        (lambda bundle: (bundle / "words.json").unlink(), "words.json: the file is missing; copy the bundle again"),
        (lambda bundle: (bundle / "manifest.json").unlink(), "bundle: no bundle here; `paidan-train fit"),
        (shutil.rmtree, "bundle: no bundle here; `paidan-train fit"),
    ],
)
def test_a_bundle_that_was_touched_is_not_evaluated(train, export, city_bundle, tmp_path, touch, said):
    touch(shutil.copytree(city_bundle, tmp_path / "bundle"))
    code, out, err = train("evaluate", "--bundle", "bundle", "--closures", export, "--json", "figures.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not Path("figures.json").exists()


@pytest.mark.parametrize(
    "arguments", [["fit"], ["fit", "--closures", "few.csv"], ["evaluate", "--frob"], ["fitt"], ["fit", "--seed", "one"]]
)
def test_a_command_that_does_not_exist_is_bad_input(train, arguments):
    code, out, err = train(*arguments)
    assert (code, out) == (2, "")
    assert "Error" in err


def test_help_is_no_fault(train):
    code, out, err = train("--help")
    assert (code, err) == (0, "")
    assert "fit" in out
    assert "evaluate" in out


@pytest.mark.parametrize("option", ["--json", "--left-out"])
def test_a_file_that_cannot_be_written_is_bad_input(train, export, city_bundle, option):
    command = ["evaluate", "--bundle", city_bundle] if option == "--json" else ["fit", "--out", "bundle"]
    assert train(*command, "--closures", export, option, "nowhere/file")[0] == 2


def test_the_folder_one_is_in_can_be_named(train, export):
    Path("here").mkdir()
    os.chdir("here")
    assert train("fit", "--closures", export, "--out", ".")[0] == 0
    assert read_manifest(export.parent / "here")["id"].startswith("here-")


def test_in_a_pipe_the_command_is_quiet_but_for_its_answer(export, tmp_path):
    """In a process of its own, where warnings would be printed as a person sees them."""
    command = [sys.executable, "-c", "import sys; from training.cli import main; sys.exit(main())"]
    arguments = ["fit", "--closures", str(export), "--out", str(tmp_path / "bundle")]
    root, one_thread = Path(__file__).parents[2], os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, *arguments], check=False, capture_output=True, text=True, cwd=root, env=one_thread, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("bundle bundle-")
    assert "\x1b" not in done.stdout


@pytest.fixture
def home(tmp_path):
    """The pack of the invented city, with a hundred appeals."""
    return pack_with_appeals(tmp_path / "home")


def test_a_pack_with_appeals_teaches_without_any_closed_order(train, home):
    code, out, err = train("fit", "--pack", home, "--out", "bundle")
    manifest = read_manifest(Path("bundle"))
    assert (code, err) == (0, "")
    assert (manifest["rows"], manifest["taught"], manifest["sources"], manifest["window"]) == (0, 109, [], None)
    assert out.splitlines()[0] == "      109  rows that were written to teach"
    assert out.splitlines()[-1] == f"bundle {manifest['id']} in bundle"
    assert "0 closed orders" in Path("bundle/README.md").read_text(encoding="utf-8")
    routing = load_triage(Path("bundle")).route(Appeal(id="1", text="西山区石鼓镇家里自来水停水"))
    assert routing.topics[0].topic.name == "自来水停水"
    assert routing.suggestions[0].unit.name == "云岭市清泉水务有限公司"


def test_appeals_of_a_pack_teach_beside_closed_orders(train, home, export):
    offices = "云岭市清泉水务有限公司", "云岭市公共交通集团有限公司"
    rows = [row for row in city.closures(200) if row.unit in offices]
    city.write_csv(export, rows)
    code, out, _ = train("fit", "--pack", home, "--closures", export, "--out", "bundle")
    manifest = read_manifest(Path("bundle"))
    assert code == 0
    assert "      109  rows that were written to teach" in out.splitlines()
    assert (manifest["rows"], manifest["taught"]) == (len(rows), 109)


@pytest.mark.parametrize("options", [[], ["--pack", "silent"], ["--appeals", "home"]])
def test_without_anything_to_learn_from_nothing_is_fitted(train, home, tmp_path, options):
    pack_folder(tmp_path / "silent")
    code, out, err = train("fit", "--out", "bundle", *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("paidan-train: ")
    assert "nothing to learn from; name --closures, or a --pack with a folder appeals" in err
    assert not Path("bundle").exists()


def test_faults_of_the_appeals_are_told_before_the_work(train, home):
    (home / "appeals" / "b.csv").write_text("id,text\n1,停水\n", encoding="utf-8")
    code, _, err = train("fit", "--pack", home, "--out", "bundle")
    assert code == 2
    assert err.startswith(f"paidan-train: {home}/appeals/b.csv:1: the columns must be id,text,topic,")
    assert not Path("bundle").exists()


def test_the_appeals_of_another_city_teach_one_with_few_closed_orders(train, home, export):
    code, out, err = train("fit", "--closures", export, "--appeals", home, "--out", "bundle")
    manifest = read_manifest(Path("bundle"))
    assert (code, err) == (0, "")
    assert f"{manifest['taught']:>9,}  rows that were written to teach" in out.splitlines()
    assert (manifest["rows"], manifest["taught"]) == (40, 100)


def test_the_appeals_of_another_city_do_not_teach_one_with_many(train, home, export, monkeypatch):
    monkeypatch.setattr("training.make.FEW", 39)
    code, out, _ = train("fit", "--closures", export, "--appeals", home, "--out", "bundle")
    assert code == 0
    assert "written to teach" not in out
    assert read_manifest(Path("bundle"))["taught"] == 0


def test_an_encoder_is_kept_in_the_bundle(train, export):
    assert train("fit", "--closures", export, "--out", "bundle", "--encoder", "lsa")[0] == 0
    assert Path("bundle/arrays/encoder.npy").is_file()


def test_an_encoder_that_needs_the_extra_says_so_where_it_is_missing(train, export, monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    code, _, err = train("fit", "--closures", export, "--out", "bundle", "--encoder", "static")
    assert (code, err.count("\n")) == (2, 1)
    assert err.startswith("paidan-train: field encoder: needs the extra semantic: pip install ")
    assert not Path("bundle").exists()


def test_holdout_tells_how_many_appeals_taught_and_what_was_reached(train, home):
    code, out, err = train("holdout", "--pack", home)
    first, figures = out.splitlines()
    assert (code, err, first) == (0, "", "80 appeals learned from, 20 held out")
    assert figures.startswith("topic_top1 ")
    assert "unit_top3 " in figures
    code, _, err = train("holdout", "--pack", pack_folder(home.parent / "silent"))
    assert (code, err.count("\n")) == (2, 1)
    assert "the pack has no folder appeals" in err


def test_curve_prints_a_line_for_each_size_and_what_taught(train, home, tmp_path):
    closed = city.write_csv(tmp_path / "closed.csv", city.closures(60))
    later = city.write_csv(tmp_path / "later.csv", LATER)
    files = ["--closures", closed, "--test", later, "--appeals", home]
    code, out, err = train("curve", *files, "--size", "0", "--size", "60", "--encoder", "lsa")
    lines = [re.split(r" {2,}", line.strip()) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert lines[0][:5] == ["closures", "learned from", "top-1", "top-3", "top-5"]
    assert [line[:2] for line in lines[1:]] == [
        *(["0", "appeals"], ["0", "appeals, lsa"]),
        *(["60", "closures"], ["60", "closures and appeals"], ["60", "closures and appeals, lsa"]),
    ]
    for line in lines[1:]:
        one, three, five = map(float, line[2:5])
        assert 0 < one <= three <= five <= 1
    gain = r"[+-]\d\.\d{3} \[[+-]\d\.\d{3}, [+-]\d\.\d{3}\]"
    assert [len(line) for line in lines[1:]] == [5, 6, 5, 6, 6]
    assert [line for line in lines[1:] if len(line) == 6 and not re.fullmatch(gain, line[5])] == []
