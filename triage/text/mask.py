"""Personal data in a normalised text: where it is, and what is written in its place."""

import re
from collections.abc import Iterator
from itertools import chain

from triage.domain import MaskedSpan, MaskType
from triage.text.digits import find_numbers
from triage.text.names import find_names

_PLACEHOLDER = {
    MaskType.MOBILE: "〔电话〕",
    MaskType.LANDLINE: "〔电话〕",
    MaskType.ID: "〔身份证〕",
    MaskType.CARD: "〔银行卡〕",
    MaskType.PLATE: "〔车牌〕",
    MaskType.EMAIL: "〔邮箱〕",
    MaskType.ACCOUNT: "〔账号〕",
    MaskType.NAME: "〔姓名〕",
    MaskType.ROOM: "〔房号〕",
}
PLACEHOLDERS = frozenset(_PLACEHOLDER.values())

_PROVINCE = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL = "A-HJ-NP-Za-hj-np-z0-9"
# A serial has at most two letters, which 新iPhone has not heard of.
_PLATE = re.compile(
    f"[{_PROVINCE}][A-Za-z][·•.\\- ]?"
    f"(?:(?=(?:[A-Za-z]*[0-9*]){{3}})[{_SERIAL}*]{{4}}[{_SERIAL}*挂学警港澳领使试超]"
    f"|[A-HJKa-hjk][{_SERIAL}][0-9]{{4}}|[0-9]{{5}}[A-HJKa-hjk]|[A-Za-z]?[0-9]{{3}}[领使])(?![A-Za-z0-9])"
)
_EMBASSY = re.compile(r"使[ ]?[0-9]{3}[·•.\- ]?[0-9]{3}(?![0-9])")
_DOMAIN = re.compile(r"@[A-Za-z0-9-]{1,63}+(?:\.[A-Za-z0-9-]{1,63}+)+")
_LOCAL_PART = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_ACCOUNT = re.compile(
    "(?:QQ|qq|微信|支付宝|抖音|快手|户号|账号|帐号|账户|用户名|会员号)(?:号码|账号|账户|帐号|号|名)?[是为: ]{0,3}+"
    "(?!12345(?![0-9]))([A-Za-z0-9_-]{5,}+)(?![元万块年]|[.][0-9]+元)"
)
_BUILDING = re.compile("栋|幢|座|号楼|单元")
_ROOM = re.compile(
    r"(?:[栋幢座]|号楼|(?=单元))[ ,-]?"
    r"((?:(?:[0-9]{1,2}|[A-Za-z]|[一二三四五六七八九十]{1,3})?(?:单元|梯)[ ,-]?|[0-9]{1,2}-(?=[0-9]{3}))?"
    r"(?:[0-9]{1,2}[层楼][ ,-]?)?"
    r"(?:[0-9]{3,4}[A-Za-z]?|[0-9]{1,2}[A-Za-z][0-9]{0,2}|[0-9]{1,2}(?=室|房)|[一二三四五六七八九零〇]{3,4}(?=室|房|号房))"
    r"(?:室|号房|房号?)?)(?![0-9A-Za-z]|\.[0-9]|[年米平元个名万亿多余家座辆户人块吨斤栋天日月度伏路号%])"
)
# 12-3-402 is building, unit and room; 5-2-2018 is a day.
_HYPHENATED = re.compile(r"[0-9](?<![0-9-].)[0-9]{0,2}-([0-9]{1,2}-(?!(?:19|20)[0-9]{2}(?![0-9]))[0-9]{3,4})(?![0-9-])")
_FLAT = re.compile(r"楼(?<=[0-9]楼)([0-9]{3,4}[室房])")
_UNIT_NUMBER = re.compile("(?:[0-9]{1,2}|[A-Za-z]|[一二三四五六七八九十]{1,3})\\Z")


def placeholder(kind: MaskType) -> str:
    """What is written in the place of personal data, such as 〔电话〕."""
    return _PLACEHOLDER[kind]


def find_personal(text: str) -> list[MaskedSpan]:
    """Personal data of a normalised text, in order and apart; what overlaps is one span of the longest one's type."""
    finds = sorted(chain(find_numbers(text), find_names(text), _find_written(text)), key=_reading_order)
    apart: list[MaskedSpan] = []
    for find in finds:
        if apart and find.start < apart[-1].end:
            apart.append(_joined(apart.pop(), find))
        else:
            apart.append(find)
    return apart


def _reading_order(span: MaskedSpan) -> tuple[int, int]:
    return span.start, -span.end


def _joined(one: MaskedSpan, other: MaskedSpan) -> MaskedSpan:
    longest = max(one, other, key=lambda span: span.end - span.start)
    return MaskedSpan(start=one.start, end=max(one.end, other.end), type=longest.type)


def _find_written(text: str) -> Iterator[MaskedSpan]:
    """What is written in letters and figures: plates, addresses, accounts, rooms."""
    for pattern, kind in _WRITTEN:
        for found in pattern.finditer(text):
            start, end = found.span(found.lastindex or 0)
            yield MaskedSpan(start=start, end=end, type=kind)
    yield from _find_addresses(text)
    yield from _find_rooms(text)


def _find_addresses(text: str) -> Iterator[MaskedSpan]:
    if "@" not in text:
        return
    for found in _DOMAIN.finditer(text):
        before = text[max(0, found.start() - 64) : found.start()]
        local = before[len(before.rstrip(_LOCAL_PART)) :].lstrip("._%+-")
        if local:
            yield MaskedSpan(start=found.start() - len(local), end=found.end(), type=MaskType.EMAIL)


def _find_rooms(text: str) -> Iterator[MaskedSpan]:
    if _BUILDING.search(text) is None:
        return
    for found in _ROOM.finditer(text):
        start = found.start(1)
        number = _UNIT_NUMBER.search(text, max(0, start - 3), start) if text.startswith("单元", start) else None
        yield MaskedSpan(start=number.start() if number else start, end=found.end(), type=MaskType.ROOM)


_WRITTEN = (
    (_PLATE, MaskType.PLATE),
    (_EMBASSY, MaskType.PLATE),
    (_ACCOUNT, MaskType.ACCOUNT),
    (_HYPHENATED, MaskType.ROOM),
    (_FLAT, MaskType.ROOM),
)
