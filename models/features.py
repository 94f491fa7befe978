"""Readings as sparse vectors: character n-grams and words, weighed by TF-IDF."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.arrays import Floats
from triage.domain import Reading

Places = NDArray[np.int64]
Matrix = Any  # scipy has no types for its sparse matrices

_ORDERS = (1, 2, 3)
_KINDS = len(_ORDERS) + 1  # words are the last
_MOST_WORDS = 15_000
_MOST_GRAMS = 30_000  # by folds 60,000 are no better, and cost twice the time to start
_LONGEST = 4_000  # characters that are looked at; an appeal has said by then what it is about
_NO_KEY = np.iinfo(np.int64).max
_BETWEEN = "\n"  # stands between two texts, and in no reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The known n-grams and words of readings that stand one behind the other, kind by kind, each in its order.

    Parameters
    ----------
    starts, ends
        Where each reading is, `[start, end)`, shape `(readings,)`.
    first, last
        What was found belongs to a part that starts at `first` or before and ends behind `last`; each kind stands
        `length` behind the one before, shape `(found,)`.
    columns
        What was found, shape `(found,)`.
    """

    starts: Places
    ends: Places
    first: Places
    last: Places
    columns: Places
    length: int

    def within(self, starts: Places, ends: Places) -> tuple[Places, Places]:
        """Row and column of what belongs to each part, repeated as often as it stands there."""
        ahead = self.length * np.arange(_KINDS)[:, None]
        begin = self.first.searchsorted((starts + ahead).ravel())
        count = np.maximum(self.last.searchsorted((ends + ahead).ravel()) - begin, 0)
        rows = np.repeat(np.arange(len(count)) % max(len(starts), 1), count)
        at = np.arange(len(rows)) + np.repeat(begin - np.cumsum(count) + count, count)
        return rows, self.columns[at]


class Features:
    """A fitted vocabulary.

    Characters catch the streets and typing errors that no dictionary has, words keep together what belongs together.
    Each of the two blocks of a row has length 1, so that neither drowns the other.

    Parameters
    ----------
    grams, words
        The names of the columns: n-grams first, then words.
    idf
        One weight a column, shape `(len(grams) + len(words),)`.
    """

    def __init__(self, *, grams: Sequence[str], words: Sequence[str], idf: Floats) -> None:
        self.grams, self.words, self.idf = tuple(grams), tuple(words), idf
        self._gram = _GramTable(self.grams)
        self._word: dict[str, int] = {word: at for at, word in enumerate(self.words, start=len(self.grams))}

    def __len__(self) -> int:
        return len(self.idf)

    @classmethod
    def fit(cls, readings: Sequence[Reading]) -> "Features":
        """Learn the columns and their weights; what stands in one reading only teaches nothing about another."""
        grams = _document_frequency(set(_grams(_text(reading))) for reading in readings)
        words = _document_frequency(set(reading.tokens) for reading in readings)
        known, spoken = _most_frequent(grams, _MOST_GRAMS), _most_frequent(words, _MOST_WORDS)
        frequency = np.array([*(grams[gram] for gram in known), *(words[word] for word in spoken)])
        idf = np.log((1 + len(readings)) / (1 + frequency)) + 1
        return cls(grams=known, words=spoken, idf=idf.astype(np.float32))

    def transform(self, readings: Sequence[Reading]) -> Matrix:
        """Rows of shape `(len(readings), len(self))`, float32; a reading with nothing known is a row of zeros."""
        found = self.find(readings)
        return self.rows(found, found.starts, found.ends)

    def find(self, readings: Sequence[Reading]) -> Found:
        """Find what is known in readings, which are put one behind the other."""
        texts = [_text(reading).ljust(len(reading.masked), _BETWEEN) for reading in readings]
        sizes = np.array([len(text) for text in texts], dtype=np.int64)
        ends = np.cumsum(sizes + 1) - 1
        starts = ends - sizes
        text = _BETWEEN.join(texts)
        length = len(text) + 1
        kinds = []
        for kind, (places, columns) in enumerate(self._gram.hits(text)):
            first = places + kind * length
            kinds.append((first, first + kind, columns))
        kinds.append(self._words(readings, starts + len(_ORDERS) * length))
        first, last, columns = (np.concatenate(parts) for parts in zip(*kinds, strict=True))
        return Found(starts=starts, ends=ends, first=first, last=last, columns=columns, length=length)

    def rows(self, found: Found, starts: Places, ends: Places) -> Matrix:
        """Rows of the parts `[start, end)` of what `find` found, as `transform` would give for each part by itself."""
        row, column = found.within(starts, ends)
        bits = len(self).bit_length()  # what a column needs; the row stands above it
        cells, times = np.unique(row << bits | column, return_counts=True)
        row, column = cells >> bits, cells & ((1 << bits) - 1)
        pointers = np.searchsorted(row, np.arange(len(starts) + 1)).astype(np.int32)
        values = self._weights(row, column, times)
        return csr_matrix((values, column.astype(np.int32), pointers), shape=(len(starts), len(self)))

    def spans(self, reading: Reading) -> dict[int, list[tuple[int, int]]]:
        """Where each column of the reading's row stands in its masked text, `[start, end)`."""
        found: dict[int, list[tuple[int, int]]] = {}
        for order, (places, columns) in enumerate(self._gram.hits(_text(reading)), start=1):
            for start, column in zip(places.tolist(), columns.tolist(), strict=True):
                found.setdefault(column, []).append((start, start + order))
        start = 0
        for token in reading.tokens[:_LONGEST]:
            if (column := self._word.get(token, -1)) >= 0:
                found.setdefault(column, []).append((start, start + len(token)))
            start += len(token)
        return found

    def _words(self, readings: Sequence[Reading], starts: Places) -> tuple[Places, Places, Places]:
        """Last and first character of every known word, since it is of each part that it reaches into; its column."""
        words = [reading.tokens[:_LONGEST] for reading in readings]
        columns = np.array([self._word.get(word, -1) for own in words for word in own], dtype=np.int64)
        sizes = np.array([len(word) for own in words for word in own], dtype=np.int64)
        count = np.array([len(own) for own in words], dtype=np.int64)
        upto = np.cumsum(np.append(0, sizes))
        first = upto[:-1] + np.repeat(starts - upto[np.cumsum(count) - count], count)
        known = columns >= 0
        return (first + sizes - 1)[known], first[known], columns[known]

    def _weights(self, row: Places, column: Places, times: Places) -> Floats:
        values = (1 + np.log(times)) * self.idf[column]
        block = 2 * row + (column >= len(self.grams))
        length = np.sqrt(np.bincount(block, weights=values * values))
        weights: Floats = (values / length[block]).astype(np.float32)
        return weights


class _GramTable:
    """Columns of n-grams, looked up for many texts at once by arithmetic on the numbers of their characters."""

    def __init__(self, grams: Sequence[str]) -> None:
        letters = np.unique(_codes("".join(grams)))
        self._base = len(letters) + 1
        self._number = np.zeros(0x110000, dtype=np.int64)
        self._number[letters] = np.arange(1, self._base)
        self._keys: list[Places] = []
        self._columns: list[Places] = []
        for order in _ORDERS:
            columns = np.array([at for at, gram in enumerate(grams) if len(gram) == order], dtype=np.int64)
            numbers = self._number[_codes("".join(gram for gram in grams if len(gram) == order))].reshape(-1, order)
            keys = numbers @ self._base ** np.arange(order - 1, -1, -1, dtype=np.int64)
            by_key = np.argsort(keys)
            self._keys.append(np.append(keys[by_key], _NO_KEY))  # so that every position found can be looked at
            self._columns.append(columns[by_key])

    def hits(self, text: str) -> Iterator[tuple[Places, Places]]:
        """Give for each order of n-grams where the known ones begin, and their columns.

        An unknown character is a zero in the key, which no known n-gram has.
        """
        keys = numbers = self._number[_codes(text)]
        for order, (known, column) in enumerate(zip(self._keys, self._columns, strict=True)):
            if order:
                keys = keys[:-1] * self._base + numbers[order:]
            found = known.searchsorted(keys)
            places = np.flatnonzero(known[found] == keys)
            yield places, column[found[places]]


def _most_frequent(terms: Counter[str], most: int) -> list[str]:
    return sorted(sorted(terms, key=lambda term: (-terms[term], term))[:most])


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)


def _text(reading: Reading) -> str:
    return reading.masked[:_LONGEST].replace("İ", "I").lower().replace(_BETWEEN, " ")  # İ would become two characters


def _grams(text: str) -> Iterator[str]:
    for order in _ORDERS:
        yield from (text[at : at + order] for at in range(len(text) - order + 1))


def _document_frequency(documents: Iterable[set[str]]) -> Counter[str]:
    seen = Counter[str]()
    for document in documents:
        seen.update(document)
    return Counter({term: count for term, count in seen.items() if count > 1})
