"""The splitter is fitted on texts whose joints are known, and cuts few of the appeals that have one matter."""

import random
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import HistGradientBoostingClassifier

from models.arrays import to_bfloat16
from models.features import Features
from models.matters import joints
from models.scorer import Scorer
from models.topic import HEADS, TopicTable
from training.splits import COLUMNS, MARK, Marked, at_marks, fit_splitter, marked, read_marked, trees_of
from triage.domain import Topic, TopicCode
from triage.errors import PackError
from triage.text import Reader, Segmenter

HEADER = ",".join(COLUMNS)
READER = Reader(Segmenter())
SUBJECTS = ("停水", "路灯", "公交")
TOLD = {
    "features": Features(grams=("水",), words=SUBJECTS, idf=np.ones(4, dtype=np.float32)),
    "scorer": Scorer(
        heads=dict.fromkeys(HEADS, 3),
        weights=to_bfloat16(np.concatenate([np.zeros((1, 9)), np.tile(2 * np.eye(3) - 1, 3)]).astype(np.float32)),
        columns=np.arange(9),
        bias=np.zeros(9, dtype=np.float32),
    ),
    "table": TopicTable(
        [Topic(code=TopicCode(str(at)), path=(f"{at}类", f"{at}项", name)) for at, name in enumerate(SUBJECTS)]
    ),
}


def write(folder, *rows, file="a.csv", header=HEADER, encoding="utf-8"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("\n".join([header, *rows, ""]), encoding=encoding)
    return folder.parent


@pytest.fixture
def china(tmp_path, monkeypatch):
    """China's texts, of which there is one."""
    folder = write(tmp_path / "china" / "matters", f"c1,停水了。{MARK}路灯坏了,call,anna")
    monkeypatch.setattr("training.splits.CHINA", folder)
    return folder


def test_marks_are_where_another_matter_begins():
    found = marked(f"停水了。{MARK}路灯坏了，{MARK}公交不来", author="anna")
    assert found == Marked(text="停水了。路灯坏了，公交不来", marks=(4, 9), author="anna")
    assert [found.text[at:][:2] for at in found.marks] == ["路灯", "公交"]


def test_a_text_without_marks_has_one_matter():
    assert marked("停水了。路灯坏了") == Marked(text="停水了。路灯坏了", marks=(), author="")


@given(st.lists(st.text(alphabet="停水了。，路灯"), min_size=1, max_size=5))
def test_what_stands_between_marks_comes_back(parts):
    found = marked(MARK.join(parts))
    bounds = (0, *found.marks, len(found.text))
    assert [found.text[start:end] for start, end in pairwise(bounds)] == parts


def test_texts_are_read_file_by_file_without_their_marks(tmp_path):
    folder = tmp_path / "yunling"
    write(folder / "matters", f'b1,"停水了, 三天。{MARK}路灯坏了",call,bo', file="b.csv")
    write(folder / "matters", "a1,公交不来,letter,anna", "a2,公交晚点,call,anna", file="a.csv")
    (folder / "matters" / "notes.md").write_text("no texts", encoding="utf-8")
    assert read_marked(folder) == (
        Marked(text="公交不来", marks=(), author="anna"),
        Marked(text="公交晚点", marks=(), author="anna"),
        Marked(text="停水了, 三天。路灯坏了", marks=(8,), author="bo"),
    )


def test_a_spreadsheet_may_have_saved_them(tmp_path):
    folder = write(tmp_path / "matters", "a1,公交不来,letter,anna", header=f"\ufeff{HEADER}")
    assert [one.text for one in read_marked(folder)] == ["公交不来"]


def test_the_folder_of_a_pack_wins_over_chinas(tmp_path, china):
    own = write(tmp_path / "yunling" / "matters", "a1,公交不来,letter,anna")
    assert [one.author for one in read_marked(own)] == ["anna"]
    assert [one.marks for one in read_marked(own)] == [()]


@pytest.mark.parametrize("without", [None, "yunling"])
def test_a_pack_that_has_none_takes_chinas(tmp_path, china, without):
    folder = tmp_path / without if without else None
    assert read_marked(folder) == (Marked(text="停水了。路灯坏了", marks=(4,), author="anna"),)


def fault(folder):
    with pytest.raises(PackError) as caught:
        read_marked(folder)
    (only,) = caught.value.faults
    return only.file, only.line, only.message


@pytest.mark.parametrize(
    "header", ["id,text,voice", "id,text,author,voice", "text", "", f"{HEADER},note"], ids=lambda header: header or "no"
)
def test_no_column_may_be_missing_or_elsewhere(tmp_path, header):
    folder = write(tmp_path / "matters", header=header)
    assert fault(folder) == (f"{folder}/matters/a.csv", 1, f"the columns must be {HEADER}")


@pytest.mark.parametrize("row", ["a1,停水了", "a1,停水了,call", "a1,停水了,三天,call,anna", "a1"])
def test_a_row_of_other_cells_is_a_fault(tmp_path, row):
    folder = write(tmp_path / "matters", "a0,公交不来,call,anna", row)
    assert fault(folder)[:2] == (f"{folder}/matters/a.csv", 3)


@pytest.mark.parametrize(
    "content",
    [f"{HEADER}\na1,停水了,call,anna\n".encode("gb18030"), f'{HEADER}\na1,"停水了'.encode(), b"\xff"],
    ids=["another encoding", "an open quotation", "no text"],
)
def test_a_file_that_is_not_csv_in_utf_8_is_a_fault(tmp_path, content):
    folder = write(tmp_path / "matters")
    (folder / "matters" / "a.csv").write_bytes(content)
    file, _, message = fault(folder)
    assert (file, message.startswith("not CSV in UTF-8: ")) == (f"{folder}/matters/a.csv", True)


def fitted(rows, right, **given):
    return HistGradientBoostingClassifier(random_state=0, **given).fit(rows, right)


def grid(count, columns, *, seed):
    """Random values that are multiples of 1/8, so that many are the same; the middle of two is exact."""
    return (np.random.default_rng(seed).integers(-20, 20, size=(count, columns)) / 8).astype(np.float32)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("given", [{"max_iter": 1}, {"max_iter": 30, "max_leaf_nodes": 15}, {"max_depth": 2}], ids=str)
def test_trees_are_as_probable_as_those_of_scikit_learn(seed, given):
    rows = grid(400, 4, seed=seed)
    model = fitted(rows, rows[:, 0] * rows[:, 1] + rows[:, 2] > np.random.default_rng(seed).normal(size=400), **given)
    trees = trees_of(model)
    for tried in (rows, grid(300, 4, seed=seed + 9) + np.float32(1 / 16)):
        np.testing.assert_allclose(trees.probabilities(tried), model.predict_proba(tried)[:, 1], rtol=1e-4, atol=1e-6)


def test_a_value_at_a_threshold_goes_the_same_way():
    rows = grid(400, 1, seed=5)
    model = fitted(rows, np.random.default_rng(5).random(400) < (np.sin(3 * rows[:, 0]) + 1) / 2)
    trees = trees_of(model)
    asked = trees.threshold[trees.left != trees.right][:, None]
    for at in (asked, np.nextafter(asked, np.float32(np.inf)), np.nextafter(asked, np.float32(-np.inf))):
        np.testing.assert_allclose(trees.probabilities(at), model.predict_proba(at)[:, 1], rtol=1e-4)
    assert len(np.unique(trees.probabilities(asked))) > 10


def test_values_that_are_next_to_each_other_go_the_same_way():
    """The threshold between two such is not in single precision; kept there it must not become the upper of them."""
    near = np.float32(1) + np.arange(40, dtype=np.float32) * np.finfo(np.float32).eps
    rows = np.repeat(near, 30)[:, None]
    model = fitted(rows, np.repeat(np.arange(40) % 4 < 2, 30))
    expected = model.predict_proba(near[:, None])[:, 1]
    np.testing.assert_allclose(trees_of(model).probabilities(near[:, None]), expected, rtol=1e-4)


def test_what_was_never_asked_has_the_probability_of_all():
    rows, right = np.zeros((100, 2), dtype=np.float32), np.arange(100) < 20
    np.testing.assert_allclose(trees_of(fitted(rows, right)).probabilities(rows[:1]), [0.2], rtol=1e-4)


def clause(draw, subject):
    begins = draw.choice(("东门外", "小区里面", "村口附近", "学校旁边", "我们单位"))
    ends = draw.choice(("三天没有人管", "一直没解决", "越来越严重", "给大家添麻烦"))
    return f"{begins}的{subject}{draw.choice(('问题', '情况', '事情'))}{ends}"


def several(draw):
    """Two subjects of which each has one or two clauses; the mark stands where the subject changes."""
    first, second = draw.sample(SUBJECTS, 2)
    return f"{said(draw, first)}。{MARK}{said(draw, second)}"


def said(draw, subject):
    return "，".join(clause(draw, subject) for _ in range(draw.choice((1, 2))))


def one(draw):
    subject = draw.choice(SUBJECTS)
    return f"{said(draw, subject)}。{said(draw, subject)}"


@cache
def splitter(unmarked=0):
    """Fitted on 150 texts and on 300 ordinary appeals, of which so many have two matters that nobody marked."""
    draw = random.Random(1)
    texts = [marked(several(draw), author=draw.choice(("anna", "bo", "cai", "dan"))) for _ in range(150)]
    told = [several(draw).replace(MARK, "") for _ in range(unmarked)] + [one(draw) for _ in range(300 - unmarked)]
    ordinary = READER.read_many(told)
    return fit_splitter(texts, ordinary, reader=READER, seed=0, **TOLD), ordinary


def cuts(found, readings):
    return found.cuts(readings, **TOLD)


def share_cut(found, readings):
    return sum(map(bool, cuts(found, readings))) / len(readings)


def test_joints_are_found_in_texts_that_it_has_not_seen():
    found, _ = splitter()
    texts = [marked(several(random.Random(seed))) for seed in range(1_000, 1_060)]
    at = cuts(found, READER.read_many(text.text for text in texts))
    assert sum(own == text.marks for own, text in zip(at, texts, strict=True)) >= 57


def test_what_has_one_matter_stays_whole():
    found, _ = splitter()
    assert share_cut(found, READER.read_many(one(random.Random(seed)) for seed in range(1_000, 1_200))) <= 0.05


@pytest.mark.parametrize("unmarked", [0, 10])
def test_few_of_the_ordinary_appeals_that_it_was_told_are_cut(unmarked):
    found, ordinary = splitter(unmarked)
    assert share_cut(found, ordinary) <= 0.05


def test_where_two_in_three_that_look_like_several_are_ordinary_few_are_cut():
    found, ordinary = splitter(300)
    assert share_cut(found, ordinary) <= 0.1
    assert share_cut(splitter()[0], ordinary) >= 0.9


def test_another_matter_must_be_more_probable_than_not():
    assert splitter()[0].threshold == splitter(300)[0].threshold == 0.5


@pytest.mark.parametrize(("text", "right"), [("停水了。‖路灯，坏了", [True, False]), ("停水了‖。路灯坏了", [True])])
def test_a_joint_is_right_where_a_mark_is_or_beside_it(text, right):
    known = marked(text)
    assert at_marks(joints(READER.read(known.text)), known, READER).tolist() == right


def test_a_joint_further_from_a_mark_is_not_right():
    known = Marked(text="停水了的话呢路灯坏了", marks=(5,), author="")
    assert at_marks([3, 4, 5, 6, 7], known, READER).tolist() == [False, True, True, True, False]


def test_marks_are_found_again_in_what_the_reader_made_shorter():
    """The joints are those of the reading, in which a telephone number has become a word and a space nothing."""
    draw = random.Random(4)
    texts = [marked(f"请打　13800138000，{several(draw)}", author="anna") for _ in range(100)]
    ordinary = READER.read_many([f"请打　13800138000，{one(draw)}" for _ in range(100)])
    found = fit_splitter(texts, ordinary, reader=READER, seed=0, **TOLD)
    at = cuts(found, READER.read_many(text.text for text in texts))
    assert sum(map(bool, at)) >= 90


def test_one_seed_fits_one_splitter():
    draw = random.Random(2)
    texts = [marked(several(draw), author="anna") for _ in range(60)]
    ordinary = READER.read_many([one(draw) for _ in range(60)])
    first, again = (fit_splitter(texts, ordinary, reader=READER, seed=3, **TOLD) for _ in range(2))
    assert first.threshold == again.threshold
    np.testing.assert_array_equal(first.trees.value, again.trees.value)
