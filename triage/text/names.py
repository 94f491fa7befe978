"""Names of people, found by what stands before or after them: a surname alone proves nothing."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from triage.domain import MaskedSpan, MaskType

_KNOWN = tomllib.loads(Path(__file__).with_name("names.toml").read_text(encoding="utf-8"))
_SURNAMES = frozenset("".join(_KNOWN["surnames"].split()))
_COMPOUND = frozenset(_KNOWN["compound"].split())
_WORDS = frozenset(_KNOWN["words"].split())

_SURNAME = f"(?:{'|'.join(sorted(_COMPOUND))}|[{''.join(sorted(_SURNAMES))}])"
_HAN = "\u4e00-\u9fff"

# A name ends where no name goes on: at a sign, or at a word that often follows one.
_AFTER = "电话|手机|联系|身份|先生|女士|小姐|反映|来电|投诉|住|男|女|是|称|家|于|在|的|和|与|有|说|因|号"
_NOT_GIVEN = "电话手机联系身份先女男住是称在的和与有说因号我你他她家了要想之"
_NAMED = re.compile(
    "(?:(?:姓名|联系人|我叫|本人叫|名叫)(?:是|为)?[: (]{0,2}+|(?:当事人|投诉人|举报人|反映人|申请人)(?:是|为)?[:(] ?)"
    f"(?!车)({_SURNAME}(?:[{_HAN}]{{1,2}}?(?=[^{_HAN}]|{_AFTER}|\\Z)|[{_HAN}][^\\W{_NOT_GIVEN}](?<=[{_HAN}])))"
    "(?!小区|花园|公司|店|路|街|村|苑|城|广场|大厦)"
)
# Each alternative starts with a plain character: only then does `re` skip quickly over the rest of the text.
_TITLE = re.compile(
    "先生|女士|小姐|师傅|阿姨|大爷|大妈|大姐|大哥|老师|医生|经理|主任|警官|老板|同志|队长|书记|主管(?!部门|单位|机关)|"
    + "|".join(f"{office}长(?![期年时久大度])" for office in "校村所局处科站")
)
_GIVEN = re.compile(f"[{_HAN}]{{1,2}}")
# What may stand right before a full name with a title: 市民张三先生, but not 由于张先生.
_BEFORE_NAME = frozenset("民主户人的是叫找和向与对被让给名工长员")


def find_names(text: str) -> Iterator[MaskedSpan]:
    """Names after a cue (姓名:张三, 我叫张三) and before a title (张先生, 物业张经理, the title included)."""
    for found in _NAMED.finditer(text):
        yield MaskedSpan(start=found.start(1), end=found.end(1), type=MaskType.NAME)
    for found in _TITLE.finditer(text):
        start = _name_before(text, found.start())
        if start is not None:
            yield MaskedSpan(start=start, end=found.end(), type=MaskType.NAME)


def _name_before(text: str, end: int) -> int | None:
    """Where the name that ends at `end` starts: the full name where one is framed, else the bare surname."""
    framed = (start for start in range(end - 4, end - 1) if _is_full_name(text, start, end))
    full = next(framed, None)
    if full is not None:
        return full
    if text[max(0, end - 2) : end] in _COMPOUND:
        return end - 2
    bare = text[max(0, end - 1) : end] in _SURNAMES and text[max(0, end - 2) : end] not in _WORDS
    return end - 1 if bare else None


def _is_full_name(text: str, start: int, end: int) -> bool:
    if start < 0 or not (start == 0 or text[start - 1] in _BEFORE_NAME or not text[start - 1].isalpha()):
        return False
    surname = 2 if text[start : start + 2] in _COMPOUND else 1
    given = text[start + surname : end]
    return (
        (surname == 2 or text[start] in _SURNAMES)
        and _GIVEN.fullmatch(given) is not None
        and text[start - 1 : start + 1] not in _WORDS
    )
