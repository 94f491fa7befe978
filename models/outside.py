"""What no unit of the hotline deals with: appeals that are like those written for another number, or for no office."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats
from triage.citypack import CityPack
from triage.domain import ORDINARY, Action

BEYOND = (ORDINARY, Action.TRANSFER, Action.DECLINE)
"""Classes of the head `beyond`; those of `outside` are what is ordinary, and then each destination."""

SHARES: Floats = np.linspace(0.001, 0.05, 50, dtype=np.float32)
"""Shares of ordinary appeals for which the margins that so many of them reach are kept."""


def destinations(pack: CityPack) -> tuple[tuple[str, int], ...]:
    """Return what can be learned, the numbers and reasons of the learned rules, each with its class in `BEYOND`."""
    return tuple(dict.fromkeys((rule.to, BEYOND.index(rule.action)) for rule in pack.rules if rule.learned))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Tells the appeals that rules should look at.

    Parameters
    ----------
    destinations
        Numbers and reasons in the order of the columns of the head `outside`, each with its class in `BEYOND`.
    reached
        Alarms that `SHARES` of ordinary appeals reach, shape `(shares, 2)`: for transfers, and for declines.
    """

    destinations: tuple[tuple[str, int], ...]
    reached: Floats

    def thresholds(self, false_alarms: Mapping[Action, float]) -> Floats:
        """Alarms above which no more than the given shares of ordinary appeals raise an alarm, shape `(2,)`."""
        allowed = [false_alarms[Action.TRANSFER], false_alarms[Action.DECLINE]]
        rows = np.searchsorted(SHARES, np.array(allowed, dtype=np.float32) + np.float32(1e-6), side="right") - 1
        found = [self.reached[row, column] if row >= 0 else np.inf for column, row in enumerate(rows)]
        return np.array(found, dtype=np.float32)

    def like(self, margins: Mapping[str, Floats], thresholds: Floats) -> list[tuple[str, ...]]:
        """Name for each reading what it is like: one number to transfer to, one reason to decline, both, or nothing."""
        raised, group = self.alarms(margins) >= thresholds, self._group
        found: list[tuple[str, ...]] = [()] * len(raised)
        for row in np.flatnonzero(raised.any(axis=1)):
            for column in np.flatnonzero(raised[row]):
                scores = np.where(group == column + 1, margins["outside"][row, 1:], -np.inf)
                found[row] = (*found[row], self.destinations[int(scores.argmax())][0])
        return found

    def alarms(self, margins: Mapping[str, Floats]) -> Floats:
        """How far each reading is beyond the hotline, shape `(readings, 2)`: for transfers, and for declines.

        What the head `beyond` says and what the likeliest destination says find more together than either alone.
        """
        told, group = margins["outside"][:, 1:], self._group
        likeliest = [told[:, group == of].max(axis=1, initial=-np.inf) for of in (1, 2)]
        found: Floats = margins["beyond"][:, 1:] + np.stack(likeliest, axis=1)
        return found

    @property
    def _group(self) -> NDArray[np.intp]:
        return np.array([group for _, group in self.destinations], dtype=np.intp)


def reached_by(alarms: Floats) -> Floats:
    """Return what `SHARES` of ordinary appeals reach, given the alarms of some, shape `(appeals, 2)`."""
    reached: NDArray[np.floating] = np.quantile(alarms, 1 - SHARES, axis=0, method="higher")
    return reached.astype(np.float32)
