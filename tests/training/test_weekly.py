"""A city's weeks lived through again: retrained each week, kept as at the beginning, and flat."""

import re
from datetime import date, timedelta

import numpy as np
import pytest

from training.cli import main
from training.peers import PEERS
from training.weekly import ANEW, KEPT, backtest

SINCE, UNTIL = date(2031, 4, 10), date(2031, 4, 24)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("weeks")


@pytest.fixture(scope="module")
def lived(city_export, quick_rankers, store):
    return backtest([city_export], since=SINCE, until=UNTIL, pack=None, store=store)


def test_every_model_is_tried_on_the_same_orders(lived):
    assert list(lived.judged) == [ANEW, KEPT, *PEERS]
    ids = [judged.id.tolist() for judged in lived.judged.values()]
    assert ids == [ids[0]] * len(ids)
    assert len(ids[0]) == len(lived.groups) == sum(week.tried for week in lived.weeks) > 20
    days = lived.judged[ANEW].day
    assert (days >= np.datetime64(SINCE)).all()
    assert (days < np.datetime64(UNTIL)).all()


def test_the_first_week_is_the_same_for_who_learns_on_and_who_does_not(lived):
    first = lived.judged[ANEW].day < np.datetime64(SINCE + timedelta(days=7))
    anew, kept = (lived.judged[name] for name in (ANEW, KEPT))
    assert anew.named[first].tolist() == kept.named[first].tolist()
    assert anew.sure[~first].tolist() != kept.sure[~first].tolist()


def test_the_table_and_the_gains_tell_the_same(lived):
    *weeks, whole = lived.table()
    assert [row[0] for row in weeks] == [week.first.isoformat() for week in lived.weeks]
    shares = dict(zip(lived.judged, whole[2:], strict=True))
    for name, gain in lived.gains().items():
        assert float(shares[ANEW]) - float(shares[name]) == pytest.approx(gain.gain, abs=0.0011)
        assert gain.low <= gain.gain <= gain.high


def test_the_command_finds_the_weeks_again_and_prints_them(lived, store, city_export, capsys, monkeypatch):
    monkeypatch.setattr("training.weekly.make_bundle", None)
    days = ["--since", SINCE.isoformat(), "--until", UNTIL.isoformat()]
    assert main(["backtest", "--closures", str(city_export), *days, "--work", str(store)]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^ ?{SINCE} ", out, re.MULTILINE)
    assert f"gain over {KEPT}: " in out


def test_days_without_orders_are_refused(city_export, tmp_path, capsys):
    days = ["--since", "2040-01-01", "--until", "2040-02-01"]
    assert main(["backtest", "--closures", str(city_export), *days, "--work", str(tmp_path)]) == 2
    assert "no order came in from 2040-01-01" in capsys.readouterr().err
