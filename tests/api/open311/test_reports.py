from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.fields import Fields
from api.open311.refusal import RefusedError
from api.open311.reports import report_from
from tests.api.fakes import LIGHTS, SmallPack

COMPLETE = {"service_code": "T0301", "description": "路灯不亮", "address_string": "望京西园四区"}


def report(**fields: str):
    return report_from(Fields(list(fields.items())), SmallPack())


def complaints(**fields: str):
    with pytest.raises(RefusedError) as caught:
        report(**fields)
    return [(each.code, each.description.partition(" ")[0]) for each in caught.value.complaints]


def test_a_report_is_an_appeal():
    found = report(**COMPLETE)
    assert found.topic == LIGHTS
    assert (found.appeal.text, found.appeal.address) == ("路灯不亮", "望京西园四区")
    assert found.appeal.channel == "Open311"


def test_who_reports_is_in_nothing_that_is_kept():
    person = {
        "email": "wang@example.com",
        "phone": "13900000000",
        "first_name": "某",
        "last_name": "王",
        "device_id": "device-1",
        "account_id": "account-1",
        "media_url": "https://example.com/wang.jpg",
    }
    assert report(**COMPLETE, **person) == report(**COMPLETE)


def test_without_a_description_the_service_tells_what_is_asked():
    assert report(service_code="T0301", lat="39.9", long="116.4").appeal.text == LIGHTS.name


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ({"lat": "39.99", "long": "116.47"}, "经度116.47, 纬度39.99"),
        ({"lat": "-1e1", "long": "+180"}, "经度180, 纬度-10"),
        ({"address_id": "545483"}, "地址编号545483"),
        ({"address_string": "路口", "lat": "0", "long": "-0"}, "路口；经度0, 纬度0"),
    ],
)
def test_a_place_is_kept_in_the_words_of_the_address(place, address):
    assert report(service_code="T0301", **place).appeal.address == address


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [(400, "service_code"), (400, "no")]),
        ({"service_code": "T9", "address_id": "1"}, [(404, "service_code")]),
        ({"service_code": "T0301", "lat": "39.9"}, [(400, "lat")]),
        ({"service_code": "T0301", "lat": "91", "long": "-181"}, [(400, "lat"), (400, "long")]),
        ({"service_code": "T0301", "lat": "nan", "long": "1_0"}, [(400, "lat"), (400, "long")]),
        ({**COMPLETE, "lat": "x", "long": "1"}, [(400, "lat")]),
        ({**COMPLETE, "description": "长" * 4_001}, [(400, "description")]),
        (
            {**COMPLETE, "address_string": "长" * 1_001, "address_id": "1" * 101},
            [(400, "address_string"), (400, "address_id")],
        ),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(fields, expected):
    assert complaints(**fields) == expected


def test_a_description_of_4000_characters_is_taken():
    assert len(report(**{**COMPLETE, "description": "长" * 4_000}).appeal.text) == 4_000


def test_attributes_are_told_by_their_codes():
    pairs = [("attribute[A]", "1"), ("attribute[B][]", "2"), ("attribute[B][]", "3"), ("attribute[]", "4")]
    found = report_from(Fields([*COMPLETE.items(), *pairs]), SmallPack())
    assert found.attributes == {"A": "1", "B": "2,3"}


def test_as_many_and_as_long_attributes_as_there_may_be_are_taken():
    most = {f"attribute[{str(number) * 50}]": "长" * 500 for number in range(10, 30)}
    assert len(report(**COMPLETE, **most).attributes) == 20


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({f"attribute[{number}]": "1" for number in range(21)}, "21 attributes were sent; at most 20 are taken"),
        ({"attribute[A]": "长" * 501}, "attribute[A] has 501 characters; at most 500 are taken"),
        ({f"attribute[{'A' * 101}]": "1"}, f"attribute[{'A' * 100}] goes on: its code has 101 characters; at most 100"),
    ],
    ids=["too many", "too long", "code too long"],
)
def test_more_attributes_than_there_may_be_are_refused(sent, told):
    with pytest.raises(RefusedError) as caught:
        report(**COMPLETE, **sent)
    [complaint] = caught.value.complaints
    assert complaint.code == 400
    assert complaint.description.startswith(told)


def test_values_of_one_attribute_are_measured_together():
    pairs = [*COMPLETE.items(), *[("attribute[A][]", "长" * 250)] * 2]
    with pytest.raises(RefusedError, match="501 characters"):
        report_from(Fields(pairs), SmallPack())


@given(st.dictionaries(st.sampled_from(["service_code", "lat", "long", "address_string", "description"]), st.text()))
def test_any_fields_are_a_report_or_refused(fields):
    with suppress(RefusedError):
        assert report(**fields).appeal.address
