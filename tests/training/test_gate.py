"""The gate: what is promoted, what is refused and why, and that nothing better is refused where the worse passes."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.test_measures import judged
from training.gate import Bounds, Evidence, Promotion, Refusal, holm, judge
from training.measures import Gain, Slice

TODAY = date(2031, 5, 1)
BOUNDS = Bounds()


def part(axis="", name="", *, gain=0.0, rows=400, won=20, lost=20, spread=0.004, rise=0.0):
    """A slice on which the challenger gains so much of top-1, and errs so much more in calibration."""
    top1 = Gain(ours=0.8 + gain, theirs=0.8, gain=gain, low=gain - spread, high=gain + spread)
    error = Gain(ours=0.02 + rise, theirs=0.02, gain=rise, low=rise - spread, high=rise + spread)
    gains = {"top1": top1, "calibration_error": error}
    return Slice(axis=axis, name=name, rows=rows, won=won, lost=lost, gains=gains)


EQUAL = (part(), part("unit", "水务局"), part("district", "东湖区"))
GOOD = Evidence(
    rows=1_000, top1=0.8, calibration_error=0.02, dispatched=600, wrong=24, promise=0.95,
    newest=TODAY - timedelta(days=3), today=TODAY, size=80_000_000, p95=20.0, against=EQUAL,
)  # fmt: skip
WORSE_UNIT = part("unit", "水务局", gain=-0.2, won=5, lost=85)
WORSE_DISTRICT = part("district", "东湖区", gain=-0.05, won=10, lost=30)


def codes(verdict):
    return [reason.code for reason in verdict.reasons]


def test_an_equal_challenger_is_promoted_with_all_that_was_checked():
    verdict = judge(GOOD, BOUNDS)
    assert isinstance(verdict, Promotion)
    assert [finding.code for finding in verdict.checked] == [
        *("rows", "top1", "slices", "calibration_worse", "calibration", "promise", "fresh", "size", "latency")
    ]
    assert verdict.watched == ()


REFUSED = {
    "rows": {"rows": 299},
    "top1": {"against": (part(gain=-0.002), *EQUAL[1:])},
    "unit_worse": {"against": (*EQUAL[:1], WORSE_UNIT, EQUAL[2])},
    "district_worse": {"against": (*EQUAL[:2], WORSE_DISTRICT)},
    "calibration_worse": {"against": (part(rise=0.02), *EQUAL[1:])},
    "calibration": {"calibration_error": 0.051},
    "promise": {"wrong": 40},
    "fresh": {"newest": TODAY - timedelta(days=46)},
    "size": {"size": 500_000_001},
    "latency": {"p95": 100.1},
    "top1_minimum": {"against": (), "top1": 0.49},
}


@pytest.mark.parametrize("code", REFUSED)
def test_each_rule_alone_refuses(code):
    verdict = judge(replace(GOOD, **REFUSED[code]), BOUNDS)
    assert isinstance(verdict, Refusal)
    assert codes(verdict) == [code]
    (reason,) = verdict.reasons
    assert reason.numbers
    assert reason.english.endswith(".")
    assert reason.chinese.endswith("。")
    assert code not in {finding.code for finding in verdict.checked}


def test_all_that_is_wrong_is_told_at_once():
    against = (part(gain=-0.1, rise=0.1), WORSE_UNIT, WORSE_DISTRICT)
    bad = replace(GOOD, rows=10, calibration_error=0.2, wrong=200, newest=date(2030, 1, 1), size=10**10, p95=1e4)
    verdict = judge(replace(bad, against=against), BOUNDS)
    assert set(codes(verdict)) == set(REFUSED) - {"top1_minimum"}
    assert verdict.checked == ()


def test_a_first_champion_is_held_to_minima_alone():
    verdict = judge(replace(GOOD, against=()), BOUNDS)
    assert isinstance(verdict, Promotion)
    assert [finding.code for finding in verdict.checked][:2] == ["rows", "top1_minimum"]


def test_a_better_challenger_of_a_poor_champion_is_not_held_to_the_minimum_of_a_first():
    assert isinstance(judge(replace(GOOD, top1=0.3), BOUNDS), Promotion)


def test_a_reason_tells_the_unit_and_its_numbers():
    (reason,) = judge(replace(GOOD, against=(*EQUAL[:1], WORSE_UNIT)), BOUNDS).reasons
    assert (reason.numbers["name"], reason.numbers["won"], reason.numbers["lost"]) == ("水务局", 5, 85)
    assert "水务局的首选正确率变化-20.0%（400件，5件变好，85件变差）" in reason.chinese
    assert "The unit 水务局 moves by -20.0% on 400 orders" in reason.english


@pytest.mark.parametrize(
    "harmless",
    [
        part("unit", "水务局", gain=-0.2, rows=49, won=0, lost=30),
        part("unit", "水务局", gain=-0.04, won=2, lost=40),
        part("topic", "供水", gain=-0.5, won=0, lost=200),
    ],
    ids=["few rows", "within its bound", "no unit or district"],
)
def test_a_slice_with_few_rows_or_a_small_fall_or_of_another_kind_refuses_nobody(harmless):
    verdict = judge(replace(GOOD, against=(part(), harmless)), BOUNDS)
    assert isinstance(verdict, Promotion)
    assert verdict.watched == ()


def test_a_fall_that_may_be_an_accident_is_watched():
    verdict = judge(replace(GOOD, against=(part(), part("unit", "水务局", gain=-0.06, rows=50, won=2, lost=5))), BOUNDS)
    assert isinstance(verdict, Promotion)
    assert [finding.numbers["name"] for finding in verdict.watched] == ["水务局"]


def test_among_many_units_a_fall_must_be_less_probable_to_be_no_accident():
    fell = part("unit", "水务局", gain=-0.06, rows=100, won=4, lost=14)
    others = tuple(part("unit", f"{at}号单位") for at in range(200))
    assert codes(judge(replace(GOOD, against=(part(), fell)), BOUNDS)) == ["unit_worse"]
    assert isinstance(judge(replace(GOOD, against=(part(), fell, *others)), BOUNDS), Promotion)


def test_equal_challengers_are_rarely_refused_for_any_of_many_units():
    """Two hundred units of a hundred rows, where each of ten rows is told better by either at random."""
    random = np.random.default_rng(0)
    refused = 0
    for _ in range(200):
        lost = random.binomial(20, 0.5, 200).tolist()
        units = [
            part("unit", f"{at}号", gain=(20 - 2 * n) / 100, rows=100, won=20 - n, lost=n) for at, n in enumerate(lost)
        ]
        refused += isinstance(judge(replace(GOOD, against=(part(), *units)), BOUNDS), Refusal)
    assert refused <= 0.05 * 200 + 7  # three standard errors above 5 %


def test_holm_goes_on_from_the_least_probable_until_one_fails():
    assert holm([0.04, 0.01, 0.02], 0.05) == [True, True, True]
    assert holm([0.04, 0.01, 0.03], 0.05) == [False, True, False]
    assert holm([0.9, 0.0166, 0.0251], 0.05) == [False, True, False]
    assert holm([], 0.05) == []


@pytest.mark.parametrize(("dispatched", "wrong"), [(0, 0), (20, 0), (30, 1)])
def test_whoever_dispatches_too_little_to_prove_anything_keeps_the_promise(dispatched, wrong):
    assert isinstance(judge(replace(GOOD, dispatched=dispatched, wrong=wrong), BOUNDS), Promotion)


def test_whoever_dispatches_little_and_mostly_wrong_breaks_it():
    assert codes(judge(replace(GOOD, dispatched=20, wrong=6), BOUNDS)) == ["promise"]


def test_a_closure_of_the_future_is_no_fresh_one():
    assert codes(judge(replace(GOOD, newest=TODAY + timedelta(days=1)), BOUNDS)) == ["fresh"]


def test_what_could_not_be_measured_refuses():
    assert codes(judge(replace(GOOD, p95=float("nan")), BOUNDS)) == ["latency"]


SHARE = st.floats(0, 0.3)
NAMES = ("甲", "乙", "丙")


@st.composite
def slices(draw, axis="", name=""):
    won, lost = draw(st.integers(0, 60)), draw(st.integers(0, 60))
    made = part(axis, name, gain=draw(st.floats(-0.1, 0.1)), rise=draw(st.floats(-0.03, 0.03)))
    return replace(made, rows=draw(st.sampled_from([40, 100, 400])), won=won, lost=lost)


@st.composite
def evidence(draw):
    units = [draw(slices("unit", name)) for name in NAMES[: draw(st.integers(0, 3))]]
    dispatched = draw(st.integers(0, 700))
    return Evidence(
        rows=1_000, top1=draw(st.floats(0.3, 0.9)), calibration_error=draw(st.floats(0, 0.07)),
        dispatched=dispatched, wrong=int(dispatched * draw(st.floats(0, 0.08))), promise=0.95,
        newest=TODAY - timedelta(days=draw(st.integers(0, 60))), today=TODAY, size=draw(st.integers(0, 10**9)),
        p95=draw(st.floats(0, 200)), against=(draw(slices()), *units) if draw(st.booleans()) else (),
    )  # fmt: skip


def improved(draw, worse):
    """The same slice, with more of what is better."""
    gain, error = worse.gains["top1"], worse.gains["calibration_error"]
    up, down = draw(SHARE), draw(SHARE)
    gains = {
        "top1": replace(gain, gain=gain.gain + up, low=gain.low + up, high=gain.high + up),
        "calibration_error": replace(error, gain=error.gain - down, low=error.low - down),
    }
    return replace(worse, won=worse.won + draw(st.integers(0, 20)), lost=draw(st.integers(0, worse.lost)), gains=gains)


@settings(max_examples=300)
@given(st.data())
def test_better_evidence_is_never_refused_where_worse_is_promoted(data):
    worse = data.draw(evidence())
    better = replace(
        worse,
        top1=worse.top1 + data.draw(SHARE),
        calibration_error=worse.calibration_error * data.draw(st.floats(0, 1)),
        wrong=data.draw(st.integers(0, worse.wrong)),
        newest=data.draw(st.dates(worse.newest, TODAY)),
        size=data.draw(st.integers(0, worse.size)),
        p95=worse.p95 * data.draw(st.floats(0, 1)),
        against=tuple(improved(data.draw, one) for one in worse.against),
    )
    assert not (isinstance(judge(worse, BOUNDS), Promotion) and isinstance(judge(better, BOUNDS), Refusal))


ROW = st.tuples(st.booleans(), st.booleans(), st.sampled_from(["水", "电"]), st.integers(0, 12))


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, min_size=10, max_size=60), st.integers(0, 59))
def test_one_more_right_answer_never_turns_top1_or_a_unit_against_the_challenger(rows, at):
    ours, theirs, right, groups = (list(column) for column in zip(*rows, strict=True))

    def refused(hits):
        told, known = (
            [[unit if hit else "气"] for unit, hit in zip(right, side, strict=True)] for side in (hits, theirs)
        )
        found = Evidence.of(
            judged(told, right), judged(known, right), promise=0.95, newest=TODAY, today=TODAY,
            size=1, p95=1.0, groups=groups, fewest=5,
        )  # fmt: skip
        verdict = judge(found, Bounds(rows=5, least_rows=1, unit=0.0, chance=0.3, tolerance=0.1))
        return {(reason.code, reason.numbers.get("name")) for reason in getattr(verdict, "reasons", ())} - CALIBRATION

    better = [hit or place == at % len(rows) for place, hit in enumerate(ours)]
    assert refused(better) <= refused(ours)


CALIBRATION = {("calibration", None), ("calibration_worse", None)}


def test_evidence_is_measured_from_judgements():
    right, first = ["水"] * 300 + ["电"] * 100, ["水"] * 320 + ["电"] * 80
    challenger = judged([[name] for name in first], right, [0.95] * 400, dispatched=[True] * 400)
    found = Evidence.of(challenger, challenger, promise=0.95, newest=TODAY, today=TODAY, size=5, p95=2.0)
    assert (found.rows, found.top1, found.dispatched, found.wrong) == (400, 0.95, 400, 20)
    assert found.calibration_error == pytest.approx(0)
    drawn = replace(challenger, stands_for=np.where(np.arange(400) < 100, 4, 1))
    weighed = Evidence.of(drawn, None, promise=0.95, newest=TODAY, today=TODAY, size=5, p95=2.0)
    assert weighed.top1 == pytest.approx(680 / 700)
    assert weighed.wrong / weighed.dispatched == pytest.approx(20 / 700)
    assert weighed.dispatched == pytest.approx(700**2 / (100 * 16 + 300))
    assert [(one.axis, one.name) for one in found.against] == [("", ""), ("unit", "水"), ("unit", "电")]
    assert Evidence.of(challenger, None, promise=0.95, newest=TODAY, today=TODAY, size=5, p95=2.0).against == ()
