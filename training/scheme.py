"""Topic schemes: a city renames its whole topic tree every year or two, and the export does not say so."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from triage.domain import Closure

_WINDOW = timedelta(days=14)
_CHANGED = 0.5  # of the orders after a change bear a first level that was rare before it; mere drift stays far below
_FEWEST = 200
_OURS = 0.01  # share of the newest orders from which on a first level belongs to the newest scheme
_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The newest topic scheme: its first levels, and since when it is in use (None: as long as the orders reach)."""

    first_levels: frozenset[str]
    since: date | None = None

    def path(self, closure: Closure) -> tuple[str, ...]:
        """Return the topic as far as it can be predicted; empty where it is of an older scheme."""
        return closure.topic[:_DEPTH] if closure.topic[:1] and closure.topic[0] in self.first_levels else ()

    def __str__(self) -> str:
        if self.since is None:
            return "one topic scheme throughout"
        return f"the topic scheme changed on {self.since}; the newer one is predicted"


def find_scheme(closures: Sequence[Closure]) -> Scheme:
    """Find the last day on which most first levels were replaced by others within two weeks."""
    dated = sorted((row.opened_on, row.topic[0]) for row in closures if row.opened_on and row.topic)
    changed = _last_change(dated)
    newest = [level for day, level in dated if changed is None or day >= changed]
    undated = [row.topic[0] for row in closures if row.topic and not row.opened_on]
    if changed is None:
        return Scheme(first_levels=frozenset(newest + undated))
    seen = Counter(newest)
    ours = frozenset(level for level, count in seen.items() if count >= _OURS * len(newest))
    return Scheme(first_levels=ours, since=changed)


def _last_change(dated: Sequence[tuple[date, str]]) -> date | None:
    days = sorted({day for day, _ in dated})
    strength = {day: _replaced(dated, day) for day in days}
    changes = [day for day in days if strength[day] >= _CHANGED]
    if not changes:
        return None
    recent = [day for day in changes if day > changes[-1] - _WINDOW]
    return max(recent, key=lambda day: (strength[day], day))


def _replaced(dated: Sequence[tuple[date, str]], day: date) -> float:
    """Share of the orders of the two weeks from `day` on whose first level hardly occurred in the two weeks before."""
    before = Counter(level for when, level in dated if day - _WINDOW <= when < day)
    after = Counter(level for when, level in dated if day <= when < day + _WINDOW)
    if min(before.total(), after.total()) < _FEWEST:
        return 0.0
    return 1 - sum(min(after[level] / after.total(), before[level] / before.total()) for level in after)
