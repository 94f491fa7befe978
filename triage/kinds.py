"""What kind an appeal is of: 咨询, 求助, 投诉, 举报, 建议 or 表扬."""

from collections import Counter
from collections.abc import Mapping, Sequence

from triage.domain import RankedTopic, Reading
from triage.mentions import Finder, longest

_FIRST = 0.5  # of a word: how much it counts that a topic mostly comes as a kind
_SURE = 0.3


class Kinds:
    """Tells the kind by its words, and between two of them by what the topic mostly comes as.

    Parameters
    ----------
    words
        For each kind the words that tell it; of two kinds with as many words the one listed first.
    """

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._order = {kind: -at for at, kind in enumerate(words)}
        self._finder = Finder((word, kind) for kind, listed in words.items() for word in listed)

    def kind(self, reading: Reading, topics: Sequence[RankedTopic]) -> str:
        """Return the kind; "" where neither words nor topic tell it."""
        found = Counter[str]()
        for mention in longest(self._finder.find(reading.masked)):
            found[mention.of] += 1
        usual = topics[0].topic.kinds if topics and topics[0].probability >= _SURE else ()
        scores = {kind: float(count) for kind, count in found.items()}
        for at, kind in enumerate(usual):
            scores[kind] = scores.get(kind, 0.0) + _FIRST / (at + 1)
        return max(scores, key=lambda kind: (scores[kind], self._order.get(kind, 0)), default="")
