"""A bundle is tried on orders that it has not seen, beside what a team would use instead."""

import json
from dataclasses import replace
from datetime import date

import pytest

from tests import city
from training.evaluate import evaluate
from triage.domain import Action, Appeal
from triage.errors import InputError

LATER = city.closures(60, seed=31, first=date(2031, 5, 1))


@pytest.fixture
def beside(city_export):
    """A file of later orders beside the one that the bundle was fitted on."""

    def write(rows=LATER, name="later.csv"):
        return city.write_csv(city_export.with_name(name), rows)

    return write


def test_figures_are_those_of_routing_the_rows_oneself(city_bundle, city_triage, beside):
    found = evaluate(city_bundle, [beside()], peers=False)
    routings = city_triage.route_many([Appeal(id=row.id, text=row.text) for row in LATER])
    named = [[suggestion.unit.name for suggestion in routing.suggestions] for routing in routings]
    for depth in (1, 3, 5):
        hits = sum(row.unit in names[:depth] for row, names in zip(LATER, named, strict=True))
        assert found.figures[f"top{depth}"] == pytest.approx(hits / 60)
    sent = [names[0] == row.unit for routing, names, row in zip(routings, named, LATER, strict=True)
            if routing.decision.action is Action.DISPATCH]  # fmt: skip
    assert found.figures["dispatched_share"] == pytest.approx(len(sent) / 60)
    assert found.figures["dispatched_precision"] == pytest.approx(sum(sent) / len(sent))
    right = sum(routing.topics[0].topic.path == row.topic for routing, row in zip(routings, LATER, strict=True))
    assert found.figures["topic_level3_top1"] == pytest.approx(right / 60)


def test_an_evaluation_says_what_it_is_of(city_bundle, city_triage, beside):
    rows = [replace(LATER[0], unit=""), replace(LATER[1], unit="其他单位"), *LATER[2:]]
    found = evaluate(city_bundle, [beside(rows)], peers=False)
    assert found.bundle == city_triage.versions.bundle
    assert (found.rows, found.unknown_units) == (58, 0)
    assert (found.summary["no_unit"], found.summary["catch_all_unit"]) == (1, 1)
    assert found.peers == found.gains == {}


def test_a_unit_that_the_bundle_has_never_met_counts_and_is_told(city_bundle, beside):
    strange = [replace(row, unit="北塘区城市管理局") if at < 12 else row for at, row in enumerate(LATER)]
    met, unmet = evaluate(city_bundle, [beside()], peers=False), evaluate(city_bundle, [beside(strange)], peers=False)
    assert (unmet.rows, unmet.unknown_units) == (60, 12)
    assert unmet.figures["top5"] <= 48 / 60 < met.figures["top5"]


def test_a_unit_under_its_alias_is_the_unit(city_bundle, beside):
    nicknamed = [replace(row, unit="东湖城管") if row.unit == "东湖区城市管理局" else row for row in LATER]
    assert sum(row.unit == "东湖城管" for row in nicknamed) > 3
    found = evaluate(city_bundle, [beside(nicknamed)], peers=False)
    assert found.unknown_units == 0
    assert found.figures == evaluate(city_bundle, [beside()], peers=False).figures


def test_peers_learn_from_the_file_beside_that_has_the_digest(city_bundle, beside):
    found = evaluate(city_bundle, [beside()], peers=True)
    assert list(found.peers) == list(found.gains) == [
        "words, linear SVM", "characters, linear SVM", "both, linear SVM",
    ]  # fmt: skip
    for name, gains in found.gains.items():
        assert 0.5 < found.peers[name]["top1"] <= 1
        for depth, (gain, low, high) in gains.items():
            assert low <= gain <= high
            assert gain == pytest.approx(found.figures[depth] - found.peers[name][depth])


def test_peers_learn_from_files_that_are_named(city_bundle, city_export, tmp_path):
    elsewhere = city.write_csv(tmp_path / "later.csv", LATER)
    with pytest.raises(InputError, match=r"spring.csv: .*name it with --train"):
        evaluate(city_bundle, [elsewhere], peers=True)
    assert evaluate(city_bundle, [elsewhere], peers=True, train=[city_export]).peers


def test_a_file_of_that_name_with_other_content_is_not_taken_for_it(city_bundle, tmp_path):
    elsewhere = city.write_csv(tmp_path / "later.csv", LATER)
    city.write_csv(tmp_path / "spring.csv", LATER)
    with pytest.raises(InputError, match="--train"):
        evaluate(city_bundle, [elsewhere], peers=True)


def test_rows_of_which_none_can_be_evaluated_are_bad_input(city_bundle, beside):
    nameless = beside([replace(row, unit="") for row in LATER], name="nameless.csv")
    with pytest.raises(InputError, match="no row can be evaluated") as caught:
        evaluate(city_bundle, [nameless], peers=False)
    assert caught.value.file == nameless


def test_the_orders_one_by_one_agree_with_the_figures_and_stay_out_of_the_file(city_bundle, beside):
    found = evaluate(city_bundle, [beside()], peers=False)
    assert found.trial.judged.within(1).mean() == pytest.approx(found.figures["top1"])
    assert found.trial.judged.chances.shape == (60, 5)
    assert "trial" not in found.facts
    assert json.loads(json.dumps(found.facts))["rows"] == 60
    assert "# Paidan bundle" in found.trial.card
