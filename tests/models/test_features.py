"""Readings become rows: n-grams and words, each block of length 1, whatever the text holds."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.features import Features
from tests import city
from triage.domain import Reading
from triage.text import Reader, Segmenter

READER = Reader(Segmenter())
KNOWN = READER.read_many([closure.text for closure in city.closures(60)])
FEATURES = Features.fit(KNOWN)
LONG = 4_000

pieces = st.one_of(
    st.text(st.characters(codec=None), max_size=20),
    st.sampled_from(["东湖区", "垃圾桶满了", "\n", "\r\n\t", "🙂👨‍👩‍👧", "\ud800", "\x00", "PVC管", "停水" * 40]),
)
texts = st.lists(pieces, max_size=8).map("".join)


def raw(text):
    """A reading of a text as it is, which normalising would have tidied up."""
    return Reading(masked=text, tokens=tuple(text.split("湖")))


def row(text, features=FEATURES):
    return features.transform([raw(text)]).toarray()[0]


def naive_block(terms, columns, idf):
    counts = Counter(terms)
    weights = np.array(
        [(1 + math.log(counts[c])) * weight if counts[c] else 0.0 for c, weight in zip(columns, idf, strict=True)]
    )
    return weights / (np.linalg.norm(weights) or 1)


def naive_row(reading):
    text = reading.masked[:LONG].lower().replace("\n", " ")
    grams = [text[at : at + order] for order in (1, 2, 3) for at in range(len(text) - order + 1)]
    cut = len(FEATURES.grams)
    return np.concatenate(
        [
            naive_block(grams, FEATURES.grams, FEATURES.idf[:cut]),
            naive_block(reading.tokens[:LONG], FEATURES.words, FEATURES.idf[cut:]),
        ]
    )


def test_a_column_is_what_stands_in_two_readings_or_more():
    features = Features.fit([raw("停水湖了"), raw("停电湖了"), raw("水")])
    assert features.grams == ("了", "停", "水", "湖", "湖了")
    assert features.words == ("了",)
    assert len(features) == 6
    rare, common = features.idf[features.grams.index("水")], features.idf[features.grams.index("停")]
    assert rare == common == pytest.approx(math.log(4 / 3) + 1)


def test_what_stands_in_more_readings_weighs_less():
    features = Features.fit([raw("停水"), raw("停水"), raw("停电")])
    weight = dict(zip(features.grams, features.idf, strict=False))
    assert weight["停"] == pytest.approx(1)
    assert weight["停"] < weight["停水"]


@pytest.mark.parametrize("reading", KNOWN[:20], ids=str)
def test_rows_are_what_a_naive_count_gives(reading):
    assert FEATURES.transform([reading]).toarray()[0] == pytest.approx(naive_row(reading), abs=1e-6)


@given(texts)
@example("停水\n停水" * 1_000)
@example("东" * 5_000)
@example("İSTANBUL PVC")
def test_any_text_gives_what_a_naive_count_gives(text):
    assert row(text) == pytest.approx(naive_row(raw(text)), abs=1e-5)


def test_both_blocks_of_a_row_have_length_one():
    rows = FEATURES.transform(KNOWN).toarray()
    cut = len(FEATURES.grams)
    for block in (rows[:, :cut], rows[:, cut:]):
        assert np.linalg.norm(block, axis=1) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("text", ["", "zzz", "🙂", "\ud800", "\x00\x01", "\U0010ffff", "\n\n"])
def test_a_text_with_nothing_known_is_an_empty_row(text):
    assert FEATURES.transform([raw(text)]).nnz == 0


def test_no_readings_are_no_rows():
    assert FEATURES.transform([]).shape == (0, len(FEATURES))


@given(st.lists(texts, min_size=1, max_size=6))
@example(["", "停水", "", "\n", ""])
@example(["停水" * 2_500, "垃圾", "停水" * 2_500 + "垃圾"])
def test_a_batch_is_the_same_as_one_by_one(batch):
    together = FEATURES.transform([raw(text) for text in batch])
    assert together.shape == (len(batch), len(FEATURES))
    assert np.array_equal(together.toarray(), np.array([row(text) for text in batch]))
    assert together.has_sorted_indices


def test_neighbouring_texts_make_no_common_gram():
    apart = Features.fit([raw("停水"), raw("停水")]).transform([raw("停"), raw("水")])
    assert apart.nnz == 2


def test_what_follows_four_thousand_characters_is_not_looked_at():
    assert np.array_equal(row("啊" * LONG + "停水停水"), row("啊" * LONG))
    assert not np.array_equal(row("啊" * (LONG - 4) + "停水停水"), row("啊" * LONG))


def test_upper_and_lower_case_are_one():
    features = Features.fit([raw("ETC卡"), raw("etc卡")])
    assert "etc" in features.grams
    assert np.array_equal(row("EtC", features), row("etc", features))


def test_columns_come_back_from_their_names():
    again = Features(grams=FEATURES.grams, words=FEATURES.words, idf=FEATURES.idf)
    assert (again.transform(KNOWN) != FEATURES.transform(KNOWN)).nnz == 0
    assert Features.fit(KNOWN[::-1]).grams == FEATURES.grams
