"""How far what comes in has moved from what was learned: shares that shifted, and matters that nobody has seen before.

The index of a shift is the PSI, the sum over names of `(now - before) * ln(now / before)`, which is the symmetrised
divergence of Jeffreys, An invariant form for the prior probability in estimation problems, Proc. R. Soc. A 186 (1946).
Banks read 0.1 as a change and 0.25 as a great one; here a shift counts by its interval, as few orders move by chance.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer

CHANGED, GREAT = 0.1, 0.25
_HALF = 0.5  # of an order, for each name: one that is seen on one side alone is no infinite shift
_REPLICATES = 400
_SHOWN = 8
_MOST_WORDS = 3_000
_ALIKE, _FEWEST = 0.25, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A name whose share moved: of 1, before and now, and what it adds to the index."""

    name: str
    before: float
    now: float
    adds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The index of a shift and its 95 % interval, less what chance would show; `moved` are the names that add most."""

    axis: str
    index: float
    low: float
    high: float
    moved: tuple[Moved, ...]

    @property
    def alarms(self) -> bool:
        """Whether the shift is a change beyond chance."""
        return self.low >= CHANGED


def shift(axis: str, before: Iterable[str], now: Iterable[str], *, seed: int = 0) -> Shift:
    """Compare the names of two times; one order each, or for words one for each order that has them.

    The interval is of a parametric bootstrap: both times are drawn anew from their shares. Two times of equal shares
    have an index above 0 by chance, about `names * (1 / before + 1 / now)`; that is taken off.
    """
    counts = _aligned(Counter(before), Counter(now))
    if not counts[1].sum() or not counts[2].sum():
        return Shift(axis=axis, index=0.0, low=0.0, high=0.0, moved=())
    names, first, second = counts
    adds, old, new = _parts(first, second)
    random = np.random.default_rng(seed)
    drawn = [
        _index(random.multinomial(first.sum(), old), random.multinomial(second.sum(), new)) for _ in range(_REPLICATES)
    ]
    chance = _by_chance(first, second, random)
    # Drawing anew adds the chance of the draw to that of the times themselves.
    low, high = np.quantile(drawn, (0.025, 0.975)) - 2 * chance
    order = np.argsort(-adds, kind="stable")[:_SHOWN].tolist()
    moved = tuple(
        Moved(name=names[at], before=float(old[at]), now=float(new[at]), adds=float(adds[at])) for at in order
    )
    return Shift(
        axis=axis,
        index=max(0.0, float(adds.sum()) - chance),
        low=max(0.0, float(low)),
        high=max(0.0, float(high)),
        moved=moved,
    )


def words(texts: Iterable[Sequence[str]]) -> list[str]:
    """Return the words of texts, each once a text, as `shift` compares them: those of two signs and more."""
    return [word for tokens in texts for word in {token for token in tokens if len(token) > 1 and not token.isdigit()}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Orders that are like each other and like nothing known: their ids, and the words that set them apart."""

    ids: tuple[str, ...]
    words: tuple[str, ...]


def new_matters(
    texts: Mapping[str, Sequence[str]],
    strangeness: Mapping[str, float],
    usual: Iterable[Sequence[str]],
    *,
    strange: float,
    fewest: int = _FEWEST,
) -> tuple[Matter, ...]:
    """Find matters among recent orders that fit no topic, the largest first.

    Parameters
    ----------
    texts
        The words of recent orders, by id.
    strangeness
        How little each fits what is known, from 0 to 1, such as 1 less the probability of its first topic; only orders
        of at least `strange` are looked at.
    usual
        The words of earlier orders: what stands out is what these do not say.
    fewest
        How many orders make a matter.
    """
    odd = [id_ for id_ in texts if strangeness.get(id_, 0.0) >= strange and texts[id_]]
    if len(odd) < fewest:
        return ()
    familiar = Counter(words(usual))
    vectorizer = TfidfVectorizer(analyzer=lambda tokens: words([tokens]), sublinear_tf=True, min_df=2, max_df=0.9)
    try:
        matrix = csr_matrix(vectorizer.fit_transform([texts[id_] for id_ in odd]))
    except ValueError:  # no word stands in two of them
        return ()
    alike = matrix @ matrix.T
    alike.data[alike.data < _ALIKE] = 0
    alike.eliminate_zeros()
    _, member = connected_components(alike, directed=False)
    groups = [np.flatnonzero(member == group).tolist() for group in np.unique(member)]
    found = [_matter([odd[at] for at in group], texts, familiar) for group in groups if len(group) >= fewest]
    return tuple(sorted((one for one in found if one.words), key=lambda one: -len(one.ids)))


def _matter(ids: Sequence[str], texts: Mapping[str, Sequence[str]], familiar: Counter[str]) -> Matter:
    """Name a matter by words of many of its orders that were rare before, by their log-odds."""
    said = Counter(words(texts[id_] for id_ in ids))
    before = max(familiar.total(), 1)
    odds = {
        word: count * float(np.log((count / len(ids)) / ((familiar[word] + _HALF) / before)))
        for word, count in said.items()
        if count >= max(2, len(ids) // 4)
    }
    best = sorted((word for word, value in odds.items() if value > 0), key=lambda word: (-odds[word], word))
    return Matter(ids=tuple(ids), words=tuple(best[:_SHOWN]))


def _aligned(before: Counter[str], now: Counter[str]) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Return the names that either time has, and how often each; beyond the most frequent they are one."""
    both = before + now
    names = [name for name, _ in sorted(both.items(), key=lambda item: (-item[1], item[0]))[:_MOST_WORDS]]
    counts = [np.array([one[name] for name in names], dtype=np.int64) for one in (before, now)]
    rest = [one.total() - int(count.sum()) for one, count in zip((before, now), counts, strict=True)]
    if any(rest):
        names, counts = [*names, "…"], [np.append(count, left) for count, left in zip(counts, rest, strict=True)]
    return names, counts[0], counts[1]


def _parts(
    first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return what each name adds, and its shares at both times."""
    old, new = ((count + _HALF) / (count.sum() + _HALF * len(count)) for count in (first, second))
    return (new - old) * np.log(new / old), old, new


def _index(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    return float(_parts(first, second)[0].sum())


def _by_chance(first: NDArray[np.int64], second: NDArray[np.int64], random: np.random.Generator) -> float:
    """Return the mean index of two times that were drawn from the same shares."""
    shares = (first + second + _HALF) / (first + second + _HALF).sum()
    drawn = [
        _index(random.multinomial(first.sum(), shares), random.multinomial(second.sum(), shares)) for _ in range(60)
    ]
    return float(np.mean(drawn))
