import doctest
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import lines
from triage.domain import (
    Action,
    Appeal,
    Decision,
    MaskedSpan,
    MaskType,
    Place,
    RankedTopic,
    Reading,
    Routing,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Versions,
)
from triage.errors import InputError
from triage.lines import appeal_from, appeals_from, as_json, error_line, masked_line, read_lines, routed_line

UNIT = Unit(code=UnitCode("u1"), name="朝阳区望京街道办事处", kind=UnitKind.STREET)
TOPIC = Topic(code=TopicCode("T1"), path=("市容环卫", "垃圾处理"))


def routing(**changes):
    fields = {
        "appeal": Appeal(id="a", text="垃圾"),
        "reading": Reading(masked="垃圾", tokens=("垃圾",)),
        "topics": (RankedTopic(topic=TOPIC, probability=2 / 3),),
        "place": Place(district="朝阳区", street="望京街道", evidence=("望京",)),
        "candidates": (),
        "suggestions": (Suggestion(unit=UNIT, probability=0.123456789, reasons=("属地",)),),
        "decision": Decision(
            action=Action.DISPATCH, reason="sure", why="把握很大。", units=(UNIT.code,), set=(UNIT.name,)
        ),
        "versions": Versions(bundle="b", pack="p", policy="1"),
    }
    return Routing(**(fields | changes))


def refused(value):
    with pytest.raises(InputError) as caught:
        appeal_from(value)
    return caught.value.code, caught.value.field


def test_the_docstring_is_true():
    assert doctest.testmod(lines).failed == 0


def test_a_routing_becomes_the_line_of_the_contract():
    assert routed_line(routing()) == {
        "id": "a",
        "topics": [{"code": "T1", "name": "垃圾处理", "path": ["市容环卫", "垃圾处理"], "probability": 0.666667}],
        "place": {
            "district": "朝阳区",
            "street": "望京街道",
            "community": None,
            "building": None,
            "evidence": ["望京"],
            "possible": [],
            "question": None,
        },
        "suggestions": [
            {
                "unit": "u1",
                "name": "朝阳区望京街道办事处",
                "role": "lead",
                "probability": 0.123457,
                "reasons": ["属地"],
            }
        ],
        "decision": {
            "action": "dispatch",
            "units": ["u1"],
            "set": ["朝阳区望京街道办事处"],
            "reason": "sure",
            "to": None,
            "why": "把握很大。",
        },
        "matters": [],
        "kind": None,
        "urgency": None,
        "due": None,
        "versions": {"bundle": "b", "pack": "p", "policy": "1"},
    }


def test_a_probability_may_be_a_number_of_numpy():
    numpy = pytest.importorskip("numpy")
    line = routed_line(routing(topics=(RankedTopic(topic=TOPIC, probability=numpy.float32(0.5)),)))
    assert b'"probability": 0.5' in as_json(line)


def test_an_appeal_keeps_what_it_was_given():
    value = {
        "id": "007",
        "text": " 路灯\n不亮 ",
        "address": "望京",
        "district": "",
        "received_at": "now",
        "channel": "电话",
    }
    assert appeal_from(value) == Appeal(**value)
    assert appeal_from({"text": "a", "unit": "朝阳区", "id": None}, number=3) == Appeal(id="3", text="a")


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({}, ("missing", "text")),
        ({"text": None}, ("wrong_type", "text")),
        ({"text": 3}, ("wrong_type", "text")),
        ({"text": ""}, ("empty_text", "text")),
        ({"text": "\u3000\n\x1c\ufeff"}, ("empty_text", "text")),
        ({"text": "灯" * 100_001}, ("text_too_long", "text")),
        ({"text": "a", "id": True}, ("wrong_type", "id")),
        ({"text": "a", "id": 1.0}, ("wrong_type", "id")),
        ({"text": "a", "id": ["a"]}, ("wrong_type", "id")),
        ({"text": "a", "district": 1}, ("wrong_type", "district")),
        ({"text": "a", "channel": []}, ("wrong_type", "channel")),
        ([], ("not_an_object", None)),
        ("text", ("not_an_object", None)),
        (None, ("not_an_object", None)),
    ],
)
def test_what_cannot_be_used_is_named(value, fault):
    assert refused(value) == fault


@pytest.mark.parametrize("text", ["灯" * 100_000, "？！", "🚮", "\x00", "\ud800", "lamp", "كوچا"])
def test_any_text_that_says_something_is_an_appeal(text):
    assert appeal_from({"text": text}).text == text


def test_each_value_of_a_batch_stands_alone():
    found = list(appeals_from([{"text": "a"}, {"id": "b"}, {"id": 9, "text": "c"}]))
    assert [id_ for id_, _ in found] == ["1", "b", "9"]
    assert [isinstance(each, Appeal) for _, each in found] == [True, False, True]


def test_a_bad_line_is_told_in_its_place_and_the_rest_go_on():
    stream = [
        b'\xef\xbb\xbf{"id": "a", "text": "x"}\r\n',
        b"\n",
        b"oops\n",
        b'"text"\n',
        b"\xce\xd2\n",
        b'{"id": "f"}\n',
        b'{"id": [1], "text": "x"}\n',
        b"[" * 100_000 + b"\n",
        b'{"text": "x", "n": ' + b"9" * 5_000 + b"}\n",
        '{"id": "j", "text": "行分隔\u2028符"}'.encode(),
    ]
    found = list(read_lines(stream))
    assert [id_ for id_, _ in found] == ["a", "3", "4", "5", "f", "7", "8", "9", "j"]
    assert [getattr(each, "code", "appeal") for _, each in found] == [
        "appeal",
        "invalid_json",
        "not_an_object",
        "not_utf8",
        "missing",
        "wrong_type",
        "invalid_json",
        "invalid_json",
        "appeal",
    ]


def test_an_error_line_tells_code_and_remedy():
    ((id_, error),) = read_lines([b'{"id": "a"}'])
    assert error_line(id_, error) == {
        "id": "a",
        "error": {"code": "missing", "message": "field text: missing; write what the citizen said"},
    }


def test_a_masked_line_has_spans_of_three():
    line = masked_line("a", "电话〔电话〕", [MaskedSpan(start=2, end=13, type=MaskType.MOBILE)])
    assert json.loads(as_json(line)) == {"id": "a", "masked": "电话〔电话〕", "spans": [[2, 13, "mobile"]]}


@given(st.binary())
def test_no_bytes_stop_the_stream(content):
    for id_, found in read_lines([content, b'{"text": "x"}']):
        as_json(error_line(id_, found) if isinstance(found, InputError) else {"id": id_})


@given(st.text(st.characters(categories=None), min_size=1))
def test_what_is_written_reads_back_as_it_was(text):
    # JSON itself has one spelling for a pair of surrogates and the character that they make
    as_one = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    encoded = as_json({"id": text})
    assert b"\n" not in encoded
    assert json.loads(encoded) == {"id": as_one}
