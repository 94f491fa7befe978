"""What is not fit to learn from is set aside, rule by rule, and every row set aside is counted and named."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from training.duplicates import bare, near_duplicate_groups
from training.instructions import strip_instructions
from triage.domain import Closure

__all__ = ["Cleaned", "LeftOut", "Summary", "clean", "near_duplicate_groups", "strip_instructions"]

# Whoever calls is an agency unless the words say a citizen: agencies go by more names than any list holds.
_CITIZEN = re.compile(
    r"市民|群众|居民|村民|业主|住户|租户|用户|游客|旅客|乘客|司机|家长|学生|职工|员工|老人|网友|网民|记者|先生|女士|小姐"
    r"|商户|商家|店主|经营者|来电人|诉求人|反映人|投诉人|当事人|网格员|匿名|^民$|^其|^本人|^我|某|〔"
    r"|^[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许邓冯韩曹曾彭蔡潘袁蒋杜苏魏程吕丁沈任姚卢]\w{1,2}(?<![局所队办委院处站])$"
)
_CALLER = re.compile(r"\s*([^，。；：:、\n（(《]{1,24}?)来电(?:反馈|反映|咨询|要求|报备|建议|[^，。\n]{0,6}[:：])")
_CATCH_ALL = re.compile(
    r"^(?:其[他它](?:单位|部门)?|省(?:级|直)(?:单位|部门)?|外[省市地](?:单位)?|无|未知|除.+外的?.*)$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    id: str
    source: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many rows came in, how many stay, and which were left out and why."""

    read: int
    kept: int
    left_out: tuple[LeftOut, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """Rows left out by reason, every reason named even where it is 0."""
        found = Counter(row.reason for row in self.left_out)
        return {reason: found[reason] for reason in REASONS}

    def __str__(self) -> str:
        lines = [
            f"{self.read:>9,}  read",
            *(f"{-count:>9,}  {reason}" for reason, count in self.counts.items() if count),
        ]
        return "\n".join([*lines, f"{self.kept:>9,}  kept"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """Rows to learn from, texts stripped, and for each the number of its near-duplicate group.

    Rows of one group must never be on both sides of a split.
    """

    rows: tuple[Closure, ...]
    groups: tuple[int, ...]
    summary: Summary


def clean(closures: Sequence[Closure]) -> Cleaned:
    """Strip the texts, set aside what is not fit to learn from, and group near-duplicates among the rest."""
    left_out: list[LeftOut] = []
    fit: list[Closure] = []
    for raw in closures:
        row = replace(raw, text=strip_instructions(raw.text))
        if reason := _reason(row):
            left_out.append(LeftOut(id=row.id, source=row.source, reason=reason))
        else:
            fit.append(row)
    kept, again = _entered_once(fit)
    left_out += [LeftOut(id=row.id, source=row.source, reason="near_duplicate") for row in again]
    groups = near_duplicate_groups([row.text for row in kept])
    summary = Summary(read=len(closures), kept=len(kept), left_out=tuple(left_out))
    return Cleaned(rows=tuple(kept), groups=tuple(groups), summary=summary)


def no_text(row: Closure) -> bool:
    """Nothing was said, or nothing but the opener is left of it."""
    return len(bare(row.text)) < 2


def no_unit(row: Closure) -> bool:
    return not row.unit


def agency_callback(row: Closure) -> bool:
    """The caller is an agency that asks about an order it has, in words that no citizen uses."""
    caller = _CALLER.match(row.text)
    return caller is not None and not _CITIZEN.search(caller[1])


def catch_all_unit(row: Closure) -> bool:
    """The unit is no unit: 其他单位, 省级单位, 除本市外的市县."""
    return _CATCH_ALL.match(row.unit) is not None


RULES: dict[str, Callable[[Closure], bool]] = {
    "no_text": no_text,
    "no_unit": no_unit,
    "agency_callback": agency_callback,
    "catch_all_unit": catch_all_unit,
}
REASONS = (*RULES, "near_duplicate", "unit_not_in_pack")


def _reason(row: Closure) -> str:
    return next((reason for reason, holds in RULES.items() if holds(row)), "")


def _entered_once(rows: Iterable[Closure]) -> tuple[list[Closure], list[Closure]]:
    """Part rows from repeats of text and unit on one day; a question that comes again on another day is new demand."""
    seen: set[tuple[str, str, date]] = set()
    kept: list[Closure] = []
    again: list[Closure] = []
    for row in rows:
        if row.opened_on is None:
            kept.append(row)
            continue
        entry = (bare(row.text), row.unit, row.opened_on)
        (again if entry in seen else kept).append(row)
        seen.add(entry)
    return kept, again
