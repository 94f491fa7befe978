import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api import problems
from tests.api.open311.desk import KEY, SmallDesk, app_with

app = app_with(SmallDesk())
app.openapi()["components"]["schemas"].update(problems.schemas())
schema = schemathesis.openapi.from_asgi("/openapi.json", app)
quick = settings(
    max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)


@schema.parametrize()
@quick
def test_a_stranger_is_answered_as_described(case):
    case.call_and_validate()


@schema.parametrize()
@quick
def test_a_client_with_a_key_is_answered_as_described(case):
    case.call_and_validate(headers={"Authorization": f"Bearer {KEY}"}, excluded_checks=unsaid(case))


def unsaid(case):
    """What OpenAPI cannot say: two times are 90 days apart at most, and beside numbers of orders nothing counts."""
    query = set(case.query or {})
    return [
        *([positive_data_acceptance] if {"start_date", "end_date"} <= query else []),
        *([negative_data_rejection] if "service_request_id" in query else []),
    ]


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
    for parameter in operation["parameters"]:
        assert parameter["description"]
    for body in operation.get("requestBody", {"content": {}})["content"].values():
        assert body["examples"]
        assert all(field["description"] for field in body["schema"]["properties"].values())


@pytest.mark.parametrize("operation", operations())
def test_every_answer_comes_in_both_formats_and_is_shown(operation):
    assert "422" not in operation["responses"]
    for answer in operation["responses"].values():
        assert {"text/xml", "application/json"} <= set(answer["content"])
        assert answer["content"]["text/xml"]["example"].startswith('<?xml version="1.0" encoding="UTF-8"?>')


def test_every_address_of_the_specification_is_there():
    assert {(method, path) for path, methods in app.openapi()["paths"].items() for method in methods} == {
        ("get", "/open311/discovery.{format}"),
        ("get", "/open311/v2/services.{format}"),
        ("get", "/open311/v2/services/{service_code}.{format}"),
        ("post", "/open311/v2/requests.{format}"),
        ("get", "/open311/v2/requests.{format}"),
        ("get", "/open311/v2/requests/{service_request_id}.{format}"),
        ("get", "/open311/v2/tokens/{token}.{format}"),
    }
