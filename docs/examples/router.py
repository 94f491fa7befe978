"""A notebook in cells (`# %%`): a city's closed orders, a router, and what it gains over a flat classifier."""

# %% [markdown]
# # Routing appeals with scikit-learn
#
# `AppealRouter` is a classifier of texts. Whatever works with `TfidfVectorizer` and `LinearSVC` works with it:
# cross-validation, grid search, pipelines. Open this file as a notebook (VS Code, Jupytext), or run it from the
# checkout: `PYTHONPATH=. python docs/examples/router.py`.
#
# The orders are of an invented city. For your own read an export: `read_closures([Path("orders.csv")]).rows`.

# %%
import numpy as np
from sklearn.model_selection import GridSearchCV, GroupKFold, TimeSeriesSplit, cross_val_score

from tests import city
from training.estimator import AppealRouter
from training.hygiene import clean
from training.peers import PEERS

cleaned = clean(city.closures(200))
texts = [row.text for row in cleaned.rows]
units = [row.unit for row in cleaned.rows]
print(f"{len(texts)} closed orders of {len(set(units))} units, such as")
print(f"  {texts[0]} -> {units[0]}")

# %% [markdown]
# ## Splits that do not flatter
#
# Random folds put repeats of one matter on both sides. Either what is tried comes later than what was learned from, or
# all repeats of a matter are in one fold. What no unit deals with is no label here, so `outside=False` saves the time.

# %%
router = AppealRouter(outside=False)
ahead, apart = TimeSeriesSplit(n_splits=2), GroupKFold(n_splits=2)

by_time = cross_val_score(router, texts, units, cv=ahead)
by_matter = cross_val_score(router, texts, units, cv=apart, groups=cleaned.groups)
print(f"right unit first: {by_time.mean():.0%} of later orders, {by_matter.mean():.0%} of other matters")

# %% [markdown]
# ## One parameter
#
# Vectors of words beside the words themselves: worth it here? `lsa` needs nothing that is not installed.

# %%
search = GridSearchCV(router, {"encoder": ["", "lsa"]}, cv=ahead).fit(texts, units)
for encoder, score in zip(["none", "lsa"], search.cv_results_["mean_test_score"], strict=True):
    print(f"encoder {encoder}: {score:.0%}")

# %% [markdown]
# ## Against a flat classifier
#
# The same rows and folds for a linear SVM on characters. It has one class for each unit; the router also knows that
# several units have the same duty in different places.

# %%
flat = cross_val_score(PEERS["characters, linear SVM"](), texts, units, cv=ahead)
print(f"right unit first: router {by_time.mean():.0%}, flat {flat.mean():.0%}")

# %% [markdown]
# ## One appeal, with reasons
#
# `predict_proba` gives probabilities that are calibrated; `suggest` everything that led to them, and what is done.

# %%
router = AppealRouter(**search.best_params_).fit(texts, units)
appeal = "市民反映：东湖区枫桥街道春晓花园家里自来水停水，没有收到停水通知"
(routing,) = router.suggest([appeal])
for suggestion in routing.suggestions[:3]:
    print(f"{suggestion.probability:4.0%}  {suggestion.unit.name}  {'；'.join(suggestion.reasons)}")
print(f"{routing.decision.action}: {routing.decision.why}")

# %%
odds = router.predict_proba([appeal])[0]
best = np.argsort(-odds)[:3]
print({str(unit): round(float(share), 3) for unit, share in zip(router.classes_[best], odds[best], strict=True)})

# %%
for score in router.triage_.explain(routing).scores[:2]:
    print(f"{score.part} {score.of}:", *(f"{word.text} {word.value:+.2f}" for word in score.words[:4]))

# %% [markdown]
# ## To keep it
#
# A notebook tries; a bundle serves: `paidan-train fit --closures orders.csv --out bundle` fits the same model, and with
# dates and topics a better one, and writes arrays with their digests, which `paidan serve --bundle bundle` verifies.
