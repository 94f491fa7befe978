"""Readings as sparse vectors: character n-grams and words, weighed by TF-IDF."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.arrays import Floats
from triage.domain import Reading

Places = NDArray[np.int64]
Matrix = Any  # scipy has no types for its sparse matrices

_ORDERS = (1, 2, 3)
_MOST_WORDS = 15_000
_MOST_GRAMS = 30_000  # by folds 60,000 are no better, and cost twice the time to start
_LONGEST = 4_000  # characters that are looked at; an appeal has said by then what it is about
_BETWEEN = "\n"  # stands between two texts, and in no reading


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
        rows, columns = self._gram.find([_text(reading) for reading in readings])
        words = [[self._word.get(word, -1) for word in reading.tokens[:_LONGEST]] for reading in readings]
        word_columns = np.array([column for row in words for column in row], dtype=np.int64)
        word_rows = np.repeat(np.arange(len(words)), [len(row) for row in words])
        known = word_columns >= 0
        cells, times = np.unique(
            np.concatenate([rows, word_rows[known]]) * len(self) + np.concatenate([columns, word_columns[known]]),
            return_counts=True,
        )
        row, column = np.divmod(cells, len(self))
        pointers = np.searchsorted(row, np.arange(len(readings) + 1))
        return csr_matrix((self._weights(row, column, times), column, pointers), shape=(len(readings), len(self)))

    def spans(self, reading: Reading) -> dict[int, list[tuple[int, int]]]:
        """Where each column of the reading's row stands in its masked text, `[start, end)`."""
        found: dict[int, list[tuple[int, int]]] = {}
        for order, places, columns in self._gram.hits(_codes(_text(reading))):
            for start, column in zip(places.tolist(), columns.tolist(), strict=True):
                found.setdefault(column, []).append((start, start + order))
        start = 0
        for token in reading.tokens[:_LONGEST]:
            if (column := self._word.get(token, -1)) >= 0:
                found.setdefault(column, []).append((start, start + len(token)))
            start += len(token)
        return found

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
        self._number = np.zeros(0x110000, dtype=np.int32)
        self._number[letters] = np.arange(1, self._base)
        self._keys: list[Places] = []
        self._columns: list[Places] = []
        for order in _ORDERS:
            columns = np.array([at for at, gram in enumerate(grams) if len(gram) == order], dtype=np.int64)
            numbers = self._number[_codes("".join(gram for gram in grams if len(gram) == order))].reshape(-1, order)
            keys = numbers.astype(np.int64) @ self._base ** np.arange(order - 1, -1, -1, dtype=np.int64)
            by_key = np.argsort(keys)
            self._keys.append(np.append(keys[by_key], -1))  # a sentinel, so that every position found can be looked at
            self._columns.append(columns[by_key])

    def find(self, texts: Sequence[str]) -> tuple[Places, Places]:
        """Row and column of every known n-gram of the texts, repeated as often as it stands there."""
        codes = _codes(_BETWEEN.join(texts))
        row = np.cumsum(codes == ord(_BETWEEN))
        rows, columns = [], []
        for _, places, found in self.hits(codes):
            rows.append(row[places])
            columns.append(found)
        return np.concatenate(rows), np.concatenate(columns)

    def hits(self, codes: NDArray[np.uint32]) -> Iterator[tuple[int, Places, Places]]:
        """Give for each order of n-grams where the known ones begin, and their columns."""
        numbers = self._number[codes].astype(np.int64)
        keys, whole = numbers, numbers > 0
        for order, (known, column) in enumerate(zip(self._keys, self._columns, strict=True)):
            if order:
                whole = whole[:-1] & (numbers[order:] > 0)
                keys = keys[:-1] * self._base + numbers[order:]
            places = np.flatnonzero(whole)
            found = np.searchsorted(known[:-1], keys[places])
            hit = known[found] == keys[places]
            yield order + 1, places[hit], column[found[hit]]


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
