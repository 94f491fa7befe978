"""Closures become rows: under their official units, and no matter on both sides of a split."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests import city
from training.dataset import make_dataset, with_known_units
from training.heads import Course, fit_scorers
from training.hygiene import clean
from training.packmaker import make_pack
from triage.domain import Origin
from triage.errors import InputError

ROWS = city.closures(120)


def dataset_of(rows, *, seed=0, pack=None):
    cleaned = clean(rows)
    pack = pack or make_pack(cleaned.rows, name="yunling")
    return make_dataset(with_known_units(cleaned, pack), pack, seed=seed)


@pytest.fixture(scope="module")
def data():
    return dataset_of(ROWS)


@pytest.fixture(scope="module")
def pack():
    return make_pack(ROWS, name="yunling")


def test_every_row_keeps_its_unit_duty_area_and_topic(data, pack):
    assert data.matrix.shape[0] == len(data.closures) == len(ROWS)
    for at, row in enumerate(data.closures):
        unit = pack.units[data.units[at]]
        assert unit.name == row.unit
        assert (data.labels["area"][at] >= 0) == bool(unit.district)
        assert data.topics[data.topic[at]].path == row.topic
    assert data.sizes == {"unit": len(pack.units), "duty": 8, "area": 3}
    assert all(labels.max() < data.sizes[head] for head, labels in data.labels.items())


def test_what_was_told_to_the_operator_besides_the_text_is_not_learned_from(data):
    """A caller of the service may not know district and street, so nothing may depend on them."""
    assert all(appeal.district is None and appeal.address is None for appeal in data.appeals)


@pytest.mark.parametrize("seed", range(4))
def test_near_duplicates_are_never_on_both_sides_of_a_split(seed):
    told = [
        replace(row, id=f"{row.id}-{time}", text=f"{row.text}{'！' * time}", opened_on=date(2031, 5, 1 + time))
        for row in ROWS[:40]
        for time in range(3)
    ]
    cleaned = clean(told)
    data = dataset_of(told, seed=seed)
    assert len(set(cleaned.groups)) <= 40
    for split in data.splits():
        learned = {group for group, here in zip(cleaned.groups, split.learned, strict=True) if here}
        tried = {group for group, here in zip(cleaned.groups, split.tried, strict=True) if here}
        assert not learned & tried


def test_every_row_is_tried_once_and_never_by_what_learned_it(data):
    splits = data.splits()
    assert np.sum([split.tried for split in splits], axis=0).tolist() == [1] * len(ROWS)
    assert all(split.tried.any() and not (split.tried & split.learned).any() for split in splits)
    assert not any(split.forward for split in splits)


def test_the_same_seed_gives_the_same_folds_and_another_seed_others(data):
    assert np.array_equal(dataset_of(ROWS).folds, data.folds)
    assert not np.array_equal(dataset_of(ROWS, seed=1).folds, data.folds)


def test_the_newest_weeks_come_last_where_they_are_thick_enough():
    data = dataset_of(city.closures(850, days=75))
    days = [row.opened_on for row in data.closures]
    ahead = data.splits()[-1]
    assert ahead.forward
    assert min(day for day, tried in zip(days, ahead.tried, strict=True) if tried) > max(
        day for day, learned in zip(days, ahead.learned, strict=True) if learned
    )
    assert np.array_equal(ahead.tried, data.newest)
    assert 300 <= data.newest.sum() <= 0.4 * len(days)


def test_there_are_no_newest_weeks_without_dates_or_with_few_orders(data):
    assert data.newest is None
    rows = city.closures(850, days=75)
    assert dataset_of([*rows[:-1], replace(rows[-1], opened_on=None)]).newest is None
    assert dataset_of(city.closures(850, days=40)).newest is None


def test_rows_of_an_older_scheme_have_no_topic_of_the_newest():
    data = dataset_of(city.closures(900, days=60, changed_on=date(2031, 3, 31)))
    assert data.scheme.since == date(2031, 3, 31)
    older = np.array([row.opened_on < date(2031, 3, 31) for row in data.closures])
    assert (data.topic[older] == -1).all()
    assert (data.older_topic[older] >= 0).all()
    assert (data.topic[~older] >= 0).all()
    assert (data.older_topic[~older] == -1).all()
    assert {topic.path for topic in data.topics} == {matter.renamed for matter in city.MATTERS}


def test_units_are_called_by_their_official_names(pack):
    nicknamed = [replace(row, unit="东湖城管") if row.unit == "东湖区城市管理局" else row for row in ROWS]
    known = with_known_units(clean(nicknamed), pack)
    assert "东湖城管" in pack.unit_by_name["东湖区城市管理局"].aliases
    assert [row.unit for row in known.rows] == [row.unit for row in ROWS]
    assert known.summary.counts["unit_not_in_pack"] == 0


def test_rows_of_units_that_the_pack_does_not_have_are_set_aside_with_the_reason(pack):
    strange = [replace(row, unit="北塘区城市管理局") if at < 7 else row for at, row in enumerate(ROWS)]
    cleaned = clean(strange)
    known = with_known_units(cleaned, pack)
    assert [(row.id, row.reason) for row in known.summary.left_out] == [
        (row.id, "unit_not_in_pack") for row in ROWS[:7]
    ]
    assert len(known.rows) == len(known.groups) == known.summary.kept == len(ROWS) - 7
    assert known.groups == cleaned.groups[7:]


def test_too_few_rows_or_units_are_bad_input(pack):
    with pytest.raises(InputError, match=r"19 usable rows .* too few; at least 20 of 2"):
        dataset_of(ROWS[:19])
    with pytest.raises(InputError, match="40 usable rows of 1 units are too few"):
        dataset_of([replace(row, unit=city.WATER) for row in ROWS[:40]], pack=pack)


def test_closed_orders_count_as_much_as_is_said_and_what_was_written_as_before(pack):
    cleaned = with_known_units(clean(ROWS), pack)
    taught = [
        replace(row, id=f"w{at}", text=f"市民反映：{row.text}", origin=Origin.WRITTEN)
        for at, row in enumerate(ROWS[:9])
    ]
    data = make_dataset(
        cleaned, pack, taught=taught, weights={ROWS[0].id: 0.25, ROWS[5].id: 10.0, "w0": 7.0, "nobody": 3.0}, seed=0
    )
    plain = make_dataset(cleaned, pack, taught=taught, seed=0)
    changed = np.flatnonzero(data.weight != plain.weight)
    assert [data.closures[at].id for at in changed] == [ROWS[0].id, ROWS[5].id]
    assert data.weight[changed].tolist() == [0.25, 10.0]


def scorer(data):
    course = Course(rows=np.ones(len(data.units), dtype=bool), topics=True)
    return next(fit_scorers(data, [course], seed=0, progress=lambda _: None))


def test_weights_of_one_change_no_bit_of_what_is_learned_and_others_do(pack):
    cleaned = with_known_units(clean(ROWS), pack)
    plain, even, uneven = (
        scorer(make_dataset(cleaned, pack, weights=weights, seed=0))
        for weights in (None, {row.id: 1.0 for row in ROWS}, {row.id: 0.01 for row in ROWS[:40]})
    )
    assert plain.weights.tobytes() == even.weights.tobytes()
    assert plain.bias.tobytes() == even.bias.tobytes()
    assert plain.weights.tobytes() != uneven.weights.tobytes()
