"""Numbers that are personal (telephone, identity card, bank card), and the arithmetic that tells them from others."""

import re
from collections.abc import Iterator
from datetime import date

from triage.domain import MaskedSpan, MaskType

_CHINESE = "幺一二两三四五六七八九零〇○壹贰叁肆伍陆柒捌玖"
_FIGURES = str.maketrans(_CHINESE, "1122345678900" + "0" + "123456789")
_SPELT = re.compile(f"[{_CHINESE}][{_CHINESE}]{{6,}}+")
# No number here is shorter than seven places, and most texts have no run of seven.
_LONG = re.compile("[0-9](?:[ -]?[0-9*xX×]){6}")

_MOBILE = re.compile(r"(?<![0-9])(?:\+?(?:00)?86[ -]?|0)?1[ -]?[3-9](?:[ -]?[0-9]){9}(?![0-9])")
_HIDDEN = re.compile(r"(?<![0-9])1[3-9][0-9](?:[*xX×]{4}[0-9]{4}|[0-9]{4}\*{4})(?![0-9*])")
_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{5}(?:[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx]|[0-9]{9})(?![0-9A-Za-z])")
_HIDDEN_IDENTITY = re.compile(r"(?<![0-9A-Za-z])[1-9][0-9]{2,9}\*{6,12}[0-9]{0,4}[Xx]?(?![0-9*])")
_CARD = re.compile(
    r"(?<![0-9A-Za-z])[3-69][0-9]{3}(?:[0-9]{12,15}|(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?)(?![0-9A-Za-z])"
)
_EXTENSION = r"(?:(?:-|转)[0-9]{1,6})?"
_AREA = r"0(?:10|2[0-9]|[3-9][0-9]{2})"
_LANDLINE = re.compile(rf"(?<![0-9])(?:{_AREA}|\({_AREA}\))[ -]?[1-9][0-9]{{2,3}}[ -]?[0-9]{{4}}{_EXTENSION}(?![0-9])")
_FREE = re.compile(r"(?<![0-9])[48]00(?:[ -]?[0-9]){7}(?![0-9])")
# Without an area code a telephone number looks like any other number, so it must be introduced as one.
_LOCAL = re.compile(
    r"(?:电话|座机|固话|热线|传真|致电|拨打|号码|联系方式|联系)(?:号码)?[是为: (]{0,3}+"
    rf"([2-8][0-9]{{2,3}}[ -]?[0-9]{{4}}{_EXTENSION})(?![0-9元万亿号年])"
)

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

_RECORD = re.compile(r"(?:单号|编号|单|流水号|文号|订单|案号|合同号|备案号|许可证号?|证书号?|代码)[是为: 第]{0,3}\Z")
_IDENTITY_CUE = re.compile(r"(?:身份证|证件|证号|身份号)[^0-9]{0,8}\Z")
_CARD_CUE = re.compile(r"(?:银行卡|卡号|储蓄卡|信用卡|账号|账户|借记卡)[^0-9]{0,8}\Z")


def find_numbers(text: str) -> Iterator[MaskedSpan]:
    """Telephone, identity and card numbers in figures, and the same spelt in Chinese figures."""
    if _LONG.search(text):
        yield from _in_figures(text)
    if _SPELT.search(text):
        yield from _in_figures(_SPELT.sub(_figures, text))


def identity_check(seventeen: str) -> str:
    """The eighteenth character of an identity number (GB 11643, ISO 7064 mod 11-2)."""
    return "10X98765432"[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, seventeen, strict=True)) % 11]


def luhn_holds(number: str) -> bool:
    """Whether the last digit of a card number is the one that the others call for."""
    doubled = (2 * int(digit) for digit in number[-2::-2])
    return (sum(map(int, number[-1::-2])) + sum(twice - 9 if twice > 9 else twice for twice in doubled)) % 10 == 0


def _in_figures(text: str) -> Iterator[MaskedSpan]:
    for pattern, kind, is_one in _NUMBERS:
        for found in pattern.finditer(text):
            if is_one(found):
                start, end = found.span(found.lastindex or 0)
                yield MaskedSpan(start=start, end=end, type=kind)


def _figures(found: re.Match[str]) -> str:
    return found[0].translate(_FIGURES)


def _bare(number: str) -> str:
    return number.replace(" ", "").replace("-", "")


def _cued(found: re.Match[str], cue: re.Pattern[str]) -> bool:
    start = found.start()
    return cue.search(found.string[max(0, start - 12) : start]) is not None


def _is_date(digits: str) -> bool:
    try:
        return 1880 <= date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year < 2100
    except ValueError:
        return False


def _is_identity(found: re.Match[str]) -> bool:
    number = _bare(found[0]).upper()
    if len(number) == 15:
        return _is_date("19" + number[6:12]) and _cued(found, _IDENTITY_CUE)
    return _cued(found, _IDENTITY_CUE) or (_is_date(number[6:14]) and identity_check(number[:17]) == number[17])


def _is_mobile(found: re.Match[str]) -> bool:
    groups = re.split("[ -]", found[0])
    in_groups = min(map(len, groups[1:]), default=11) >= 3 or all(len(group) == 1 for group in groups)
    return in_groups and not _cued(found, _RECORD)


def _is_card(found: re.Match[str]) -> bool:
    number = _bare(found[0])
    return _cued(found, _CARD_CUE) or (luhn_holds(number) and not _cued(found, _RECORD))


def _is_telephone(found: re.Match[str]) -> bool:
    return not _cued(found, _RECORD)


def _always(_: re.Match[str]) -> bool:
    return True


_NUMBERS = (
    (_MOBILE, MaskType.MOBILE, _is_mobile),
    (_HIDDEN, MaskType.MOBILE, _always),
    (_HIDDEN_IDENTITY, MaskType.ID, _always),
    (_IDENTITY, MaskType.ID, _is_identity),
    (_CARD, MaskType.CARD, _is_card),
    (_LANDLINE, MaskType.LANDLINE, _is_telephone),
    (_FREE, MaskType.LANDLINE, _is_telephone),
    (_LOCAL, MaskType.LANDLINE, _always),
)
