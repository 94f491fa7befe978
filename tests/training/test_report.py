"""The page tells the same in both languages, says every number that is drawn, and runs nothing that a name holds."""

import re
from dataclasses import replace
from datetime import date
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from training.drift import shift
from training.gate import Bounds, Evidence, judge
from training.judgements import Judgements
from training.report import report
from training.retrain import Retrained
from triage.domain import Closure

HOSTILE = "<script>alert(1)</script>&\"'"
UNITS = ["市水务局", "市交通局", "枫桥街道办事处", HOSTILE]
DAY = date(2031, 4, 1)


def judged(right, *, seed=0, count=400):
    """Judgements of made-up orders, of which a share is right."""
    draw = np.random.default_rng(seed)
    rows = [Closure(id=str(n), text="停水", unit=UNITS[n % 4], district="东湖区", opened_on=DAY) for n in range(count)]
    hits = draw.random(count) < right
    named = [
        [row.unit if hit else UNITS[(n + 1) % 4], "别的"] for n, (row, hit) in enumerate(zip(rows, hits, strict=True))
    ]
    return replace(Judgements.of_peer(named, draw.random(count), rows), dispatched=draw.random(count) < 0.3)


def retrained(ours=0.9, theirs=0.6, *, champion=True):
    new, old = judged(ours), judged(theirs, seed=1) if champion else None
    evidence = Evidence.of(new, old, promise=0.5, newest=DAY, today=DAY, size=1_000, p95=1.0)
    return Retrained(
        counts={"read": 500, "merged": 7},
        bundle="city-1234",
        champion="city-0001" if champion else None,
        evidence=evidence,
        verdict=judge(evidence, Bounds(calibration=1.0, calibration_tolerance=1.0)),
        judged=new,
        served=old,
        shifts=(shift("units", ["a"] * 90 + [HOSTILE] * 10, ["a"] * 40 + [HOSTILE] * 60),),
        card=f"# Card {HOSTILE}",
    )


VOID = {"meta", "path", "br"}


class Page(HTMLParser):
    """The tags that are open, those that were there, and the words."""

    def __init__(self, page):
        super().__init__()
        self.open, self.tags, self.attributes, self.words = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


languages = pytest.mark.parametrize("language", ["zh", "en"])


@languages
@pytest.mark.parametrize("champion", [True, False])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(language, champion):
    page = Page(report(retrained(champion=champion), language=language))
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert not [one for one in page.attributes if one[1] in {"src", "href"} or one[1].startswith("on")]
    assert page.tags.count("svg") == page.tags.count("details") == 2
    assert HOSTILE in "".join(page.words)


def test_both_languages_tell_the_same_numbers():
    numbers = [
        sorted(re.findall(r"[+-]?\d+\.\d+", report(retrained(), language=language))) for language in ("zh", "en")
    ]
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize(
    ("language", "words"), [("zh", ("新模型已启用", "新模型未启用")), ("en", ("serves", "refused"))]
)
def test_it_begins_with_what_became_of_it(language, words):
    better, worse = retrained(0.9, 0.6), retrained(0.5, 0.9)
    assert words[0] in report(better, language=language)
    page = report(worse, language=language)
    assert words[1] in page
    for finding in worse.verdict.reasons:
        assert escape(finding.chinese if language == "zh" else finding.english) in page


def test_what_is_drawn_stands_in_a_table():
    page = report(retrained(), language="en")
    drawn = page[page.index("Risk and coverage</h2>") :]
    assert drawn.index("<svg") < drawn.index("<table")
    assert len(re.findall(r"<tr><td>new</td>", drawn)) == 20


def test_the_counts_are_told():
    assert '<td>merged</td><td class="n">7</td>' in report(retrained())
