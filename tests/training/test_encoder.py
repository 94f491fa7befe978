"""Words that mean the like come near each other, whoever makes the vectors, and a bundle keeps them."""

import random
import sys

import numpy as np
import pytest

from models.assessor import LearnedAssessor
from models.bundle import load_triage, save
from models.features import Features
from models.promise import make_policy
from tests import city
from training.dataset import make_dataset
from training.encoder import make_encoder
from training.fit import fit
from training.make import prepare
from triage.directory import today
from triage.domain import Appeal, Closure, Reading, Versions
from triage.errors import InputError
from triage.pipeline import Triage
from triage.text import Reader, Segmenter

FEW, MANY = 24, 160  # matters; lsa has fewer dimensions than the latter
ABOUT = {"rows": 1, "window": None, "scheme": "", "left_out": {}, "metrics": {}, "tried_on": "nothing"}


def corpus(count=240, *, matters=FEW, topics=True):
    """Rows of matters; each is called by either of two words, which never meet, among words of the matter."""
    draw = random.Random(5)
    readings, rows = [], []
    for at in range(count):
        matter = at % matters
        words = [f"{matter}{draw.choice('甲乙')}", *draw.sample([f"{matter}境{word}" for word in range(8)], 4)]
        draw.shuffle(words)
        readings.append(Reading(masked="".join(words), tokens=tuple(words)))
        topic = ("事", str(matter)) if topics else ()
        rows.append(Closure(id=str(at), text=readings[-1].masked, unit=f"局{matter}", topic=topic))
    return readings, rows


def encoded(name, readings, rows, *, seed=0):
    features = Features.fit(readings)
    return features, make_encoder(name, features, features.transform(readings), readings, rows, seed=seed)


def nearness(features, encoder, *, matters=FEW):
    """Cosines of the two words of each matter, and of words of different matters."""
    said = [Reading(masked=word, tokens=(word,)) for end in "甲乙" for word in (f"{at}{end}" for at in range(matters))]
    vectors = encoder.embed(features.transform(said))
    cosines = vectors[:matters] @ vectors[matters:].T
    own = np.eye(matters, dtype=bool)
    return cosines[own], cosines[~own]


def test_lsa_brings_words_with_one_context_nearer_than_strangers():
    features, encoder = encoded("lsa", *corpus(2_560, matters=MANY))
    alike, strange = nearness(features, encoder, matters=MANY)
    assert alike.min() > 0.8
    assert alike.min() > strange.max()
    assert abs(strange.mean()) < 0.01


def test_lsa_has_one_vector_a_word_and_the_same_for_one_seed():
    readings, rows = corpus(480)
    features, encoder = encoded("lsa", readings, rows)
    assert encoder.table.shape == (len(features.words), 128)
    assert np.array_equal(encoder.table, encoded("lsa", readings, rows)[1].table)


def test_lsa_of_few_words_has_fewer_dimensions():
    readings = [Reading(masked=word * 2, tokens=(word, word)) for word in ("停水", "停电", "路灯") * 4]
    features, encoder = encoded("lsa", readings, [])
    assert encoder.table.shape == (3, 2)
    assert np.linalg.norm(encoder.embed(features.transform(readings)), axis=1) == pytest.approx(np.ones(12), abs=1e-5)


def test_a_bundle_with_vectors_routes_after_loading_as_before_saving(tmp_path):
    export = city.write_csv(tmp_path / "few.csv", city.closures(120))
    prepared = prepare([export], pack=None, name="few")
    data = make_dataset(prepared.cleaned, prepared.pack, encoder="lsa", seed=0)
    fitted = fit(data, prepared.pack, seed=0)
    assessor = LearnedAssessor(prepared.pack, fitted.learned)
    kept = Triage(
        reader=Reader(Segmenter(prepared.pack.words)),
        assessor=assessor,
        explainer=assessor,
        policy=make_policy(prepared.pack, data.topics, fitted.tried, dispatches=True, on=today()),
        pack=prepared.pack,
        versions=Versions(bundle="", pack="", policy=""),
    )
    save(tmp_path / "bundle", learned=fitted.learned, tried=fitted.tried, pack=prepared.pack, about=ABOUT)
    loaded = load_triage(tmp_path / "bundle")
    assert np.array_equal(np.load(tmp_path / "bundle" / "arrays" / "encoder.npy"), data.encoder.table)
    rows = city.closures(60, seed=99)
    tried = [Appeal(id=row.id, text=row.text) for row in rows]
    right = 0
    for row, before, after in zip(rows, kept.route_many(tried), loaded.route_many(tried), strict=True):
        assert before.decision.action == after.decision.action
        assert before.suggestions[0].unit == after.suggestions[0].unit
        odds, again = ([one.probability for one in routing.suggestions] for routing in (before, after))
        assert odds == pytest.approx(again, abs=5e-3)  # precedent is kept in half precision
        right += after.suggestions[0].unit.name == row.unit
    assert right > 40


@pytest.fixture(scope="module")
def library():
    return pytest.importorskip("sentence_transformers")


@pytest.mark.usefixtures("library")
def test_static_brings_two_words_of_one_matter_nearer_than_words_of_two():
    alike, strange = nearness(*encoded("static", *corpus(2_400)))
    assert alike.mean() > strange.mean() + 0.3
    assert (alike > np.quantile(strange, 0.99)).mean() > 0.9


@pytest.mark.usefixtures("library")
def test_static_pairs_rows_of_one_unit_where_there_are_no_topics():
    with_topics, without = (encoded("static", *corpus(96, topics=topics))[1].table for topics in (True, False))
    assert np.array_equal(with_topics, without)


@pytest.mark.usefixtures("library")
def test_static_gives_the_same_vectors_for_one_seed():
    readings, rows = corpus(96)
    (features, one), (_, again), (_, other) = (encoded("static", readings, rows, seed=seed) for seed in (4, 4, 5))
    assert one.table.shape == (len(features.words), 128)
    assert np.array_equal(one.table, again.table)
    assert not np.array_equal(one.table, other.table)


@pytest.mark.usefixtures("library")
def test_rows_of_matters_that_come_once_teach_nothing_and_do_no_harm():
    readings, rows = corpus(48)
    once = [Closure(id=row.id, text=row.text, unit=row.id) for row in rows]
    assert np.isfinite(encoded("static", readings, once)[1].table).all()


def test_vectors_are_taken_from_the_model_in_a_folder(library, tmp_path):
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding  # noqa: PLC0415
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415

    readings, rows = corpus(48)
    words = Features.fit(readings).words
    known = {word: at for at, word in enumerate(["[UNK]", *words[1:]])}
    table = np.random.default_rng(0).standard_normal((len(known), 6)).astype(np.float32)
    module = StaticEmbedding(Tokenizer(WordLevel(known, unk_token="[UNK]")), embedding_weights=table)  # noqa: S106
    library.SentenceTransformer(modules=[module], device="cpu").save(str(tmp_path / "model"))
    encoder = encoded(str(tmp_path / "model"), readings, rows)[1]
    assert encoder.table == pytest.approx(table, abs=1e-6)  # the first word stands in the row of what is unknown


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("folder", ["nowhere", "empty", "letter.txt"])
def test_a_folder_without_a_model_is_bad_input_and_says_what_else_there_is(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(InputError, match=f"{folder} is neither lsa, static nor a SentenceTransformer: ") as caught:
        encoded(str(tmp_path / folder), *corpus(48))
    assert caught.value.field == "encoder"
    assert "\n" not in str(caught.value)


class Offline:
    """A library whose models are all somewhere else."""

    def SentenceTransformer(self, name, *, device, local_files_only):  # noqa: N802 - its name for it
        raise OSError(f"{name} {'is not here' if local_files_only else 'cannot be fetched'}\nCheck your connection")


@pytest.mark.parametrize(
    ("name", "said"), [("here", "here is not here"), ("owner/model", "owner/model cannot be fetched")]
)
def test_a_folder_is_opened_without_asking_the_network_and_the_reason_is_one_line(monkeypatch, tmp_path, name, said):
    monkeypatch.setitem(sys.modules, "sentence_transformers", Offline())
    monkeypatch.setitem(sys.modules, "torch", Offline())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    with pytest.raises(InputError) as caught:
        encoded(name, *corpus(48))
    assert str(caught.value) == f"field encoder: {name} is neither lsa, static nor a SentenceTransformer: {said}"


@pytest.mark.parametrize("missing", ["sentence_transformers", "torch"])
@pytest.mark.parametrize("name", ["static", "some/model"])
def test_without_the_extra_the_error_names_it(monkeypatch, missing, name):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(InputError, match=r"needs the extra semantic: pip install '\.\[semantic\]'") as caught:
        encoded(name, *corpus(48))
    assert caught.value.field == "encoder"


def test_lsa_needs_no_extra(monkeypatch):
    for module in ("sentence_transformers", "torch"):
        monkeypatch.setitem(sys.modules, module, None)
    assert encoded("lsa", *corpus(48))[1].table.any()
