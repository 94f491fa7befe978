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

    @classmethod
    def of(
        cls, routings: Sequence[Routing], rows: Sequence[Closure], *, channels: Mapping[str, str] = _UNKNOWN
    ) -> Self:
        """Judge routings by the units that closed the orders; `channels` by the orders' ids, as far as known."""
        best = [routing.suggestions[0].probability if routing.suggestions else 0.0 for routing in routings]
        pairs = list(zip(routings, rows, strict=True))
        return cls(
            **_facts(rows, [row.district or routing.place.district or "" for routing, row in pairs], channels),
            named=_square([[suggestion.unit.name for suggestion in routing.suggestions] for routing in routings]),
            sure=np.array(best, dtype=float),
            dispatched=np.array([routing.decision.action is Action.DISPATCH for routing in routings], dtype=bool),
            inside=np.array([row.unit in routing.decision.set for routing, row in pairs], dtype=bool),
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
        """Put parts behind each other; sets count only where every part shows them."""
        whole = {
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(cls)
            if field.name != "inside"
        }
        sets = [part.inside for part in parts if part.inside is not None]
        return cls(**whole, inside=np.concatenate(sets) if len(sets) == len(parts) else None)

    def __len__(self) -> int:
        return len(self.id)

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


def _texts(values: Sequence[str]) -> Texts:
    return np.array(values, dtype=object)


def _square(named: Sequence[Sequence[str]]) -> Texts:
    """Return the first five names of each row as a table, "" where there are fewer."""
    return np.array([[*names[:_DEPTH], *[""] * (_DEPTH - len(names))] for names in named], dtype=object).reshape(
        -1, _DEPTH
    )
