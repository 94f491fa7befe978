"""Where known names stand in a text."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import add
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mention(Generic[T]):
    """A name at `[start, end)` of the text, and what it is the name of."""

    start: int
    end: int
    name: str
    of: T


class Finder(Generic[T]):
    """Finds every mention of the names given, overlapping ones too, in time linear in the text.

    A name may stand for several things; names of one character are left out, since nearly all of them are other words.
    """

    def __init__(self, names: Iterable[tuple[str, T]]) -> None:
        by_opening: dict[str, dict[int, dict[str, list[T]]]] = {}
        for name, thing in names:
            if len(name) >= 2:
                of_length = by_opening.setdefault(name[:2], {}).setdefault(len(name), {})
                of_length.setdefault(name, []).append(thing)
        self._by_opening = {opening: sorted(found.items()) for opening, found in by_opening.items()}

    def find(self, text: str) -> list[Mention[T]]:
        """Mentions in the order of their start, shorter before longer."""
        known = self._by_opening
        openings = [at for at, opening in enumerate(map(add, text, text[1:])) if opening in known]
        return [
            Mention(at, at + length, name, thing)
            for at in openings
            for length, names in known[text[at : at + 2]]
            if (name := text[at : at + length]) in names
            for thing in names[name]
        ]


def longest(mentions: Iterable[Mention[T]]) -> list[Mention[T]]:
    """Drop each mention that lies inside a longer one: 海淀 in 海淀大街 is not the district."""
    kept: list[Mention[T]] = []
    for mention in sorted(mentions, key=lambda found: (found.start, -found.end)):
        if not kept or mention.end > kept[-1].end or (mention.start, mention.end) == (kept[-1].start, kept[-1].end):
            kept.append(mention)
    return kept
