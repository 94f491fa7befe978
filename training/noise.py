"""Orders whose label is most doubtful, for people to look at; nothing is ever dropped for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from training.judgements import Judgements

_PRIOR = 5  # rows of the mean of all labels that a label with few rows is taken together with

Shares = NDArray[np.float64]
Table: TypeAlias = NDArray[np.floating] | csr_matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """An order whose label may be wrong.

    Parameters
    ----------
    says
        What the model would say in the place of `label`; `given` and `probability` are what it gives to either.
    vote_label, vote_says
        Shares of the votes of similar orders for either; 0 where these were not asked.
    confident
        Whether `says` has at least the probability that orders with that label usually have of it, and `label` is not
        the most probable of those that do (the off-diagonal of confident learning).
    doubt
        By what orders are ranked.
    """

    id: str
    label: str
    says: str
    given: float
    probability: float
    vote_label: float
    vote_says: float
    confident: bool
    doubt: float


def doubtful(
    ids: Sequence[str],
    labels: NDArray[np.integer],
    names: Sequence[str],
    probabilities: Table,
    *,
    votes: Table | None = None,
    most: int | None = None,
) -> tuple[Doubt, ...]:
    """Rank orders by how doubtful their label is, the most doubtful first.

    Confident learning (Northcutt, Jiang and Chuang, 2021) finds the orders whose label the model contradicts as surely
    as it usually is of what it says; these come first. Among them, and after them, orders are ranked by how far the
    other label is ahead, in probability less what is usual for either, and in the votes of similar orders.

    Parameters
    ----------
    labels
        Column of each order's label in `names`, -1 where it has none: such orders are passed over.
    probabilities, votes
        Shape `(orders, names)`, dense or sparse; of models, and of neighbours, that have not seen the order.
    most
        How many to return; None for all.
    """
    labelled = np.flatnonzero(labels >= 0)
    own = np.asarray(labels)[labelled].astype(np.intp)
    table = _rows(probabilities, labelled)
    given, usual = _of(table, own), _usual(table, own)
    says, ahead = _best_other(table, own, usual)
    confident = _contradicted(table, own, usual)
    probability = _of(table, says)
    voted = csr_matrix(table.shape) if votes is None else _rows(votes, labelled)
    vote_label, vote_says = _of(voted, own), _of(voted, says)
    doubt = ahead - (given - usual[own]) + (vote_says - vote_label)
    order = np.lexsort((-doubt, ~confident))[:most]
    return tuple(
        Doubt(
            id=ids[labelled[at]],
            label=names[own[at]],
            says=names[says[at]],
            given=float(given[at]),
            probability=float(probability[at]),
            vote_label=float(vote_label[at]),
            vote_says=float(vote_says[at]),
            confident=bool(confident[at]),
            doubt=float(doubt[at]),
        )
        for at in order.tolist()
    )


def doubts(judged: Judgements, *, most: int | None = None) -> tuple[Doubt, ...]:
    """Rank orders that a router was tried on, and has not learned from, by how doubtful it is who closed them.

    A router that tells the probability of its first suggestion alone is asked for no more than that.
    """
    chances = judged.chances
    if chances is None:
        chances = np.zeros(judged.named.shape)
        chances[:, 0] = judged.sure
    names, codes = np.unique(np.concatenate([judged.unit, judged.named.ravel()]), return_inverse=True)
    labels, named = codes[: len(judged)], codes[len(judged) :]
    row, listed = np.repeat(np.arange(len(judged)), judged.named.shape[1]), judged.named.ravel() != ""
    entries = (chances.ravel()[listed], (row[listed], named[listed]))
    table = csr_matrix(entries, shape=(len(judged), len(names)))
    return doubtful(judged.id.tolist(), labels, names.tolist(), table, most=most)


def _rows(table: Table, rows: NDArray[np.intp]) -> csr_matrix:
    found = csr_matrix(table, dtype=np.float64)[rows]
    found.eliminate_zeros()
    return found


def _of(table: csr_matrix, columns: NDArray[np.intp]) -> Shares:
    one = csr_matrix((np.ones(len(columns)), (np.arange(len(columns)), columns)), shape=table.shape)
    return np.asarray(table.multiply(one).sum(axis=1), dtype=float).ravel()


def _usual(table: csr_matrix, own: NDArray[np.intp]) -> Shares:
    """Return for each label the mean probability that orders with it have of it."""
    given = _of(table, own)
    rows = np.bincount(own, minlength=table.shape[1])
    overall = given.mean() if len(given) else 0.0
    usual: Shares = (np.bincount(own, weights=given, minlength=table.shape[1]) + _PRIOR * overall) / (rows + _PRIOR)
    return usual


def _best_other(table: csr_matrix, own: NDArray[np.intp], usual: Shares) -> tuple[NDArray[np.intp], Shares]:
    """Return the label other than its own that is furthest above what is usual for it, and how far it is."""
    row, column, value = _entries(table)
    other = column != own[row]
    return _highest(row[other], column[other], (value - usual[column])[other], own, empty=-1.0)


def _contradicted(table: csr_matrix, own: NDArray[np.intp], usual: Shares) -> NDArray[np.bool_]:
    row, column, value = _entries(table)
    sure = value >= usual[column]
    says, _ = _highest(row[sure], column[sure], value[sure], own, empty=0.0)
    return np.asarray(says != own, dtype=bool)


def _entries(table: csr_matrix) -> tuple[NDArray[np.intp], NDArray[np.intp], Shares]:
    return np.repeat(np.arange(table.shape[0]), np.diff(table.indptr)), table.indices.astype(np.intp), table.data


def _highest(
    row: NDArray[np.intp], column: NDArray[np.intp], value: Shares, own: NDArray[np.intp], *, empty: float
) -> tuple[NDArray[np.intp], Shares]:
    """Return the column of the highest value of each row, and that value; its own and `empty` where it has none."""
    order = np.lexsort((value, row))
    columns, values = own.copy(), np.full(len(own), empty)
    columns[row[order]], values[row[order]] = column[order], value[order]  # the last that is written is the highest
    return columns, values
