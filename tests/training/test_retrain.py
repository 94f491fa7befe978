"""From how orders ended to a bundle that serves: once, again with news, interrupted, and refused."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest

from models.registry import Registry
from training.backtest import ALL, Memory
from training.cli import main
from training.closures import read_closures
from training.gate import Bounds, Promotion, Refusal
from training.make import make_bundle
from training.retrain import Recipe, ended_of, retrain
from training.wording import COUNTS
from triage.domain import Ended
from triage.errors import InputError
from triage.ledger.order import Status

MAY = date(2031, 4, 30)
LENIENT = Bounds(least_rows=40, tolerance=0.2, unit=0.9, district=0.9, calibration=0.5, promise_tolerance=0.5)
LENIENTLY = Recipe(bounds=LENIENT, memory=ALL)


@pytest.fixture(scope="session")
def ended(city_export):
    return read_closures([city_export]).ended


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """What one test has made another one finds again, as after an interruption."""
    return tmp_path_factory.mktemp("work")


@pytest.fixture
def learn(tmp_path, work, quick_rankers):
    registry = Registry.open(tmp_path / "registry")

    def learned(orders, recipe=LENIENTLY, *, today=MAY, work=work):
        return retrain(orders, registry, recipe, work=work, today=today, by="timer")

    learned.registry = registry
    return learned


def until(ended, day):
    return [one for one in ended if one.closure.opened_on <= day]


def test_the_first_bundle_serves_and_the_next_is_judged_on_what_came_since(learn, ended):
    first = learn(until(ended, MAY - timedelta(days=14)))
    assert isinstance(first.verdict, Promotion), first.verdict
    assert (first.champion, learn.registry.state().champion) == (None, first.bundle)
    second = learn(ended)
    assert second.champion == first.bundle
    since = [one for one in ended if one.closure.opened_on > MAY - timedelta(days=14)]
    assert 0 < second.evidence.rows <= len(since)
    assert learn.registry.state().champion == second.bundle
    assert [move.kind.value for move in learn.registry.moves()] == ["added", "promoted"] * 2


def test_who_is_too_bad_does_not_serve_and_it_is_said_why(learn, ended):
    refused = learn(ended, replace(LENIENTLY, bounds=replace(LENIENT, least_top1=0.999)))
    assert isinstance(refused.verdict, Refusal)
    assert (learn.registry.state().champion, learn.registry.state().refused) == (None, {refused.bundle})
    assert learn.registry.moves()[-1].why == "; ".join(finding.english for finding in refused.verdict.reasons)


def test_old_orders_make_no_new_champion(learn, ended):
    refused = learn(ended, today=MAY + timedelta(days=400))
    assert isinstance(refused.verdict, Refusal)


def test_the_same_orders_and_seed_make_the_same_bundle(learn, ended, tmp_path):
    first = learn(ended)
    other = Registry.open(tmp_path / "other")
    again = retrain(ended, other, LENIENTLY, work=tmp_path / "anew", today=MAY, by="timer")
    assert again.bundle == first.bundle
    third = Registry.open(tmp_path / "third")
    third = retrain(ended, third, replace(LENIENTLY, seed=1), work=tmp_path / "anew", today=MAY, by="timer")
    assert third.bundle != first.bundle


def test_what_was_interrupted_goes_on_where_it_was(learn, ended, tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("training.retrain.make_bundle", _interrupted_after_one(made))
    with pytest.raises(KeyboardInterrupt):
        learn(ended, work=tmp_path / "work")
    assert learn.registry.moves() == ()
    monkeypatch.setattr("training.retrain.make_bundle", _counting(made))
    learn(ended, work=tmp_path / "work")
    assert len(made) == 2
    assert len(list((tmp_path / "work").iterdir())) == 2


def _counting(made):
    def making(prepared, out, **given):
        make_bundle(prepared, out, **given)
        made.append(out)

    return making


def _interrupted_after_one(made):
    whole = _counting(made)

    def making(prepared, out, **given):
        if made:
            raise KeyboardInterrupt
        whole(prepared, out, **given)

    return making


def test_without_news_there_is_nothing_to_judge_by(learn, ended):
    learn(ended)
    with pytest.raises(InputError, match="there is no news"):
        learn(ended)


def test_every_order_is_counted(learn, ended):
    odd = [
        replace(ended[0], status=Status.MERGED),
        replace(ended[1], automatic=True),
        replace(ended[2], closure=replace(ended[2].closure, unit="")),
    ]
    counts = learn([*odd, *ended[3:]], replace(LENIENTLY, most=300, fewest=5)).counts
    assert (counts["merged"], counts["self_confirmed"], counts["no_unit"]) == (1, 1, 1)
    assert counts["read"] == len(ended)
    assert counts.keys() <= COUNTS.keys()
    assert counts["thinned_out"] + counts["learned_from"] == len(ended) - 3
    assert 300 <= counts["learned_from"] < len(ended) - 3


def test_the_channels_and_duties_of_what_it_is_judged_by_are_known(learn, ended):
    learned = learn([replace(one, channel="网站") for one in ended])
    assert set(learned.judged.channel) == {"网站"}
    assert {unit.duty for unit in learned.units} > {"城管执法"}
    assert {"units", "districts", "streets"} <= {one.axis for one in learned.shifts if one.moved}


def test_what_is_too_old_is_forgotten(learn, ended):
    newest = max(one.closure.opened_on for one in ended)
    counts = learn(ended, replace(LENIENTLY, memory=Memory(days=40))).counts
    older = [one for one in ended if one.closure.opened_on < newest - timedelta(days=40)]
    assert counts["forgotten"] == len(older) > 0


def test_how_far_back_is_chosen_by_the_last_weeks(learn, ended, work):
    chosen = learn(ended, replace(LENIENTLY, memory=None))
    assert len(list((work / "weeks").iterdir())) >= 4
    assert chosen.counts["learned_from"] + chosen.counts["forgotten"] == len(ended)


def test_an_order_without_a_date_is_refused_with_a_remedy(learn, ended):
    undated: list[Ended] = [replace(one, closure=replace(one.closure, opened_on=None)) for one in ended]
    with pytest.raises(InputError, match="name their column"):
        learn(undated)


def test_one_source_is_named(city_export):
    assert len(list(ended_of([city_export], None, pack=None))) > 300
    for files, database in (([], None), ([city_export], "sqlite:///x.db")):
        with pytest.raises(InputError, match="and not both"):
            ended_of(files, database, pack=None)
    with pytest.raises(InputError, match="name the --pack"):
        ended_of([], "sqlite:///x.db", pack=None)


def test_the_command_says_what_it_did_and_a_timer_without_news_is_no_fault(
    learn, ended, work, city_export, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("triage.directory.today", lambda: MAY)
    page, registry = tmp_path / "report.html", tmp_path / "registry"
    given = ["--registry", registry, "--work", work, "--half-life", 300, "--by", "timer", "--report", page]
    command = [str(one) for one in ("retrain", "--closures", city_export, *given)]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert re.search(r"^ +400  read$", out, re.MULTILINE)
    assert re.search(r"^ +no  calibration: The calibration error is", out, re.MULTILINE)
    assert re.search(r"^city-\w+ was refused; before: none$", out, re.MULTILINE)
    assert page.read_text("utf-8").startswith("<!doctype html>")
    served = learn(ended).bundle
    assert main(command) == 0
    assert "there is no news" in capsys.readouterr().out
    assert Registry.open(registry).state().champion == served
