"""Where an appeal that has several matters goes from one to the next.

Every joint between two clauses is looked at: the words that follow it, and what the topic heads make of the text on its
two sides. Boosted trees, fitted on texts whose joints are known, tell how probable it is that another matter begins.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from models.arrays import Floats, softmax
from models.features import Features
from models.scorer import Scorer
from models.topic import HEADS, TOGETHER, TopicTable
from triage.domain import Reading

_SHORTEST = 7  # characters of a matter
_CONTEXT = 60  # characters that are looked at on each side of a joint
_LONGEST = 1_500  # characters of a text that are looked at
_MOST = 60  # joints of a text that are looked at

_END = re.compile(r"[。！？；!?;\n]+|[，,、 ]+")
_JOIN = (
    "另外|此外|还有(?![限人没点些多])|再就是|再有|再者|再一个|再说[说个]|再问|再反映|再提|对了|顺便|顺带|捎带|除此之外|其次|最后(?:想|请)|"
    "还想|也想问|同时(?:反映|咨询|投诉|想|建议|来电)|第[二三四](?:[个件，,、]|是)"
)
_BEGINS = re.compile(_JOIN)
_ENDS = re.compile(
    "(?:[吗呢]|(?<!什)么|咋办|咋弄|咋整|行不|能不|可以不|管管|怎么办|怎么弄|没人管)(?=[^，。！？；：、,.!?;:\\s吗呢么啊的]{4})"
)
_NEXT = re.compile(
    f"(?:{_JOIN}|除了|另[，,有]|并(?:反映|咨询)|又(?:问|反映|咨询)|[二三四](?:是|、)|[（(]?[234②③④][）)、.]|两件|下一个|还得问|末了|说到|至于)"
)
_AND = re.compile("同时|而且|并且|还|也|又|再|且|并")
_REFERS = re.compile(
    "这|那|他|她|它|对此|因此|所以|但|可|却|结果|导致|于是|然后|要求|希望|请求|恳请|盼|求|谢|麻烦|望|不然|否则|因为|由于|如果|说|每|已|都|就|"
    "才|至今|目前|多次|现在|打|找|问了|联系"
)
_MARKS = (("。", "！", "？", "；", "!", "?", ";", "\n"), ("？", "?"))
_ASKS = re.compile("想问|咨询|反映|投诉|请问|建议|举报|问一下|打听|想知道|了解|表扬|申请")
_COUNTS = re.compile("两[件个]|[二三]件|几[件个]|[二三]是|第二")


def joints(reading: Reading) -> list[int]:
    """Return where a clause begins in the masked text: behind punctuation, in the place of white space, at a word that
    adds, and behind a question without its mark.
    """
    text = reading.masked[:_LONGEST]
    found = [found.end() for found in _END.finditer(text)]
    found += [at for at in reading.breaks if at not in found]
    loose = [*(found.start() for found in _BEGINS.finditer(text)), *(found.end() for found in _ENDS.finditer(text))]
    for at in loose:
        if all(abs(at - other) > 2 for other in found):
            found.append(at)
    return sorted(at for at in found if 0 < at < len(text))[:_MOST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """Boosted trees as arrays, each of shape `(trees, nodes)`; a leaf has itself as both children.

    Parameters
    ----------
    feature, threshold
        What a node asks: whether the feature is at most the threshold.
    left, right
        The nodes where it goes on, if it is and if it is not.
    value
        What a leaf adds to the log-odds, which begin at `baseline`.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: Floats
    baseline: float
    depth: int

    def probabilities(self, features: Floats) -> Floats:
        """Return the probability of each row, shape `(rows,)`."""
        trees = np.arange(len(self.feature))[None, :]
        node = np.zeros((len(features), len(self.feature)), dtype=np.intp)
        row = np.arange(len(features))[:, None]
        for _ in range(self.depth):
            goes_left = features[row, self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(goes_left, self.left[trees, node], self.right[trees, node])
        odds = self.baseline + self.value[trees, node].sum(axis=1)
        found: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Splitter:
    """Cuts appeals at the joints that are at least as probable as `threshold`."""

    trees: Trees
    threshold: float

    def cuts(
        self, readings: Sequence[Reading], features: Features, scorer: Scorer, table: TopicTable
    ) -> list[tuple[int, ...]]:
        """Return for each reading where another matter begins in its masked text; nothing for most."""
        listed = [joints(reading) for reading in readings]
        described = describe(readings, listed, features, scorer, table)
        cuts: list[tuple[int, ...]] = []
        start = 0
        odds = self.trees.probabilities(described) if len(described) else np.zeros(0)
        for reading, places in zip(readings, listed, strict=True):
            own = odds[start : start + len(places)]
            cuts.append(chosen(places, own, len(reading.masked), threshold=self.threshold))
            start += len(places)
        return cuts


def chosen(places: Sequence[int], odds: NDArray[np.floating], length: int, *, threshold: float) -> tuple[int, ...]:
    """Take the most probable joints first, as long as no matter becomes too short."""
    taken = [0, length]
    for at in np.argsort(-odds, kind="stable").tolist():
        if odds[at] < threshold:
            break
        if all(abs(places[at] - other) >= _SHORTEST for other in taken):
            taken.append(places[at])
    return tuple(sorted(taken)[1:-1])


def describe(
    readings: Sequence[Reading],
    listed: Sequence[Sequence[int]],
    features: Features,
    scorer: Scorer,
    table: TopicTable,
) -> Floats:
    """Describe each joint of each reading, shape `(joints, features)`."""
    parts: list[Reading] = []
    beside: list[tuple[int, int, int, int, int]] = []
    said: list[list[float]] = []
    for reading, places in zip(readings, listed, strict=True):
        if not places:
            continue
        text = _Text(reading, parts)
        end = min(len(reading.masked), _LONGEST)
        bounds, whole = [0, *places, end], text.part(0, end)
        for number, at in enumerate(places, start=1):
            before = next(bound for bound in bounds if bound >= at - _CONTEXT or bound == bounds[number - 1])
            after = next(bound for bound in bounds[::-1] if bound <= at + _CONTEXT or bound == bounds[number + 1])
            clauses = text.part(bounds[number - 1], at), text.part(at, bounds[number + 1])
            beside.append((*clauses, text.part(before, at), text.part(at, after), whole))
            said.append(_said(reading, bounds, number))
    if not beside:
        return np.zeros((0, 1), dtype=np.float32)
    margins = scorer.margins(features.transform(parts), heads=HEADS)
    columns = _compared(table, table.together(margins), np.array(beside, dtype=np.intp))
    return np.column_stack([*columns, np.array(said)]).astype(np.float32)


class _Text:
    """Parts of a reading, each with its own words and made once; a part is known by its number among all."""

    def __init__(self, reading: Reading, parts: list[Reading]) -> None:
        self._reading, self._parts = reading, parts
        self._ends = list(accumulate(map(len, reading.tokens)))
        self._number: dict[tuple[int, int], int] = {}

    def part(self, start: int, end: int) -> int:
        if (start, end) not in self._number:
            first, last = bisect_left(self._ends, start + 1), bisect_left(self._ends, end)
            tokens = self._reading.tokens[first : last + 1]
            self._number[start, end] = len(self._parts)
            self._parts.append(Reading(masked=self._reading.masked[start:end], tokens=tokens))
        return self._number[start, end]


def _compared(table: TopicTable, scores: Floats, beside: NDArray[np.intp]) -> list[Floats]:
    """Compare what the topic heads make of the clauses beside a joint, of what is further around it, and of it all."""
    levels = table.by_level(softmax(scores, TOGETHER))
    seen = _Seen(
        scores=scores,
        most=scores.max(axis=1),
        leaf=scores.argmax(axis=1),
        roots=[np.sqrt(level) for level in levels],
        sure=[level.max(axis=1) for level in levels],
        first=[level.argmax(axis=1) for level in levels],
    )
    *sides, whole = beside.T
    columns = [*seen.apart(sides[0], sides[1]), *seen.apart(sides[2], sides[3])]
    columns += [seen.most[side] - scores[side, seen.leaf[whole]] for side in sides]
    return [*columns, seen.most[whole], *(sure[whole] for sure in seen.sure)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the topic heads make of each part: scores of the topics, and level by level the classes."""

    scores: Floats
    most: Floats
    leaf: NDArray[np.intp]
    roots: list[Floats]
    sure: list[Floats]
    first: list[NDArray[np.intp]]

    def apart(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> list[Floats]:
        """Tell how far the topics of two sides are apart, level by level, and how sure each side is."""
        columns: list[Floats] = []
        for root, sure, first in zip(self.roots, self.sure, self.first, strict=True):
            distance = 1 - np.einsum("ij,ij->i", root[left], root[right])
            different = (first[left] != first[right]).astype(np.float32)
            columns += [distance, sure[left], sure[right], distance * np.minimum(sure[left], sure[right]), different]
        columns += [self.most[right] - self.scores[right, self.leaf[left]]]
        columns += [self.most[left] - self.scores[left, self.leaf[right]]]
        return [*columns, self.most[left], self.most[right]]


def _said(reading: Reading, bounds: Sequence[int], number: int) -> list[float]:
    text, at = reading.masked, bounds[number]
    clause, last = text[at : bounds[number + 1]], text[bounds[number - 1] : at]
    before, count = text[:at], len(bounds) - 1
    return [
        *(float(bool(words.match(clause))) for words in (_NEXT, _AND, _REFERS, _ASKS)),
        float(bool(_ASKS.search(clause))),
        *(float(before.endswith(marks)) for marks in _MARKS),
        float(at in reading.breaks),
        float(last.rstrip(" ，。？！；,?!;").endswith(("吗", "呢", "么", "不", "啊", "吧"))),
        float(bool(_NEXT.search(before))),
        float(bool(_NEXT.search(text[bounds[number + 1] :]))),
        float(bool(_COUNTS.search(text))),
        *np.log([at, len(text) - at, len(clause), len(last), count]).tolist(),
        number / count,
    ]
