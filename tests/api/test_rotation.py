"""What a key leaves behind when another one takes its place."""

from datetime import timedelta

import pytest

from triage.ledger.keys import Role

WORDS = {"text": "望京街道停电两天了"}


@pytest.fixture
def intake(ledger):
    """An intake system's key and the one that replaces it, as headers."""
    key, old = ledger.create_key(role=Role.INTAKE, name="热线App")
    _, fresh = ledger.rotate_key(key.id, overlap=timedelta(hours=1))
    return [{"Authorization": f"Bearer {words}"} for words in (old, fresh)]


def test_an_appeal_that_is_repeated_under_the_new_key_is_the_same_order(office, intake):
    answers = [office.post("/v1/appeals", json=WORDS, headers=key | {"Idempotency-Key": "1"}) for key in intake]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]


def test_what_was_submitted_with_the_old_key_is_seen_with_the_new_one(office, intake):
    order = office.post("/v1/appeals", json=WORDS, headers=intake[0]).json()["id"]
    assert office.get(f"/v1/appeals/{order}", headers=intake[1]).status_code == 200
    assert [one["id"] for one in office.get("/v1/appeals", headers=intake[1]).json()["appeals"]] == [order]


def test_another_intake_system_still_sees_nothing_of_it(office, intake, key_of):
    order = office.post("/v1/appeals", json=WORDS, headers=intake[0]).json()["id"]
    assert office.get(f"/v1/appeals/{order}", headers=key_of("intake")).status_code == 404


def test_a_unit_does_not_write_what_it_is_assessed_by(office, key_of):
    order = office.post("/v1/appeals", json=WORDS, headers=key_of("agent")).json()
    unit = key_of("unit", order["unit"]["code"])
    said = {"solved": True, "satisfaction": "满意"}
    closed = office.post(f"/v1/appeals/{order['id']}/closures", json=said, headers=unit).json()
    assert (closed["status"], closed["solved"], closed["satisfaction"]) == ("closed", None, None)


def test_a_note_among_agents_is_not_told_to_the_sender(office, key_of, intake):
    order = office.post("/v1/appeals", json=WORDS, headers=intake[0]).json()["id"]
    back = {"reason": "职能不符", "note": "内部说明"}
    assert office.post(f"/v1/appeals/{order}/returns", json=back, headers=key_of("agent")).status_code == 201
    told = office.get(f"/v1/appeals/{order}/history", headers=intake[0])
    assert "内部说明" not in told.text
    assert "内部说明" in office.get(f"/v1/appeals/{order}/history", headers=key_of("auditor")).text


def test_who_read_or_erased_and_why_stays(office, ledger, key_of):
    order = office.post("/v1/appeals", json=WORDS, headers=key_of("agent")).json()["id"]
    for reason in ("当事人申请", "再次申请"):
        erased = office.post(f"/v1/appeals/{order}/erasures", json={"reason": reason}, headers=key_of("custodian"))
        assert erased.status_code == 201
    events = ledger.history(order)
    assert [event.content for event in events if event.kind == "erased"] == [
        {"reason": "当事人申请"},
        {"reason": "再次申请"},
    ]
