"""The router as scikit-learn knows classifiers, with texts: what its own checks cannot ask of it."""

import copy
import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, GroupKFold, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import get_tags

from models.bundle import load_triage
from tests import city
from tests.training.test_corpus import pack_folder
from tests.training.test_holdout import pack_with_appeals
from training.duplicates import near_duplicate_groups
from training.estimator import AppealRouter
from training.make import make_bundle, prepare
from triage.citypack import load_pack, write_pack
from triage.domain import Appeal, Unit, UnitCode, UnitKind

pytestmark = pytest.mark.usefixtures("quick_rankers")

ROWS = city.closures(120)
TEXTS = [row.text for row in ROWS]
UNITS = [row.unit for row in ROWS]
WATER = "东湖区枫桥街道家里自来水停水，没有收到停水通知"


def quick(**parameters):
    return AppealRouter(**{"outside": False} | parameters)


@pytest.fixture(scope="module")
def router(quick_rankers):
    """Fitted on all rows. Read it only: every test shares it."""
    return quick().fit(TEXTS, UNITS)


class Column:
    """A column of a table, as far as numpy can tell."""

    def __init__(self, values):
        self._values = np.array(values, dtype=object)

    def __len__(self):
        return len(self._values)

    def __array__(self, dtype=None, copy=None):
        return self._values.astype(dtype or object)


def test_fitting_returns_the_router_itself():
    router = quick()
    assert router.fit(TEXTS, UNITS) is router


def test_a_unit_is_predicted_for_each_text(router):
    assert router.predict([WATER, "公交司机到站不停车"]).tolist() == [city.WATER, city.BUS]
    assert router.score(TEXTS, UNITS) > 0.85


def test_classes_are_the_units_in_their_order(router):
    assert router.classes_.tolist() == sorted(set(UNITS))


def test_probabilities_are_those_of_the_suggestions_in_the_order_of_the_classes(router):
    odds = router.predict_proba(TEXTS[:50])
    assert odds.shape == (50, len(router.classes_))
    assert odds.sum(axis=1) == pytest.approx(1)
    assert odds.min() >= 0
    assert router.classes_[odds.argmax(axis=1)].tolist() == router.predict(TEXTS[:50]).tolist()
    assert log_loss(UNITS[:50], odds, labels=router.classes_) < 1
    for row, routing in zip(odds, router.suggest(TEXTS[:50]), strict=True):
        first = routing.suggestions[0]
        assert row.max() == pytest.approx(first.probability, abs=0.02)
        assert router.classes_[row.argmax()] == first.unit.name


def test_suggestions_come_with_reasons_and_can_be_explained(router):
    (routing,) = router.suggest([WATER])
    assert routing.suggestions[0].unit.name == city.WATER
    assert routing.suggestions[0].reasons
    assert routing.decision.why
    assert router.triage_.explain(routing).scores


def test_more_texts_than_are_routed_at_once_keep_their_order(router, monkeypatch):
    together = router.predict_proba(TEXTS[:20])
    monkeypatch.setattr("training.estimator._AT_ONCE", 3)
    assert router.predict_proba(TEXTS[:20]) == pytest.approx(together, abs=1e-5)


def test_it_is_the_model_of_the_command(tmp_path, router):
    header = (*city.HEADER[:1], "", *city.HEADER[2:4], *[""] * (len(city.HEADER) - 4))
    export = city.write_csv(tmp_path / "rows.csv", ROWS, header=header)
    prepared = prepare([export], pack=None, name="same")
    assert {(row.topic, row.opened_on, row.district) for row in prepared.cleaned.rows} == {((), None, "")}
    make_bundle(prepared, tmp_path / "bundle", seed=0, progress=lambda _: None)
    triage = load_triage(tmp_path / "bundle")
    same = AppealRouter().fit(TEXTS, UNITS)
    asked = [row.text for row in city.closures(40, seed=8)]
    for one, other in zip(same.suggest(asked), triage.route_many([Appeal(id="", text=t) for t in asked]), strict=True):
        assert one.decision.action is other.decision.action
        assert one.suggestions[0].unit.name == other.suggestions[0].unit.name
        assert one.suggestions[0].probability == pytest.approx(other.suggestions[0].probability, abs=0.01)


@pytest.mark.parametrize("given", [np.array, lambda texts: np.array(texts, dtype=object), Column])
def test_texts_come_in_any_sequence_and_stay_as_they_are(router, given):
    texts = given(TEXTS)
    before = copy.deepcopy(np.asarray(texts))
    fitted = quick().fit(texts, given(UNITS))
    assert np.asarray(texts).tolist() == before.tolist()
    assert fitted.predict(texts).tolist() == router.predict(TEXTS).tolist()


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (WATER, "give a list of texts"),
        ([], "0 sample"),
        ([[text] for text in TEXTS], "of a table the column"),
        ([*TEXTS[:3], None], r"X\[3\] is no text but NoneType"),
        ([*TEXTS[:3], 5], r"X\[3\] is no text but int"),
        ([*TEXTS[:3], float("nan")], "NaN"),
        (csr_matrix((3, 3)), "[Ss]parse"),
        ((text for text in TEXTS), "give a list of texts"),
    ],
    ids=["one text", "none", "a table", "a gap", "a number", "not a number", "sparse", "a generator"],
)
def test_what_is_not_one_text_a_row_is_refused(router, texts, says):
    with pytest.raises((ValueError, TypeError), match=says):
        quick().fit(texts, UNITS[: len(texts)] if isinstance(texts, list) else UNITS)
    with pytest.raises((ValueError, TypeError), match=says):
        router.predict(texts)


@pytest.mark.parametrize(
    ("texts", "units", "says"),
    [
        (TEXTS, UNITS[1:], "inconsistent numbers of samples"),
        (TEXTS, None, "y is None"),
        (TEXTS, [city.WATER] * len(TEXTS), f"1 class .{city.WATER}.; give rows of 2 units"),
        (TEXTS[:15], UNITS[:15], "15 usable rows of . units are too few; at least 20 of 2"),
        ([TEXTS[0], TEXTS[1]] * 20, [city.WATER, city.BUS] * 20, "2 different matters are too few"),
        (["。"] * 40, [city.WATER, city.BUS] * 20, "no row can be learned from"),
    ],
    ids=["one unit short", "no units", "one unit", "few rows", "two matters", "nothing said"],
)
def test_rows_that_teach_nothing_are_refused_in_words_that_tell_why(texts, units, says):
    with pytest.raises(ValueError, match=says):
        quick().fit(texts, units)


@pytest.mark.parametrize("ask", ["predict", "predict_proba", "suggest"])
def test_nothing_is_answered_before_the_fit(ask):
    with pytest.raises(NotFittedError):
        getattr(quick(), ask)(TEXTS)


def test_a_clone_has_the_parameters_and_nothing_that_was_learned(router):
    fresh = clone(router.set_params(encoder=""))
    assert fresh.get_params() == {"encoder": "", "outside": False, "pack": None, "random_state": 0}
    assert not hasattr(fresh, "classes_")


def test_another_fit_forgets_the_first(router):
    twice = quick().fit(TEXTS[60:], [f"新{unit}" for unit in UNITS[60:]]).fit(TEXTS, UNITS)
    assert np.array_equal(twice.predict_proba(TEXTS), router.predict_proba(TEXTS))


def test_the_same_seed_is_the_same_model_and_another_is_another(router):
    def odds(random_state):
        return quick(random_state=random_state).fit(TEXTS, UNITS).predict_proba(TEXTS)

    assert np.array_equal(odds(0), router.predict_proba(TEXTS))
    drawn = odds(np.random.RandomState(3))
    assert np.array_equal(drawn, odds(np.random.RandomState(3)))
    assert not np.array_equal(drawn, router.predict_proba(TEXTS))


def test_a_row_of_weight_zero_is_as_if_it_were_not_there():
    kept = np.array([unit not in {city.WATER, city.BUS} for unit in UNITS])
    some = quick().fit(np.array(TEXTS)[kept], np.array(UNITS)[kept])
    weighed = quick().fit(TEXTS, UNITS, sample_weight=kept.astype(int))
    assert weighed.classes_.tolist() == some.classes_.tolist()
    assert np.array_equal(weighed.predict_proba(TEXTS), some.predict_proba(TEXTS))


def test_rows_weigh_what_they_are_given(router):
    alike = quick().fit(TEXTS, UNITS, sample_weight=np.ones(len(TEXTS)))
    assert np.array_equal(alike.predict_proba(TEXTS), router.predict_proba(TEXTS))
    less = quick().fit(TEXTS, UNITS, sample_weight=[0.01 if unit == city.WATER else 1 for unit in UNITS])
    at = router.classes_.tolist().index(city.WATER)

    def margin(of):
        learned = of.fitted_.learned
        reading = of.suggest([WATER])[0].reading
        unit = next(at for at, unit in enumerate(of.pack_.units) if unit.name == city.WATER)
        return learned.scorer.margins(learned.features.transform([reading]))["unit"][0, unit]

    assert margin(less) < margin(router) - 0.5
    assert less.predict_proba([WATER])[0, at] != router.predict_proba([WATER])[0, at]


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        (np.zeros(len(TEXTS)), "more than zero"),
        (np.full(len(TEXTS), -1.0), "not negative"),
        (np.full(len(TEXTS), np.nan), "finite"),
        ([1.0], "one number for each of 120 rows"),
    ],
    ids=["all zero", "negative", "not a number", "one"],
)
def test_weights_that_mean_nothing_are_refused(weights, says):
    with pytest.raises(ValueError, match=says):
        quick().fit(TEXTS, UNITS, sample_weight=weights)


def test_a_unit_that_was_never_seen_counts_as_missed(router):
    assert router.score([WATER, WATER], [city.WATER, "云岭市档案馆"]) == 0.5


def test_rows_that_teach_nothing_are_counted_and_their_unit_is_never_suggested():
    units = ["其他单位" if at % 20 == 0 else unit for at, unit in enumerate(UNITS)]
    router = quick().fit([*TEXTS, "。"], [*units, city.WATER])
    assert router.left_out_["catch_all_unit"] == 6
    assert router.left_out_["no_text"] == 1
    assert "其他单位" in router.classes_
    assert "其他单位" not in router.predict(TEXTS)
    assert router.predict_proba(TEXTS)[:, router.classes_ == "其他单位"].max() < 0.5


def test_labels_may_be_numbers_where_no_pack_names_the_units():
    numbers = np.unique(UNITS, return_inverse=True)[1] * 10
    router = quick().fit(TEXTS, numbers)
    assert router.classes_.tolist() == sorted(set(numbers.tolist()))
    assert (router.predict(TEXTS) == numbers).mean() > 0.85


@pytest.fixture
def pack(router, tmp_path):
    """The pack of the rows, to which a person has added an office that closed no order."""
    office = Unit(
        code=UnitCode("ny-zj"),
        name="南苑区住房和城乡建设局",
        kind=UnitKind.DISTRICT,
        district="南苑区",
        duty="住房城乡建设",
    )
    write_pack(replace(router.pack_, units=(*router.pack_.units, office)), tmp_path / "pack")
    return tmp_path / "pack"


@pytest.mark.parametrize("spelled", [str, lambda folder: folder])
def test_the_units_of_a_pack_are_classes_whether_or_not_they_closed_an_order(pack, spelled):
    router = quick(pack=spelled(pack)).fit(TEXTS, UNITS)
    assert set(router.classes_) == {unit.name for unit in load_pack(pack).units}
    (routing,) = router.suggest(["南苑区莲塘街道新交付的房子屋顶漏水，开发商推脱不修，请住建局来看"])
    assert "南苑区住房和城乡建设局" in [one.unit.name for one in routing.suggestions]


def test_the_appeals_of_a_pack_teach_beside_the_rows(tmp_path):
    rows = [row for row in city.closures(200) if row.unit in {city.WATER, city.BUS}]
    texts, units = [row.text for row in rows], [row.unit for row in rows]
    speaking = quick(pack=pack_with_appeals(tmp_path / "home")).fit(texts, units)
    silent = quick(pack=pack_folder(tmp_path / "silent")).fit(texts, units)
    assert speaking.classes_.tolist() == silent.classes_.tolist()
    assert speaking.predict([WATER]).tolist() == silent.predict([WATER]).tolist() == [city.WATER]
    assert not np.array_equal(speaking.predict_proba([WATER]), silent.predict_proba([WATER]))
    assert len(speaking.fitted_.learned.orders) == len(silent.fitted_.learned.orders) == len(rows)


def test_orders_of_units_that_the_pack_does_not_have_are_left_out(pack):
    router = quick(pack=pack).fit(TEXTS, ["云岭市档案馆", *UNITS[1:]])
    assert router.left_out_["unit_not_in_pack"] == 1
    assert "云岭市档案馆" in router.classes_


def test_a_pack_that_is_none_is_found_when_fitting(tmp_path):
    with pytest.raises(ValueError, match="nowhere"):
        quick(pack=tmp_path / "nowhere").fit(TEXTS, UNITS)


def test_what_no_unit_deals_with_is_learned_unless_told_not_to(router):
    learned = AppealRouter().fit(TEXTS, UNITS)
    assert learned.fitted_.learned.outside is not None
    assert router.fitted_.learned.outside is None
    assert (learned.predict(TEXTS) == router.predict(TEXTS)).mean() > 0.95


def test_cross_validation_by_time_and_by_matter():
    by_time = cross_val_score(quick(), TEXTS, UNITS, cv=TimeSeriesSplit(2))
    by_matter = cross_val_score(quick(), TEXTS, UNITS, groups=near_duplicate_groups(TEXTS), cv=GroupKFold(2))
    assert min(*by_time, *by_matter) > 0.5


def test_a_grid_is_searched_at_the_end_of_a_pipeline():
    pipeline = make_pipeline(FunctionTransformer(lambda texts: [text.strip() for text in texts]), quick())
    search = GridSearchCV(pipeline, {"appealrouter__encoder": ["", "lsa"]}, cv=TimeSeriesSplit(2))
    assert search.fit(TEXTS, UNITS).predict([f" {WATER}"]).tolist() == [city.WATER]
    assert (search.best_estimator_[-1].fitted_.learned.encoder is None) == (search.best_index_ == 0)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda router: pickle.loads(pickle.dumps(router))])  # noqa: S301
def test_a_copy_answers_alike(router, copied):
    assert np.array_equal(copied(router).predict_proba(TEXTS[:9]), router.predict_proba(TEXTS[:9]))
    assert copied(quick(encoder="lsa")).get_params()["encoder"] == "lsa"


def test_tools_are_told_that_it_takes_texts(router):
    tags = get_tags(router).input_tags
    assert tags.string
    assert tags.one_d_array
    assert not tags.two_d_array
    assert not tags.sparse
    assert not hasattr(router, "n_features_in_")
