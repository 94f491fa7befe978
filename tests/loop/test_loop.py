"""What retraining does to a city in half a year: without safeguards it confirms itself, with them it does not."""

import pytest

from tests.loop.life import CREDULOUS, SAFE, Life, Way
from training.simulate import Week, share

pytestmark = pytest.mark.long


def lived(folder, way: Way) -> tuple[list[tuple[Week, ...]], list[float]]:
    """Return the weeks between retrainings, and by how much each overrated the model that had served in them."""
    life = Life(folder=folder, way=way)
    weeks = life.live()
    periods = [weeks[at : at + way.every] for at in range(0, len(weeks), way.every)]
    pairs = zip(life.believed(), periods, strict=True)
    return periods, [believed - share("precision", period) for believed, period in pairs]


def test_without_safeguards_it_confirms_itself(tmp_path):
    periods, overrated = lived(tmp_path, CREDULOUS)
    assert min(overrated[-4:]) > 0.03
    assert share("automatic", periods[-1]) > share("automatic", periods[0])
    assert share("precision", periods[-1]) < share("precision", periods[0]) - 0.03
    assert share("seeming_precision", periods[-1]) > share("seeming_precision", periods[0]) - 0.01


def test_with_safeguards_it_does_not(tmp_path):
    periods, overrated = lived(tmp_path, SAFE)
    assert max(overrated) < 0.03
    assert sum(week.audited for period in periods for week in period) > 300
