"""Backtests: no week knows what came later, weeks done are not done again, and the simplest memory wins ties."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.city import closures
from training.backtest import ALL, MEMORIES, WEEK, Memory, Shelf, choose, rolling
from training.judgements import Judgements
from triage.domain import Closure
from triage.errors import InputError

FIRST = date(2031, 3, 3)
LATER = FIRST + 4 * WEEK


def order(at, day, unit="水务局", text="停水"):
    return Closure(id=f"Y{at}", text=text, unit=unit, opened_on=day, district="东湖区")


def daily(units, *, first=FIRST, each=5):
    """So many orders a day, all closed by the unit of that day."""
    return [
        order(day * each + at, first + timedelta(days=day), unit)
        for day, unit in enumerate(units)
        for at in range(each)
    ]


@dataclass
class Majority:
    """Names the unit that counts most among what it learned, and remembers what that was."""

    fits: list[tuple[tuple[str, ...], tuple[float, ...]]] = field(default_factory=list)

    def fit(self, rows, weights):
        self.fits.append((tuple(row.id for row in rows), tuple(weights.tolist())))
        counts = Counter()
        for row, weight in zip(rows, weights.tolist(), strict=True):
            counts[row.unit] += weight
        return counts.most_common(1)[0][0]

    @staticmethod
    def judge(unit, rows):
        return Judgements.of_peer([[unit]] * len(rows), np.full(len(rows), 0.8), rows)


def run(rows, majority=None, **told):
    majority = majority or Majority()
    settings = {"since": LATER, "until": LATER + 2 * WEEK, "settings": "majority"} | told
    return rolling(rows, fit=majority.fit, judge=majority.judge, **settings)


def test_every_order_of_the_weeks_is_tried_once_by_what_was_learned_before():
    rows = daily(["水务局"] * 30 + ["电力局"] * 12)
    majority = Majority()
    found = run(rows, majority)
    assert [(week.first, week.learned, week.tried) for week in found.weeks] == [
        (LATER, 140, 35),
        (LATER + WEEK, 175, 35),
    ]
    assert found.judged.id.tolist() == [row.id for row in rows if row.opened_on >= LATER]
    assert [len(ids) for ids, _ in majority.fits] == [140, 175]
    assert found.judged.within(1).sum() == 10


@given(st.lists(st.tuples(st.integers(0, 41), st.integers(-3, 40)), min_size=1, max_size=60))
def test_no_week_learns_from_what_it_tries_or_from_what_had_not_closed(told):
    rows = [order(-1, FIRST), *(order(at, FIRST + timedelta(days=day)) for at, (day, _) in enumerate(told))]
    rows.append(order(-2, LATER))
    closed = {f"Y{at}": FIRST + timedelta(days=day + took) for at, (day, took) in enumerate(told)}
    opened = {row.id: row.opened_on for row in rows}
    majority = Majority()
    found = run(rows, majority, closed=closed)
    for week, (ids, _) in zip(found.weeks, majority.fits, strict=True):
        assert all(opened[id_] < week.first and closed.get(id_, opened[id_]) < week.first for id_ in ids)


def test_the_last_week_ends_with_the_backtest_and_weeks_without_orders_cost_no_fit():
    rows = [row for row in daily(["水务局"] * 45) if not LATER <= row.opened_on < LATER + WEEK]
    majority = Majority()
    found = run(rows, majority, until=LATER + timedelta(days=10))
    assert [(week.first, week.after) for week in found.weeks] == [(LATER + WEEK, LATER + timedelta(days=10))]
    assert (len(majority.fits), len(found.judged)) == (1, 15)


def test_undated_orders_are_counted_and_neither_learned_from_nor_tried():
    rows = [*daily(["水务局"] * 42), order(999, None)]
    found = run(rows)
    assert found.undated == 1
    assert "Y999" not in found.judged.id


@pytest.mark.parametrize("days", [{"since": FIRST}, {"since": LATER + 52 * WEEK, "until": LATER + 53 * WEEK}])
def test_a_backtest_of_nothing_says_so(days):
    with pytest.raises(InputError, match=r"no order (had closed before|came in from)"):
        run(daily(["水务局"] * 42), **days)


def test_whoever_judges_other_orders_is_not_believed():
    rows = daily(["水务局"] * 42)
    with pytest.raises(ValueError, match="in order"):
        rolling(
            rows, since=LATER, until=LATER + WEEK, settings="",
            fit=Majority().fit, judge=lambda unit, tried: Majority.judge(unit, tried[::-1]),
        )  # fmt: skip


def test_a_window_leaves_older_orders_out_and_a_half_life_lets_them_count_less():
    rows = daily(["水务局"] * 36, each=1)
    majority = Majority()
    run(rows, majority, memory=Memory(days=10), until=LATER + WEEK)
    run(rows, majority, memory=Memory(half_life=14), until=LATER + WEEK)
    (near, alike), (every, falling) = majority.fits
    assert (len(near), set(alike)) == (10, {1.0})
    assert len(every) == 28
    assert (falling[0], falling[14], falling[27]) == pytest.approx((0.25, 0.5, 0.5 ** (1 / 14)))


@pytest.mark.parametrize(
    ("memory", "written"),
    [(ALL, "all"), (Memory(days=90), "90 days"), (Memory(half_life=45), "all, half after 45 days")],
)
def test_a_memory_is_written_in_words(memory, written):
    assert str(memory) == written


@pytest.fixture(params=["in memory", "on disk"])
def store(request, tmp_path):
    return {} if request.param == "in memory" else Shelf(tmp_path / "weeks")


def test_a_backtest_that_was_broken_off_goes_on_where_it_stopped(store):
    rows = daily(["水务局"] * 30 + ["电力局"] * 12)
    whole = run(rows)
    begun, done = Majority(), []

    def breaks_off(line):
        done.append(line)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(rows, begun, store=store, progress=breaks_off)
    found = run(rows, begun, store=store, progress=done.append)
    assert len(begun.fits) == 2
    assert len(done) == 3
    assert [str(getattr(found.judged, name).tolist()) for name in ("id", "day", "unit", "named", "sure")] == [
        str(getattr(whole.judged, name).tolist()) for name in ("id", "day", "unit", "named", "sure")
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"settings": "another seed"},
        {"memory": Memory(half_life=90)},
        {"rows": daily(["电力局"] + ["水务局"] * 41)},
        {"closed": {"Y3": date(2031, 12, 1)}},
    ],
    ids=["settings", "memory", "label", "closing day"],
)
def test_what_another_model_or_other_rows_gave_is_not_taken_for_this(store, change):
    rows = daily(["水务局"] * 42)
    run(rows, store=store)
    again, other = Majority(), Majority()
    run([replace(row, source="another file") for row in rows], again, store=store)
    run(**{"rows": rows, "majority": other, "store": store} | change)
    assert (len(again.fits), len(other.fits)) == (0, 2)


def test_a_shelf_keeps_judgements_as_they_are(tmp_path):
    rows = closures(20)
    plain = Judgements.of_peer([[row.unit, "别处"] for row in rows], np.linspace(0, 1, 20), rows)
    shelf = Shelf(tmp_path)
    shelf["peer"], shelf["sets"] = plain, replace(plain, inside=np.ones(20, dtype=bool))
    assert list(Shelf(tmp_path)) == ["peer", "sets"]
    assert len(shelf) == 2
    assert shelf["peer"].inside is None
    kept = Shelf(tmp_path)["sets"]
    assert kept.named.tolist() == plain.named.tolist()
    assert (kept.named.dtype, kept.day.dtype, kept.inside.dtype) == (object, plain.day.dtype, bool)
    assert np.array_equal(kept.sure, plain.sure)
    del shelf["peer"]
    with pytest.raises(KeyError):
        shelf["peer"]
    with pytest.raises(KeyError):
        del shelf["peer"]


def chosen(rows, majority=None, **told):
    majority = majority or Majority()
    return choose(rows, until=LATER + 4 * WEEK, fit=majority.fit, judge=majority.judge, settings="majority", **told)


def test_a_city_that_changed_is_learned_from_its_newest_days():
    """All orders went to one unit, and then to another for the last weeks: only who forgets knows by now."""
    rows = daily(["水务局"] * 28 + ["电力局"] * 28)
    found = chosen(rows, memories=(ALL, Memory(days=14), Memory(half_life=5)))
    assert found.memory == Memory(half_life=5)
    by = {trial.memory: trial for trial in found.trials}
    assert by[ALL].top1 < by[Memory(days=14)].top1 - 0.1 <= by[Memory(half_life=5)].top1


def test_a_city_that_stays_as_it_is_forgets_nothing():
    found = chosen(daily(["水务局"] * 60))
    assert found.memory == ALL
    assert {trial.behind for trial in found.trials} == {0.0}


@pytest.mark.parametrize(("better", "worse", "kept"), [(2, 1, ALL), (9, 1, Memory(half_life=90))])
def test_a_memory_ahead_by_less_than_one_standard_error_is_not_worth_forgetting(better, worse, kept):
    """Who forgets is right on `better` orders where who does not is wrong, and wrong on `worse` where it is right."""
    rows = daily(["水务局"] * 56)
    tried = [row.id for row in rows if row.opened_on >= LATER]
    wrong = {True: tried[:worse], False: tried[-better:]}

    def judge(forgets, orders):
        named = [["电力局" if row.id in wrong[forgets] else "水务局"] for row in orders]
        return Judgements.of_peer(named, np.full(len(orders), 0.8), orders)

    found = choose(
        rows, until=LATER + 4 * WEEK, settings="", memories=(ALL, Memory(half_life=90)),
        fit=lambda _, weights: bool(weights.min() < 1), judge=judge,
    )  # fmt: skip
    everything, forgetful = found.trials
    assert everything.behind == pytest.approx((better - worse) / len(tried))
    assert (forgetful.behind, forgetful.error) == (0, 0)
    assert found.memory == kept


def test_memories_that_come_to_the_same_are_fitted_once():
    majority = Majority()
    chosen(daily(["水务局"] * 56), majority, memories=(ALL, Memory(days=365), Memory(days=180), Memory(days=20)))
    assert len(majority.fits) == 8


def test_the_memories_of_the_grid_are_told_from_the_simplest_on():
    assert min(MEMORIES, key=lambda memory: memory.forgets) == ALL
    windows = [memory for memory in MEMORIES if not memory.half_life]
    assert windows == sorted(windows, key=lambda memory: memory.forgets)
