"""A rule fires where a sentence has all the words of one alternative, and none that speaks against it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import LINES, load_pack, national
from triage.domain import Action, FiredRule, Outside, Reading, Rule
from triage.rules import Rulebook

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
SMELL = Rule(
    code="gas",
    action=Action.TRANSFER,
    to="gas",
    rank=12,
    words=(("闻到", "煤气味"), ("煤气泄漏",)),
    unless=("去年", "咨询"),
)
FIRE = Rule(code="fire", action=Action.TRANSFER, to="119", rank=10, words=(("着火了",),))
COURT = Rule(code="law", action=Action.DECLINE, to="litigation", rank=30, learned=True)
COUNTRY, _ = national()
LEARNED = [rule for rule in COUNTRY if rule.learned]


def fired(text, *rules, like=(), on=TODAY):
    found = Rulebook(rules, on=on).fired(Reading(masked=text, tokens=(text,)), like)
    return [(each.rule.code, each.evidence) for each in found]


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("我在楼道闻到很浓的煤气味", ("闻到", "煤气味")),
        ("煤气味很浓,我在楼道闻到了", ("闻到", "煤气味")),
        ("楼下煤气泄漏", ("煤气泄漏",)),
        ("路灯坏了。楼下煤气泄漏！快来", ("煤气泄漏",)),
    ],
)
def test_all_words_of_one_alternative_in_any_order_are_the_evidence(text, evidence):
    assert fired(text, SMELL) == [("gas", evidence)]


@pytest.mark.parametrize("text", ["", "楼道有煤气味", "我闻到怪味", "煤气泄", "煤气 泄漏", "路灯不亮"])
def test_a_word_that_is_missing_keeps_it_silent(text):
    assert fired(text, SMELL) == []


@pytest.mark.parametrize("end", list("。！？!?；;\n"))
def test_words_of_two_sentences_do_not_come_together(end):
    assert fired(f"我闻到{end}煤气味很浓", SMELL) == []
    assert fired(f"路灯坏了{end}我闻到煤气味", SMELL) == [("gas", ("闻到", "煤气味"))]


@pytest.mark.parametrize("comma", list("，,、：: "))
def test_a_comma_ends_no_sentence(comma):
    assert fired(f"我闻到{comma}煤气味很浓", SMELL) == [("gas", ("闻到", "煤气味"))]


def test_what_speaks_against_it_counts_in_its_own_sentence_only():
    assert fired("去年煤气泄漏过", SMELL) == []
    assert fired("煤气泄漏,我想咨询一下", SMELL) == []
    assert fired("我要咨询！煤气泄漏。去年没有", SMELL) == [("gas", ("煤气泄漏",))]


def test_one_sentence_that_holds_is_enough_beside_one_that_does_not():
    assert fired("去年煤气泄漏过。现在又煤气泄漏了", SMELL) == [("gas", ("煤气泄漏",))]


pieces = st.lists(
    st.sampled_from(["我闻到", "煤气味", "煤气泄漏", "去年", "咨询", "路灯", "，", "。", "！"]), max_size=12
)


@given(pieces)
def test_it_fires_exactly_where_a_sentence_says_so(said):
    text = "".join(said)
    expected = any(
        (("闻到" in sentence and "煤气味" in sentence) or "煤气泄漏" in sentence)
        and not ("去年" in sentence or "咨询" in sentence)
        for sentence in text.replace("！", "。").split("。")
    )
    assert bool(fired(text, SMELL)) == expected


@given(pieces)
def test_evidence_stands_in_the_text(said):
    text = "".join(said)
    assert all(word in text for _, evidence in fired(text, SMELL, FIRE) for word in evidence)


def test_of_several_alternatives_that_hold_the_first_is_the_evidence():
    """The same in every process: what a set of words gives first depends on how they are hashed."""
    words = ("冒烟", "起火", "烧着", "爆炸", "倒塌", "触电", "溺水", "坠落", "泄漏", "打砸")
    for first in range(len(words)):
        listed = words[first:] + words[:first]
        rule = replace(FIRE, words=tuple((word,) for word in listed))
        assert fired("，".join(listed), rule) == [("fire", (listed[0],))]


@pytest.mark.parametrize(
    ("first", "last", "holds"),
    [
        (None, None, True),
        (TODAY, None, True),
        (TODAY + DAY, None, False),
        (None, TODAY, True),
        (None, TODAY - DAY, False),
        (TODAY, TODAY, True),
    ],
)
def test_a_rule_holds_from_its_first_day_to_its_last(first, last, holds):
    rule = replace(FIRE, valid_from=first, valid_to=last, learned=True)
    assert bool(fired("楼下着火了", rule)) == holds
    assert bool(fired("", rule, like=("119",))) == holds
    assert (Rulebook([rule], on=TODAY)["fire"] is rule) == holds


def test_of_two_versions_of_a_rule_the_one_of_the_day_holds():
    old, new = replace(FIRE, to="110", valid_to=TODAY - DAY), replace(FIRE, valid_from=TODAY)
    assert Rulebook([old, new], on=TODAY)["fire"].to == "119"
    assert Rulebook([old, new], on=TODAY - DAY)["fire"].to == "110"


def test_a_code_that_the_pack_does_not_have_is_none():
    assert Rulebook([FIRE], on=TODAY)["no_sending_down"] is None


def test_the_lowest_rank_decides_however_they_are_listed():
    text = "煤气泄漏后着火了"
    expected = [("fire", ("着火了",)), ("gas", ("煤气泄漏",)), ("law", ())]
    assert fired(text, SMELL, FIRE, COURT, like=("litigation",)) == expected
    assert fired(text, COURT, FIRE, SMELL, like=("litigation",)) == expected


def test_of_one_rank_what_was_said_comes_before_what_was_learned():
    said, learned = replace(FIRE, code="z", rank=20), replace(COURT, code="a", rank=20)
    assert [code for code, _ in fired("着火了", said, learned, like=("litigation",))] == ["z", "a"]


def test_what_is_learned_fires_only_where_the_text_is_like_it():
    assert fired("我不服", COURT) == []
    assert fired("我不服", COURT, like=("court",)) == []
    assert fired("我不服", COURT, like=("litigation",)) == [("law", ())]


def test_a_rule_that_is_not_learned_is_not_fired_by_likeness():
    assert fired("我不服", FIRE, like=("119",)) == []


def test_likeness_does_not_take_the_words_away():
    rule = replace(FIRE, learned=True)
    assert fired("着火了", rule, like=("119",)) == [("fire", ("着火了",))]


def test_what_fires_holds_the_rule_itself():
    (found,) = Rulebook([FIRE], on=TODAY).fired(Reading(masked="着火了", tokens=("着火了",)))
    assert found == FiredRule(rule=FIRE, evidence=("着火了",))


def test_a_pack_that_has_no_rules_of_its_own_has_those_of_the_country(tmp_path):
    for file, text in {
        "pack.toml": 'name = "demo"\ntitle = "示例"\nversion = "1"\n',
        "units.csv": "code,name,kind,duty\nu1,市水务局,municipal,水务\n",
        "topics.csv": "code,level1\nt1,停水\n",
        "duties.csv": "duty,words\n水务,自来水\n",
    }.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    pack = load_pack(tmp_path)
    assert (pack.rules, pack.terms) == national()
    (tmp_path / "rules.csv").write_text("code,action,to,words,say\nx,transfer,110,打架,请等待\n", encoding="utf-8")
    pack = load_pack(tmp_path)
    assert [rule.code for rule in pack.rules] == ["x"]
    assert pack.terms == national()[1]


@pytest.mark.parametrize("rule", COUNTRY, ids=lambda rule: rule.code)
def test_every_rule_of_the_country_has_a_citation_and_something_to_say(rule):
    assert rule.citation
    assert rule.say.endswith("。")


@pytest.mark.parametrize("to", LINES)
def test_every_line_has_one_learned_rule(to):
    assert [rule.action for rule in LEARNED if rule.to == to] == [Action.TRANSFER]


@pytest.mark.parametrize("to", [outside for outside in Outside if outside not in LINES])
def test_every_reason_has_one_learned_rule(to):
    assert [rule.action for rule in LEARNED if rule.to == to] == [Action.DECLINE]


def test_nothing_else_is_learned():
    assert {rule.to for rule in LEARNED} == set(Outside)
    assert set(LINES) == {"110", "119", "120", "122", "gas", "power", "water", "heat"}


WORDED = [rule for rule in COUNTRY if rule.words]


@pytest.mark.parametrize("rule", WORDED, ids=lambda rule: rule.code)
def test_every_alternative_of_the_country_fires_by_itself(rule):
    for together in rule.words:
        ((code, evidence),) = fired("，".join(together), rule)
        assert (code, evidence in rule.words) == (rule.code, True)


@pytest.mark.parametrize("rule", WORDED, ids=lambda rule: rule.code)
def test_every_word_against_a_rule_of_the_country_keeps_it_silent(rule):
    for word in rule.unless:
        assert fired(f"{'，'.join(rule.words[0])}，{word}", rule) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("三楼着火了，快来人", "fire"),
        ("楼道里闻到很浓的煤气味", "gas_leak"),
        ("有人晕倒了，叫不醒", "medical"),
        ("楼下正在打架，有人持刀", "crime"),
        ("刚刚在路口追尾了", "crash"),
        ("变压器冒烟", "live_wire"),
        ("小区门口水管爆裂", "burst_main"),
        ("法院判决我不服", "litigation"),
    ],
)
def test_what_the_country_looks_after_first(text, code):
    assert fired(text, *COUNTRY)[0][0] == code


@pytest.mark.parametrize(
    "text",
    [
        "请问消防演习几点开始，会不会着火了",
        "楼道堆放杂物，担心着火了没处跑",
        "烧烤摊油烟太大，影响居民休息",
        "小区路灯不亮",
    ],
)
def test_what_only_sounds_like_danger_is_routed_as_usual(text):
    assert fired(text, *COUNTRY) == []
