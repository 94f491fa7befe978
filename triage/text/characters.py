"""Facts about characters, gathered once: what stands for what, what cannot be seen, what joins its neighbour.

The tables follow the Unicode database of the running Python; only `traditional.txt` is our own.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CHINESE = HAN + "\u3001-\u3003\u3005-\u3011\u3014-\u301b"

_MATHEMATICAL = range(0x1D400, 0x1D800)
_ENCLOSED = range(0x1F100, 0x1F300)
_SURROGATES = range(0xD800, 0xE000)
# Ideographs, Hangul syllables and private characters never change, and are most of the plane.
_UNSCANNED = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000), range(0xAC00, 0xD7A4), _SURROGATES, range(0xE000, 0xF900))
_SEQUENCE_ONLY = "\u034f\u115f\u1160\u180b\u180c\u180d\u180f" + "".join(map(chr, range(0xFE00, 0xFE10)))

# NFKC would glue these to the digits around them: ①13800000000 would no longer hold a phone number.
EXPANSIONS = {ord("㎡"): "平方米", ord("㎥"): "立方米"} | {0x2460 + n: f"({n + 1})" for n in range(20)}


def character_class(characters: Iterable[str]) -> str:
    """The inside of a regular expression's `[...]` for these characters, runs written as ranges."""
    ranges: list[list[int]] = []
    for point in sorted(set(map(ord, characters))):
        if ranges and point == ranges[-1][1] + 1:
            ranges[-1][1] = point
        else:
            ranges.append([point, point])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


def traditional() -> dict[str, str]:
    """Traditional characters with the one simplified character that each stands for."""
    pairs = Path(__file__).with_name("traditional.txt").read_text(encoding="utf-8").split()
    return {pair[0]: pair[1] for pair in pairs}


def _scanned() -> list[str]:
    return [chr(point) for point in range(0x10000) if not any(point in block for block in _UNSCANNED)]


def _changed(characters: Iterable[str]) -> dict[str, str]:
    """What NFKC makes of each character that it changes."""
    return {old: new for old in characters if (new := unicodedata.normalize("NFKC", old)) != old}


def _replacements(scanned: list[str]) -> dict[str, str]:
    changed = _changed(chain(map(chr, _MATHEMATICAL), map(chr, _ENCLOSED))) | _CHANGED
    compatible = {old: new for old, new in changed.items() if len(new) == 1 and ord(old) not in EXPANSIONS}
    simplified = traditional()
    spaces = {character: " " for character in scanned if character.isspace() and character != " "}
    lone = {chr(point): "\ufffd" for point in _SURROGATES}
    return {old: simplified.get(new, new) for old, new in compatible.items()} | simplified | spaces | lone


def _invisible(scanned: list[str]) -> list[str]:
    unseen = [c for c in scanned if unicodedata.category(c) in {"Cc", "Cf"} and not c.isspace()]
    tags_and_selectors = map(chr, range(0xE0000, 0xE1000))
    return [*unseen, *_SEQUENCE_ONLY, *map(chr, range(0x1D173, 0x1D17B)), *tags_and_selectors]


def _second_of_pair(character: str) -> str:
    """The character that joins a preceding one to give `character`, or nothing."""
    parts = unicodedata.decomposition(character).split()
    return chr(int(parts[1], 16)) if len(parts) == 2 and not parts[0].startswith("<") else ""


def _joining(scanned: list[str]) -> set[str]:
    """Characters that NFKC reorders or joins to the one before."""
    seconds = {_second_of_pair(character) for character in scanned} - {""}
    jamo = map(chr, chain(range(0x1161, 0x1176), range(0x11A8, 0x11C3)))
    joining = seconds.union(jamo, _marks(scanned))
    return joining.union(old for old, new in _CHANGED.items() if new[0] in joining)


def _expanding() -> set[str]:
    """Characters that become several."""
    return {old for old, new in _CHANGED.items() if len(new) > 1}.union(map(chr, EXPANSIONS))


def _marks(characters: Iterable[str]) -> list[str]:
    return [character for character in characters if unicodedata.combining(character)]


_BASIC = _scanned()
_CHANGED = _changed(_BASIC)
_MARKS = character_class(chain(_marks(_BASIC), _marks(map(chr, range(0x10000, 0x20000)))))
_UNSEEN = character_class(_invisible(_BASIC))
# Beyond the basic plane everything is taken for joining: rare, and cheaper than four more tables.
_JOINED = _joining(_BASIC)
_JOINING = character_class(_JOINED) + "\U00010000-\U0010ffff"
_EXPANDING = character_class(_expanding() - _JOINED)

REPLACEMENTS = _replacements(_BASIC)
REPLACED = re.compile(f"[{character_class(c for c in REPLACEMENTS if c < chr(0x10000))}\U0001d400-\U0001f2ff]")
INVISIBLE = re.compile(f"[{_UNSEEN}]+")
CLUSTER = re.compile(f"[{_EXPANDING}][{_JOINING}]*|[^{_JOINING}]?[{_JOINING}]+")
# Reordering a pile of marks takes quadratic time in CPython, and no script needs thirty on one letter.
PILE = re.compile(f"(?<=[{_MARKS}]{{30}})[{_MARKS}]+")
UNTIDY = re.compile(f"[ {_UNSEEN}{_EXPANDING}{_JOINING}]")
SPACES = re.compile(" +")
CHINESE_CHARACTER = re.compile(f"[{CHINESE}]")
