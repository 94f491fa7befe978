"""What a city promises is read from `policy.toml`, and comes back as it was written."""

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import KINDS, Group, Promise, Span, Terms, load_pack, national
from triage.citypack.terms import parse_terms, read_terms, terms_text
from triage.domain import Action, Deadline, Urgency
from triage.errors import PackError


def read(text):
    """Read terms, and what is wrong with them as `(line, message)`."""
    faults = []
    return parse_terms(text, lambda line, message: faults.append((line, message))), faults


def faults(text):
    return read(text)[1]


def test_without_a_word_the_terms_are_those_of_the_standard():
    terms, wrong = read("")
    assert (terms, wrong) == (Terms(), [])
    assert terms.promise == Promise(precision=0.95, confidence=0.9, by=Group.ALL, set=0.95, suggest=0.3)
    assert {key.value: str(span) for key, span in terms.dispatch.items()} == {"紧急": "1h", "较急": "2h", "一般": "24h"}
    assert {key.value: str(span) for key, span in terms.feedback.items()} == {
        "2h": "2h", "24h": "24h", "7d": "7wd", "15d": "15wd",
    }  # fmt: skip
    assert terms.alarms == {Action.TRANSFER: 0.025, Action.DECLINE: 0.005}
    assert (terms.country, terms.days_off, terms.workdays, terms.kinds) == ("CN", (), (), {})


def test_what_is_written_takes_the_place_of_the_default_and_the_rest_stays():
    terms, wrong = read(
        'version = "7"\nsource = "通知"\n'
        '[promise]\nprecision = 0.9\nby = "unit_kind"\n'
        '[dispatch]\n"紧急" = "30h"\n[feedback]\n15d = "20d"\n'
        "[alarms]\ndecline = 0.0\n[audit]\nshare = 0.1\n"
        '[calendar]\ncountry = "HK"\ndays_off = ["2027-02-14", 2027-02-15]\nworkdays = ["2027-02-20"]\n'
        '[kinds]\n"投诉" = [" 不满 ", "推诿"]\n'
    )
    assert wrong == []
    assert (terms.version, terms.source) == ("7", "通知")
    assert terms.promise == Promise(precision=0.9, by=Group.UNIT_KIND)
    assert terms.dispatch == {**Terms().dispatch, Urgency.DANGER: Span(30, "h")}
    assert terms.feedback == {**Terms().feedback, Deadline.DAYS_15: Span(20, "d")}
    assert terms.alarms == {Action.TRANSFER: 0.025, Action.DECLINE: 0.0}
    assert terms.audit_share == 0.1
    assert (terms.country, terms.workdays) == ("HK", (date(2027, 2, 20),))
    assert terms.days_off == (date(2027, 2, 14), date(2027, 2, 15))
    assert terms.kinds == {"投诉": ("不满", "推诿")}


HEAD = 'version = "1"\n\n'
SHARE = "must be a share between 0 and 1, such as 0.95"
ALARM = "must be a share of ordinary appeals up to 0.05, such as 0.01"
SPAN = "must be hours, days or working days, such as 24h, 7d or 15wd"
WORDS = "must be a list of words of two characters or more"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("version = 1", 1, "version must be a text"),
        (HEAD + "source = []", 3, "source must be a text"),
        (HEAD + "promise = 0.9", 3, "promise must be a table"),
        (HEAD + "kinds = []", 3, "kinds must be a table"),
        (HEAD + "[promises]", 3, "promises is unknown; known are version, source, promise, dispatch, feedback, alarms"),
        (HEAD + "[promise]\nprecison = 0.9", 4, "precison is unknown; known are precision, confidence, by, set"),
        *((HEAD + f"[promise]\n{key} = {value}", 4, f"{key} {SHARE}")
          for key in ("precision", "confidence", "set", "suggest")
          for value in ("0.0", "1.0", "1", "95.0", '"0.9"', "nan")),
        (HEAD + '[promise]\nby = "district"', 4, 'by must be one of "", unit_kind, topic, urgency'),
        (HEAD + "[promise]\nby = 1", 4, "by must be one of"),
        (HEAD + '[dispatch]\n"特急" = "1h"', 4, "特急 is unknown; known are 紧急, 较急, 一般"),
        *((HEAD + f'[dispatch]\n"紧急" = {value}', 4, f"紧急 {SPAN}")
          for value in ('"1"', '"h"', '"0h"', '"-1h"', '"1.5h"', '"12345h"', '"1 h"', '"1w"', "1", "[]")),
        (HEAD + '[feedback]\n3d = "3d"', 4, "3d is unknown; known are 2h, 24h, 7d, 15d"),
        (HEAD + '[feedback]\n7d = "7 days"', 4, f"7d {SPAN}"),
        (HEAD + "[alarms]\nsuggest = 0.01", 4, "suggest is unknown; known are transfer, decline"),
        *((HEAD + f"[alarms]\ntransfer = {value}", 4, f"transfer {ALARM}")
          for value in ("0.051", "-0.01", "1", '"0.01"')),
        (HEAD + "audit = 0.05", 3, "audit must be a table"),
        (HEAD + "[audit]\nshares = 0.05", 4, "shares is unknown; known is share"),
        *((HEAD + f"[audit]\nshare = {value}", 4, "share must be a share from 0.0 to 1.0, such as 0.05")
          for value in ("-0.1", "1.1", "1", '"0.05"', "nan", "true")),
        (HEAD + "[calendar]\ncountry = 86", 4, "country must be a text"),
        (HEAD + '[calendar]\ndays_off = ["2027-02-30"]', 4, "days_off: '2027-02-30' is no date; write 2027-02-14"),
        (HEAD + "[calendar]\nworkdays = [1]", 4, "workdays: 1 is no date"),
        (HEAD + '[calendar]\nworkdays = "春节"', 4, "workdays: '春节' is no date"),
        (HEAD + "[calendar]\nworkdays = [2027-02-14T08:00:00]", 4, "is no date"),
        (HEAD + '[kinds]\n"投诉" = "不满"', 4, f"投诉 {WORDS}"),
        (HEAD + '[kinds]\n"投诉" = ["不满", "差"]', 4, f"投诉 {WORDS}"),
        (HEAD + '[kinds]\n"投诉" = [" 差 "]', 4, f"投诉 {WORDS}"),
        (HEAD + '[kinds]\n"投诉" = [1]', 4, f"投诉 {WORDS}"),
        (HEAD + "[promise]\nprecision = \nset = 0.9", 4, "not TOML"),
        (HEAD + "[promise", 3, "not TOML"),
        (HEAD + HEAD, 3, "not TOML"),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_the_remedy(text, line, message):
    ((at, said),) = faults(text)
    assert (at, message in said) == (line, True), (at, said)


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        (HEAD + '[calendar]\nday_off = ["2027-02-14"]', 4, "day_off"),
        (HEAD + '[kinds]\n"抱怨" = ["不满"]', 4, "抱怨"),
    ],
)
def test_a_key_that_means_nothing_is_not_passed_over(text, line, key):
    assert [(at, key in said) for at, said in faults(text)] == [(line, True)]


def test_a_country_without_a_calendar_is_told_when_it_is_read():
    assert [at for at, _ in faults(HEAD + '[calendar]\ncountry = "XX"')] == [4]


def test_all_faults_come_at_once_and_what_is_sound_is_kept():
    terms, wrong = read(
        'version = "2"\nnobody = 1\n[promise]\nprecision = 2.0\nset = 0.8\n[dispatch]\n"紧急" = "bald"\n'
        '"较急" = "3h"\n[alarms]\ntransfer = 0.5\n[calendar]\ndays_off = ["2027-02-14", "?"]\n'
    )
    assert [line for line, _ in wrong] == [2, 4, 7, 10, 12]
    assert terms == Terms(
        version="2",
        promise=Promise(set=0.8),
        dispatch={**Terms().dispatch, Urgency.SUPPLY: Span(3, "h")},
        days_off=(date(2027, 2, 14),),
    )


def test_the_faults_of_a_pack_name_its_file(tmp_path):
    (tmp_path / "policy.toml").write_text("[promise]\nprecision = 95\n", encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_pack(tmp_path)
    found = [fault for fault in caught.value.faults if fault.file.endswith("policy.toml")]
    assert [(fault.line, fault.message) for fault in found] == [(2, f"precision {SHARE}")]


shares = st.floats(0, 1, exclude_min=True, exclude_max=True)
spans = st.builds(Span, st.integers(1, 9_999), st.sampled_from(["h", "d", "wd"]))
said = st.text(st.characters(exclude_categories=["C"]), max_size=8)
words = st.lists(said.map(str.strip).filter(lambda word: len(word) > 1), max_size=4).map(tuple)
days = st.lists(st.dates(date(1990, 1, 1)), max_size=3).map(tuple)
whole_terms = st.builds(
    Terms,
    version=said,
    source=said,
    promise=st.builds(
        Promise, precision=shares, confidence=shares, by=st.sampled_from(Group), set=shares, suggest=shares
    ),
    dispatch=st.fixed_dictionaries(dict.fromkeys(Urgency, spans)),
    feedback=st.fixed_dictionaries(dict.fromkeys(Deadline, spans)),
    alarms=st.fixed_dictionaries({action: st.floats(0, 0.05) for action in (Action.TRANSFER, Action.DECLINE)}),
    audit_share=st.floats(0, 1),
    country=st.sampled_from(["CN", "HK", "TW"]),
    days_off=days,
    workdays=days,
    kinds=st.dictionaries(st.sampled_from(KINDS), words),
)


@given(whole_terms)
def test_what_is_written_is_read_again(terms):
    found = read_terms(tomllib.loads(terms_text(terms)), lambda key, message: pytest.fail(f"{key}: {message}"))
    assert found == terms
    assert terms_text(read_terms(tomllib.loads(terms_text(found)), print)) == terms_text(found)


def test_kinds_keep_the_order_in_which_they_are_listed():
    """Of two kinds with as many words the one listed first is told."""
    listed = ("表扬", "举报", "建议", "投诉", "咨询", "求助")
    terms, _ = read("[kinds]\n" + "".join(f'"{kind}" = ["某某"]\n' for kind in listed))
    assert tuple(terms.kinds) == listed


def test_the_terms_of_the_country_have_words_for_every_kind():
    _, terms = national()
    assert set(terms.kinds) == set(KINDS)
    assert all(terms.kinds.values())
    assert terms.source
    assert (terms.dispatch, terms.feedback, terms.country) == (Terms().dispatch, Terms().feedback, "CN")


def test_a_span_is_written_as_it_is_read():
    assert [str(Span(7, "wd")), str(Span(24, "h")), str(Span(3, "d"))] == ["7wd", "24h", "3d"]
