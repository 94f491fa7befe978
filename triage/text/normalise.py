"""One spelling for what was typed in many: full width, traditional, invisible, spaced out."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from triage.text.characters import (
    CHINESE_CHARACTER,
    CLUSTER,
    EXPANSIONS,
    INVISIBLE,
    PILE,
    REPLACED,
    REPLACEMENTS,
    SPACES,
    UNTIDY,
)


class Edit(NamedTuple):
    """`[start, end)` of the new text stands for `[old_start, old_end)` of the old one."""

    start: int
    end: int
    old_start: int
    old_end: int


@dataclass(frozen=True, slots=True)
class Normalised:
    """A normalised text, and the way back to the text as given.

    `steps` are the edits of each step that changed a length; none for most Chinese texts, where positions are the same.
    """

    text: str
    steps: tuple[tuple[Edit, ...], ...] = ()

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]` was in the text as given; a character made of several counts with all of them."""
        for edits in reversed(self.steps):
            first, last = _before(edits, start), _before(edits, max(start, end - 1))
            start, end = first[0], last[1] if end > start else first[0]
        return start, end


def normalise(text: str) -> Normalised:
    """NFKC, simplified characters, one space for white space, nothing invisible; the same again for its own result.

    Never fails: a lone surrogate becomes U+FFFD. Of a pile of combining marks the first thirty are kept.
    """
    text = REPLACED.sub(_replacement, text)
    if UNTIDY.search(text) is None:
        return Normalised(text)
    steps = []
    for pattern, change in _STEPS:
        text, edits = _edit(pattern, change, text)
        if edits:
            steps.append(edits)
    return Normalised(text, tuple(steps))


def _replacement(found: re.Match[str]) -> str:
    return REPLACEMENTS.get(found[0], found[0])


def _nothing(_: re.Match[str]) -> str:
    return ""


def _composed(found: re.Match[str]) -> str:
    return REPLACED.sub(_replacement, unicodedata.normalize("NFKC", found[0].translate(EXPANSIONS)))


def _one_space(found: re.Match[str]) -> str:
    start, end, text = found.start(), found.end(), found.string
    if start == 0 or end == len(text):
        return ""
    return "" if CHINESE_CHARACTER.match(text, start - 1) and CHINESE_CHARACTER.match(text, end) else " "


_STEPS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (INVISIBLE, _nothing),
    (PILE, _nothing),
    (CLUSTER, _composed),
    (PILE, _nothing),
    (SPACES, _one_space),
)


def _edit(pattern: re.Pattern[str], change: Callable[[re.Match[str]], str], text: str) -> tuple[str, tuple[Edit, ...]]:
    pieces: list[str] = []
    edits: list[Edit] = []
    kept = shift = 0
    for found in pattern.finditer(text):
        old, new = found[0], change(found)
        if new == old:
            continue
        same = int(old[:1] == new[:1])
        start = found.start() + same
        edits.append(Edit(start + shift, start + shift + len(new) - same, start, found.end()))
        pieces += text[kept:start], new[same:]
        kept, shift = found.end(), shift + len(new) - len(old)
    return ("".join((*pieces, text[kept:])), tuple(edits)) if edits else (text, ())


def _before(edits: tuple[Edit, ...], position: int) -> tuple[int, int]:
    """Start and end, before the edits, of what stands at `position` after them."""
    at = bisect_right(edits, position, key=itemgetter(0)) - 1
    if at < 0:
        return position, position + 1
    edit = edits[at]
    if position < edit.end:
        return edit.old_start, edit.old_end
    old = edit.old_end + position - edit.end
    return old, old + 1
