"""What several packages of tests share: the closed orders of an invented city, and one bundle fitted on them."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hypothesis
import pytest
from threadpoolctl import threadpool_limits

from models.bundle import load_triage
from tests import city
from training.make import make_bundle, prepare
from triage.citypack import CHINA
from triage.pipeline import Triage

hypothesis.settings.register_profile("busy", deadline=None)  # a slow machine is no fault of the code
hypothesis.settings.load_profile("busy")


def fitted_bundle(export: Path, out: Path, *, seed: int = 0) -> Path:
    """Fit a bundle that promises four in five: so few orders, one in ten of them misdirected, prove no more."""
    prepared = prepare([export], pack=None, name="yunling")
    terms = prepared.pack.terms
    modest = replace(terms, promise=replace(terms.promise, precision=0.8))
    prepared = replace(prepared, pack=replace(prepared.pack, terms=modest))
    make_bundle(prepared, out, seed=seed, progress=lambda _: None)
    return out


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Matrices here are so small that several threads wait for each other, on busy cores most of the time."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def few_national_texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let every fit learn from one in forty of the texts that China's pack has, so that a small city takes seconds."""
    few = tmp_path_factory.mktemp("china")
    for file in sorted([*CHINA.glob("outside/*.csv"), *CHINA.glob("matters/*.csv")]):
        (few / file.parent.name).mkdir(exist_ok=True)
        with file.open(encoding="utf-8", newline="") as every:
            header, *rows = csv.reader(every)
        with (few / file.parent.name / file.name).open("w", encoding="utf-8", newline="") as some:
            csv.writer(some).writerows([header, *rows[::40]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.corpus.CHINA", few)
        patch.setattr("training.splits.CHINA", few)
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
