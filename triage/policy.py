"""From probabilities to an action: what is sure is sent, the rest is put before a person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from triage.domain import Action, Decision, Place, Reading, Suggestion

_PLACEHOLDER = re.compile("〔[^〕]*〕")  # a telephone number alone says nothing
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Thresholds on the calibrated probability, fitted by `models.calibration` and enforced on every answer.

    `dispatch_at` is where, on the newest closures, 95 % of what lies above was right; above 1 nothing is dispatched.
    """

    version: str = "1"
    dispatch_at: float = 1.01
    suggest_at: float = 0.3
    set_mass: float = 0.95

    def decide(self, reading: Reading, place: Place, suggestions: Sequence[Suggestion]) -> Decision:
        if len(_WORD.findall(_PLACEHOLDER.sub("", reading.masked))) < 2 or not suggestions:
            return Decision(action=Action.REVIEW, reason="too_vague", why="诉求没有可以判断的内容，请人工核实后派单。")
        best, chosen = suggestions[0], self._set(suggestions)
        percent = f"{best.probability:.0%}"
        elsewhere = place.district and best.unit.district not in ("", place.district)
        if best.probability >= self.dispatch_at and elsewhere:
            why = f"诉求地点在{place.district}，而{best.unit.name}属于{best.unit.district}，请坐席确认。"
            return Decision(
                action=Action.SUGGEST, reason="other_district", why=why, units=(best.unit.code,), set=chosen
            )
        if best.probability >= self.dispatch_at:
            why = f"承办单位为{best.unit.name}的概率为{percent}，达到自动派单标准。"
            return Decision(action=Action.DISPATCH, reason="sure", why=why, units=(best.unit.code,), set=chosen)
        if best.probability >= self.suggest_at:
            why = f"建议派往{best.unit.name}（概率{percent}），请坐席确认。"
            return Decision(action=Action.SUGGEST, reason="likely", why=why, units=(best.unit.code,), set=chosen)
        why = f"最可能的单位{best.unit.name}概率仅为{percent}，请人工研判。"
        return Decision(action=Action.REVIEW, reason="unsure", why=why, set=chosen)

    def _set(self, suggestions: Sequence[Suggestion]) -> tuple[str, ...]:
        """The fewest suggestions, best first, whose probabilities add up to `set_mass`; all of them where none do."""
        mass, names = 0.0, []
        for suggestion in suggestions:
            names.append(suggestion.unit.name)
            mass += suggestion.probability
            if mass >= self.set_mass:
                break
        return tuple(names)
