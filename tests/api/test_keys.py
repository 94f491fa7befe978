"""Keys over HTTP: made once shown, replaced with an overlap, and ended at once."""

from datetime import datetime, timedelta

import pytest
from starlette.testclient import TestClient

from api.access import Doorkeeper
from api.app import create_app
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import Clock, everything
from triage.ledger.ledger import Ledger
from triage.ledger.verify import verify


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(ledger, clock):
    return Ledger(ledger.engine, now=clock)


@pytest.fixture
def office(ledger, settings, clock):
    """A hotline that forgets whom it knows as its clock goes on."""
    app = create_app(KeywordTriage(), settings, ledger)
    app.state.doorkeeper = Doorkeeper(ledger, rate_limit=1_000, clock=lambda: clock().timestamp())
    with TestClient(app) as client:
        yield client


@pytest.fixture
def administrator(key_of):
    return key_of("administrator")


@pytest.fixture
def create(office, administrator):
    """Make a key, and return its id and the headers that show it."""

    def created(**fields):
        answer = office.post("/v1/keys", json={"role": "agent", **fields}, headers=administrator)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"], {"Authorization": f"Bearer {answer.json()['key']}"}

    return created


@pytest.fixture
def status(office):
    return lambda key: office.get("/v1/session", headers=key).status_code


def test_a_key_is_shown_once_and_only_its_digest_is_kept(office, administrator, ledger):
    made = office.post("/v1/keys", json={"role": "agent", "name": "座席一号"}, headers=administrator).json()
    assert made["key"].startswith(f"paidan_{made['id']}_")
    assert (made["role"], made["name"], made["unit"], made["expires_at"]) == ("agent", "座席一号", None, None)
    listed = office.get("/v1/keys", headers=administrator).json()["keys"]
    assert [{**key, "key": made["key"]} for key in listed if key["id"] == made["id"]] == [made]
    assert {key["key"] for key in listed} == {None}
    assert made["key"].split("_", 2)[2] not in everything(ledger)


def test_a_new_key_opens_what_its_role_may(office, create, status):
    _, key = create(role="intake")
    assert status(key) == 200
    assert office.post("/v1/appeals", json={"text": "路灯不亮"}, headers=key).status_code == 201
    assert office.get("/v1/keys", headers=key).status_code == 403


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"role": "unit"}, 409),
        ({"role": "agent", "unit": "cy-wj"}, 409),
        ({"role": "unit", "unit": "nobody"}, 404),
        ({"role": "king"}, 422),
        ({}, 422),
        ({"role": "agent", "days": 0}, 422),
        ({"role": "agent", "days": 3_661}, 422),
        ({"role": "agent", "days": True}, 422),
        ({"role": "agent", "days": 1.5}, 422),
        ({"role": "agent", "name": "x" * 101}, 422),
        ({"role": "agent", "name": "a\0b"}, 422),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(body, expected, office, administrator):
    before = office.get("/v1/keys", headers=administrator).json()
    assert office.post("/v1/keys", json=body, headers=administrator).status_code == expected
    assert office.get("/v1/keys", headers=administrator).json() == before


def test_a_key_ends_with_its_days(create, status, clock):
    _, key = create(days=30)
    clock.forward(days=29, hours=23)
    assert status(key) == 200
    clock.forward(hours=1, seconds=5)
    assert status(key) == 401


def test_a_revoked_key_opens_nothing_at_once_and_stays_in_the_list(office, create, status, administrator, clock):
    id_, key = create()
    assert status(key) == 200
    revoked = office.delete(f"/v1/keys/{id_}", headers=administrator)
    assert (revoked.status_code, revoked.json()["revoked_at"] is None) == (200, False)
    assert status(key) == 401
    clock.forward(hours=1)
    again = office.delete(f"/v1/keys/{id_}", headers=administrator)
    assert again.json() == revoked.json()  # the time is that of the first
    assert id_ in [one["id"] for one in office.get("/v1/keys", headers=administrator).json()["keys"]]


def test_a_rotated_key_holds_beside_the_new_one_for_a_while(office, create, status, administrator, clock):
    id_, old = create(role="unit", unit="cy-wj", name="望京")
    answer = office.post(f"/v1/keys/{id_}/rotations", json={"hours": 2}, headers=administrator)
    assert answer.status_code == 201
    fresh = answer.json()
    assert (fresh["role"], fresh["unit"], fresh["name"], fresh["id"] == id_) == ("unit", "cy-wj", "望京", False)
    new = {"Authorization": f"Bearer {fresh['key']}"}
    assert (status(old), status(new)) == (200, 200)
    clock.forward(hours=2, seconds=5)
    assert (status(old), status(new)) == (401, 200)


def test_a_rotation_without_an_overlap_ends_the_old_key_at_once(office, create, status, administrator):
    id_, old = create()
    assert status(old) == 200
    office.post(f"/v1/keys/{id_}/rotations", json={"hours": 0}, headers=administrator)
    assert status(old) == 401


def test_a_rotation_gives_no_key_more_time_than_it_had(office, create, status, administrator, clock):
    id_, old = create(days=1)
    office.post(f"/v1/keys/{id_}/rotations", json={"hours": 48}, headers=administrator)
    clock.forward(days=1, seconds=5)
    assert status(old) == 401


def test_a_key_that_has_ended_is_not_rotated(office, create, administrator):
    id_, _ = create()
    office.delete(f"/v1/keys/{id_}", headers=administrator)
    answer = office.post(f"/v1/keys/{id_}/rotations", json={}, headers=administrator)
    assert (answer.status_code, answer.json()["code"]) == (409, "key_ended")


@pytest.mark.parametrize(("id_", "expected"), [("k0000000000", 404), ("k1", 422), ("paidan", 422)])
def test_a_key_that_is_not_there_is_neither_ended_nor_rotated(id_, expected, office, administrator):
    assert office.delete(f"/v1/keys/{id_}", headers=administrator).status_code == expected
    assert office.post(f"/v1/keys/{id_}/rotations", json={}, headers=administrator).status_code == expected


def test_who_made_and_ended_keys_is_in_the_ledger(office, create, administrator, ledger):
    before = verify(ledger.engine).events
    id_, _ = create()
    office.post(f"/v1/keys/{id_}/rotations", json={}, headers=administrator)
    office.delete(f"/v1/keys/{id_}", headers=administrator)
    assert verify(ledger.engine).events == before + 3
    assert administrator["Authorization"].split("_")[1] in everything(ledger)


def test_an_administrator_who_ends_its_own_key_is_out(office, administrator, status):
    assert (
        office.delete(f"/v1/keys/{administrator['Authorization'].split('_')[1]}", headers=administrator).status_code
        == 200
    )
    assert status(administrator) == 401


def test_times_of_keys_are_times_of_china(office, create, administrator, clock):
    id_, _ = create(days=1)
    [shown] = [key for key in office.get("/v1/keys", headers=administrator).json()["keys"] if key["id"] == id_]
    assert shown["created_at"].endswith("+08:00")
    assert datetime.fromisoformat(shown["expires_at"]) == clock.at + timedelta(days=1)
