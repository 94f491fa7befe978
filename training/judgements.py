"""Orders that a router was tried on, in columns: what it named, what was right, and what would have happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from triage.domain import Action, Closure, Routing

Texts = NDArray[np.object_]
_DEPTH = 5
_UNKNOWN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Judgements:
    """One row for each order that a router was tried on; every array of shape `(rows,)`, `named` `(rows, 5)`.

    Parameters
    ----------
    unit
        Who was right. `district`, `topic` and `channel` say where, what and how as far as it is known, "" where not;
        `day` when it came in.
    named
        The units that were suggested, best first, "" where there were fewer; `sure` the probability of the first.
    dispatched
        Whether it would have been sent to the first without a person.
    inside
        Whether the right unit is in the set that a person is shown; None of a router that shows none.
    stands_for
        For how many orders it stands, in whole ones: more than 1 where it was drawn at random from others; None where
        each stands for itself.
    chances
        The probability of each of `named`; None of a router that tells that of the first alone.
    """

    id: Texts
    day: NDArray[np.datetime64]
    unit: Texts
    district: Texts
    topic: Texts
    channel: Texts
    named: Texts
    sure: NDArray[np.float64]
    dispatched: NDArray[np.bool_]
    inside: NDArray[np.bool_] | None = None
    chances: NDArray[np.float64] | None = None
    stands_for: NDArray[np.int64] | None = None

    @classmethod
    def of(
        cls,
        routings: Sequence[Routing],
        rows: Sequence[Closure],
        *,
        channels: Mapping[str, str] = _UNKNOWN,
        stands_for: Mapping[str, float] | None = None,
    ) -> Self:
        """Judge routings by the units that closed the orders; `channels` and `stands_for` by the orders' ids."""
        best = [routing.suggestions[0].probability if routing.suggestions else 0.0 for routing in routings]
        pairs = list(zip(routings, rows, strict=True))
        return cls(
            **_facts(rows, [row.district or routing.place.district or "" for routing, row in pairs], channels),
            named=_square([[suggestion.unit.name for suggestion in routing.suggestions] for routing in routings]),
            sure=np.array(best, dtype=float),
            dispatched=np.array([routing.decision.action is Action.DISPATCH for routing in routings], dtype=bool),
            inside=np.array([row.unit in routing.decision.set for routing, row in pairs], dtype=bool),
            chances=_chances(routings),
            stands_for=None if stands_for is None else _whole([stands_for.get(row.id, 1.0) for row in rows]),
        )

    @classmethod
    def of_peer(
        cls,
        named: Sequence[Sequence[str]],
        sure: NDArray[np.floating],
        rows: Sequence[Closure],
        *,
        channels: Mapping[str, str] = _UNKNOWN,
    ) -> Self:
        """Judge what only names units and says how sure it is: it dispatches nothing and shows no sets."""
        return cls(
            **_facts(rows, [row.district for row in rows], channels),
            named=_square(named),
            sure=np.asarray(sure, dtype=float),
            dispatched=np.zeros(len(rows), dtype=bool),
        )

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put parts behind each other; sets and chances count only where every part tells them."""
        whole: dict[str, Any] = {}
        for field in fields(cls):
            column = [getattr(part, field.name) for part in parts]
            whole[field.name] = None if any(part is None for part in column) else np.concatenate(column)
        return cls(**whole)

    def __len__(self) -> int:
        return len(self.id)

    @property
    def counts(self) -> NDArray[np.int64]:
        """For how many orders each row stands."""
        return np.ones(len(self), dtype=np.int64) if self.stands_for is None else self.stands_for

    def within(self, depth: int) -> NDArray[np.bool_]:
        """For each row, whether the right unit is among the first `depth`."""
        return np.asarray((self.named[:, :depth] == self.unit[:, None]).any(axis=1), dtype=bool)


def _facts(rows: Sequence[Closure], districts: Sequence[str], channels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": _texts([row.id for row in rows]),
        "day": np.array([row.opened_on for row in rows], dtype="datetime64[D]"),
        "unit": _texts([row.unit for row in rows]),
        "district": _texts(districts),
        "topic": _texts(["".join(row.topic[:1]) for row in rows]),
        "channel": _texts([channels.get(row.id, "") for row in rows]),
    }


def _chances(routings: Sequence[Routing]) -> NDArray[np.float64]:
    """Return the probabilities of the first five suggestions of each routing, 0 where there are fewer."""
    table = np.zeros((len(routings), _DEPTH))
    for row, routing in zip(table, routings, strict=True):
        told = [suggestion.probability for suggestion in routing.suggestions[:_DEPTH]]
        row[: len(told)] = told
    return table


def _whole(values: Sequence[float]) -> NDArray[np.int64]:
    return np.rint(values).astype(np.int64)


def _texts(values: Sequence[str]) -> Texts:
    return np.array(values, dtype=object)


def _square(named: Sequence[Sequence[str]]) -> Texts:
    """Return the first five names of each row as a table, "" where there are fewer."""
    return np.array([[*names[:_DEPTH], *[""] * (_DEPTH - len(names))] for names in named], dtype=object).reshape(
        -1, _DEPTH
    )
