"""A topic is ranked by what the heads of its three levels say, and the first by all of them together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.topic import LENGTH, TopicTable, level_classes
from triage.domain import Topic, TopicCode

PATHS = [
    ("市政", "照明", "路灯不亮"),
    ("市政", "照明", "路灯太亮"),
    ("市政", "排水", "积水"),
    ("住房", "物业"),
    ("住房", "排水", "积水"),
    ("其他",),
]
MANY = [(f"甲{at % 5}", f"乙{at % 15}", f"丙{at}") for at in range(60)]


def table_of(paths):
    return TopicTable([Topic(code=TopicCode(f"t{at}"), path=path) for at, path in enumerate(paths)])


def margins_of(paths, rows=1, **said):
    """Margins of -1 for every class but those said, as level=(path, margin)."""
    margins = {}
    for level, of in zip(("topic1", "topic2", "topic3"), level_classes(paths), strict=True):
        margins[level] = np.full((rows, of.max() + 1), -1, dtype=np.float32)
        if level in said:
            path, margin = said[level]
            margins[level][:, of[paths.index(path)]] = margin
    return margins


def listed(paths, **said):
    return [paths[at] for at in table_of(paths).listed(margins_of(paths, **said)).topics[0]]


def test_classes_of_a_level_are_beginnings_of_paths():
    first, second, third = level_classes(PATHS)
    assert [first.tolist().index(at) for at in first] == [0, 0, 0, 3, 3, 5]
    assert [second.tolist().index(at) for at in second] == [0, 0, 2, 3, 4, 5]
    assert len(set(third.tolist())) == len(PATHS)


def test_no_paths_have_no_classes():
    assert [level.tolist() for level in level_classes([])] == [[], [], []]


def test_one_word_under_two_branches_is_two_topics():
    assert listed(PATHS, topic3=(PATHS[4], 0.5))[0] == ("住房", "排水", "积水")
    assert listed(PATHS, topic3=(PATHS[2], 0.5))[0] == ("市政", "排水", "积水")


def test_the_first_is_what_all_levels_together_say():
    """The deepest level leans to the water on the road; the two above it are sure of the lights."""
    said = {"topic1": (PATHS[5], 2.0), "topic2": (PATHS[5], 2.0), "topic3": (PATHS[2], 0.1)}
    assert listed(PATHS, **said)[:2] == [PATHS[5], PATHS[2]]


@given(st.integers(0, 1_000), st.sampled_from([PATHS, MANY, PATHS[:2]]))
def test_a_list_is_short_in_order_and_without_repeats(seed, paths):
    draw, table = np.random.default_rng(seed), table_of(paths)
    margins = {name: draw.normal(size=of.shape).astype(np.float32) for name, of in margins_of(paths, rows=3).items()}
    found = table.listed(margins)
    assert found.topics.shape == found.scores.shape == (3, min(LENGTH, len(paths)))
    assert all(len(set(row)) == len(row) for row in found.topics.tolist())
    assert (np.diff(found.scores, axis=1) <= 0).all()
    assert np.isfinite(found.scores).all()


def test_a_batch_is_the_same_as_one_by_one():
    draw, table = np.random.default_rng(4), table_of(MANY)
    margins = {name: draw.normal(size=of.shape).astype(np.float32) for name, of in margins_of(MANY, rows=5).items()}
    together = table.listed(margins)
    for at in range(5):
        alone = table.listed({name: of[at : at + 1] for name, of in margins.items()})
        assert alone.topics[0].tolist() == together.topics[at].tolist()
        assert alone.scores[0] == pytest.approx(together.scores[at])
