"""Reading: normalised, masked, cut; and nothing else lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.text.strategies import anything, appeals, chinese, personal
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


def given_for(reader: Reader, text: str, words: str) -> str:
    """What stands in the text as given where the words stand in the masked text."""
    masked = reader.read(text).masked
    start = masked.index(words)
    ((first, last),) = reader.as_given(text, [(start, start + len(words))])
    return text[first:last]


CALLER = "张先生１３８ 0000 0000说：海府路１２号路燈壞了…，面积３０㎡，请拨１３９００００００００，谢谢！"
NUMBER = CALLER[3:16]


@pytest.mark.parametrize(
    ("words", "stand_for"),
    [
        ("〔姓名〕", "张先生"),
        ("〔电话〕", NUMBER),
        ("说:海府路", "说：海府路"),
        ("路12号路灯", "路１２号路燈"),
        ("坏了", "壞了"),
        ("...", "…"),
        ("面积30平方米", "面积３０㎡"),
        ("方", "㎡"),
        ("话〕说", f"{NUMBER}说"),
        ("姓名〕〔电", f"张先生{NUMBER}"),
        ("谢谢!", "谢谢！"),
    ],
)
def test_words_of_the_masked_text_lead_back_to_what_came_in(reader: Reader, words: str, stand_for: str) -> None:
    assert given_for(reader, CALLER, words) == stand_for


@pytest.mark.parametrize(
    "text", ["路燈壞了", "13800000000路燈壞了", "路燈壞了13800000000", "电话１３８００００００００ 路燈 壞了，陈女士"]
)
def test_words_are_found_with_personal_data_in_front_and_behind(reader: Reader, text: str) -> None:
    assert given_for(reader, text, "路灯坏了").replace(" ", "") == "路燈壞了"


def test_the_whole_of_the_masked_text_leads_back_to_the_whole(reader: Reader) -> None:
    assert given_for(reader, CALLER, reader.read(CALLER).masked) == CALLER


def test_no_spans_lead_nowhere(reader: Reader) -> None:
    assert reader.as_given(CALLER, []) == []


# Typed otherwise: full width and traditional.
WIDE = {point: point + 0xFEE0 for point in range(ord("!"), ord("~"))} | str.maketrans("灯电话号码", "燈電話號碼")
pieces = st.lists(st.one_of(chinese, personal, st.sampled_from([" ", "㎡", "…", "\u200b"])), max_size=6)
typed = st.builds(lambda said, wide: said.translate(WIDE) if wide else said, pieces.map("".join), st.booleans())


@given(text=typed, data=st.data())
def test_any_span_of_the_masked_text_leads_to_the_characters_that_it_stands_for(
    reader: Reader, text: str, data: st.DataObject
) -> None:
    masked, plain = reader.read(text).masked, normalise(text)
    # What each character of the masked text stands for in the normalised one, counted without the code under test.
    stands_for: list[tuple[int, int]] = []
    at = 0
    for span in find_personal(plain.text):
        stands_for += [(point, point + 1) for point in range(at, span.start)]
        stands_for += [(span.start, span.end)] * len(placeholder(span.type))
        at = span.end
    stands_for += [(point, point + 1) for point in range(at, len(plain.text))]
    assert len(stands_for) == len(masked)
    if not masked:
        return
    start = data.draw(st.integers(0, len(masked) - 1))
    end = data.draw(st.integers(start + 1, len(masked)))
    expected = plain.original_span(stands_for[start][0], stands_for[end - 1][1])
    assert reader.as_given(text, [(start, end)]) == [expected]


@given(appeal=appeals)
def test_placeholders_lead_back_to_the_spans_of_the_reading(reader: Reader, appeal: tuple[str, str, str]) -> None:
    text = "".join(appeal)
    reading = reader.read(text)
    tokens, spans, start = [], [], 0
    for token in reading.tokens:
        if token in PLACEHOLDERS and token not in text:
            spans.append((start, start + len(token)))
        tokens.append((start, start + len(token)))
        start += len(token)
    assert reader.as_given(text, spans) == [(span.start, span.end) for span in reading.spans]
    given = reader.as_given(text, tokens)
    assert given == sorted(given)
