from urllib.parse import urlencode
from xml.etree.ElementTree import fromstring

import pytest
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from api.access import TooOftenError
from tests.api.open311.desk import KEY, BrokenDesk, SmallDesk, app_with, entry_of, order_of
from triage.errors import ConflictError, LedgerError, NotReadyError, UnavailableError
from triage.ledger.order import OPEN, Status

V2 = "/open311/v2"
BEARER = {"Authorization": f"Bearer {KEY}"}
REPORT = {
    "api_key": KEY,
    "service_code": "T0301",
    "description": "望京街道垃圾没有清运",
    "address_string": "望京西园四区",
}


@pytest.fixture
def desk():
    return SmallDesk(
        entry_of(order_of(), address="望京西园四区；经度116.47, 纬度39.99"),
        entry_of(order_of("20261122-18", status=Status.SIGNED)),
    )


@pytest.fixture(scope="module")
def app():
    return app_with(None)


@pytest.fixture
def ask(app):
    """A client of the app with another desk: one app for all, since to build one takes longer than to ask it."""

    def with_desk(desk):
        app.state.desk = desk
        return TestClient(app)

    return with_desk


@pytest.fixture
def client(ask, desk):
    return ask(desk)


def xml_of(answer):
    return fromstring(answer.content)  # noqa: S314 - our own


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("/open311/discovery", "discovery"),
        (f"{V2}/services", "services"),
        (f"{V2}/services/T0101", "service_definition"),
        (f"{V2}/requests", "service_requests"),
        (f"{V2}/requests/20261122-17", "service_requests"),
        (f"{V2}/tokens/20261122-17", "service_requests"),
    ],
)
def test_every_answer_is_written_in_both_formats(client, address, root):
    xml, plain = (client.get(f"{address}.{form}", headers=BEARER) for form in ("xml", "json"))
    assert xml.headers["content-type"] == "text/xml; charset=utf-8"
    assert plain.headers["content-type"] == "application/json; charset=utf-8"
    assert xml.content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    assert xml_of(xml).tag == root
    assert isinstance(plain.json(), dict if root in {"discovery", "service_definition"} else list)


def test_discovery_names_the_endpoint_and_its_formats(client):
    (endpoint,) = client.get("/open311/discovery.json").json()["endpoints"]
    assert endpoint["url"] == "http://testserver/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]


def test_services_are_the_topics_and_need_no_key(client):
    services = client.get(f"{V2}/services.json").json()
    assert [each["service_code"] for each in services] == ["T0101", "T0301"]
    assert [each["group"] for each in services] == ["市容环卫", "市政设施"]


def test_a_service_asks_for_nothing_else(client):
    assert client.get(f"{V2}/services/T0301.json").json() == {"service_code": "T0301", "attributes": []}


def test_a_report_has_its_number_at_once_and_no_token(client, desk):
    answer = client.post(f"{V2}/requests.json", data=REPORT)
    assert answer.status_code == 200
    (accepted,) = answer.json()
    assert accepted["service_request_id"] == "20261122-3"
    assert "token" not in accepted
    ((appeal, service_code, attributes),) = desk.submitted
    assert (appeal.text, appeal.address, service_code) == ("望京街道垃圾没有清运", "望京西园四区", "T0301")
    assert attributes == {}


def test_attributes_reach_the_desk(client, desk):
    client.post(f"{V2}/requests.json", data={**REPORT, "attribute[LAMP]": "3", "attribute[DAYS][]": ["1", "2"]})
    assert desk.submitted[0][2] == {"LAMP": "3", "DAYS": "1,2"}


def test_the_words_decide_and_the_named_service_is_told_beside_it(client):
    (accepted,) = client.post(f"{V2}/requests.json", data=REPORT).json()
    extended = accepted["extended_attributes"]
    assert (extended["service_code"], extended["topic"]["code"]) == ("T0301", "T0101")
    assert extended["candidates"][0]["unit"] == "cy-wj"
    assert extended["confidence"] == 0.9


def test_a_report_can_be_asked_for_by_its_number_and_by_a_token(client):
    (accepted,) = client.post(f"{V2}/requests.json", data=REPORT).json()
    id_ = accepted["service_request_id"]
    (request,) = client.get(f"{V2}/requests/{id_}.json", params={"api_key": KEY}).json()
    assert (request["description"], request["service_code"]) == ("望京街道垃圾没有清运", "T0101")
    token = client.get(f"{V2}/tokens/{id_}.json", headers=BEARER).json()
    assert token == [{"service_request_id": id_, "token": id_}]


def test_what_identifies_a_person_is_not_repeated(client, desk):
    person = {"email": "wang@example.com", "phone": "13900000000", "first_name": "某某", "device_id": "d-1"}
    told = client.post(f"{V2}/requests.json", data={**REPORT, **person}).text
    told += client.get(f"{V2}/requests.json", headers=BEARER).text + repr(desk.submitted)
    assert not [word for word in person.values() if word in told]


def test_requests_are_asked_for_by_their_numbers(client, desk):
    found = client.get(f"{V2}/requests.json?service_request_id=20261122-18,20261122-99&status=oops", headers=BEARER)
    assert [each["service_request_id"] for each in found.json()] == ["20261122-18"]


def test_a_search_reaches_the_desk(client, desk):
    query = "service_code=T0101&status=open&start_date=2026-11-01T00:00:00+08:00&end_date=2026-11-22T00:00:00Z"
    assert client.get(f"{V2}/requests.xml?{query}", headers=BEARER).status_code == 200
    assert (desk.asked["service_codes"], desk.asked["statuses"]) == (("T0101",), OPEN)
    assert [desk.asked[end].isoformat() for end in ("start", "end")] == [
        "2026-10-31T16:00:00+00:00",
        "2026-11-22T00:00:00+00:00",
    ]


@pytest.mark.parametrize("key", [{}, {"api_key": "wrong"}, {"api_key": ""}])
@pytest.mark.parametrize("address", ["requests", "requests/20261122-17", "tokens/20261122-17"])
def test_without_a_key_that_holds_no_request_is_shown(client, address, key):
    answer = client.get(f"{V2}/{address}.json", params=key)
    assert answer.status_code == 403
    assert answer.json()[0]["code"] == 403
    assert "api_key" in answer.json()[0]["description"]


def test_without_a_key_nothing_is_submitted(client, desk):
    answer = client.post(f"{V2}/requests.xml", data={**REPORT, "api_key": ""})
    assert (answer.status_code, xml_of(answer).findtext("error/code")) == (403, "403")
    assert not desk.submitted


@pytest.mark.parametrize("key", [{"headers": BEARER}, {"params": {"api_key": KEY}}])
def test_a_form_may_come_with_the_key_beside_it(client, key):
    assert client.post(f"{V2}/requests.json", data={**REPORT, "api_key": ""}, **key).status_code == 200


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (f"{V2}/services/T9999.xml", "service_code was not found"),
        (f"{V2}/requests/20261122-99.xml", "service_request_id was not found"),
        (f"{V2}/tokens/20261122-99.xml", "service_request_id was not found"),
        (f"{V2}/requests/%00.xml", "service_request_id was not found"),
        (f"{V2}/services.xml?jurisdiction_id=shanghai", "jurisdiction_id was not found; this is beijing"),
        (f"{V2}/services.yaml", "an address ends in .xml or .json"),
        (f"{V2}/services", "nothing at this address"),
        ("/open311/v3/services.xml", "nothing at this address"),
    ],
)
def test_what_is_not_there_is_not_found(client, address, told):
    answer = client.get(address, headers=BEARER)
    assert (answer.status_code, xml_of(answer).findtext("error/code")) == (404, "404")
    assert told in xml_of(answer).findtext("error/description")


@pytest.mark.parametrize("jurisdiction", ["", "beijing"])
def test_the_jurisdiction_may_be_left_out_or_ours(client, jurisdiction):
    assert client.get(f"{V2}/services.json", params={"jurisdiction_id": jurisdiction}).status_code == 200
    answer = client.post(f"{V2}/requests.json", data={**REPORT, "jurisdiction_id": jurisdiction})
    assert answer.status_code == 200


def test_everything_wrong_with_a_report_is_told_in_an_array(client):
    answer = client.post(f"{V2}/requests.json", data={"api_key": KEY, "lat": "91"})
    assert answer.status_code == 400
    assert [each["code"] for each in answer.json()] == [400, 400, 400]


@pytest.mark.parametrize("kind", ["application/json", "text/xml", "multipart/form-data; boundary=x", ""])
def test_a_body_that_is_no_form_is_not_read(client, kind):
    answer = client.post(f"{V2}/requests.json", content=urlencode(REPORT), headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert answer.json()[0]["code"] == 415


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_another_method_is_told_which_there_are(client, method):
    answer = client.request(method, f"{V2}/requests.json")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (NotReadyError(), 503, "5"),
        (UnavailableError("the database does not answer"), 503, "5"),
        (TooOftenError(), 429, "1"),
        (ConflictError("not now", code="not_now"), 400, None),
        (HTTPException(413, headers={"Connection": "close"}), 413, None),
    ],
)
def test_what_fails_behind_the_desk_is_told_in_the_format_that_was_asked_for(ask, error, status, retry):
    answer = ask(BrokenDesk(error)).get(f"{V2}/requests.json", headers=BEARER)
    assert (answer.status_code, answer.headers.get("retry-after")) == (status, retry)
    assert answer.json()[0]["code"] == status
    assert answer.json()[0]["description"]


def test_a_bug_is_left_to_the_guard(ask):
    with pytest.raises(LedgerError):
        ask(BrokenDesk(LedgerError("broken"))).get(f"{V2}/requests.json", headers=BEARER)


def test_before_there_is_a_desk_nothing_is_ready(ask):
    answer = ask(None).get(f"{V2}/services.xml")
    assert (answer.status_code, xml_of(answer).findtext("error/code")) == (503, "503")
