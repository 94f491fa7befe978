"""What several packages of tests share: the closed orders of an invented city, and one bundle fitted on them."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

from models.bundle import load_triage
from tests import city
from training.make import make_bundle, prepare
from triage.pipeline import Triage

hypothesis.settings.register_profile("busy", deadline=None)  # a slow machine is no fault of the code
hypothesis.settings.load_profile("busy")


def fitted_bundle(export: Path, out: Path, *, seed: int = 0) -> Path:
    make_bundle(prepare([export], pack=None, name="yunling"), [export], out, seed=seed, progress=lambda _: None)
    return out


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices here are so small that several threads wait for each other, on busy cores most of the time."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def city_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two months of closed orders as CSV."""
    return city.write_csv(tmp_path_factory.mktemp("export") / "spring.csv", city.closures())


@pytest.fixture(scope="session")
def city_bundle(city_export: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle fitted on them. Read it only: every test shares it."""
    return fitted_bundle(city_export, tmp_path_factory.mktemp("bundles") / "yunling")


@pytest.fixture(scope="session")
def city_triage(city_bundle: Path) -> Triage:
    return load_triage(city_bundle)
