"""What Open311 clients bring reaches the hotline's own orders, whole."""

import pytest

REPORT = {"service_code": "T0301", "description": "望京街道望京花园的垃圾三天没有清运", "address_string": "望京花园"}


@pytest.fixture
def submit(office, key_of):
    """Report a matter with a key of another system, and return how it was accepted."""
    key = key_of("intake")

    def submitted(**more):
        answer = office.post("/open311/v2/requests.json", data=REPORT | more, headers=key)
        assert answer.status_code == 200, answer.text
        return answer.json()[0]

    return submitted


@pytest.fixture
def received(office, key_of):
    """Return the first event of an order's history."""
    agent = key_of("agent")
    return lambda order: office.get(f"/v1/appeals/{order}/history", headers=agent).json()["events"][0]


def test_the_history_tells_what_the_client_took_it_to_be_and_the_words_decide(submit, received):
    accepted = submit()
    event = received(accepted["service_request_id"])
    assert (event["kind"], event["facts"]["advice"]) == ("received", "T0301")
    assert accepted["extended_attributes"]["topic"]["code"] == "T0101"
    assert "attributes" not in event["content"]


def test_the_history_tells_attributes_without_personal_data(submit, received):
    order = submit(**{"attribute[BINS][]": ["2", "3"], "attribute[CALL]": "13900000000"})["service_request_id"]
    assert received(order)["content"]["attributes"] == [
        {"code": "BINS", "value": "2,3"},
        {"code": "CALL", "value": "〔电话〕"},
    ]


def test_attributes_are_erased_with_the_words(submit, received, office, key_of):
    order = submit(**{"attribute[BINS]": "2"})["service_request_id"]
    agent, administrator = key_of("agent"), key_of("administrator")
    office.post(f"/v1/appeals/{order}/closures", json={}, headers=agent)
    erased = office.post(f"/v1/appeals/{order}/erasures", json={"reason": "本人要求"}, headers=administrator)
    assert erased.status_code < 300, erased.text
    assert received(order)["content"] is None


@pytest.mark.parametrize("form", ["json", "xml"])
def test_too_many_attributes_are_refused_and_nothing_is_written_down(form, office, key_of):
    key = key_of("intake")
    sent = REPORT | {f"attribute[{number}]": "1" for number in range(21)}
    answer = office.post(f"/open311/v2/requests.{form}", data=sent, headers=key)
    assert answer.status_code == 400
    assert "21 attributes were sent; at most 20 are taken" in answer.text
    assert office.get("/open311/v2/requests.json", headers=key).json() == []


def test_open_and_closed_requests_are_found_apart(submit, office, key_of):
    agent = key_of("agent")
    done, standing = (submit()["service_request_id"] for _ in range(2))
    office.post(f"/v1/appeals/{done}/closures", json={}, headers=agent)
    for status, order in (("open", standing), ("closed", done)):
        found = office.get("/open311/v2/requests.json", params={"status": status}, headers=agent).json()
        assert [(each["service_request_id"], each["status"]) for each in found] == [(order, status)]
