"""Cutting: two engines, the same words."""

from pathlib import Path

import pytest
from hypothesis import given

from tests.triage.text.strategies import anything, chinese
from triage.text import Segmenter

WORDS = ["朝阳", "望京西园四区", "噪音扰民", "的", "海府路", "海府路", ("住在小区", 3), "派人来修"]


@pytest.fixture(scope="module")
def rust() -> Segmenter:
    return Segmenter(WORDS)


@pytest.fixture(scope="module")
def reference() -> Segmenter:
    return Segmenter(WORDS, engine="jieba")


@given(text=chinese)
def test_both_engines_cut_chinese_alike(rust: Segmenter, reference: Segmenter, text: str) -> None:
    assert rust.cut(text) == reference.cut(text)


@pytest.mark.parametrize("word", ["望京西园四区", "噪音扰民", "海府路"])
def test_an_added_word_is_kept_whole_by_both(rust: Segmenter, reference: Segmenter, word: str) -> None:
    text = f"我住在{word}附近"
    assert word in rust.cut(text)
    assert rust.cut(text) == reference.cut(text)


@given(text=anything)
def test_the_words_are_the_text(rust: Segmenter, reference: Segmenter, text: str) -> None:
    assert "".join(rust.cut(text)) == text
    assert "".join(reference.cut(text)) == text


def test_a_lone_surrogate_does_not_stop_the_cut(rust: Segmenter) -> None:
    assert rust.cut("路灯\ud800坏了") == ["路灯", "\ud800", "坏", "了"]


def test_words_added_to_one_segmenter_do_not_reach_another(rust: Segmenter) -> None:
    assert "望京西园四区" not in Segmenter().cut("望京西园四区")


def test_a_fingerprint_tells_engines_and_words_apart(rust: Segmenter, reference: Segmenter) -> None:
    prints = {rust.fingerprint, reference.fingerprint, Segmenter().fingerprint, Segmenter(["海府路"]).fingerprint}
    assert len(prints) == 4
    assert Segmenter(WORDS).fingerprint == rust.fingerprint


def test_jieba_leaves_nothing_in_the_shared_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    Segmenter(engine="jieba")
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr().err == ""
