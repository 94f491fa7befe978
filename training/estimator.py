"""The router as scikit-learn knows classifiers: texts in, names of units out."""
# ruff: noqa: N803 - what scikit-learn calls X must be called X

from collections.abc import Iterator
from numbers import Integral
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags, check_array, check_consistent_length, check_random_state, gen_batches
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d
from threadpoolctl import threadpool_limits

from models.assessor import LearnedAssessor
from models.promise import make_policy
from training.dataset import make_dataset
from training.fit import Fitted, fit
from training.make import Prepared, prepare_closures
from triage.citypack import CityPack
from triage.directory import today
from triage.domain import Appeal, Closure, Routing, Versions
from triage.errors import InputError
from triage.pipeline import Triage
from triage.text import Reader, Segmenter

_AT_ONCE = 256  # routings keep their trace, so that those of a whole city at once would fill the memory


class AppealRouter(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Tells which unit closes an appeal: the model of `paidan-train fit`, for notebooks and cross-validation.

    `X` is one text a row, as `TfidfVectorizer` takes it: a list, an array of objects, a column of a table. `y` are the
    names of the units that closed them; without a pack any other labels do, but from a name alone it is read what kind
    of office a unit is, and where. Texts that teach nothing (see `training.hygiene`) are left out of the fit. Topics
    and dates, which the command learns from as well, are not known here, so that no topics are suggested either.

    Parameters
    ----------
    pack
        Folder of a city pack, whose own appeals teach beside the rows; without one it is derived from the rows.
    encoder
        As `training.encoder.make_encoder` takes it, `lsa` for example; nothing for no encoder.
    outside
        Whether to learn, from texts written to teach it, what no unit deals with. Suggestions then also tell what goes
        to another number. Predictions hardly depend on it, and cross-validation is much faster without.
    random_state
        As everywhere in scikit-learn; a number is the `--seed` of `paidan-train fit`.

    Attributes
    ----------
    classes_
        The labels of the rows that were fitted, and the names of the units of the pack where one is given, sorted.
    pack_
        The city pack, given or derived.
    fitted_
        What a bundle would keep, and how good it was on rows that it had not seen.
    triage_
        What routes, decides and explains.
    left_out_
        How many rows taught nothing, by reason.
    """

    def __init__(
        self,
        *,
        pack: str | Path | None = None,
        encoder: str = "",
        outside: bool = True,
        random_state: int | np.random.RandomState | None = 0,
    ) -> None:
        self.pack = pack
        self.encoder = encoder
        self.outside = outside
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit on texts and the units that closed them.

        Parameters
        ----------
        sample_weight
            How much each row counts in the linear models; a row of weight 0 is as if it were not there. Precedents,
            ranker and calibration count every other row alike.

        Raises
        ------
        ValueError
            The rows or the pack cannot be used, or are too few: 20 rows of 2 units are the least.
        """
        texts, labels = _texts(X), _labels(y)
        check_consistent_length(texts, labels)
        weights = _weights(sample_weight, len(texts))
        kept = np.flatnonzero(weights)
        classes = np.unique(labels[kept])
        if len(classes) < 2:
            raise ValueError(f"y has {len(classes)} class ({', '.join(map(str, classes))}); give rows of 2 units")
        rows = [Closure(id=str(at), text=texts[at], unit=str(labels[at])) for at in kept.tolist()]
        seed = _seed(self.random_state)
        try:
            folder = Path(self.pack) if self.pack else None
            prepared = prepare_closures(rows, pack=folder, name="rows", outside=self.outside, seed=seed)
            fitted = self._fit(prepared, weights, seed)
        except InputError as error:
            raise ValueError(str(error)) from error
        self.classes_ = np.union1d(classes, [unit.name for unit in prepared.pack.units]) if self.pack else classes
        self.pack_, self.fitted_ = prepared.pack, fitted
        self.triage_ = _triage(fitted, prepared.pack)
        self.left_out_ = prepared.cleaned.summary.counts
        return self

    def _fit(self, prepared: Prepared, weights: NDArray[np.float64], seed: int) -> Fitted:
        data = make_dataset(
            prepared.cleaned,
            prepared.pack,
            taught=(*prepared.taught, *prepared.outside),
            weights={str(at): weight for at, weight in enumerate(weights.tolist())},
            encoder=self.encoder,
            seed=seed,
        )
        with threadpool_limits(1):
            return fit(data, prepared.pack, seed=seed)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the unit that is suggested first for each text, shape `(texts,)`."""
        check_is_fitted(self)
        column = self._columns()
        first = [column[routing.candidates[0].unit.name] for routing in self._routed(X)]
        predicted: NDArray[Any] = self.classes_[first]
        return predicted

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return how probable it is that a unit closes an appeal, shape `(texts, classes)`; rows sum to 1.

        Probabilities of the units on the short list are calibrated; what they leave is shared out evenly among all
        others, of which none gets more than the first.
        """
        check_is_fitted(self)
        column = self._columns()
        rows = [{column[one.unit.name]: one.probability for one in routing.candidates} for routing in self._routed(X)]
        odds = np.zeros((len(rows), len(column)))
        for at, row in enumerate(rows):
            odds[at, list(row)] = list(row.values())
        return _shared_out(odds)

    def suggest(self, X: ArrayLike) -> list[Routing]:
        """Route each text: suggestions with their reasons, the decision, and everything that led to it."""
        check_is_fitted(self)
        return list(self._routed(X))

    def _routed(self, X: ArrayLike) -> Iterator[Routing]:
        appeals = [Appeal(id=str(at), text=text) for at, text in enumerate(_texts(X))]
        for batch in gen_batches(len(appeals), _AT_ONCE):
            yield from self.triage_.route_many(appeals[batch])

    def _columns(self) -> dict[str, int]:
        return {str(label): at for at, label in enumerate(self.classes_)}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "triage_"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "fitted_" in state:
            self.triage_ = _triage(self.fitted_, self.pack_)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


def _triage(fitted: Fitted, pack: CityPack) -> Triage:
    learned = fitted.learned
    assessor = LearnedAssessor(pack, learned)
    topics = learned.topics.table.topics if learned.topics else ()
    return Triage(
        reader=Reader(Segmenter(pack.words)),
        assessor=assessor,
        explainer=assessor,
        policy=make_policy(pack, topics, fitted.tried, dispatches=bool(learned.orders), on=today()),
        pack=pack,
        versions=Versions(bundle="unsaved", pack=f"{pack.name} {pack.version}", policy=pack.terms.version),
    )


def _shared_out(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    listed = odds > 0
    left = np.maximum(1 - odds.sum(axis=1, keepdims=True), 0) / np.maximum((~listed).sum(axis=1, keepdims=True), 1)
    shared = np.where(listed, odds, np.minimum(left, odds.max(axis=1, keepdims=True)))
    probabilities: NDArray[np.float64] = shared / shared.sum(axis=1, keepdims=True)
    return probabilities


def _texts(given: ArrayLike) -> list[str]:
    if isinstance(given, str) or not hasattr(given, "__len__"):
        raise ValueError(f"X is a {type(given).__name__}; give a list of texts")
    texts = check_array(given, dtype=object, ensure_2d=False, allow_nd=True, input_name="X")
    if texts.ndim != 1:
        raise ValueError(f"X has the shape {texts.shape}; give one text a row, of a table the column with the texts")
    for at, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"X[{at}] is no text but {type(text).__name__}; fill in or leave out what is missing")
    return [str(text) for text in texts]


def _labels(given: ArrayLike | None) -> NDArray[Any]:
    if given is None:
        raise ValueError("requires y to be passed, but the target y is None; give the units that closed the orders")
    labels: NDArray[Any] = column_or_1d(given, warn=True)
    check_array(labels, dtype=None, ensure_2d=False, input_name="y")
    check_classification_targets(labels)
    return labels


def _weights(given: ArrayLike | None, count: int) -> NDArray[np.float64]:
    weights = np.ones(count) if given is None else np.asarray(given, dtype=np.float64)
    if weights.shape != (count,):
        raise ValueError(f"sample_weight has the shape {weights.shape}; give one number for each of {count} rows")
    if weights.min() < 0 or not np.isfinite(weights).all() or not weights.any():
        raise ValueError("a weight must be finite and not negative, and one must be more than zero")
    return weights


def _seed(random_state: int | np.random.RandomState | None) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))
