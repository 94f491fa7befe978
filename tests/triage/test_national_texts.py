"""The texts that teach and test what goes elsewhere and where matters part: many, different, and nobody's own."""

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from training.corpus import OUTSIDE_COLUMNS
from training.splits import COLUMNS, MARK
from triage.citypack import CHINA, national
from triage.domain import ORDINARY, MaskType
from triage.text import find_personal, normalise

WRITTEN = Path(__file__).parents[1] / "written"
FILES = {
    "outside": sorted(CHINA.glob("outside/*.csv")),
    "matters": sorted(CHINA.glob("matters/*.csv")),
    "written": sorted(WRITTEN.glob("*.csv")),
}
ELSEWHERE, TRIED = ("id", "text", "to", "also", "voice"), ("id", "text", "topics", "places", "voice", "author")
TESTS = {"emergencies.csv": ELSEWHERE, "declined.csv": ELSEWHERE, "matters.csv": TRIED, "single.csv": TRIED}
SERIOUS = {MaskType.MOBILE, MaskType.ID, MaskType.CARD, MaskType.PLATE, MaskType.EMAIL}
DESTINATIONS = {rule.to for rule in national()[0] if rule.learned}
EVERY = [pytest.param(file, id=f"{kind}/{file.name}") for kind, files in FILES.items() for file in files]
SIGN = re.compile(r"[\W_]")


@cache
def table(file):
    """The header and the rows, each with its line."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        return tuple(next(rows)), [(rows.line_num, row) for row in rows]


def rows_of(kind):
    return [(file, dict(zip(table(file)[0], row, strict=True))) for file in FILES[kind] for _, row in table(file)[1]]


def columns_of(file):
    return {"outside": OUTSIDE_COLUMNS, "matters": COLUMNS}.get(file.parent.name) or TESTS[file.name]


def bare(text):
    """A text without marks, signs and spaces, in the spelling of readings."""
    return SIGN.sub("", normalise(text.replace(MARK, "")).text)


def twice(values):
    return sorted(value for value, count in Counter(values).items() if count > 1)


def betrays(text):
    return any(span.type in SERIOUS for span in find_personal(normalise(text).text))


def openings(texts):
    """The four characters with which more than 6 in 100 texts begin, but for what every agent's summary begins with."""
    counted = Counter(text[:4] for text in texts if not text.startswith(("市民", "来电人")))
    return {opening: count for opening, count in counted.items() if count > 0.06 * len(texts)}


@pytest.mark.parametrize("kind", FILES)
def test_there_are_files_of_every_kind(kind):
    assert FILES[kind]


def test_there_is_a_file_for_all_that_is_tried():
    assert {file.name for file in FILES["written"]} == set(TESTS)


@pytest.mark.parametrize("file", EVERY)
def test_every_row_has_the_columns_of_its_file(file):
    header, rows = table(file)
    assert header == columns_of(file)
    assert [line for line, row in rows if len(row) != len(header)] == []


@pytest.mark.parametrize("file", EVERY)
def test_every_row_says_something_in_a_voice(file):
    header, rows = table(file)
    told = [(line, dict(zip(header, row, strict=True))) for line, row in rows]
    needed = ("id", "text", "voice", *({"to", "author", "topics", "places"} & set(header)))
    assert [line for line, row in told if not all(row[column].strip() for column in needed)] == []
    assert [line for line, row in told if row["text"] != row["text"].strip()] == []


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("column", ["id", "text"])
def test_none_comes_twice_among_those_of_a_kind(kind, column):
    assert twice(row[column] for _, row in rows_of(kind)) == []


def test_every_destination_can_be_learned():
    assert [row["id"] for _, row in rows_of("outside") if row["to"] not in {*DESTINATIONS, ORDINARY}] == []


def test_every_destination_that_is_tried_can_be_learned():
    tried = [
        (row["id"], to) for _, row in rows_of("written") if "to" in row for to in (row["to"], *row["also"].split("|"))
    ]
    assert [(text, to) for text, to in tried if to not in {*DESTINATIONS, ORDINARY, ""}] == []


def test_there_is_much_to_learn_from():
    counted = Counter(row["to"] for _, row in rows_of("outside"))
    assert counted[ORDINARY] >= 2_500
    assert counted.total() - counted[ORDINARY] >= 4_000
    assert [to for to in sorted(DESTINATIONS) if counted[to] < 60] == []


def test_what_has_several_matters_is_marked_and_what_has_one_is_not():
    assert [
        row["id"] for file, row in rows_of("matters") if (MARK in row["text"]) != file.name.startswith("several")
    ] == []
    marked = [
        (row["text"].count(MARK), row) for file, row in rows_of("written") if file.name in ("matters.csv", "single.csv")
    ]
    assert [row["id"] for count, row in marked if len(row["topics"].split("|")) != count + 1] == []
    assert [row["id"] for count, row in marked if len(row["places"].split("|")) != count + 1] == []


def test_no_matter_is_empty():
    parts = [
        (row["id"], part)
        for kind in ("matters", "written")
        for _, row in rows_of(kind)
        for part in row["text"].split(MARK)
    ]
    assert [text for text, part in parts if not bare(part)] == []


def test_none_that_tests_is_among_those_that_teach():
    taught = {bare(row["text"]): row["id"] for kind in ("outside", "matters") for _, row in rows_of(kind)}
    assert [
        (row["id"], taught[bare(row["text"])]) for _, row in rows_of("written") if bare(row["text"]) in taught
    ] == []


def test_texts_are_compared_without_punctuation_and_marks():
    assert bare("停水了！ 三天，没人管。") == bare(f"停水了{MARK}三天没人管") == "停水了三天没人管"


@pytest.mark.parametrize("kind", FILES)
def test_nobody_can_be_called_or_found_by_what_is_in_them(kind):
    assert [row["id"] for _, row in rows_of(kind) if betrays(row["text"])] == []


@pytest.mark.parametrize("planted", ["13800000000", "一三八零零零零零零零零", "京A12345", "zhang.san@example.com"])
def test_what_betrays_somebody_would_be_found_in_any_of_them(planted):
    texts = [row["text"] for kind in FILES for _, row in rows_of(kind)]
    assert [text for text in texts[:: len(texts) // 60] if not betrays(f"{text}，{planted}，{text}")] == []


@pytest.mark.parametrize("file", EVERY)
def test_few_texts_of_a_file_begin_alike(file):
    header, rows = table(file)
    assert openings([row[header.index("text")] for _, row in rows]) == {}
