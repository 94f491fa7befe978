"""The flat classifiers that a team would use instead, fitted on the same rows: what a city gains over them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from models.arrays import softmax
from training.judgements import Judgements
from training.measures import Outcome
from triage.domain import Closure
from triage.text import Segmenter

_SHARPNESS = 3.0


def _words() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=Segmenter().cut, sublinear_tf=True)


def _characters() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)


PEERS: dict[str, Callable[[], Pipeline]] = {
    "words, linear SVM": lambda: make_pipeline(_words(), LinearSVC(C=0.5)),
    "characters, linear SVM": lambda: make_pipeline(_characters(), LinearSVC(C=0.5)),
    "both, linear SVM": lambda: make_pipeline(make_union(_words(), _characters()), LinearSVC(C=0.3)),
}


def try_peer(name: str, train: Sequence[Closure], tried: Sequence[Closure]) -> Outcome:
    """Fit a peer on some closures and try it on others."""
    return tried_by(fit_peer(name, train), tried)


def fit_peer(name: str, train: Sequence[Closure], weights: NDArray[np.float64] | None = None) -> Pipeline:
    """Fit a peer; `weights` tell how much each row counts."""
    counts = {} if weights is None else {"linearsvc__sample_weight": weights}
    return PEERS[name]().fit([row.text for row in train], [row.unit for row in train], **counts)


def tried_by(model: Pipeline, tried: Sequence[Closure]) -> Outcome:
    """Try a peer on closures."""
    margins = model.decision_function([row.text for row in tried])
    if margins.ndim == 1:
        margins = np.stack([-margins, margins], axis=1)
    top = np.argsort(-margins, axis=1)[:, :5]
    return Outcome(
        named=[[str(model.classes_[at]) for at in row] for row in top],
        sure=softmax(margins, _SHARPNESS).max(axis=1),
        right=[row.unit for row in tried],
    )


def judge_peer(model: Pipeline, tried: Sequence[Closure]) -> Judgements:
    """Try a peer on closures, in columns."""
    found = tried_by(model, tried)
    return Judgements.of_peer(found.named, found.sure, tried)
