"""Which texts are one matter told twice: MinHash bands find the pairs, shared shingles confirm them."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_OPENER = re.compile(
    r"^\s*[^，。：:\n]{0,16}(?:反映|咨询|投诉|建议|求助|举报|补充|要求|反馈|表扬|感谢|撤销|上报|来电|来信|诉求)\s*[:：]"
)
_NOT_WORD = re.compile(r"[\W_]+")

_SHINGLE = 3
_BANDS, _BAND_ROWS = 12, 4
_ALIKE = 0.75


def bare(text: str) -> str:
    """Return a text without its opener (市民来电反映：) and punctuation: equal here is said in the same words."""
    return _NOT_WORD.sub("", _OPENER.sub("", text)).casefold()


def near_duplicate_groups(texts: Sequence[str]) -> list[int]:
    """Return a group number per text; a group is equal but for punctuation, or shares most of its shingles.

    Near-linear: each text is compared with the first text of each bucket that it falls into. Numbers start at 0 in the
    order of the texts.
    """
    said = [bare(text) for text in texts]
    first_with: dict[str, int] = {}
    firsts = [first_with.setdefault(words, position) for position, words in enumerate(said)]
    distinct = list(first_with)
    joined = dict(zip(distinct, _joined(distinct), strict=True))
    return _numbered(joined[said[first]] for first in firsts)


def _joined(texts: Sequence[str]) -> list[int]:
    """Return for each of distinct texts the position of its group's root."""
    if not texts:
        return []
    shingles = [frozenset(_shingles(text)) for text in texts]
    parent = list(range(len(texts)))
    for band in _bands(texts):
        first_in: dict[int, int] = {}
        for position, bucket in enumerate(band.tolist()):
            other = first_in.setdefault(bucket, position)
            if other != position and _root(parent, other) != _root(parent, position):
                _join_if_alike(parent, shingles, other, position)
    return [_root(parent, position) for position in range(len(texts))]


def _join_if_alike(parent: list[int], shingles: Sequence[frozenset[str]], one: int, two: int) -> None:
    shared = len(shingles[one] & shingles[two])
    if shared >= _ALIKE * (len(shingles[one]) + len(shingles[two]) - shared):
        first, second = sorted((_root(parent, one), _root(parent, two)))
        parent[second] = first


def _root(parent: list[int], position: int) -> int:
    while parent[position] != position:
        parent[position] = parent[parent[position]]
        position = parent[position]
    return position


def _numbered(roots: Iterable[int]) -> list[int]:
    number: dict[int, int] = {}
    return [number.setdefault(root, len(number)) for root in roots]


def _shingles(text: str) -> list[str]:
    return [text[start : start + _SHINGLE] for start in range(max(1, len(text) - _SHINGLE + 1))]


def _bands(texts: Sequence[str]) -> list[Hashes]:
    """Return, per band, one bucket number per text; equal buckets in one band make two texts a pair to look at."""
    hashed, starts = _hashed_shingles(texts)
    # A fixed seed: the same texts give the same groups, on every machine.
    odd = np.random.default_rng(12345).integers(1, 1 << 62, size=(_BANDS, _BAND_ROWS), dtype=np.uint64) * 2 + 1
    bands = []
    for factors in odd:
        bucket = np.zeros(len(texts), dtype=np.uint64)
        for factor in factors:
            bucket = _mixed(bucket + np.minimum.reduceat(_mixed(hashed * factor), starts))
        bands.append(bucket)
    return bands


def _hashed_shingles(texts: Sequence[str]) -> tuple[Hashes, NDArray[np.intp]]:
    """Hash every shingle of every text in one array; `starts` tells where each text begins in it."""
    padded = [text.ljust(_SHINGLE) for text in texts]
    codes = np.frombuffer("".join(padded).encode("utf-32-le"), dtype=np.uint32).astype(np.uint64)
    rolled = codes[:-2] + (codes[1:-1] << np.uint64(21)) + (codes[2:] << np.uint64(42))
    lengths = np.array([len(text) for text in padded])
    ends = np.cumsum(lengths)
    within = np.ones(len(codes), dtype=bool)
    within[ends - 1] = within[ends - 2] = False
    starts = np.concatenate(([0], np.cumsum(lengths - (_SHINGLE - 1))[:-1]))
    return _mixed(rolled[within[:-2]]), starts


def _mixed(hashes: Hashes) -> Hashes:
    """Spread every bit over the whole number (the finaliser of SplitMix64), so that a minimum is a fair draw."""
    mixed = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
