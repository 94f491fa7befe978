"""What a city's MLflow is told of a bundle; a stand-in keeps what it hears."""

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from models.bundle import read_manifest
from training.tracking import log_run
from triage.errors import InputError, TamperedError


class Listener:
    """The part of MLflow that is spoken to, as it is documented."""

    def __init__(self):
        self.experiment = self.server = self.name = ""
        self.params, self.metrics, self.artifacts = {}, {}, []
        self.open = False

    def set_tracking_uri(self, uri):
        self.server = uri

    def set_experiment(self, name):
        self.experiment = name

    @contextmanager
    def start_run(self, *, run_name):
        self.name, self.open = run_name, True
        yield SimpleNamespace(info=SimpleNamespace(run_id="run 1"))
        self.open = False

    def log_params(self, params):
        assert self.open
        self.params |= params

    def log_metrics(self, metrics):
        assert self.open
        self.metrics |= metrics

    def log_artifact(self, path):
        assert self.open
        self.artifacts.append(path.rsplit("/", 1)[-1])


@pytest.fixture
def mlflow(monkeypatch):
    listener = Listener()
    monkeypatch.setitem(sys.modules, "mlflow", listener)
    return listener


def test_a_run_is_called_after_the_bundle_and_holds_facts_figures_and_card(mlflow, city_bundle):
    manifest = read_manifest(city_bundle)
    assert log_run(city_bundle, {"later_top1": 0.9}, server="http://localhost:1") == "run 1"
    assert (mlflow.name, mlflow.experiment, mlflow.server) == (manifest["id"], "paidan", "http://localhost:1")
    assert mlflow.params["rows"] == 400
    assert mlflow.params["from"] == "2031-03-01"
    assert mlflow.params["left_out.no_text"] == 0
    assert mlflow.metrics == manifest["metrics"] | {"later_top1": 0.9}
    assert not mlflow.open


def test_no_array_leaves_the_machine(mlflow, city_bundle):
    log_run(city_bundle)
    assert sorted(mlflow.artifacts) == ["README.md", "manifest.json", "manifest.sha256"]


def test_a_bundle_that_was_changed_is_not_logged(mlflow, city_bundle, tmp_path):
    for file in city_bundle.glob("manifest.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(TamperedError):
        log_run(tmp_path)
    assert not mlflow.name


def test_without_mlflow_it_is_told_what_to_install(monkeypatch, city_bundle):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(InputError, match="extra tracking"):
        log_run(city_bundle)
