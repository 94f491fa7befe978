"""The one door to jieba and rjieba."""

import hashlib
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable
from functools import cached_property
from importlib.metadata import distribution, version
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

import rjieba

Engine = Literal["rjieba", "jieba"]
Word = str | tuple[str, int]

_SURROGATE = re.compile("[\ud800-\udfff]")


class Segmenter:
    """Cuts Chinese text into words with jieba's dictionary and the words given, the same words by either engine.

    A word without a frequency gets the one at which jieba keeps it whole. jieba (0.8 s to start) is the reference,
    rjieba (0.1 s) the same in Rust; they differ in runs of ASCII such as `P2P-2.0` only.
    """

    def __init__(self, words: Iterable[Word] = (), engine: Engine = "rjieba") -> None:
        self.engine = engine
        fast = rjieba.Jieba()
        self._words = [_added(fast, word) for word in words]
        self._cut = fast.cut if engine == "rjieba" else _reference(self._words)

    def cut(self, text: str) -> list[str]:
        """Words whose concatenation is `text`."""
        try:
            return self._cut(text)
        except UnicodeEncodeError:
            # Rust has no lone surrogates; the replacement is as long, so its words show where to cut.
            words = self._cut(_SURROGATE.sub("\ufffd", text))
            return [text[start:end] for start, end in pairwise(accumulate(map(len, words), initial=0))]

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over engine, version, dictionary and added words: equal fingerprints cut alike."""
        digest = hashlib.sha256(f"{self.engine} {version(self.engine)}\n".encode())
        if self.engine == "jieba":  # rjieba's dictionary is compiled into its version
            digest.update(_dictionary().read_bytes())
        for word, frequency in self._words:
            digest.update(f"{word} {frequency}\n".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()


def _added(engine: rjieba.Jieba, word: Word) -> tuple[str, int]:
    text, frequency = (word, None) if isinstance(word, str) else word
    return text, engine.add_word(text, frequency, None)


def _dictionary() -> Path:
    return Path(str(distribution("jieba").locate_file("jieba/dict.txt")))


def _reference(words: Iterable[tuple[str, int]]) -> Callable[[str], list[str]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba  # noqa: PLC0415 - costs 0.2 s and warns, so only those who ask for it pay
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    with tempfile.TemporaryDirectory() as private:  # by default jieba trusts a file that anyone can put in /tmp
        tokenizer.tmp_dir = private
        tokenizer.initialize()
    for word, frequency in words:
        tokenizer.total -= tokenizer.FREQ.get(word, 0)  # jieba counts a word that it knew twice, rjieba once
        tokenizer.add_word(word, frequency)
    cut: Callable[[str], list[str]] = tokenizer.lcut
    return cut
