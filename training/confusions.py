"""Who is named in whose place: confusion between duties, apart from confusion between places of one duty."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from training.judgements import Judgements
from triage.domain import Unit, UnitKind

WAYS = ("other_place", "other_duty", "other_both", "other_alike", "other_unknown")
"""How two units differ: in place or level, in duty, in both, in neither, or one of them is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a unit does, and where: its duty, or without one its kind; its level and place."""

    duty: str
    place: tuple[str, str]

    @classmethod
    def of(cls, unit: Unit) -> "Post":
        """Return the post of a unit; a street office and a zone are the place themselves."""
        place = unit.name if unit.kind in (UnitKind.STREET, UnitKind.ZONE) else unit.district
        return cls(duty=unit.duty or unit.kind.value, place=(unit.kind.value, place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Orders of one duty that were first suggested to another, or to the same in vain: how many, and in which way."""

    suggested: str
    closed: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusions:
    """Wrong first suggestions: how many in all, by the way in which they are wrong, and by duty, the most first.

    The duty of nobody, and of a unit that is not known, is "".
    """

    wrong: int
    ways: Mapping[str, int]
    duties: tuple[Confusion, ...]


def confusions(judged: Judgements, units: Iterable[Unit]) -> Confusions:
    """Count wrong first suggestions by the duties of who was suggested and of who closed the order."""
    posts = {unit.name: Post.of(unit) for unit in units}
    wrong = ~judged.within(1)
    pairs = Counter(zip(judged.named[wrong, 0].tolist(), judged.unit[wrong].tolist(), strict=True))
    ways, duties = Counter[str](), Counter[tuple[str, str]]()
    for (named, right), rows in pairs.items():
        first, last = posts.get(named), posts.get(right)
        ways[_way(first, last)] += rows
        duties[first.duty if first else "", last.duty if last else ""] += rows
    return Confusions(
        wrong=int(wrong.sum()),
        ways={way: ways[way] for way in WAYS},
        duties=tuple(
            Confusion(suggested=suggested, closed=closed, rows=rows)
            for (suggested, closed), rows in sorted(duties.items(), key=lambda item: (-item[1], item[0]))
        ),
    )


def _way(first: Post | None, last: Post | None) -> str:
    if first is None or last is None:
        return "other_unknown"
    same = (first.duty == last.duty, first.place == last.place)
    return {(True, False): "other_place", (False, True): "other_duty", (False, False): "other_both"}.get(
        same, "other_alike"
    )
