from datetime import UTC, datetime

import pytest

from api.open311.answers import Answers, service_of
from tests.api.fakes import LIGHTS, REFUSE, KeywordTriage, SmallPack
from tests.api.open311.desk import RECEIVED, entry_of, order_of
from triage.domain import Action, Appeal
from triage.ledger.order import Status
from triage.lines import routed_line

CLOSED_AT = datetime(2026, 11, 25, 2, 30, tzinfo=UTC)
DUE = datetime(2026, 12, 1, 15, 59, 59, tzinfo=UTC)


def shown(order, **entry):
    return Answers(SmallPack()).request(entry_of(order, **entry))


def routed(text="望京街道垃圾没有清运"):
    return routed_line(KeywordTriage().route(Appeal(id="1", text=text)))


SPECIFIED = """service_request_id status status_notes service_name service_code description agency_responsible
    service_notice requested_datetime updated_datetime expected_datetime address address_id zipcode lat long
    media_url"""


def test_a_request_has_the_fields_of_the_specification_and_one_beyond_it():
    assert list(shown(order_of()).model_dump()) == [*SPECIFIED.split(), "extended_attributes"]


def test_a_topic_is_a_service_in_the_group_of_its_first_level():
    found = service_of(REFUSE)
    assert (found.service_code, found.service_name, found.group) == ("T0101", "生活垃圾清运", "市容环卫")
    assert (found.metadata, found.type, found.description) == (False, "realtime", REFUSE.meaning)
    assert found.keywords == "市容环卫, 垃圾处理, 生活垃圾清运"


def test_a_service_without_a_meaning_is_described_by_its_name():
    assert service_of(LIGHTS).description == LIGHTS.name


@pytest.mark.parametrize("status", Status)
def test_every_status_is_open_or_closed_and_has_its_note(status):
    found = shown(order_of(status=status))
    ends = {Status.CLOSED, Status.MERGED, Status.TRANSFERRED, Status.DECLINED}
    assert found.status == ("closed" if status in ends else "open")
    assert found.status_notes
    assert found.extended_attributes.status == status


def test_the_unit_that_leads_is_responsible_until_the_deadline():
    found = shown(order_of(status=Status.DISPATCHED, feedback_by=DUE))
    assert found.agency_responsible == "朝阳区望京街道办事处"
    assert found.service_notice == "由朝阳区望京街道办事处承办，应于2026-12-01 23:59前答复。"
    assert found.expected_datetime == "2026-12-01T23:59:59+08:00"


def test_nobody_is_responsible_for_what_was_not_sent():
    found = shown(order_of(dispatch_by=DUE))
    assert found.agency_responsible is None
    assert found.service_notice == "等待派单，应于2026-12-01 23:59前派出。"


def test_a_closed_order_names_who_closed_it_and_when():
    found = shown(order_of(status=Status.CLOSED, unit="cy-wj", final_unit="bj-dl", closed_at=CLOSED_AT))
    assert found.agency_responsible == "国网北京市电力公司"
    assert (found.requested_datetime, found.updated_datetime) == (
        "2026-11-22T08:00:00+08:00",
        "2026-11-25T10:30:00+08:00",
    )
    assert found.service_notice is None


def test_an_order_to_which_nothing_has_happened_was_updated_when_it_came_in():
    found = shown(order_of())
    assert found.updated_datetime == found.requested_datetime


def test_a_merged_order_names_the_other_one():
    assert shown(order_of(status=Status.MERGED, merged_into="20261121-3")).status_notes == "已并单，并入20261121-3"


def test_a_declined_order_tells_why():
    routing = routed("今天天气不错")
    assert shown(order_of(status=Status.DECLINED), routing=routing).status_notes == "不予受理：请人工判断。"


def test_a_unit_or_topic_that_the_pack_no_longer_has_is_called_by_its_code():
    found = shown(order_of(status=Status.SIGNED, unit="gone", topic="T9999"))
    assert (found.agency_responsible, found.service_code, found.service_name) == ("gone", "T9999", "T9999")


def test_how_it_was_routed_is_told_beyond_the_specification():
    found = shown(order_of(action="dispatch"), routing=routed()).extended_attributes
    assert found.topic.model_dump() == {
        "code": "T0101",
        "name": "生活垃圾清运",
        "probability": pytest.approx(2 / 3, abs=1e-6),
    }
    assert found.candidates[0].model_dump() == {"unit": "cy-wj", "name": "朝阳区望京街道办事处", "probability": 0.9}
    assert (found.confidence, found.decision, found.versions.bundle) == (0.9, Action.DISPATCH, "small-1")


def test_an_order_in_a_list_comes_without_its_candidates():
    found = shown(order_of(), routing=None).extended_attributes
    assert (found.candidates, found.confidence, found.versions) == ([], None, None)
    assert found.topic.code == "T0101"


def test_coordinates_are_taken_out_of_the_address():
    found = shown(order_of(), address="望京西园四区；经度116.47, 纬度39.99；地址编号7")
    assert (found.address, found.address_id, found.lat, found.long) == ("望京西园四区", "7", 39.99, 116.47)


def test_of_an_erased_order_the_facts_stay():
    found = shown(order_of(erased=True), text=None)
    assert (found.description, found.address, found.service_code) == (None, None, "T0101")
    assert (
        found.requested_datetime
        == RECEIVED.astimezone(datetime.fromisoformat(found.requested_datetime).tzinfo).isoformat()
    )


def test_the_service_that_the_client_named_stands_beside_the_one_that_was_found():
    found = Answers(SmallPack()).accepted(entry_of(order_of(), routing=routed()), service_code="T0301")
    assert found.extended_attributes.service_code == "T0301"
    assert found.extended_attributes.topic.code == "T0101"
