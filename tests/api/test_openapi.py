import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from api.app import create_app
from api.settings import Settings
from tests.api.fakes import KeywordTriage

app = create_app(KeywordTriage(), Settings())
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.parametrize()
@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
def test_the_service_is_what_it_says(case):
    case.call_and_validate()


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
    for status, answer in operation["responses"].items():
        kinds = {"application/json"} if status == "200" else {"application/problem+json"}
        assert set(answer["content"]) == kinds
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
