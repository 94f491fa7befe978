"""Figures against hand-counted ones."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.city import closures
from training.judgements import Judgements
from training.measures import FIGURES, Outcome, compare, figures, measure, paired_gain, topic_figures
from triage.domain import (
    Action,
    Appeal,
    Decision,
    Place,
    Reading,
    Routing,
    Suggestion,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.errors import InputError


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


def judged(named, right, sure=None, *, dispatched=None, inside=None, **of):
    """Judgements of rows that are alike but for what is given."""
    count = len(right)
    texts = {name: np.array(of.get(name, [""] * count), dtype=object) for name in ("district", "topic", "channel")}
    return Judgements(
        id=np.array([f"Y{at}" for at in range(count)], dtype=object),
        day=np.full(count, date(2031, 3, 1), dtype="datetime64[D]"),
        unit=np.array(right, dtype=object),
        named=np.array([[*names, *[""] * (5 - len(names))] for names in named], dtype=object),
        sure=np.full(count, 0.5) if sure is None else np.array(sure),
        dispatched=np.zeros(count, dtype=bool) if dispatched is None else np.array(dispatched),
        inside=None if inside is None else np.array(inside),
        **texts,
    )


TOLD = st.tuples(st.sampled_from("水电气路"), st.sampled_from("水电气路"), st.sampled_from([0.1, 0.35, 0.6, 0.6, 0.97]))


@given(st.lists(TOLD, min_size=1, max_size=60))
def test_judgements_measure_as_outcomes_do(rows):
    right, first, sure = zip(*rows, strict=True)
    named = [[name] for name in first]
    ours = measure(judged(named, right, sure), promise=0.95)["", ""]
    theirs = figures(outcome(named, list(right), sure))
    theirs["coverage"] = theirs.pop("coverage_at_95")
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs)


@given(st.lists(st.tuples(TOLD, st.booleans(), st.integers(1, 6)), min_size=1, max_size=40))
def test_a_row_that_stands_for_others_counts_as_if_they_were_there(rows):
    def of(rows):
        told, sent = zip(*rows, strict=True)
        right, first, sure = zip(*told, strict=True)
        return judged([[name] for name in first], right, sure, dispatched=sent, inside=sent)

    once = replace(of([row[:2] for row in rows]), stands_for=np.array([times for *_, times in rows]))
    often = of([row[:2] for row in rows for _ in range(row[2])])
    found, theirs = (measure(one, promise=0.6)["", ""] for one in (once, often))
    del found["macro_f1"], theirs["macro_f1"]  # of units that are there five times, whatever they stand for
    assert found == pytest.approx(theirs, nan_ok=True)


def test_a_unit_that_is_drawn_for_others_weighs_in_its_f1():
    rows = judged([["水"]] * 5 + [["电"]] * 5, ["水"] * 5 + ["水"] + ["电"] * 4)
    once = measure(rows, promise=0.9)["", ""]["macro_f1"]
    drawn = measure(replace(rows, stands_for=np.array([1] * 5 + [20] + [1] * 4)), promise=0.9)["", ""]["macro_f1"]
    assert once == pytest.approx(10 / 11)
    assert drawn == pytest.approx(2 * 5 / (5 + 25))


def test_who_stands_for_others_is_still_one_witness():
    ours, theirs = (judged([[name] for name in first], ["水"] * 40) for first in ("水" * 40, "水" * 20 + "电" * 20))
    counts = np.where(np.arange(40) == 39, 10, 1)
    plain = compare(ours, theirs, promise=0.9)[0]
    drawn = compare(*(replace(one, stands_for=counts) for one in (ours, theirs)), promise=0.9)[0]
    assert (drawn.rows, drawn.won, drawn.lost) == (plain.rows, plain.won, plain.lost) == (40, 20, 0)
    assert drawn.gains["top1"].gain == pytest.approx(29 / 49)
    width = {
        one: gain.high - gain.low for one, gain in (("plain", plain.gains["top1"]), ("drawn", drawn.gains["top1"]))
    }
    assert width["drawn"] > width["plain"]


def test_what_is_dispatched_and_shown_is_measured():
    rows = judged(
        [["水"]] * 4, ["水", "水", "水", "电"], [0.9, 0.9, 0.9, 0.7],
        dispatched=[True, True, False, True], inside=[True, True, True, False],
    )  # fmt: skip
    found = measure(rows, promise=0.95)["", ""]
    assert (found["dispatched"], found["precision"], found["set_coverage"]) == pytest.approx((3 / 4, 2 / 3, 3 / 4))
    assert (found["expected"], found["top1"]) == pytest.approx((0.85, 0.75))


def test_a_router_that_dispatches_nothing_and_shows_no_sets_has_no_precision_and_no_coverage_of_sets():
    found = measure(judged([["水"]], ["水"]), promise=0.95)["", ""]
    assert np.isnan([found["precision"], found["set_coverage"]]).all()


def test_slices_have_the_figures_of_their_rows_and_thin_ones_are_left_to_the_whole():
    named, right = [["水"]] * 6 + [["电"]] * 6, ["水"] * 5 + ["电"] * 7
    where, sure = ["东湖区"] * 4 + ["西山区"] * 7 + [""], np.linspace(0.2, 0.9, 12)
    whole = judged(named, right, sure, district=where)
    found = measure(whole, promise=0.7, fewest=5)
    assert {key for key in found if key[0] == "district"} == {("district", "西山区")}
    alone = judged(named[4:11], right[4:11], sure[4:11])
    assert found["district", "西山区"] == pytest.approx(measure(alone, promise=0.7)["", ""], nan_ok=True)


def test_a_unit_is_measured_by_its_f1_which_knows_who_was_sent_there_wrongly():
    found = measure(judged([["水"]] * 8 + [["电"]] * 2, ["水"] * 5 + ["电"] * 5), promise=0.95, fewest=5)
    assert found["unit", "水"]["macro_f1"] == pytest.approx(2 * 5 / (5 + 8))
    assert found["unit", "电"]["macro_f1"] == pytest.approx(2 * 2 / (5 + 2))
    assert found["", ""]["macro_f1"] == pytest.approx((10 / 13 + 4 / 7) / 2)


def test_two_routers_are_compared_over_all_and_slice_by_slice():
    where = ["东湖区"] * 100 + ["西山区"] * 100
    ours = judged([["水"]] * 180 + [["电"]] * 20, ["水"] * 200, district=where)
    theirs = judged([["电"]] * 10 + [["水"]] * 150 + [["电"]] * 40, ["水"] * 200, district=where)
    whole, unit, east, west = compare(ours, theirs, promise=0.95)
    assert (whole.axis, whole.rows, whole.won, whole.lost) == ("", 200, 30, 0)
    assert (unit.axis, unit.name) == ("unit", "水")
    assert (east.name, east.rows, east.won) == ("东湖区", 100, 10)
    assert (west.gains["top1"].ours, west.gains["top1"].theirs) == (0.8, 0.6)
    gain = whole.gains["top1"]
    assert gain.gain == pytest.approx(0.15)
    assert (gain.low, gain.high) == pytest.approx((0.1, 0.2), abs=0.015)
    avoided = whole.returns_avoided
    assert (avoided.ours, avoided.theirs, avoided.gain) == pytest.approx((100, 250, 150))
    assert avoided.low == pytest.approx(1_000 * gain.low)
    assert list(whole.gains) == list(FIGURES)


def test_the_same_router_gains_nothing_and_the_same_seed_draws_the_same():
    rows = judged([["水"]] * 30 + [["电"]] * 10, ["水"] * 40, np.linspace(0.3, 0.9, 40))
    (whole, _) = compare(rows, rows, promise=0.7)
    assert (whole.won, whole.lost) == (0, 0)
    for name in set(FIGURES) - {"precision", "set_coverage"}:
        gain = whole.gains[name]
        assert (gain.gain, gain.low, gain.high) == (0, 0, 0)
    other = replace(rows, named=rows.named[::-1])
    assert str(compare(rows, other, promise=0.7)) == str(compare(rows, other, promise=0.7))
    assert str(compare(rows, other, promise=0.7)) != str(compare(rows, other, promise=0.7, seed=1))


def test_repeats_of_one_matter_are_one_witness():
    """Twenty matters of ten rows each say less than two hundred matters."""
    ours = judged([["水"]] * 160 + [["电"]] * 40, ["水"] * 200)
    theirs = judged([["水"]] * 100 + [["电"]] * 100, ["水"] * 200)
    (rows, _), (matters, _) = (
        compare(ours, theirs, promise=0.95, groups=groups) for groups in (None, [at // 10 for at in range(200)])
    )
    assert (rows.won, matters.won) == (60, 6)
    wide, narrow = (found.gains["top1"].high - found.gains["top1"].low for found in (matters, rows))
    assert wide > 2 * narrow
    assert matters.gains["top1"].gain == rows.gains["top1"].gain


def test_the_interval_of_a_gain_is_as_wide_as_theory_has_it():
    random = np.random.default_rng(3)
    first = [np.where(random.random(4_000) < share, "水", "电") for share in (0.8, 0.7)]
    ours, theirs = (judged([[name] for name in names], ["水"] * 4_000) for names in first)
    gain = compare(ours, theirs, promise=0.95)[0].gains["top1"]
    error = ((first[0] == "水").astype(float) - (first[1] == "水")).std() / np.sqrt(4_000)
    assert gain.high - gain.low == pytest.approx(2 * 1.96 * error, rel=0.15)


def test_routers_on_different_rows_are_not_compared_and_nothing_is_not_measured():
    rows = judged([["水"]] * 2, ["水"] * 2)
    with pytest.raises(ValueError, match="same rows"):
        compare(rows, replace(rows, id=rows.id[::-1]), promise=0.95)
    with pytest.raises(InputError, match="nothing was tried"):
        measure(judged([], []), promise=0.95)


def test_a_peer_is_judged_without_sets_and_parts_are_joined():
    rows = closures(40)
    peer = Judgements.of_peer(
        [[row.unit, "别的单位"] for row in rows], np.full(40, 0.9), rows, channels={"YL00003": "网站"}
    )
    assert peer.within(1).all()
    assert peer.named.shape == (40, 5)
    assert (peer.channel[3], peer.channel[4], peer.topic[0], peer.day[0]) == (
        "网站",
        "",
        rows[0].topic[0],
        rows[0].opened_on,
    )
    twice = Judgements.joined([peer, peer])
    assert len(twice) == 80
    assert twice.inside is None
    assert Judgements.joined([replace(peer, inside=np.ones(40, dtype=bool))] * 2).inside.all()


def routing(row, *names, action=Action.SUGGEST, shown=(), district=None):
    units = [Unit(code=UnitCode(name), name=name, kind=UnitKind.MUNICIPAL) for name in names]
    return Routing(
        appeal=Appeal(id=row.id, text=row.text),
        reading=Reading(masked=row.text, tokens=()),
        topics=(),
        place=Place(district=district),
        candidates=(),
        suggestions=tuple(Suggestion(unit=unit, probability=0.9 / at) for at, unit in enumerate(units, start=1)),
        decision=Decision(action=action, reason="likely", why="", set=shown),
        versions=Versions(bundle="b", pack="p", policy="1"),
    )


def test_routings_are_judged_by_the_units_that_closed_the_orders():
    one, two, three = (replace(row, district=where) for row, where in zip(closures(3), ("东湖区", "", ""), strict=True))
    routings = [
        routing(one, one.unit, "别处", action=Action.DISPATCH, shown=(one.unit,), district="西山区"),
        routing(two, *"甲乙丙丁戊己", shown=("甲", two.unit), district="西山区"),
        routing(three),
    ]
    found = Judgements.of(routings, [one, two, three], channels={one.id: "电话"})
    assert found.named.tolist() == [[one.unit, "别处", "", "", ""], list("甲乙丙丁戊"), [""] * 5]
    assert found.sure.tolist() == [0.9, 0.9, 0.0]
    assert (found.dispatched.tolist(), found.inside.tolist()) == ([True, False, False], [True, True, False])
    assert found.district.tolist() == ["东湖区", "西山区", ""]
    assert (found.channel.tolist(), found.within(1).tolist()) == (["电话", "", ""], [True, False, False])
    assert len(Judgements.of([], [])) == 0
