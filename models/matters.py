"""Where an appeal that has several matters goes from one to the next.

Every joint between two clauses is looked at: the words that follow it, and what the topic heads make of the text on its
two sides. Boosted trees, fitted on texts whose joints are known, tell how probable it is that another matter begins.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

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
# Each alternative starts with a plain character: only then does `re` skip quickly over the rest of the text.
_ENDS = re.compile(
    "(?:吗|呢|么(?<!什么)|咋办|咋弄|咋整|行不|能不|可以不|管管|怎么办|怎么弄|没人管)(?=[^，。！？；：、,.!?;:\\s吗呢么啊的]{4})"
)
_NUMBERED = "|".join(f"{bracket}{number}[）)、.]" for bracket in ("", "（", r"\(") for number in "234②③④")
_NEXT = re.compile(
    f"{_JOIN}|除了|另[，,有]|并(?:反映|咨询)|又(?:问|反映|咨询)|二[是、]|三[是、]|四[是、]|{_NUMBERED}|两件|下一个|还得问|末了|说到|至于"
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
        trees, nodes = self.feature.shape
        first = nodes * np.arange(trees)
        row = features.shape[1] * np.arange(len(features))[:, None]
        at = np.broadcast_to(first, (len(features), trees))
        for _ in range(self.depth):
            goes_left = features.take(row + self.feature.take(at)) <= self.threshold.take(at)
            at = first + np.where(goes_left, self.left.take(at), self.right.take(at))
        odds = self.baseline + self.value.take(at).sum(axis=1)
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
    asked = [(reading, places) for reading, places in zip(readings, listed, strict=True) if places]
    if not asked:
        return np.zeros((0, 1), dtype=np.float32)
    bounds = [[0, *places, min(len(reading.masked), _LONGEST)] for reading, places in asked]
    found = features.find([reading for reading, _ in asked])
    starts, ends, beside = _parts(found.starts, bounds)
    margins = scorer.margins(features.rows(found, starts, ends), heads=HEADS)
    compared = _compared(table, table.together(margins), beside)
    said = [joint for (reading, _), own in zip(asked, bounds, strict=True) for joint in _said(reading, own)]
    return np.concatenate([compared, np.array(said).T]).T.astype(np.float32)


def _parts(starts: NDArray[np.int64], bounds: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], ...]:
    """Return the parts of texts that tell about their joints, each once, where texts stand one behind the other.

    Parameters
    ----------
    starts
        Where each text starts.
    bounds
        Of each text the two ends and the joints between them.

    Returns
    -------
    Where each part starts and ends; and for each joint, shape `(5, joints)`, which parts are the clause before and
    behind it, what is further around before and behind it, and the whole text.
    """
    sizes = np.array([len(own) for own in bounds])
    at = np.array([bound for own in bounds for bound in own]) + np.repeat(starts, sizes)
    tail = np.cumsum(sizes) - 1
    head = tail - sizes + 1
    inner = np.ones(len(at), dtype=bool)
    inner[head] = inner[tail] = False
    joint = np.flatnonzero(inner)
    head, tail = np.repeat(head, sizes - 2), np.repeat(tail, sizes - 2)
    before = np.minimum(np.maximum(np.searchsorted(at, at[joint] - _CONTEXT), head), joint - 1)
    after = np.maximum(np.minimum(np.searchsorted(at, at[joint] + _CONTEXT, side="right") - 1, tail), joint + 1)
    first, last = np.stack([joint - 1, joint, before, joint, head]), np.stack([joint, joint + 1, joint, after, tail])
    parts, beside = np.unique(first * len(at) + last, return_inverse=True)
    first, last = np.divmod(parts, len(at))
    return at[first], at[last], beside


def _compared(table: TopicTable, scores: Floats, beside: NDArray[np.intp]) -> Floats:
    """Compare what the topic heads make of the clauses beside a joint, of what is further around it, and of it all.

    Shape `(features, joints)`.
    """
    levels = table.by_level(softmax(scores, TOGETHER))
    most, leaf = scores.max(axis=1), scores.argmax(axis=1)
    sides, whole = beside[:4], beside[4]
    left, right = sides[::2].ravel(), sides[1::2].ravel()
    apart: list[Floats] = []
    wholes = [most[whole]]
    for level in levels:
        root, sure, first = np.sqrt(level), level.max(axis=1), level.argmax(axis=1)
        distance = 1 - np.einsum("ij,ij->i", root[left], root[right])
        one, other = sure[left], sure[right]
        apart += [distance, one, other, distance * np.minimum(one, other), first[left] != first[right]]
        wholes.append(sure[whole])
    apart += [most[right] - scores[right, leaf[left]], most[left] - scores[left, leaf[right]], most[left], most[right]]
    nearer, further = np.array(apart).reshape(len(apart), 2, -1).swapaxes(0, 1)
    return np.concatenate([nearer, further, most[sides] - scores[sides, leaf[whole]], wholes])


def _said(reading: Reading, bounds: Sequence[int]) -> Iterator[list[float]]:
    """Describe each joint by the words around it."""
    text, count = reading.masked, len(bounds) - 1
    counts = float(bool(_COUNTS.search(text)))
    for number, (start, at, end) in enumerate(zip(bounds, bounds[1:], bounds[2:], strict=False), start=1):
        last, clause = text[start:at], text[at:end]
        yield [
            *(float(bool(words.match(clause))) for words in (_NEXT, _AND, _REFERS, _ASKS)),
            float(bool(_ASKS.search(clause))),
            *(float(last.endswith(marks)) for marks in _MARKS),
            float(at in reading.breaks),
            float(last.rstrip(" ，。？！；,?!;").endswith(("吗", "呢", "么", "不", "啊", "吧"))),
            float(bool(_NEXT.search(text, 0, at))),
            float(bool(_NEXT.search(text, end))),
            counts,
            *(log(length) for length in (at, len(text) - at, len(clause), len(last), count)),
            number / count,
        ]
