"""The page tells the same in both languages, says every number that is drawn, and runs nothing that a name holds."""

import re
from dataclasses import replace
from datetime import date
from html import escape
from html.parser import HTMLParser

import numpy as np
import pytest

from training.confusions import WAYS
from training.drift import shift
from training.evaluate import Evaluation, Trial
from training.gate import Bounds, Evidence, judge
from training.hygiene import REASONS as SET_ASIDE
from training.judgements import Judgements
from training.measures import FIGURES, measure
from training.outcomes import REASONS
from training.report import evaluated, report
from training.retrain import Retrained
from training.wording import COUNTS, WORDS
from training.wording import FIGURES as NAMED
from triage.domain import Closure, Unit, UnitCode, UnitKind

HOSTILE = "<script>alert(1)</script>&\"'"
UNITS = ["市水务局", "市交通局", "枫桥街道办事处", HOSTILE]
PACK = tuple(
    Unit(code=UnitCode(str(at)), name=name, kind=UnitKind.MUNICIPAL, duty=HOSTILE if name == HOSTILE else name[1:3])
    for at, name in enumerate(UNITS)
)
DAY = date(2031, 4, 1)
CARD = (
    f"# Card\n\n## Data\n7 rows {HOSTILE}.\n\n| set aside because | rows |\n|---|---|\n| no_text | 3 |\n\n"
    "- one\n- two\n  more\n"
)


def judged(right, *, seed=0, count=400):
    """Judgements of made-up orders, of which a share is right."""
    draw = np.random.default_rng(seed)
    rows = [Closure(id=str(n), text="停水", unit=UNITS[n % 4], district="东湖区", opened_on=DAY) for n in range(count)]
    hits = draw.random(count) < right
    named = [
        [row.unit if hit else UNITS[(n + 1) % 4], "别的"] for n, (row, hit) in enumerate(zip(rows, hits, strict=True))
    ]
    channels = {row.id: HOSTILE for row in rows[:100]}
    found = Judgements.of_peer(named, draw.random(count), rows, channels=channels)
    return replace(found, dispatched=draw.random(count) < 0.3)


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
        card=CARD,
        units=PACK,
    )


def evaluation():
    """An evaluation of the same orders, beside a peer."""
    new = judged(0.9)
    return Evaluation(
        bundle=f"city-1234{HOSTILE}",
        summary={"no_text": 2, "no_unit": 0},
        rows=len(new),
        unknown_units=3,
        figures={"top1": 0.9, "set_size": 2.5, "topic_level1_top1": 0.8},
        districts=(),
        peers={HOSTILE: {"top1": 0.7}},
        gains={HOSTILE: {"top1": (0.2, 0.1, 0.3)}},
        trial=Trial(judged=new, units=PACK, promise=0.5, card=CARD),
    )


def pages(language):
    return [
        report(retrained(), language=language),
        report(retrained(champion=False), language=language),
        evaluated(evaluation(), language=language),
    ]


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
@pytest.mark.parametrize("which", [0, 1, 2], ids=["retrained", "first", "evaluated"])
def test_the_page_is_whole_and_needs_nothing_from_elsewhere(language, which):
    page = Page(pages(language)[which])
    assert page.open == []
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    assert not [one for one in page.attributes if one[1] in {"src", "href"} or one[1].startswith("on")]
    assert page.tags.count("svg") == 2
    assert HOSTILE in "".join(page.words)


@languages
def test_no_name_of_the_program_is_on_the_page(language):
    every = {"read": 9, "thinned_out": 1, "forgotten": 2, "learned_from": 6, **dict.fromkeys(REASONS, 4)}
    for page in (*pages(language), report(replace(retrained(), counts=every), language=language)):
        assert (
            re.findall(r"[a-z]+_[a-z0-9_]+", "".join(Page(re.sub("<head>.*?</head>", "", page, flags=re.DOTALL)).words))
            == []
        )


def test_whatever_becomes_of_an_order_is_said_in_both_languages():
    assert {*REASONS, *SET_ASIDE, "read", "thinned_out", "forgotten", "learned_from"} <= COUNTS.keys()
    for chinese, english in COUNTS.values():
        assert re.search(r"[一-鿿]", chinese)
        assert english.isprintable()
        assert "_" not in chinese + english
    assert {*FIGURES, *measure(judged(0.9), promise=0.5)["", ""]} <= NAMED.keys()
    assert {*WAYS, *(f"kind_{kind.value}" for kind in UnitKind)} <= WORDS.keys()


def test_both_languages_tell_the_same_numbers():
    for pair in zip(pages("zh"), pages("en"), strict=True):
        chinese, english = (sorted(re.findall(r"[+-]?\d+\.\d+", page)) for page in pair)
        assert chinese == english


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
    drawn = page[page.index("Risk and coverage</h2>") : page.index("Part by part</h2>")]
    assert drawn.index("<svg") < drawn.index("<table")
    assert len(re.findall(r"<tr><td>new</td>", drawn)) == 20


def test_the_counts_are_told():
    assert '<td>merged into another order</td><td class="n">7</td>' in report(retrained(), language="en")


def test_the_card_has_headings_tables_and_lists():
    page = report(retrained(), language="zh")
    shown = page[page.index("模型卡") :]
    assert "<h3>Data</h3><p>7 rows" in shown
    assert '<td>无诉求内容</td><td class="n">3</td>' in shown
    assert "<li>one</li><li>two\n  more</li>" in shown


def test_every_part_is_told_by_unit_district_and_channel():
    page = evaluated(evaluation(), language="en")
    for heading, names in {"By unit": UNITS, "By district": ["东湖区"], "By channel": [HOSTILE]}.items():
        part = page[page.index(f"<h3>{heading}</h3>") :].split("</details>")[0]
        shown, every = part.split("<details>")
        for name in names:
            assert f"<td>{escape(name)}</td>" in shown
            assert f"<td>{escape(name)}</td>" in every
        assert every.count("<th ") == 2 + len(FIGURES)
    assert "None of the orders tells it" in page[page.index("By topic") :].split("<h3>")[0]


def test_an_evaluation_has_no_champion_and_says_what_was_set_aside():
    page = evaluated(evaluation(), language="en")
    assert "champion" not in page
    assert "without words</td>" in page
    assert "without a unit" not in page
    assert "+20.0%" in page
    assert "right topic first, level 1</td>" in page


def test_a_manager_is_told_first_how_many_of_a_thousand_go_right():
    subject = evaluation()
    right = 1000 * subject.trial.judged.within(1).mean()
    page = evaluated(subject, language="en")
    assert f"{right:.0f} of 1,000 go right" in page[: page.index("Figures over all")]
    assert "returns of 1,000 orders are avoided" in report(retrained(), language="en")


def test_doubtful_labels_are_told_by_id_without_words():
    page = evaluated(evaluation(), language="en")
    part = page[page.index("label is most doubtful") :].split("</section>")[0]
    assert 0 < part.count("<tr><td>") <= 20
    assert "停水" not in page
