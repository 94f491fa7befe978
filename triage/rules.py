"""Rules above the model: which of a pack's rules hold for an appeal, and on which words."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from triage.domain import FiredRule, Reading, Rule, holds
from triage.mentions import Finder

_END = re.compile(r"[。！？!?；;\n]+")

_Alternative = tuple[Rule, tuple[str, ...]]


class Rulebook:
    """The rules that hold on a day, looked up by their words.

    A rule fires in a sentence that has all words of one of its alternatives and none of those that speak against it.
    """

    def __init__(self, rules: Iterable[Rule], *, on: date) -> None:
        valid = [rule for rule in rules if holds(rule, on)]
        self._of_code = {rule.code: rule for rule in valid}
        self._learned = {rule.to: rule for rule in valid if rule.learned}
        self._alternatives: defaultdict[str, list[_Alternative]] = defaultdict(list)
        for rule in valid:
            for together in rule.words:
                self._alternatives[together[0]].append((rule, together))
        words = {word for rule in valid for word in (*rule.unless, *(w for together in rule.words for w in together))}
        self._finder = Finder((word, word) for word in sorted(words))

    def __getitem__(self, code: str) -> Rule | None:
        """Return the rule of a code; None where the pack has none that holds."""
        return self._of_code.get(code)

    def fired(self, reading: Reading, like: Sequence[str] = ()) -> tuple[FiredRule, ...]:
        """Return the rules that fire, the one that decides first.

        Parameters
        ----------
        like
            Destinations and reasons for which appeals were written that the text is like.
        """
        found = self._by_words(reading.masked)
        for to in like:
            if (rule := self._learned.get(to)) and rule.code not in found:
                found[rule.code] = FiredRule(rule=rule)
        return tuple(sorted(found.values(), key=lambda fired: (fired.rule.rank, not fired.evidence, fired.rule.code)))

    def _by_words(self, text: str) -> dict[str, FiredRule]:
        mentions = self._finder.find(text)
        if not mentions:
            return {}
        ends = [found.start() for found in _END.finditer(text)]
        sentences: defaultdict[int, dict[str, None]] = defaultdict(dict)  # words in the order in which they stand
        for mention in mentions:
            sentences[bisect_right(ends, mention.start)][mention.name] = None
        fired: dict[str, FiredRule] = {}
        for said in sentences.values():
            for word in said:
                for rule, together in self._alternatives.get(word, ()):
                    if said.keys() >= set(together) and said.keys().isdisjoint(rule.unless):
                        fired.setdefault(rule.code, FiredRule(rule=rule, evidence=together))
        return fired
