"""Reading: normalised, masked, cut; and nothing else lost."""

import pytest
from hypothesis import given

from tests.triage.text.strategies import anything, appeals
from triage.domain import MaskedSpan, MaskType, Reading
from triage.text import Reader, Segmenter, find_personal, normalise
from triage.text.mask import PLACEHOLDERS, placeholder


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Segmenter())


def test_an_appeal_is_normalised_masked_and_cut(reader: Reader) -> None:
    reading = reader.read("张先生反映：海府路１２号路燈壞了，电话１３８００００００００。")
    assert reading.masked == "〔姓名〕反映:海府路12号路灯坏了,电话〔电话〕。"
    assert reading.tokens[0] == "〔姓名〕"
    assert "〔电话〕" in reading.tokens
    assert reading.spans == (
        MaskedSpan(start=0, end=3, type=MaskType.NAME),
        MaskedSpan(start=19, end=30, type=MaskType.MOBILE),
    )


def test_a_placeholder_that_came_in_is_one_word_too(reader: Reader) -> None:
    assert reader.read("请拨打〔电话〕").tokens == ("请", "拨打", "〔电话〕")


@given(text=anything)
def test_the_words_are_the_masked_text_whatever_came_in(reader: Reader, text: str) -> None:
    reading = reader.read(text)
    assert "".join(reading.tokens) == reading.masked
    assert all(0 <= span.start < span.end <= len(text) for span in reading.spans)


@given(appeal=appeals)
def test_nothing_but_personal_data_is_lost(reader: Reader, appeal: tuple[str, str, str]) -> None:
    text = "".join(appeal)
    reading, plain = reader.read(text), normalise(text).text
    found = find_personal(plain)
    expected = plain
    for span in reversed(found):
        expected = expected[: span.start] + placeholder(span.type) + expected[span.end :]
    assert reading.masked == expected
    assert [normalise(text[span.start : span.end]).text for span in reading.spans] == [
        plain[span.start : span.end] for span in found
    ]


@given(appeal=appeals)
def test_personal_data_does_not_reach_the_words(reader: Reader, appeal: tuple[str, str, str]) -> None:
    _, personal, _ = appeal
    assert personal not in reader.read(f"市民反映:{personal},请处理").masked


@given(appeal=appeals)
def test_a_placeholder_is_one_word(reader: Reader, appeal: tuple[str, str, str]) -> None:
    reading = reader.read("".join(appeal))
    assert sum(token in PLACEHOLDERS for token in reading.tokens) == sum(map(reading.masked.count, PLACEHOLDERS))


@pytest.mark.parametrize(
    "text", ["", "，。！？", "😀👨‍👩‍👧🚧", "Привет, как дела?", "สวัสดี", "한국어", "a\x00b", "\ud800", "路" * 100_000]
)
def test_any_text_is_read(reader: Reader, text: str) -> None:
    reading = reader.read(text)
    assert "".join(reading.tokens) == reading.masked == normalise(text).text
    assert reading.spans == ()


def test_an_empty_text_is_an_empty_reading(reader: Reader) -> None:
    assert reader.read("") == Reading(masked="", tokens=())


def test_many_are_read_as_one_by_one(reader: Reader) -> None:
    texts = ["路灯坏了", "电话13800000000", ""]
    assert reader.read_many(texts) == [reader.read(text) for text in texts]
