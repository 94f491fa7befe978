import json
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.open311.rendering import Format, render


def read(xml: bytes) -> Element:
    return fromstring(xml)  # noqa: S314 - written a line before


ANSWER = [
    {
        "service_request_id": "20261122-17",
        "description": "三号楼 <b>漏水</b> & 断电",
        "address_id": None,
        "lat": 39.9,
        "extended_attributes": {"candidates": [{"unit": "a"}, {"unit": "b"}], "versions": None},
    }
]


def test_both_formats_hold_the_same():
    request = read(render("service_requests", ANSWER, Format.XML)).find("request")
    assert json.loads(render("service_requests", ANSWER, Format.JSON)) == ANSWER
    assert [child.tag for child in request] == list(ANSWER[0])
    assert request.findtext("description") == "三号楼 <b>漏水</b> & 断电"
    assert request.findtext("lat") == "39.9"
    assert [each.findtext("unit") for each in request.iterfind("extended_attributes/candidates/candidate")] == [
        "a",
        "b",
    ]


def test_what_is_not_known_is_an_empty_element_and_null():
    assert b"<address_id />" in render("service_requests", ANSWER, Format.XML)
    assert b'"address_id": null' in render("service_requests", ANSWER, Format.JSON)


def test_an_empty_list_is_an_empty_root():
    assert render("services", [], Format.JSON) == b"[]"
    assert render("services", [], Format.XML).splitlines() == [
        b'<?xml version="1.0" encoding="UTF-8"?>',
        b"<services />",
    ]


def test_truth_is_written_as_both_formats_have_it():
    assert b"<metadata>false</metadata>" in render("services", [{"metadata": False}], Format.XML)


@pytest.mark.parametrize("forbidden", ["\x00", "\x0b", "\x1b", "\ud800", "\ufffe", "\uffff"])
def test_characters_that_xml_forbids_are_left_out_of_it(forbidden):
    xml = render("errors", [{"description": f"前{forbidden}后"}], Format.XML)
    assert read(xml).findtext("error/description") == "前后"


@given(st.text())
def test_any_text_is_an_answer_that_can_be_read(text):
    content = [{"description": text}]
    assert json.loads(render("errors", content, Format.JSON)) == content
    read(render("errors", content, Format.XML))
