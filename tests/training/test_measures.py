"""Figures against hand-counted ones."""

import numpy as np
import pytest

from training.measures import Outcome, figures, paired_gain, topic_figures


def outcome(named, right, sure=None):
    return Outcome(named=named, sure=np.full(len(right), 0.5) if sure is None else np.array(sure), right=right)


def test_figures_are_those_counted_by_hand():
    """Ten orders, five of each unit: 水 is first in six rows and right in four, 电 first in three and right in two."""
    named = [["水", "电"]] * 6 + [["电", "水"]] * 3 + [["气", "路", "桥", "电"]]
    right = ["水"] * 4 + ["电"] * 2 + ["电", "电", "水", "电"]
    sure = [0.99, 0.98, 0.97, 0.96, 0.6, 0.59, 0.95, 0.94, 0.58, 0.2]
    found = figures(outcome(named, right, sure))
    assert found["top1"] == pytest.approx(6 / 10)
    assert found["top3"] == pytest.approx(9 / 10)
    assert found["top5"] == pytest.approx(1)
    assert found["macro_f1"] == pytest.approx((2 * 4 / (5 + 6) + 2 * 2 / (5 + 3)) / 2)
    assert found["coverage_at_95"] == pytest.approx(6 / 10)
    in_bins = abs(6 - (0.99 + 0.98 + 0.97 + 0.96 + 0.95 + 0.94)) + (0.6 + 0.59 + 0.58) + 0.2
    assert found["calibration_error"] == pytest.approx(in_bins / 10)


def test_a_unit_with_few_rows_is_not_in_the_mean_of_units():
    right = ["水"] * 5 + ["电"] * 4
    assert figures(outcome([["水"]] * 9, right))["macro_f1"] == pytest.approx(10 / 14)
    assert figures(outcome([["水"]], ["水"]))["macro_f1"] == 0


def test_whoever_names_nobody_is_wrong():
    found = figures(outcome([[], []], ["水", "电"], [0.0, 0.0]))
    assert (found["top1"], found["top5"], found["coverage_at_95"]) == (0, 0, 0)


def test_a_gain_is_the_difference_over_the_rows_that_both_routed():
    ours, theirs = (
        outcome([["水"]] * 100, ["水"] * 80 + ["电"] * 20),
        outcome([["水"]] * 60 + [["气"]] * 40, ["水"] * 80 + ["电"] * 20),
    )
    gain, low, high = paired_gain(ours, theirs, depth=1)
    assert gain == pytest.approx(0.2)
    assert 0.1 < low < 0.2 < high < 0.3
    assert paired_gain(ours, theirs, depth=1) == (gain, low, high)
    assert paired_gain(ours, ours, depth=1) == (0, 0, 0)


def test_topics_agree_level_by_level():
    found = [[("市政", "照明", "路灯"), ("住房", "物业")], [("市政", "排水", "积水")], [], [("住房",)]]
    right = [("市政", "照明", "灯杆", "四级"), ("住房", "物业"), ("市政",), ()]
    assert topic_figures(found, right) == pytest.approx(
        {
            "topic_level1_top1": 1 / 3, "topic_level1_top3": 1 / 3,
            "topic_level2_top1": 1 / 3, "topic_level2_top3": 1 / 3,
            "topic_level3_top1": 0, "topic_level3_top3": 0,
        }
    )  # fmt: skip
    listed = [[("市政",), ("住房", "物业", "漏水")]]
    assert topic_figures(listed, [("住房", "物业", "漏水")])["topic_level3_top3"] == 1
    assert topic_figures(listed, [()]) == {}
