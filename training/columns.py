"""Which column of an export is which field: found by name, or told by a column map."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage.errors import InputError

# Where an export names several units, the one that closed the order comes first: the first dispatch is not the truth.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("工单编号", "工单号", "工单流水号", "受理编号", "诉求编号", "编号", "id", "order_id"),
    "text": ("诉求内容", "工单内容", "反映内容", "问题描述", "事件描述", "内容", "text", "content", "description"),
    "unit": ("处置单位", "办结单位", "final_unit", "主办单位", "承办单位", "办理单位", "责任单位", "unit",
             "agency_responsible"),
    "topic": ("事项", "诉求事项", "事项分类", "事项名称", "行业分类", "诉求分类", "问题分类", "topic", "category"),
    "opened_at": ("工单发起时间", "发起时间", "受理时间", "来电时间", "诉求时间", "登记时间", "创建时间",
                  "opened_at", "received_at", "opened_on", "date"),
    "dispatched_at": ("派件时间", "派单时间", "派发时间", "dispatched_at"),
    "kind": ("诉求类型", "工单类型", "诉求类别", "kind", "type"),
    "district": ("辖区", "区县", "所属区", "行政区", "区", "district"),
    "street": ("镇街", "街道", "街镇", "街道乡镇", "乡镇街道", "所属街道", "street"),
    "community": ("村居", "社区", "居村", "社区村", "所属社区", "community"),
    "address": ("地址", "诉求地址", "事发地址", "address"),
    "channel": ("来源渠道", "诉求来源", "受理渠道", "渠道", "channel"),
    "status": ("状态", "工单状态", "办理状态", "status"),
    "first_unit": ("首派单位", "首次派单单位", "初派单位", "first_unit"),
    "returned_by": ("退单单位", "退回单位", "returned_by"),
    "return_reasons": ("退单原因", "退回原因", "return_reasons"),
    "automatic": ("自动派单", "是否自动派单", "automatic"),
    "audited": ("人工抽检", "抽检", "audited"),
    "propensity": ("抽检比例", "propensity"),
    "contacted": ("响应", "是否响应", "是否联系", "contacted"),
    "solved": ("解决", "是否解决", "solved"),
    "satisfaction": ("满意度", "满意情况", "satisfaction"),
    "closed_at": ("办结时间", "办结日期", "结案时间", "归档时间", "closed_at"),
    "merged_into": ("并入工单", "merged_into"),
}  # fmt: skip
REQUIRED = ("text", "unit")

# What exports write about where an order stands, by the words in it; the first that fits holds.
STATUSES: Mapping[str, str] = {
    "declined": r"不予?受理|declined",
    "merged": r"并单|合并|关联|merged",
    "transferred": r"转接|transferred",
    "returned": r"退单|退回|returned",
    "received": r"[待未]派|[待已]受理|received",
    "signed": r"办理中|处[理置]中|[待未](?:办|处|完|结)|在办|签收|signed",
    "closed": r"办结|结案|归档|完[成结毕]|关闭|回访|评价|已[处办]|closed",
    "dispatched": r"派|dispatched",
}

_LEVEL_NUMBER = {
    name: position for position, names in enumerate(("1一", "2二", "3三", "4四", "5五", "6六")) for name in names
}
_LEVEL = re.compile(
    r"(?:行业分类|事项分类|诉求分类|问题分类|事项|分类|类别|topic|category|level)([1-6一二三四五六])级?"
    r"|([1-6一二三四五六])级(?:行业分类|事项分类|诉求分类|问题分类|分类|事项|类别|目录)"
)
_MAPPABLE = (*ALIASES, *(f"topic{level}" for level in range(1, 7)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Positions of our fields in a row, the likeliest column first; `levels` are the topic levels from the first."""

    of: Mapping[str, tuple[int, ...]]
    levels: tuple[int, ...] = ()


def find_columns(header: Sequence[str], columns: Mapping[str, str] | None, *, file: Path) -> Columns:
    """Match a header to our fields; `columns` (our field: their header) comes before the known names.

    Raises
    ------
    InputError
        `columns` names a field or a header that does not exist, or the text or the unit is in no column.
    """
    named = {_plain(name): position for position, name in reversed(list(enumerate(header)))}
    mapped = _mapped(named, columns or {}, header, file)
    found = {field: positions for field, names in ALIASES.items() if (positions := _known(named, names))}
    found |= {field: (position,) for field, position in mapped.items() if field in ALIASES}
    for field in REQUIRED:
        if field not in found:
            raise InputError(_missing(field, header), file=file, field=field)
    # An order that nobody closed must not borrow its label from the unit that it was first sent to.
    found["unit"] = found["unit"][:1]
    return Columns(of=found, levels=_levels(header, mapped))


def _plain(name: str) -> str:
    """Return a header without what exporters vary: width, case, spaces, underscores, and marks such as * or (必填)."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"\(.*?\)|[\s_*\-/、\ufeff'\"]", "", plain)


def _known(named: Mapping[str, int], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(named[_plain(name)] for name in names if _plain(name) in named)


def _mapped(named: Mapping[str, int], columns: Mapping[str, str], header: Sequence[str], file: Path) -> dict[str, int]:
    mapped = {}
    for field, name in columns.items():
        if field not in _MAPPABLE:
            raise InputError(
                f"the column map names an unknown field; known: {', '.join(_MAPPABLE)}", file=file, field=field
            )
        if _plain(name) not in named:
            message = f"the column map asks for {name}, which is not among the headers: {_listed(header)}"
            raise InputError(message, file=file, field=field)
        mapped[field] = named[_plain(name)]
    return mapped


def _levels(header: Sequence[str], mapped: Mapping[str, int]) -> tuple[int, ...]:
    if levels := [mapped[f"topic{level}"] for level in range(1, 7) if f"topic{level}" in mapped]:
        return tuple(levels)
    if "topic" in mapped:
        return ()
    found: dict[int, int] = {}
    for position, name in enumerate(header):
        if match := _LEVEL.fullmatch(_plain(name)):
            found.setdefault(_LEVEL_NUMBER[match[1] or match[2]], position)
    return tuple(found[level] for level in sorted(found))


def _missing(field: str, header: Sequence[str]) -> str:
    return (
        f"no column holds it (looked for {', '.join(ALIASES[field][:5])} …); headers found: {_listed(header)}; "
        f"name yours: --column {field}=HEADER"
    )


def _listed(header: Sequence[str]) -> str:
    return ", ".join(name.strip()[:20] or "(empty)" for name in header[:30])
