"""Why a unit was suggested adds up: words, constant and rest to the score, kinds of evidence to the difference."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix, hstack

from models.arrays import to_bfloat16
from models.candidates import EVIDENCE
from models.explanation import Shared, Trace, shares
from models.features import Features
from models.ranker import Ranker
from models.scorer import Scorer
from tests import city
from triage.domain import Appeal, Reading
from triage.errors import InputError
from triage.text import Reader, Segmenter

READER = Reader(Segmenter())
FEATURES = Features.fit(READER.read_many([closure.text for closure in city.closures(60)]))
HEADS = {"unit": 4, "duty": 2}
VECTOR = 3  # columns of an encoder, behind those of the features
CLOSE = 1e-4
WIDTH = max(column for columns in EVIDENCE.values() for column in columns) + 1


def made(seed, *, columns=6, extra=0):
    """A scorer of random weights; classes beyond `columns` have learned nothing."""
    random = np.random.default_rng(seed)
    weights = to_bfloat16(random.normal(size=(len(FEATURES) + extra, columns)).astype(np.float32))
    bias = random.normal(size=6).astype(np.float32)
    return Scorer(heads=HEADS, weights=weights, columns=np.arange(columns), bias=bias)


def traced(readings, scorer, vectors=None):
    rows = FEATURES.transform(readings)
    rows = rows if vectors is None else csr_matrix(hstack([rows, csr_matrix(vectors)]))
    batch = SimpleNamespace(rows=rows, margins=scorer.margins(rows), listed=None)
    return [Trace(batch=batch, at=at) for at in range(len(readings))]


def explained(reading, *, seed=1, head="unit", column=2):
    scorer = made(seed)
    (trace,) = traced([reading], scorer)
    return Shared(trace, reading, FEATURES, scorer).score(head=head, column=column, of="水务局")


def total(score):
    return score.bias + score.rest + sum(word.value for word in score.words)


def holds(score, reading):
    """What must hold for every score of a reading, whatever its text."""
    assert total(score) == pytest.approx(score.total, abs=CLOSE)
    assert [reading.masked[word.start : word.end] for word in score.words] == [word.text for word in score.words]
    assert all(word.text in reading.tokens for word in score.words)
    spans = sorted((word.start, word.end) for word in score.words)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    values = [abs(word.value) for word in score.words]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("closure", city.closures(20, seed=5), ids=lambda closure: closure.id)
@pytest.mark.parametrize(("head", "column"), [("unit", 0), ("unit", 3), ("duty", 1)])
def test_words_and_constant_add_up_to_the_margin(closure, head, column):
    reading = READER.read(closure.text)
    score = explained(reading, head=head, column=column)
    assert (score.part, score.of, score.rest) == (head, "水务局", 0)
    assert len(score.words) > 5
    holds(score, reading)


said = st.lists(
    st.sampled_from(["停水", "垃圾桶满了", "13800138000", "PVC管", "東湖區", "\n", "🙂", "张先生", "，", "办ＥＴＣ卡"])
)


@given(said.map("".join) | st.text(max_size=40), st.integers(0, 9))
@example("", 0)
@example("停水" * 3_000, 0)
@example("停水\n停水", 0)
def test_they_add_up_for_any_text(text, seed):
    reading = READER.read(text)
    holds(explained(reading, seed=seed), reading)


@given(said.map("".join) | st.text(max_size=40).filter(lambda text: "İ" not in text))
def test_every_column_of_a_row_stands_where_its_span_says(text):
    reading = READER.read(text)
    spans = FEATURES.spans(reading)
    assert sorted(spans) == FEATURES.transform([reading]).indices.tolist()
    names = (*FEATURES.grams, *FEATURES.words)
    for column, places in spans.items():
        for start, end in places:
            found = reading.masked[start:end]
            assert (found.lower() if column < len(FEATURES.grams) else found) == names[column]


def test_words_after_four_thousand_characters_have_no_grams_and_still_add_up():
    reading = READER.read("啊" * 3_990 + "垃圾桶满了没有人清运，家里停水三天了")
    assert max(end for places in FEATURES.spans(reading).values() for _, end in places) <= len(reading.masked)
    holds(explained(reading), reading)


def test_a_character_that_lower_case_makes_two_does_not_move_what_follows():
    reading = READER.read("İİİİ停水停水停水垃圾桶满了")
    holds(explained(reading), reading)


def test_a_text_with_nothing_known_scores_the_constant():
    reading = Reading(masked="zzz", tokens=("zzz",))
    score = explained(reading)
    assert (score.words, score.rest) == ((), 0)
    assert score.total == pytest.approx(score.bias)


def test_what_comes_of_no_word_is_the_rest():
    reading = READER.read("枫桥街道家里停水三天了")
    scorer = made(4, extra=VECTOR)
    vector = np.array([[0.5, -0.25, 0.75]], dtype=np.float32)
    (trace,) = traced([reading], scorer, vector)
    score = Shared(trace, reading, FEATURES, scorer).score(head="unit", column=1, of="x")
    weights, _ = scorer.of_class("unit", 1, np.arange(len(FEATURES), len(FEATURES) + VECTOR))
    assert score.rest == pytest.approx(float(vector[0] @ weights), abs=1e-5)
    assert abs(score.rest) > 0.01
    holds(score, reading)


def test_each_reading_of_a_batch_is_explained_by_its_own_words():
    readings = READER.read_many(["家里停水三天了没人管", "垃圾桶满了没有人清运", ""])
    scorer = made(2)
    for reading, trace in zip(readings, traced(readings, scorer), strict=True):
        score = Shared(trace, reading, FEATURES, scorer).score(head="duty", column=0, of="x")
        assert score.total == pytest.approx(float(trace.batch.margins["duty"][trace.at, 0]))
        holds(score, reading)


def test_a_word_that_stands_twice_counts_where_it_stands():
    reading = Reading(masked="停水,停水", tokens=("停水", ",", "停水"))
    score = explained(reading)
    assert {0, 3} <= {word.start for word in score.words}
    holds(score, reading)


def test_a_class_without_rows_is_explained_by_its_constant():
    scorer = made(3, columns=4)
    features = np.arange(5)
    weights, bias = scorer.of_class("duty", 1, features)
    assert not weights.any()
    assert bias == pytest.approx(float(scorer.bias[5]))
    assert [scorer.has_learned(*each) for each in (("unit", 3), ("duty", 0), ("none", 0))] == [True, False, False]


def ranker(seed, *, width=WIDTH, units=24):
    random = np.random.default_rng(seed)

    def drawn(*shape):
        return random.normal(size=shape).astype(np.float32)

    return Ranker(
        mean=drawn(width),
        scale=np.abs(drawn(width)) + np.float32(0.2),
        inner=drawn(width, units) / np.float32(np.sqrt(width)),
        bias=drawn(units),
        outer=drawn(units) / np.float32(np.sqrt(units)),
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.01, 0.5, 2, 10, 1_000]))
def test_the_worth_of_the_features_adds_up_to_the_difference_of_the_scores(seed, spread):
    """Also where features lie beyond what the ranker looks at, five standard deviations from the mean."""
    model, random = ranker(seed), np.random.default_rng([seed, 1])
    before, after = (random.normal(scale=spread, size=WIDTH).astype(np.float32) for _ in range(2))
    worth = model.integrated(before, after)
    assert worth.shape == (WIDTH,)
    assert worth.sum() == pytest.approx(float(model.score(after) - model.score(before)), abs=CLOSE)
    np.testing.assert_allclose(model.integrated(after, before), -worth, atol=CLOSE)


@given(st.integers(0, 2**32 - 1))
def test_features_that_do_not_differ_are_worth_nothing(seed):
    model, random = ranker(seed), np.random.default_rng([seed, 2])
    before = random.normal(size=WIDTH).astype(np.float32)
    after = before.copy()
    after[:3] += 1
    worth = model.integrated(before, after)
    assert not worth[3:].any()
    assert not model.integrated(before, before).any()


@pytest.mark.parametrize("seed", range(5))
def test_the_worth_is_the_integral_of_the_slope(seed):
    """Against the slope of the score on many points of the line, by differences."""
    model, random = ranker(seed, width=6), np.random.default_rng([seed, 3])
    start, stop = (model.mean + model.scale * random.normal(size=6).astype(np.float32) for _ in range(2))
    steps = (np.arange(2_000) + 0.5) / 2_000
    points = ((start + steps[:, None] * (stop - start)) - model.mean) / model.scale
    active = points @ model.inner + model.bias > 0
    slope = (active * model.outer) @ model.inner.T / model.scale
    np.testing.assert_allclose(model.integrated(start, stop), slope.mean(axis=0) * (stop - start), atol=5e-3)


@given(st.integers(0, 2**32 - 1))
def test_the_shares_of_the_kinds_of_evidence_add_up_to_the_gap(seed):
    model, random = ranker(seed), np.random.default_rng([seed, 4])
    features, against = (random.normal(scale=3, size=WIDTH).astype(np.float32) for _ in range(2))
    found = shares(model, features, against)
    assert list(found) == list(EVIDENCE)
    assert sum(found.values()) == pytest.approx(float(model.score(features) - model.score(against)), abs=CLOSE)


def test_every_feature_is_of_one_kind_of_evidence(city_triage):
    columns = [column for of_kind in EVIDENCE.values() for column in of_kind]
    assert sorted(columns) == list(range(WIDTH))
    listed = city_triage.route(Appeal(id="1", text="停水了，没人管")).trace.batch.listed
    assert listed.features.shape[-1] == WIDTH


TEXT = "张先生１３８００１３８０００反映：东湖区枫桥街道春晓花园家里自來水停水，没有收到停水通知，希望尽快解决。"


@pytest.fixture(scope="module")
def routing(city_triage):
    return city_triage.route(Appeal(id="1", text=TEXT, address="枫桥街道青禾路3号"))


@pytest.fixture(scope="module")
def explanation(city_triage, routing):
    return city_triage.explain(routing)


def test_the_first_suggestion_is_explained_by_all_that_was_learned(routing, explanation):
    assert explanation.unit == routing.suggestions[0].unit
    assert explanation.unit.name == city.WATER
    parts = [score.part for score in explanation.scores]
    assert parts[:2] == ["unit", "duty"]
    assert {"topic1", "topic2", "topic3"} <= set(parts)
    assert [score.of for score in explanation.scores][-3:] == list(routing.topics[0].topic.path)
    for score in explanation.scores:
        assert total(score) == pytest.approx(score.total, abs=CLOSE)


def test_spans_are_those_of_the_text_as_given_and_of_the_address_behind_it(explanation):
    whole = f"{TEXT} 枫桥街道青禾路3号"
    for score in explanation.scores:
        for word in score.words:
            given = whole[word.start : word.end]
            if word.text.startswith("〔"):
                assert word.text == {TEXT[:3]: "〔姓名〕", TEXT[3:14]: "〔电话〕"}[given]
            else:
                assert READER.read(given).masked == word.text
    assert any(word.start > len(TEXT) for score in explanation.scores for word in score.words)
    assert any("停水" in whole[word.start : word.end] for word in explanation.scores[0].words[:8])


def test_precedents_are_closed_orders_nearest_first(explanation):
    similar = [precedent.similarity for precedent in explanation.precedents]
    assert len(similar) == 3
    assert similar == sorted(similar, reverse=True)
    assert all(0 < each <= 1 + 1e-6 for each in similar)
    assert [precedent.id[:2] for precedent in explanation.precedents] == ["YL"] * 3
    assert explanation.precedents[0].unit.name == city.WATER


def test_the_runner_up_tells_what_it_lacks(routing, explanation):
    second = explanation.runner_up
    assert second.unit == routing.suggestions[1].unit
    assert second.gap > 0
    assert sum(second.shares.values()) == pytest.approx(second.gap, abs=CLOSE)
    assert set(second.shares) == set(EVIDENCE)
    assert second.unit.name in second.why
    best = max(second.shares, key=second.shares.get)
    assert best in second.why


def test_without_a_line_of_the_directory_the_duty_is_what_the_unit_is_for(explanation):
    assert explanation.unit.name in explanation.clause.text
    assert explanation.unit.duty in explanation.clause.text
    assert explanation.clause.basis == ""


def test_a_routing_of_somebody_else_is_not_explained(city_triage, routing):
    with pytest.raises(InputError, match="nothing to explain"):
        city_triage.explain(replace(routing, trace=None))


def test_where_nothing_was_suggested_there_is_nothing_to_explain(city_triage, routing):
    assert city_triage.explain(replace(routing, suggestions=())) is None


def test_a_routing_among_many_is_explained_as_alone(city_triage, explanation, routing):
    others = [Appeal(id=str(at), text=closure.text) for at, closure in enumerate(city.closures(12, seed=9))]
    among = city_triage.route_many([*others[:6], routing.appeal, *others[6:]])[6]
    again = city_triage.explain(among)
    assert again.unit == explanation.unit
    assert [score.of for score in again.scores] == [score.of for score in explanation.scores]
    for one, other in zip(again.scores, explanation.scores, strict=True):
        assert one.total == pytest.approx(other.total, abs=CLOSE)
    assert again.precedents == explanation.precedents


@pytest.mark.parametrize("closure", city.closures(12, seed=31), ids=lambda closure: closure.id)
def test_every_explanation_adds_up(city_triage, closure):
    found = city_triage.explain(city_triage.route(Appeal(id=closure.id, text=closure.text)))
    for score in found.scores:
        assert total(score) == pytest.approx(score.total, abs=CLOSE)
        for word in score.words:
            assert READER.read(closure.text[word.start : word.end]).masked == word.text
    assert sum(found.runner_up.shares.values()) == pytest.approx(found.runner_up.gap, abs=CLOSE)
