from dataclasses import fields
from pathlib import Path

import pytest

from api import problems
from api.app import create_app
from api.settings import Settings

README = (Path(problems.__file__).parent / "README.md").read_text("utf-8")


@pytest.mark.parametrize("path", create_app(None, Settings()).openapi()["paths"])
def test_every_address_is_told(path):
    assert path in README


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_is_told(name):
    assert f"`PAIDAN_{name.upper()}`" in README


@pytest.mark.parametrize("status", problems.KNOWN)
def test_every_problem_is_told(status):
    code, _ = problems.KNOWN[status]
    assert str(status) in README
    assert f"`{code}`" in README
