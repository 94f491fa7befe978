"""A promise is kept with the stated confidence on appeals that nobody has seen; where none can be, nothing is sent."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binom

from models.promise import Tried, dial, effective, groups, make_policy, set_threshold, upper_bound
from triage.citypack import CityPack, Group, Promise, Terms, national
from triage.domain import Topic, TopicCode, Unit, UnitCode, UnitKind, Urgency
from triage.policy import NEVER

TODAY = date(2026, 3, 2)
CONFIDENCE = 0.9
SIMULATIONS = 400
NOISE = 3 * np.sqrt(CONFIDENCE * (1 - CONFIDENCE) / SIMULATIONS)


def rows(sure, right, *, unit=0, topic=-1, owned=None, weight=None):
    count = len(sure)
    return Tried(
        sure=np.asarray(sure, dtype=np.float32),
        right=np.asarray(right, dtype=bool),
        unit=np.full(count, unit, dtype=np.int32) if np.isscalar(unit) else np.asarray(unit, dtype=np.int32),
        topic=np.full(count, topic, dtype=np.int32) if np.isscalar(topic) else np.asarray(topic, dtype=np.int32),
        owned=np.asarray(sure if owned is None else owned, dtype=np.float32),
        weight=np.ones(count) if weight is None else np.asarray(weight, dtype=float),
    )


def calibrated(random, count):
    """Rows that are right as often as they say; `precision_from` knows the truth about them."""
    sure = random.beta(5, 1, size=count)
    return rows(sure, random.random(count) < sure)


def precision_from(threshold):
    """Share of right ones among all that are as sure as `threshold` or surer: the mean of Beta(5, 1) above it."""
    return 5 / 6 * (1 - threshold**6) / (1 - threshold**5)


@pytest.mark.parametrize("rows", [1, 10, 57, 400])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.99])
def test_the_bound_is_that_of_clopper_and_pearson(rows, confidence):
    for errors in {0, 1, rows // 3, rows - 1} & set(range(rows)):
        expected = beta.ppf(confidence, errors + 1, rows - errors)
        assert upper_bound(errors, rows, confidence=confidence) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 300), st.data(), st.floats(0.5, 0.999))
def test_at_the_bound_so_few_errors_are_as_rare_as_the_confidence_leaves(rows, data, confidence):
    errors = data.draw(st.integers(0, rows - 1))
    bound = upper_bound(errors, rows, confidence=confidence)
    assert errors / rows < bound <= 1
    assert binom.cdf(errors, rows, bound) == pytest.approx(1 - confidence, abs=1e-6)


def test_the_bound_of_nothing_known_and_of_all_wrong_is_one():
    assert upper_bound(0, 0, confidence=0.9) == 1
    assert upper_bound(7, 7, confidence=0.9) == 1


@given(st.integers(2, 200), st.data())
def test_more_rows_and_fewer_errors_are_a_lower_bound(rows, data):
    errors = data.draw(st.integers(1, rows - 1))
    bound = upper_bound(errors, rows, confidence=CONFIDENCE)
    assert upper_bound(errors - 1, rows, confidence=CONFIDENCE) < bound
    assert upper_bound(errors, rows + 1, confidence=CONFIDENCE) < bound
    assert upper_bound(errors, rows, confidence=0.95) > bound


@pytest.fixture(scope="module")
def simulated():
    """For each promise what the dial found on many sets of rows, all drawn from one truth."""
    random = np.random.default_rng(5)
    drawn = [calibrated(random, 400) for _ in range(SIMULATIONS)]
    return {promise: [dial(tried, promise, confidence=CONFIDENCE) for tried in drawn] for promise in (0.85, 0.9, 0.95)}


@pytest.mark.parametrize("promise", [0.85, 0.9, 0.95])
def test_a_promise_is_broken_no_more_often_than_its_confidence_allows(simulated, promise):
    broken = [found.threshold < NEVER and precision_from(found.threshold) < promise for found in simulated[promise]]
    assert np.mean(broken) <= 1 - CONFIDENCE + NOISE


@pytest.mark.parametrize(("promise", "coverage"), [(0.85, 0.5), (0.9, 0.4), (0.95, 0.05)])
def test_a_promise_is_not_kept_by_sending_next_to_nothing(simulated, promise, coverage):
    assert np.mean([found.coverage for found in simulated[promise]]) > coverage


def test_without_confidence_the_promise_is_broken_often():
    """That the simulation can tell: a coin's confidence keeps a promise only about every second time."""
    random = np.random.default_rng(6)
    found = [dial(calibrated(random, 400), 0.9, confidence=0.5) for _ in range(SIMULATIONS)]
    assert np.mean([precision_from(one.threshold) < 0.9 for one in found]) > 1 - CONFIDENCE + NOISE


def test_the_lower_bound_that_is_told_holds_as_often(simulated):
    for promise, all_found in simulated.items():
        for found in all_found:
            if found.threshold < NEVER:
                assert promise <= found.at_least <= found.precision
                assert 0 < found.coverage <= 1


def test_a_promise_is_kept_for_all_where_a_share_was_drawn_for_them():
    """Of the surest a tenth is known, and counts tenfold; the others are worse, and would be all that is seen."""
    random = np.random.default_rng(7)
    broken, coverages = [], []
    for _ in range(SIMULATIONS):
        whole = calibrated(random, 2_000)
        known = (whole.sure < 0.9) | (random.random(2_000) < 0.1)
        drawn = whole.of(known)
        drawn = replace(drawn, weight=np.where(drawn.sure < 0.9, 1.0, 10.0))
        found = dial(drawn, 0.9, confidence=CONFIDENCE)
        coverages.append(found.coverage)
        broken.append(found.threshold < NEVER and precision_from(found.threshold) < 0.9)
    assert np.mean(broken) <= 1 - CONFIDENCE + NOISE
    assert np.mean(coverages) > 0.4


def test_unequal_weights_tell_less_than_as_many_equal_rows():
    wrong = np.array([True, False, False, False])
    assert effective(wrong, np.ones(4)) == (1, 4)
    assert effective(wrong, np.full(4, 7.0)) == (1, 4)
    errors, of = effective(wrong, np.array([1, 1, 1, 9]))
    assert errors / of == pytest.approx(1 / 12)
    assert of < 2
    assert effective(np.zeros(0, dtype=bool), np.zeros(0)) == (0, 0)


def test_a_set_holds_by_what_rows_stand_for():
    sure = np.linspace(0.01, 0.99, 99)
    times = np.random.default_rng(8).integers(1, 5, 99)
    once = rows(sure, sure > 0, weight=times)
    assert set_threshold(once, 0.9) == set_threshold(rows(np.repeat(sure, times), np.ones(times.sum(), bool)), 0.9)


tried_rows = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=200)


@given(tried_rows, st.sampled_from([0.5, 0.8, 0.95]))
def test_what_is_told_is_what_is_above_the_threshold(listed, promise):
    tried = rows([sure / 20 for sure, _ in listed], [right for _, right in listed])
    found = dial(tried, promise, confidence=CONFIDENCE)
    sent = tried.sure >= np.float32(found.threshold)
    assert found.promise == promise
    assert found.coverage == pytest.approx(sent.mean())
    if sent.any():
        errors = int((~tried.right[sent]).sum())
        assert found.precision == pytest.approx(1 - errors / sent.sum())
        assert found.at_least == pytest.approx(1 - upper_bound(errors, int(sent.sum()), confidence=CONFIDENCE))
        assert found.at_least >= promise
    else:
        assert (found.threshold, found.precision, found.at_least) == (NEVER, 0, 0)


@given(tried_rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(listed, random):
    shuffled = random.sample(listed, len(listed))
    one, other = (
        dial(rows([sure / 20 for sure, _ in each], [right for _, right in each]), 0.8, confidence=CONFIDENCE)
        for each in (listed, shuffled)
    )
    assert one == other


def test_rows_of_one_probability_pass_together():
    sure = np.repeat([0.9, 0.8], [40, 60])
    right = np.ones(100, dtype=bool)
    assert dial(rows(sure, right), 0.9, confidence=CONFIDENCE).coverage == 1
    right[40:80] = False
    found = dial(rows(sure, right), 0.9, confidence=CONFIDENCE)
    assert (found.threshold, found.coverage) == (pytest.approx(0.9), 0.4)
    all_alike = dial(rows(np.full(100, 0.9), np.arange(100) < 70), 0.9, confidence=CONFIDENCE)
    assert all_alike.threshold == NEVER


def test_it_stops_where_the_promise_first_fails_though_it_would_hold_again():
    right = np.ones(1000, dtype=bool)
    right[105:125] = False
    found = dial(rows(np.linspace(1, 0, 1000), right), 0.95, confidence=CONFIDENCE)
    assert found.coverage == pytest.approx(0.1, abs=0.01)
    assert 1 - upper_bound(20, 1000, confidence=CONFIDENCE) > 0.95


@pytest.mark.parametrize(
    "tried",
    [
        rows([], []),
        rows([0.99], [True]),
        rows(np.full(20, 0.99), np.ones(20)),
        rows(np.linspace(0.5, 1, 500), np.zeros(500)),
        rows(np.linspace(0.5, 1, 500), np.arange(500) < 450),
    ],
    ids=["none", "one", "few", "all wrong", "wrong where surest"],
)
def test_where_a_promise_cannot_be_kept_nothing_is_sent(tried):
    found = dial(tried, 0.95, confidence=CONFIDENCE)
    assert (found.threshold, found.coverage, found.precision, found.at_least) == (NEVER, 0, 0, 0)


def test_so_many_rows_without_an_error_are_needed():
    """A promise of 0.95 with 0.9 confidence needs 45 rows that are all right: 0.95 ** 45 < 0.1 < 0.95 ** 44."""
    alike = [dial(rows(np.full(n, 0.9), np.ones(n)), 0.95, confidence=CONFIDENCE).coverage for n in (44, 45)]
    assert alike == [0, 1]


@pytest.mark.parametrize("count", [60, 150, 200, 1_000])
def test_where_all_are_right_all_are_sent(count):
    found = dial(rows(np.linspace(1, 0.5, count), np.ones(count)), 0.95, confidence=CONFIDENCE)
    assert (found.threshold, found.coverage) == (0.5, 1)


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_sets_hold_the_right_unit_as_often_as_promised(coverage):
    """On average over many sets of rows, for rows that were not among them (split conformal prediction)."""
    random = np.random.default_rng(8)
    held = []
    for _ in range(300):
        owned = random.beta(2, 1, size=150)
        threshold = set_threshold(rows(owned, owned > 0.5), coverage)
        held.append((random.beta(2, 1, size=200) >= threshold).mean())
    assert coverage - 0.01 <= np.mean(held) <= coverage + 0.02


def test_units_that_were_not_on_the_list_take_in_the_whole_of_it():
    owned = np.concatenate([np.zeros(10), np.linspace(0.2, 1, 90)])
    assert set_threshold(rows(owned, owned > 0.5), 0.95) == 0
    assert set_threshold(rows(owned, owned > 0.5), 0.85) > 0.2


@pytest.mark.parametrize("count", [0, 1, 18])
def test_too_few_rows_take_in_every_unit(count):
    assert set_threshold(rows(np.full(count, 0.9), np.ones(count)), 0.95) == 0


def test_nineteen_rows_are_enough_for_nineteen_of_twenty():
    assert set_threshold(rows(np.linspace(0.1, 1, 19), np.ones(19)), 0.95) == pytest.approx(0.1)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=80), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_a_higher_promise_makes_no_smaller_sets(owned, one, other):
    tried = rows(owned, np.ones(len(owned)))
    low, high = (set_threshold(tried, coverage) for coverage in sorted((one, other)))
    assert high <= low
    assert (tried.owned >= np.float32(low)).mean() >= min(one, other)


UNITS = tuple(
    Unit(code=UnitCode(kind), name=f"{kind}单位", kind=kind, duty="水务")
    for kind in (UnitKind.MUNICIPAL, UnitKind.STREET, UnitKind.MUNICIPAL)
)
UNITS = (*UNITS[:2], Unit(code=UnitCode("third"), name="第三局", kind=UnitKind.MUNICIPAL, duty="水务"))
TOPICS = (
    Topic(code=TopicCode("t0"), path=("市政", "路灯"), urgency=Urgency.SUPPLY),
    Topic(code=TopicCode("t1"), path=("市政", "停水")),
    Topic(code=TopicCode("t2"), path=("住房", "漏水")),
)


def pack(by=Group.ALL, **promise):
    rules, _ = national()
    terms = Terms(version="7", promise=Promise(by=by, **promise))
    return CityPack(name="x", title="x", version="1", units=UNITS, topics=TOPICS, rules=rules, terms=terms)


FEW = rows([0.9, 0.8, 0.7, 0.6, 0.5], np.ones(5), unit=[0, 1, 2, 1, 0], topic=[0, 1, 2, -1, 1])


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (Group.ALL, {"": [0, 1, 2, 3, 4]}),
        (Group.UNIT_KIND, {"municipal": [0, 2, 4], "street": [1, 3]}),
        (Group.TOPIC, {"": [3], "市政": [0, 1, 4], "住房": [2]}),
        (Group.URGENCY, {"": [3], "较急": [0], "一般": [1, 2, 4]}),
    ],
)
def test_rows_are_grouped_as_the_policy_will_group_appeals(by, expected):
    found = groups(pack(by), TOPICS, FEW)
    assert {group: np.flatnonzero(chosen).tolist() for group, chosen in found.items()} == expected
    assert sum(chosen.sum() for chosen in found.values()) == len(FEW.sure)


def test_rows_of_a_group_are_taken_from_every_array():
    chosen = FEW.of(np.array([False, True, False, True, False]))
    assert [part.tolist() for part in (chosen.unit, chosen.topic)] == [[1, 1], [1, -1]]
    np.testing.assert_array_equal(chosen.sure, FEW.sure[[1, 3]])
    np.testing.assert_array_equal(chosen.owned, FEW.owned[[1, 3]])
    assert chosen.right.tolist() == [True, True]


def many(count=400):
    """Municipal units are right whenever they are sure, streets never."""
    sure = np.linspace(1, 0.5, count)
    unit = np.arange(count) % 2
    return rows(sure, unit == 0, unit=unit, topic=0)


def test_each_group_gets_the_threshold_that_keeps_its_promise():
    policy = make_policy(pack(Group.UNIT_KIND), TOPICS, many(), dispatches=True, on=TODAY)
    assert policy.dispatch_at["municipal"] <= 0.51
    assert policy.dispatch_at["street"] == NEVER
    assert policy.kept["municipal"].coverage > 0.98
    assert {group: dialled.threshold for group, dialled in policy.kept.items()} == policy.dispatch_at
    assert make_policy(pack(), TOPICS, many(), dispatches=True, on=TODAY).dispatch_at == {"": NEVER}


def test_a_policy_has_the_terms_of_the_pack_and_the_rules_of_the_day():
    city = pack(precision=0.9, confidence=0.8, set=0.7)
    policy = make_policy(city, TOPICS, many(), dispatches=True, on=TODAY)
    assert (policy.terms, policy.tried) == (city.terms, 400)
    assert policy.set_at == set_threshold(many(), 0.7)
    assert policy.rulebook["too_vague"] is not None
    assert policy.directory.named("第三局") is UNITS[2]
    assert policy.kept[""].promise == 0.9


def test_the_dial_tells_what_other_promises_cost():
    right = np.random.default_rng(9).random(1_000) < np.linspace(1, 0.5, 1_000)
    policy = make_policy(pack(), TOPICS, rows(np.linspace(1, 0.5, 1_000), right), dispatches=True, on=TODAY)
    promised = [found.promise for found in policy.dial]
    covered = [found.coverage for found in policy.dial]
    assert promised == sorted(promised)
    assert {0.8, 0.9, 0.95, 0.99} <= set(promised)
    assert all(later <= earlier + 0.01 for earlier, later in pairwise(covered))  # a step of the sequence
    assert covered[0] > covered[2] > covered[-1]
    assert next(found for found in policy.dial if found.promise == 0.95) == policy.kept[""]


def test_what_was_tried_on_written_appeals_dispatches_nothing_and_still_makes_sets():
    policy = make_policy(pack(), TOPICS, many(), dispatches=False, on=TODAY)
    assert (policy.dispatch_at, policy.kept, policy.dial) == ({}, {}, ())
    assert policy.set_at == set_threshold(many(), 0.95)


def test_a_policy_can_be_made_of_nothing_tried():
    policy = make_policy(pack(Group.TOPIC), TOPICS, rows([], []), dispatches=True, on=TODAY)
    assert (policy.dispatch_at, policy.set_at, policy.tried) == ({}, 0, 0)
