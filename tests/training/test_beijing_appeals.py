"""The appeals that Beijing's pack teaches with are many, different, and written in many voices: a lazy corpus fails."""

import random
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

from tests.triage.text.strategies import generated_card, generated_identity
from training.corpus import as_closures, read_appeals
from training.duplicates import near_duplicate_groups
from triage.citypack import PlaceKind, load_pack
from triage.domain import MaskType
from triage.places import Places
from triage.text import Segmenter, find_personal, normalise

FOLDER = Path(__file__).parents[2] / "triage" / "packs" / "beijing"
SERIOUS = {MaskType.MOBILE, MaskType.ID, MaskType.CARD, MaskType.PLATE, MaskType.EMAIL}
NUMBER = re.compile(r"[0-9.]+|[零〇一二三四五六七八九十百千万两几]+")
WORD = re.compile(r"\w")
DRAWN = 1_000  # texts; what is rare among so many is not rarer for more of them, and the corpus still grows


@cache
def pack():
    return load_pack(FOLDER)


@cache
def places():
    return Places(pack().places)


@cache
def segmenter():
    return Segmenter(pack().words)


@pytest.fixture(scope="module")
def written():
    return read_appeals(FOLDER, pack())


@pytest.fixture(scope="module")
def texts(written):
    return [one.text for one in written]


@pytest.fixture(scope="module")
def lazy():
    """What a generator makes of two templates: places, things and times changed, and nothing else."""
    draw = random.Random(5)
    streets = [place.district + place.name for place in pack().places if place.kind is PlaceKind.STREET]
    things = ["路灯不亮", "垃圾没人清运", "井盖丢失", "物业不作为", "暖气不热", "自来水停水", "噪声扰民"]
    texts = {
        draw.choice(
            (
                f"市民反映：{draw.choice(streets)}{draw.choice(things)}，已经{draw.randint(2, 90)}天，请尽快处理。",
                f"我家住在{draw.choice(streets)}，{draw.choice(things)}，打了{draw.choice('两三四五六')}次电话没有人管。",
            )
        )
        for _ in range(4_000)
    }
    return sorted(texts)


def near_duplicates(texts):
    """Share of texts that are nearly the same as another."""
    sizes = Counter(groups := near_duplicate_groups(texts))
    return sum(sizes[group] > 1 for group in groups) / len(texts)


def begun_alike(texts, *, by):
    """Share of texts that begin with six characters with which more than so many begin."""
    openings = Counter(text[:6] for text in texts)
    return sum(count for count in openings.values() if count > by * len(texts)) / len(texts)


def template(text):
    """The words of a text without its places and numbers."""
    plain = normalise(text).text
    for start, end in sorted(places().resolve(plain).spans, reverse=True):
        plain = f"{plain[:start]}〔地〕{plain[end:]}"
    return tuple(word for word in segmenter().cut(NUMBER.sub("0", plain)) if WORD.match(word))


def one_word_apart(texts):
    """Share of texts that are another but for places, numbers and at most one word."""
    first, twins = {}, set()
    for at, words in enumerate(map(template, texts)):
        for key in (words, *((*words[:gap], *words[gap + 1 :]) for gap in range(len(words)))):
            if (other := first.setdefault(key, at)) != at:
                twins |= {at, other}
    return len(twins) / len(texts)


def drawn(texts):
    return random.Random(0).sample(texts, min(len(texts), DRAWN))


def words_in_a_thousand(texts):
    """How many different words there are among a thousand, on average."""
    words = [word for text in drawn(texts) for word in segmenter().cut(text)]
    parts = [words[start : start + 1_000] for start in range(0, len(words) - 999, 1_000)]
    return sum(len(set(part)) for part in parts) / len(parts)


def different_words(texts):
    """Share of different words among 50,000 that are drawn."""
    lot = random.Random(0).sample(texts, min(len(texts), 4 * DRAWN))
    words = [word for text in lot for word in segmenter().cut(text)][:50_000]
    return len(set(words)) / len(words)


def different_trigrams(texts):
    """Share of different runs of three characters among those of the texts drawn."""
    runs = [text[at : at + 3] for text in drawn(texts) for at in range(len(text) - 2)]
    return len(set(runs)) / len(runs)


def test_they_are_many_and_all_different(texts):
    assert len(set(texts)) == len(texts) >= 3_500


def test_every_leaf_has_eight(written):
    of_leaf = Counter(one.topic.code for one in written)
    assert [topic.name for topic in pack().topics if of_leaf[topic.code] < 8] == []


def test_a_third_names_real_places_of_all_districts(written):
    assert sum(bool(one.district) for one in written) >= len(written) / 3
    assert {one.district for one in written if one.district} == set(pack().districts)


def test_every_leaf_is_told_in_six_voices_by_two_authors(written):
    voices, authors = defaultdict(set), defaultdict(set)
    for one in written:
        voices[one.topic.name].add(one.voice)
        authors[one.topic.name].add(one.author)
    assert [leaf for leaf, told in voices.items() if len(told) < 6] == []
    assert [leaf for leaf, told in authors.items() if len(told) < 2] == []


def test_the_directory_leads_each_of_them_to_units_of_the_pack(written):
    led = Counter(bool(row.unit) for row in as_closures(written, pack(), seed=0))
    assert led[True] > 0.99 * len(written)


@pytest.mark.parametrize(
    ("measure", "most"),
    [
        (near_duplicates, 0.02),
        (lambda texts: begun_alike(texts, by=0.03), 0.01),
        (lambda texts: begun_alike(texts, by=0.01), 0.2),
        (one_word_apart, 0.01),
    ],
    ids=["near duplicates", "openings", "rarer openings", "one word apart"],
)
def test_they_are_made_from_no_template_and_a_lazy_corpus_is_found_out(texts, lazy, measure, most):
    assert measure(texts) <= most < measure(lazy)


@pytest.mark.parametrize(
    ("measure", "least"),
    [(words_in_a_thousand, 500), (different_words, 0.15), (different_trigrams, 0.75)],
    ids=["words in a thousand", "words", "runs of three characters"],
)
def test_they_are_rich_in_words_and_a_lazy_corpus_is_poor(texts, lazy, measure, least):
    assert measure(texts) >= least > measure(lazy)


def betrays(text):
    """Whether somebody could be called or found by what a text holds."""
    return any(span.type in SERIOUS for span in find_personal(normalise(text).text))


def test_nobody_can_be_called_or_found_by_what_is_in_them(written):
    assert [one.id for one in written if betrays(one.text)] == []


@pytest.mark.parametrize(
    "planted",
    [
        *("13800000000", "138 0000 0000", "一三八零零零零零零零零", "京A12345", "zhang.san@example.com"),
        *(generated_identity("460100", "19900307", "123"), generated_card("622202000000000000")),
    ],
)
def test_what_betrays_somebody_would_be_found_in_any_of_them(texts, planted):
    assert [text for text in texts[:: len(texts) // 40] if not betrays(f"{text}，{planted}，{text}")] == []
