import tempfile
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage
from triage.ledger.keys import Role
from triage.ledger.ledger import Ledger

# Schemathesis wants the application before any fixture is made; the folder goes when the tests end.
_FOLDER = tempfile.TemporaryDirectory()
ledger = Ledger.open(f"sqlite:///{_FOLDER.name}/ledger.db")
app = create_app(KeywordTriage(), Settings(state=Path(_FOLDER.name), worker=False, rate_limit=100_000), ledger)
_, KEY = ledger.create_key(role=Role.ADMINISTRATOR)
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
ours = schema.exclude(path_regex="^/open311")  # tested on its own

_AS_IT_SAYS = settings(
    deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None, max_examples=15
)


def call(case):
    case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"})


@ours.parametrize()
@_AS_IT_SAYS
def test_the_service_is_what_it_says(case):
    call(case)


@pytest.mark.long
@ours.parametrize()
@settings(_AS_IT_SAYS, max_examples=150)
def test_the_service_is_what_it_says_however_it_is_asked(case):
    call(case)


def operations():
    return [
        pytest.param(operation, id=f"{method} {path}")
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize("operation", operations())
def test_every_operation_is_described(operation):
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"]
    for body in operation.get("requestBody", {"content": {}})["content"].values():
        assert body["examples"]


@pytest.mark.parametrize("operation", operations())
def test_every_error_is_a_problem(operation):
    if operation["tags"] == ["open311"]:
        return  # its errors are those of its specification
    for status, answer in operation["responses"].items():
        if int(status) >= 400:
            assert set(answer["content"]) == {"application/problem+json"}
    assert "500" in operation["responses"]


def test_it_names_itself_and_its_version():
    info = app.openapi()["info"]
    assert (info["title"], info["version"]) == ("Paidan 派单", "0.1.0")


def test_every_reference_leads_somewhere():
    described = app.openapi()
    references = set(_references(described))
    assert "#/components/schemas/Problem" in references
    assert {f"#/components/schemas/{name}" for name in described["components"]["schemas"]} >= references
    assert not any("HTTPValidationError" in reference for reference in references)


def _references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
