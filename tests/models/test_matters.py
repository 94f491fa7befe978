"""Another matter begins at a joint of two clauses, where trees find it probable enough and none becomes too short."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.arrays import to_bfloat16
from models.features import Features
from models.matters import Splitter, Trees, chosen, describe, joints
from models.scorer import Scorer
from models.topic import HEADS, TopicTable
from tests.triage.text.strategies import anything
from triage.domain import Reading, Topic, TopicCode
from triage.text import Reader, Segmenter

READER = Reader(Segmenter())
WORDS = ("停水", "路灯")
FEATURES = Features(grams=("水", "灯"), words=WORDS, idf=np.ones(4, dtype=np.float32))
TABLE = TopicTable(
    [
        Topic(code=TopicCode("water"), path=("公用事业", "供水", "停水")),
        Topic(code=TopicCode("lights"), path=("城市管理", "照明", "路灯不亮")),
    ]
)
SCORER = Scorer(
    heads=dict.fromkeys(HEADS, 2),
    weights=to_bfloat16(np.array([[0] * 6, [0] * 6, [1, -1] * 3, [-1, 1] * 3], dtype=np.float32)),
    columns=np.arange(6),
    bias=np.zeros(6, dtype=np.float32),
)
TOLD = (FEATURES, SCORER, TABLE)
APART = 0  # the column that tells how far the topics of the clauses beside a joint are apart, on the first level

WATER, LIGHTS = "家里停水已经三天了", "院里的路灯坏了半个月"


def of(text):
    """The joints of a text that is its own reading."""
    return joints(Reading(masked=text, tokens=(text,)))


def tree(*nodes):
    """Arrays of one tree, given as (feature, threshold, left, right) for a question and as a number for a leaf."""
    rows = [node if isinstance(node, tuple) else (0, 0, at, at) for at, node in enumerate(nodes)]
    return (*zip(*rows, strict=True), [0 if isinstance(node, tuple) else node for node in nodes])


def trees(*listed, depth, baseline=0.0):
    width = max(len(one[0]) for one in listed)
    feature, threshold, left, right, value = (
        np.array([[*of, *[0] * (width - len(of))] for of in kind]) for kind in zip(*listed, strict=True)
    )
    return Trees(
        feature=feature.astype(np.int32),
        threshold=threshold.astype(np.float32),
        left=left.astype(np.int32),
        right=right.astype(np.int32),
        value=value.astype(np.float32),
        baseline=baseline,
        depth=depth,
    )


TWO = trees(
    tree((0, 0.5, 1, 2), -1, 1),
    tree((1, 2, 1, 2), 0.5, (0, 3, 3, 4), -2, 2),
    depth=2,
    baseline=0.25,
)
SPLITTER = Splitter(trees=trees(tree((APART, 0.5, 1, 2), -3, 3), depth=1), threshold=0.5)


def parted(text, places):
    return [text[start:end] for start, end in zip((0, *places), (*places, len(text)), strict=True)]


@pytest.mark.parametrize(
    "clauses",
    [
        ["停水了，", "路灯也坏了"],
        ["停水了。", "路灯坏了！", "垃圾没人收？", "谁管；", "请回复"],
        ["停水了 ", "路灯也坏了"],
        ["停水了\n", "路灯也坏了"],
        ["停水了！！？\n", "路灯也坏了"],
        ["停水了、、", "路灯也坏了，", "垃圾没人收"],
    ],
)
def test_a_clause_begins_behind_punctuation(clauses):
    assert parted("".join(clauses), of("".join(clauses))) == clauses


@pytest.mark.parametrize(
    "word", ["另外", "此外", "还有", "再就是", "对了", "顺便", "其次", "最后想", "同时反映", "第二个"]
)
def test_a_clause_begins_before_a_word_that_adds(word):
    clauses = ["家里停水三天了", f"{word}院里路灯坏了"]
    assert parted("".join(clauses), of("".join(clauses))) == clauses


@pytest.mark.parametrize("still", ["还有人住着", "还有没交的", "还有点漏"])
def test_what_is_still_there_adds_nothing(still):
    assert of(f"家里停水三天了{still}") == []


@pytest.mark.parametrize("asked", ["水几时能来呢", "停水管不管吗", "这个停水咋办", "家里停水怎么办", "停水一直没人管"])
def test_a_clause_begins_behind_a_question_without_its_mark(asked):
    clauses = [asked, "路灯已坏了"]
    assert parted("".join(clauses), of("".join(clauses))) == clauses


@pytest.mark.parametrize("text", ["停水怎么办啊路灯", "停水怎么办路灯。", "停水怎么办"])
def test_a_question_that_goes_on_or_ends_the_text_has_no_joint_of_its_own(text):
    assert of(text) == []


def test_a_word_that_adds_behind_punctuation_is_the_same_joint():
    assert of("家里停水了，另外路灯坏了") == of("家里停水了， 另外路灯坏了"[:6] + "另外路灯坏了") == [6]


@pytest.mark.parametrize("mark", "，。！？；、,!?;")
def test_a_mark_is_one_in_the_spelling_of_a_reading_too(mark):
    """A reading has `,` for `，`, so that whatever is looked for must be known in both spellings."""
    assert joints(READER.read(f"{WATER}{mark}{LIGHTS}")) == of(f"{WATER}{mark}{LIGHTS}") == [len(WATER) + 1]


def test_a_word_that_adds_is_one_in_the_spelling_of_a_reading_too():
    text = f"{WATER}第二，{LIGHTS}"
    assert joints(READER.read(text)) == of(text) == [len(WATER), len(WATER) + 3]


@pytest.mark.parametrize("text", ["", "停水了", "停水了。", "另外路灯坏了", "。", "，，，", "停水了另外"[:3]])
def test_there_is_no_joint_at_the_ends(text):
    assert of(text) == []


@given(anything | st.text(alphabet="停水了吗路灯另外还有。，？ \n", max_size=200))
def test_joints_follow_each_other_inside_of_any_text(text):
    found = of(text)
    assert found == sorted(set(found))
    assert all(0 < at < len(text) for at in found)


@pytest.mark.parametrize("said", ["停水，", "另外", "停水怎么办", "。", "停水了没有人来", "另 "])
def test_of_a_text_of_megabytes_the_beginning_is_looked_at(said):
    found = of(said * 500_000)
    assert len(found) <= 60
    assert all(at < 1_500 for at in found)


def test_what_stands_far_behind_the_beginning_is_no_joint():
    assert of("水" * 1_400 + "。路灯") == [1_401]
    assert of("水" * 1_600 + "。路灯") == []


@pytest.mark.parametrize(
    ("row", "odds"),
    [
        ([0, 0], -1 + 0.5),
        ([0.5, 2], -1 + 0.5),
        ([0.75, 2], 1 + 0.5),
        ([0.75, 2.5], 1 - 2),
        ([0.5, 2.5], -1 - 2),
        ([3, 9], 1 - 2),
        ([3.5, 9], 1 + 2),
    ],
)
def test_trees_add_what_their_leaves_say_to_the_baseline(row, odds):
    found = TWO.probabilities(np.array([row], dtype=np.float32))
    np.testing.assert_allclose(found, [1 / (1 + np.exp(-(0.25 + odds)))], rtol=1e-6)


def test_who_has_come_to_a_leaf_stays_there():
    rows = np.random.default_rng(0).uniform(-1, 5, size=(50, 2)).astype(np.float32)
    np.testing.assert_array_equal(replace(TWO, depth=9).probabilities(rows), TWO.probabilities(rows))


def test_no_rows_have_no_probabilities():
    assert TWO.probabilities(np.zeros((0, 2), dtype=np.float32)).shape == (0,)


def cut(places, odds, length=100, threshold=0.5):
    return chosen(places, np.array(odds), length, threshold=threshold)


def test_joints_that_are_probable_enough_are_chosen_in_the_order_of_the_text():
    assert cut([10, 20, 30, 40], [0.5, 0.49, 0.9, 0.7]) == (10, 30, 40)
    assert cut([10, 20], [0.1, 0.2]) == ()
    assert cut([], []) == ()


@pytest.mark.parametrize(("at", "taken"), [(6, ()), (7, (7,)), (93, (93,)), (94, ())])
def test_no_matter_is_shorter_than_seven_characters(at, taken):
    assert cut([at], [1]) == taken


def test_of_two_joints_too_near_to_each_other_the_more_probable_is_chosen():
    assert cut([20, 26, 33], [0.8, 0.9, 0.7]) == (26, 33)
    assert cut([20, 26, 32], [0.9, 0.95, 0.8]) == (26,)
    assert cut([20, 26], [0.9, 0.8]) == (20,)
    assert cut([20, 26], [0.8, 0.8]) == (20,)


@given(st.dictionaries(st.integers(1, 99), st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_matters_are_long_enough_whatever_the_odds(odds, threshold):
    places = sorted(odds)
    found = cut(places, [odds[at] for at in places], threshold=threshold)
    assert all(odds[at] >= threshold for at in found)
    assert found == () or min(map(len, parted("x" * 100, found))) >= 7


def cuts(*texts, splitter=SPLITTER):
    found = splitter.cuts(READER.read_many(texts), *TOLD)
    return [parted(text, places) for text, places in zip(texts, found, strict=True)]


def test_a_text_is_cut_where_its_topic_changes():
    assert cuts(f"{WATER}，{LIGHTS}") == [[f"{WATER}，", LIGHTS]]
    assert cuts(f"{WATER}，停水了没有人通知，{LIGHTS}") == [[f"{WATER}，停水了没有人通知，", LIGHTS]]


def test_a_text_of_one_topic_or_without_joints_stays_whole():
    texts = [f"{WATER}，停水了没有人通知", WATER, "", "。"]
    assert cuts(*texts) == [[text] for text in texts]


def test_where_no_text_has_joints_nothing_is_cut():
    assert SPLITTER.cuts([], *TOLD) == []
    assert SPLITTER.cuts(READER.read_many([WATER, LIGHTS]), *TOLD) == [(), ()]


def test_each_text_is_cut_as_if_it_were_alone():
    texts = [
        f"{WATER}，{LIGHTS}",
        WATER,
        f"{LIGHTS}。{WATER}。{LIGHTS}",
        f"{WATER}，停水了没有人通知",
        f"{LIGHTS}？{WATER}",
    ]
    assert cuts(*texts) == [one for text in texts for one in cuts(text)]
    assert [len(parts) for parts in cuts(*texts)] == [2, 1, 3, 1, 2]


def test_a_threshold_that_is_not_reached_leaves_every_text_whole():
    text = f"{WATER}，{LIGHTS}"
    assert cuts(text, splitter=replace(SPLITTER, threshold=0.99)) == [[text]]


def described(*texts):
    readings = READER.read_many(texts)
    listed = [joints(reading) for reading in readings]
    return describe(readings, listed, *TOLD), sum(map(len, listed))


@settings(max_examples=50)
@given(
    st.lists(anything | st.lists(st.sampled_from([*"，。？ \n", "停水", "路灯", "13800138000", "另外"])).map("".join))
)
def test_each_joint_is_described_by_finite_numbers(texts):
    rows, count = described(*texts)
    assert rows.shape[0] == count
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_a_long_text_is_described_by_its_beginning():
    rows, count = described(f"{WATER}，{LIGHTS}。" * 2_000)
    assert len(rows) == count == 60
    assert np.isfinite(rows).all()


def test_what_stands_beside_does_not_describe_a_joint():
    one, other = f"{WATER}，{LIGHTS}", f"{LIGHTS}。{WATER}吗？还有人管吗"
    (together, _), (first, _), (second, _) = described(one, other), described(one), described(other)
    np.testing.assert_allclose(together, np.concatenate([first, second]), rtol=1e-6)


def test_a_question_before_a_joint_describes_it_whatever_mark_it_has():
    for mark in "，。！？；?":
        (asked, told), _ = described(f"能来人吗{mark}路灯坏了", f"能来人的{mark}路灯坏了")
        assert not np.array_equal(asked, told), mark


def test_a_joint_is_described_by_how_far_its_topics_are_apart():
    (changed, same), _ = described(f"{WATER}，{LIGHTS}，路灯真的很黑")
    assert changed[APART] > 0.9
    assert same[APART] < 0.1
