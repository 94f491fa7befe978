"""scikit-learn's own checks of classifiers. They know tables of numbers only, so a row of numbers is said in words."""

import numpy as np
import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks
from sklearn.utils.validation import validate_data

from training.estimator import AppealRouter

pytestmark = pytest.mark.usefixtures("quick_rankers")

_FEW = "fits on {} rows; 20 are the least that can be learned from, calibrated and tried"
_WEIGHTS = "near-duplicates share a fold, so a row that comes twice is not a row of weight 2"
FAILING = {
    "check_n_features_in_after_fitting": _FEW.format(15),
    "check_estimators_nan_inf": _FEW.format(10),
    "check_classifier_data_not_an_array": _FEW.format(12),
    "check_fit2d_1feature": _FEW.format(10),
    "check_sample_weights_pandas_series": _FEW.format(12),
    "check_sample_weights_not_an_array": _FEW.format(12),
    "check_sample_weights_shape": _FEW.format(16),
    "check_sample_weights_not_overwritten": _FEW.format(16),
    "check_sample_weight_equivalence_on_dense_data": _WEIGHTS,
}
SUBJECTS = ("路灯", "垃圾", "停水", "公交", "违停", "退款", "漏水", "物业", "噪音", "油烟", "电梯", "井盖")
DEGREES = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"


class RouterOfNumbers(AppealRouter):
    """Takes a table of numbers and routes what it says in words; all that it adds is the table."""

    def fit(self, X, y, sample_weight=None):  # noqa: N803
        return super().fit(in_words(validate_data(self, X)), y, sample_weight)

    def _routed(self, X):  # noqa: N803
        return super()._routed(in_words(validate_data(self, X, reset=False)))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = False
        tags.input_tags.two_d_array = True
        return tags


def in_words(table):
    """Say for each column how much of it there is; the digits keep rows apart that are nearly alike."""
    return [
        "，".join(f"{subject}{degree(number)}" for subject, number in zip(SUBJECTS * 9, row, strict=False))
        + f"。编号{abs(hash(tuple(row.tolist()))):x}"
        for row in np.asarray(table, dtype=float)
    ]


def degree(number):
    return 3 * DEGREES[int(np.clip(len(DEGREES) / 2 + 3 * number, 0, len(DEGREES) - 1))]


@parametrize_with_checks([RouterOfNumbers(outside=False)], expected_failed_checks=lambda _: FAILING)
def test_a_router_keeps_what_scikit_learn_expects_of_a_classifier(estimator, check):
    check(estimator)


def test_what_needs_no_table_is_checked_of_the_router_itself():
    with pytest.warns(SkipTestWarning, match="requires input"):
        results = check_estimator(AppealRouter(), on_skip=None)
    assert [one["check_name"] for one in results if one["status"] == "passed"] == ["check_estimator_cloneable"]
