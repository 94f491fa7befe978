"""Normalising: one spelling, and a way back."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.text.strategies import anything, chinese
from triage.text import normalise
from triage.text.characters import traditional


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("１２３４５热线：您好！", "12345热线:您好!"),
        ("市民 反映\u3000路灯\n坏了", "市民反映路灯坏了"),
        ("  WiFi \t 信号\r\n差  ", "WiFi 信号差"),
        ("138\u200b0013\ufeff8000", "13800138000"),
        ("a\x00b\x07c", "abc"),
        ("電話號碼與網絡費用", "电话号码与网络费用"),
        ("面积３０㎡，气温３０℃", "面积30平方米,气温30°C"),
        ("①修路②停水", "(1)修路(2)停水"),
        ("等等…", "等等..."),
        ("cafe\u0301", "café"),
        ("a\ud800b", "a\ufffdb"),
        ("\U0001d7cf\U0001d7d1\U0001d7d6", "138"),
        ("", ""),
        (" \n\u3000", ""),
    ],
)
def test_one_spelling(typed: str, meant: str) -> None:
    assert normalise(typed).text == meant


@pytest.mark.parametrize("word", ["皇后里长", "干面着陆", "了望台", "瞭望乾坤", "宫商角徵羽", "复核回覆", "于姓"])
def test_simplified_text_stays_as_it_is(word: str) -> None:
    assert normalise(word).text == word


def test_no_character_of_the_simplified_standard_is_taken_for_traditional() -> None:
    assert [c for c in traditional() if c.encode("gb2312", "ignore")] == []


def test_the_traditional_table_is_large_one_to_one_and_ends_in_simplified_characters() -> None:
    table = traditional()
    assert len(table) > 2000
    assert not set(table.values()) & set(table)
    assert all(unicodedata.normalize("NFKC", c) == c for c in table.values())


@given(anything)
def test_normalising_again_changes_nothing(text: str) -> None:
    once = normalise(text).text
    assert normalise(once).text == once


def test_normalising_again_changes_nothing_for_any_single_character() -> None:
    for typed in (f"e{chr(point)}一" for point in range(0x20000)):
        once = normalise(typed).text
        assert normalise(once).text == once, ascii(typed)


@given(anything)
def test_nothing_that_cannot_be_stored_is_left(text: str) -> None:
    normalised = normalise(text).text
    normalised.encode()
    assert "\x00" not in normalised


@given(chinese)
def test_chinese_characters_and_their_order_are_kept(text: str) -> None:
    table = traditional()
    expected = [table.get(c, c) for c in text if c.isalpha()]
    assert [c for c in normalise(text).text if c.isalpha()] == expected


@given(anything, st.data())
def test_every_span_leads_back_to_text_that_holds_it(text: str, data: st.DataObject) -> None:
    normalised = normalise(text)
    start = data.draw(st.integers(0, len(normalised.text)))
    end = data.draw(st.integers(start, len(normalised.text)))
    first, last = normalised.original_span(start, end)
    assert 0 <= first <= last <= len(text)
    assert normalised.text[start:end].strip() in normalise(text[first:last]).text


def test_a_text_of_the_same_length_carries_no_map() -> None:
    assert normalise("電話：１１０，謝謝！").steps == ()


def test_a_span_leads_back_over_expanded_and_dropped_characters() -> None:
    text = "…… 电话：138\u200b00138000…"
    normalised = normalise(text)
    start = normalised.text.index("13800138000")
    first, last = normalised.original_span(start, start + 11)
    assert text[first:last] == "138\u200b00138000"


@pytest.mark.long
@pytest.mark.parametrize(
    "unit",
    ["\u0301\u0316", " ", "中 ", "1", "…", "\ud800", "a \u200b", "\u1161", "\u0344", "😀", "\U0001d165\U0001d16e"],
)
def test_a_hostile_megabyte_is_read_to_its_end(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    once = normalise(text).text
    assert normalise(once).text == once
