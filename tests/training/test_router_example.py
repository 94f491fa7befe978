"""The notebook of the classifier runs from its first cell to its last."""

import runpy
from pathlib import Path

import pytest

from tests import city

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "router.py"


@pytest.mark.usefixtures("quick_rankers")
def test_the_notebook_says_what_a_router_gains_and_gives_its_reasons(capsys):
    left = runpy.run_path(str(EXAMPLE))
    said = capsys.readouterr().out
    assert "200 closed orders of 14 units" in said
    assert "right unit first: router" in said
    assert min(left["by_time"].mean(), left["by_matter"].mean(), *left["search"].cv_results_["mean_test_score"]) > 0.6
    assert left["by_time"].mean() > left["flat"].mean()
    assert left["routing"].suggestions[0].unit.name == city.WATER
    assert "职责相符" in said
    assert "自来水 +" in said
