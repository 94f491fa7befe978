"""What must not be wrong with `rules.csv`: every fault is told at once, with its line and the remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.citypack import LINES, CityPack, load_pack, national, write_pack
from triage.citypack.rules import STANDING
from triage.domain import Action, Rule
from triage.errors import PackError

PACK = {
    "pack.toml": 'name = "demo"\ntitle = "示例"\nversion = "1"\n',
    "policy.toml": "",
    "units.csv": "code,name,kind,duty\nu1,市水务局,municipal,水务\n",
    "topics.csv": "code,level1\nt1,停水\n",
    "duties.csv": "duty,words\n水务,自来水\n",
}
HEADER = ("code", "action", "to", "rank", "words", "unless", "learned", "say", "valid_from", "valid_to")


@pytest.fixture
def folder(tmp_path):
    for file, text in PACK.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    return tmp_path


def row(code="r", action="transfer", to="119", **cells):
    given = {"code": code, "action": action, "to": to, "say": "请等待。", **cells}
    return ",".join(given.get(column, "") for column in HEADER)


def write(folder, *rows):
    (folder / "rules.csv").write_text("\n".join((",".join(HEADER), *rows)), encoding="utf-8")
    return folder


def rules(folder, *rows):
    return load_pack(write(folder, *rows)).rules


def faults(folder, *rows):
    with pytest.raises(PackError) as caught:
        rules(folder, *rows)
    assert {Path(fault.file).name for fault in caught.value.faults} == {"rules.csv"}
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_a_row_is_a_rule(folder):
    cells = {"rank": "7", "words": " 电线& 冒火 | 断了 |", "unless": "去年|咨询", "learned": "yes"}
    (rule,) = rules(folder, row("wire", "transfer", "power", **cells, valid_from="2026-01-01", valid_to="2026-12-31"))
    assert (rule.code, rule.action, rule.to, rule.rank) == ("wire", Action.TRANSFER, "power", 7)
    assert (rule.words, rule.unless, rule.learned) == ((("电线", "冒火"), ("断了",)), ("去年", "咨询"), True)
    assert (rule.say, rule.citation) == ("请等待。", "")
    assert (rule.valid_from.isoformat(), rule.valid_to.isoformat()) == ("2026-01-01", "2026-12-31")


def test_what_is_not_said_of_a_rule_is_usual(folder):
    (rule,) = rules(folder, row(words="着火"))
    assert (rule.rank, rule.unless, rule.learned, rule.valid_from, rule.valid_to) == (50, (), False, None, None)


def test_a_pack_may_have_no_rules_at_all(folder):
    assert rules(folder) == ()


STANDS = "without words; only citation and say are yours"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (row(action="dispatch", words="着火"), "action dispatch is unknown; write one of transfer, decline, suggest"),
        (row(words="着火", learned="no"), "learned no is unknown; write one of yes"),
        (row(words="着火", to="114"), f"a transfer goes to one of {', '.join(LINES)}, not to 114"),
        (row(words="着火", to=""), "not to nobody"),
        (row(words="着火", to="litigation"), "not to litigation"),
        (row(action="decline", to="", words="判决"), "to is empty; write the reason, such as litigation"),
        (row(), "nothing makes it fire; write words, or yes under learned"),
        (row(words="|"), "nothing makes it fire"),
        (row(words="&"), "nothing makes it fire"),
        (row(words="火"), "'火' is too short to mean something by itself; write two characters or more"),
        (row(words="着火|浓烟&火"), "'火' is too short"),
        (row(words="着火", unless="烤"), "'烤' is too short"),
        (row("x", "suggest", "", words="着火"), "suggest is the action of no_sending_down, district_fallback, first_h"),
        (row("too_vague", "suggest", "too_vague"), f"too_vague is decline {STANDS}"),
        (row("too_vague", "decline", "too_vague", words="着火"), f"too_vague is decline {STANDS}"),
        (row("too_vague", "decline", "too_vague", learned="yes"), f"too_vague is decline {STANDS}"),
        (row("no_sending_down", "decline", "x"), f"no_sending_down is suggest {STANDS}"),
        (row("first_handler", "suggest", "", words="首接"), f"first_handler is suggest {STANDS}"),
        (row("district_fallback", "suggest", "", learned="yes"), f"district_fallback is suggest {STANDS}"),
        *((row(words="着火", rank=rank), f"rank {rank} is no whole number up to 999")
          for rank in ("1000", "1.5", "first")),
        (row(words="着火", valid_from="2026-02-30"), "valid_from 2026-02-30 is no date; write 2026-01-31"),
        (row(words="着火", valid_from="2026-02-02", valid_to="2026-02-01"), "is before valid_from 2026-02-02"),
        (row(words="着火", say=""), "say is empty"),
        (row("", words="着火"), "code is empty"),
        (row(action="", words="着火"), "action is empty"),
    ],
)  # fmt: skip
def test_a_fault_names_its_line_and_the_remedy(folder, line, message):
    found = faults(folder, row("sound", words="爆炸"), line)
    assert [(at, message in said) for at, said in found] == [(3, True)], found


def test_a_code_is_given_once(folder):
    assert faults(folder, row(words="着火"), row(words="爆炸")) == [(3, "code r is already on line 2")]


@pytest.mark.parametrize("code", STANDING)
def test_what_the_policy_knows_needs_no_words(folder, code):
    (rule,) = rules(folder, row(code, STANDING[code].value, "too_vague" if STANDING[code] is Action.DECLINE else ""))
    assert (rule.code, rule.words, rule.learned) == (code, (), False)


def clash(folder, first, second):
    """Tell whether two rules contradict each other: `first` sends to 119, `second` to 110."""
    lines = (row("a", to="119", **first), row("b", to="110", **second))
    try:
        rules(folder, *lines)
    except PackError as error:
        (fault,) = error.faults
        assert (fault.line, "as on line 2, and says otherwise; give one of them a lower rank" in fault.message) == (
            3,
            True,
        )
        return fault.message.partition(",")[0]
    return ""


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("着火", "着火", "着火 makes it fire"),
        ("爆炸|着火", "着火|冒烟", "着火 makes it fire"),
        ("电线&着火", "着火&电线", "makes it fire"),
        ("电线&着火", "着火", "电线&着火 makes it fire"),
        ("着火", "电线&着火", "电线&着火 makes it fire"),
        ("着火了", "着火", "makes it fire"),
        ("着火", "正在着火了", "makes it fire"),
        ("电线着火", "电线&着火", "makes it fire"),
    ],
)
def test_words_that_make_both_fire_contradict(folder, one, other, why):
    assert why in clash(folder, {"words": one}, {"words": other})
    assert clash(folder, {"words": other}, {"words": one})


@pytest.mark.parametrize(
    ("one", "other"),
    [("着火", "冒烟"), ("电线&着火", "电线&冒烟"), ("电线|着火", "电缆|冒烟"), ("着火&救人", "着火&打架")],
)
def test_words_that_may_be_said_apart_do_not_contradict(folder, one, other):
    assert clash(folder, {"words": one}, {"words": other}) == ""


FIRE = {"words": "着火"}


@pytest.mark.parametrize(("rank", "other"), [("10", "11"), ("", "49"), ("51", "")])
def test_another_rank_settles_it(folder, rank, other):
    assert clash(folder, FIRE | {"rank": rank}, FIRE | {"rank": other}) == ""


@pytest.mark.parametrize(("rank", "other"), [("10", "10"), ("", "50"), ("050", "50"), ("07", "7")])
def test_the_same_rank_however_it_is_written_does_not(folder, rank, other):
    assert clash(folder, FIRE | {"rank": rank}, FIRE | {"rank": other})


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        (("", "2026-06-30"), ("2026-07-01", ""), False),
        (("2026-07-01", ""), ("", "2026-06-30"), False),
        (("", "2026-06-30"), ("2026-06-30", ""), True),
        (("2026-01-01", "2026-12-31"), ("2026-03-01", "2026-03-02"), True),
        (("", ""), ("2026-03-01", "2026-03-02"), True),
        (("2026-01-01", "2026-03-31"), ("2026-04-01", "2026-12-31"), False),
    ],
)
def test_rules_that_never_hold_on_one_day_do_not_contradict(folder, first, second, meet):
    validity = [dict(zip(("valid_from", "valid_to"), days, strict=True)) for days in (first, second)]
    assert bool(clash(folder, FIRE | validity[0], FIRE | validity[1])) == meet


def test_rules_that_say_the_same_do_not_contradict(folder):
    assert len(rules(folder, row("a", words="着火"), row("b", words="着火|冒烟"))) == 2


def test_what_is_learned_for_two_numbers_does_not_contradict(folder):
    assert clash(folder, {"learned": "yes"}, {"learned": "yes"}) == ""


def test_what_is_learned_twice_and_done_otherwise_contradicts(folder):
    lines = row("a", "transfer", "water", learned="yes"), row("b", "decline", "water", learned="yes")
    ((line, message),) = faults(folder, *lines)
    assert (line, message.startswith("water is learned, as on line 2, and says otherwise")) == (3, True)


def test_each_pair_that_contradicts_is_told(folder):
    lines = row("a", to="119", words="着火"), row("b", to="110", words="着火"), row("c", to="120", words="着火")
    assert [line for line, _ in faults(folder, *lines)] == [3, 4, 4]


def test_what_cannot_be_applied_accuses_no_other_rule_of_contradiction(folder):
    assert [line for line, _ in faults(folder, row("a", to="114", words="着火"), row("b", words="着火"))] == [2]


def test_all_faults_come_at_once(folder):
    found = faults(
        folder,
        row("a", to="114", words="火", rank="x"),
        row("b", "decline", "", learned="maybe"),
        row("c", words="着火", valid_to="soon"),
        row("d", "suggest", "", words="着火"),
        row("e", to="110", words="爆炸"),
        row("e", to="120", words="爆炸"),
    )
    assert [line for line, _ in found] == [2, 2, 2, 3, 3, 4, 5, 7, 7]


def test_the_rules_of_the_country_contradict_nobody_and_come_back(tmp_path):
    listed, terms = national()
    pack = CityPack(name="x", title="x", version="1", rules=listed, terms=terms)
    write_pack(pack, tmp_path)
    assert load_pack(tmp_path).rules == listed


word = st.text("着火冒烟电线断了=+'\"，", min_size=2, max_size=4).map(str.strip).filter(lambda found: len(found) > 1)
alternatives = st.lists(st.lists(word, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3, unique=True)


@given(alternatives.map(tuple), st.lists(word, max_size=3, unique=True).map(tuple), st.integers(0, 999), st.booleans())
def test_a_rule_is_read_again_as_it_was_written(tmp_path_factory, words, unless, rank, learned):
    rule = Rule(
        code="r",
        action=Action.TRANSFER,
        to="119",
        rank=rank,
        words=words,
        unless=unless,
        learned=learned,
        citation="依据，第“一”条",
        say="请等待\n稍候",
    )
    folder = tmp_path_factory.mktemp("pack")
    write_pack(CityPack(name="x", title="x", version="1", rules=(rule,)), folder)
    assert load_pack(folder).rules == (rule,)
