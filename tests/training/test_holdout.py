"""What a pack teaches by itself is tried on a part of its appeals that nothing was learned from."""

import re

import pytest

from tests import city
from tests.training.test_corpus import FILES, pack_folder
from training.corpus import VOICES, held_out, read_appeals
from training.holdout import hold_out
from triage.citypack import load_pack
from triage.errors import InputError, PackError

LEAVES = ("占道经营", "垃圾清运", "物业服务", "自来水停水", "公交候车")
HOMES = ("东湖区,枫桥街道", "西山区,石鼓镇", "南苑区,莲塘街道", "东湖区,", ",")


def appeals(voices=VOICES, leaves=LEAVES):
    """Rows of the invented city's appeals, two for every leaf and voice; where a street is known, the text names it."""
    said = {matter.topic[2]: matter for matter in city.MATTERS}
    rows = []
    for leaf in leaves:
        for at, voice in enumerate((*voices, *voices)):
            place = HOMES[at % len(HOMES)]
            matter = said[leaf]
            text = f"{matter.said[at % 4]}，{matter.details[at // 4 % 4]}，已经{at + 2}天了"
            rows.append(f"{leaf}{at},{place.replace(',', '')}{text},{leaf},{voice},anna,{place},")
    return rows


def pack_with_appeals(folder):
    return pack_folder(folder, *appeals())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return pack_with_appeals(tmp_path_factory.mktemp("packs") / "yunling")


@pytest.fixture(scope="module")
def held(folder):
    return hold_out(folder, seed=0)


def test_every_appeal_either_teaches_or_tests(folder, held):
    written = read_appeals(folder, load_pack(folder))
    assert held.rows + held.learned == len(written) == 100
    assert held.rows == sum(held_out(written, seed=0)) == 20


def test_figures_are_shares_and_better_than_chance(held):
    shares = {name: figure for name, figure in held.figures.items() if name != "street_rows"}
    assert {"topic_top1", "topic_top3", "unit_top1", "unit_top3"} < set(shares)
    assert all(0 <= share <= 1 for share in shares.values())
    assert 0.6 < shares["topic_top1"] <= shares["topic_top3"]
    assert 0.5 < shares["unit_top1"] <= shares["unit_top3"]


def test_streets_are_judged_where_the_text_names_one_in_full(held):
    """Of the five homes three are streets; where a text names the street, nothing is easier than to find it."""
    assert 0 < held.figures["street_rows"] < held.rows
    assert held.figures["street_right"] == held.figures["street_settled"] == 1


def test_of_a_name_that_two_streets_have_the_right_answer_is_to_ask(tmp_path):
    twins = FILES["places.csv"] + "".join(
        f"桃源社区,community,{home}\n" for home in ("东湖区,枫桥街道", "西山区,石鼓镇", "南苑区,莲塘街道")
    )
    told = [row for row in appeals() if row.endswith(("街道,", "镇,"))]
    rows = [re.sub(r",(东湖区枫桥街道|西山区石鼓镇|南苑区莲塘街道)", ",桃源社区", row, count=1) for row in told]
    figures = hold_out(pack_folder(tmp_path / "pack", *rows, places_csv=twins), seed=0).figures
    assert (figures["street_right"], figures["street_right_or_asked"], figures["street_settled"]) == (0, 1, 0)


def test_where_no_text_names_a_street_none_is_judged(tmp_path):
    rows = [re.sub("枫桥街道|石鼓镇|莲塘街道", "", row, count=1) for row in appeals()]
    assert any(row.endswith(",枫桥街道,") for row in rows)
    held = hold_out(pack_folder(tmp_path / "pack", *rows), seed=0)
    assert [name for name in held.figures if name.startswith("street")] == []


def test_the_same_seed_gives_the_same_figures_and_another_seed_tries_others(folder, held):
    assert hold_out(folder, seed=0) == held
    written = read_appeals(folder, load_pack(folder))
    assert held_out(written, seed=1) != held_out(written, seed=0)
    assert hold_out(folder, seed=1) != held


def test_a_trial_tells_how_far_it_is(folder):
    told = []
    hold_out(folder, seed=0, progress=told.append)
    assert told == ["linear heads 1 of 2", "linear heads 2 of 2", "rankers"]


def test_a_pack_without_appeals_is_bad_input(tmp_path):
    folder = pack_folder(tmp_path / "silent")
    with pytest.raises(InputError, match="the pack has no folder appeals, so nothing can be held out") as caught:
        hold_out(folder, seed=0)
    assert caught.value.file == folder


def test_too_few_appeals_are_bad_input(tmp_path):
    with pytest.raises(InputError, match="too few"):
        hold_out(pack_folder(tmp_path / "few", *appeals(voices=VOICES[:2], leaves=LEAVES[:2])), seed=0)


def test_a_folder_without_a_pack_is_bad_input(tmp_path):
    with pytest.raises(PackError, match="no such folder"):
        hold_out(tmp_path / "nowhere", seed=0)
