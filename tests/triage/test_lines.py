import doctest
import json
from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage import lines
from triage.citypack import CityPack, Group, Promise, Terms
from triage.directory import CHINA_TIME, Directory
from triage.domain import (
    Action,
    Appeal,
    Decision,
    Due,
    Element,
    FiredRule,
    MaskedSpan,
    MaskType,
    Place,
    Question,
    RankedTopic,
    Reading,
    ReturnReason,
    ReturnRisk,
    Routing,
    Rule,
    Suggestion,
    Topic,
    TopicCode,
    Unit,
    UnitCode,
    UnitKind,
    Urgency,
    Versions,
)
from triage.errors import InputError
from triage.explanation import Clause, Explanation, Precedent, RunnerUp, Score, Word
from triage.lines import (
    appeal_from,
    appeals_from,
    as_json,
    error_line,
    explained_line,
    masked_line,
    promise_line,
    read_lines,
    routed_line,
)
from triage.policy import NEVER, Dialled, Policy
from triage.rules import Rulebook

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
            "rules": [],
        },
        "matters": [],
        "kind": None,
        "urgency": "一般",
        "due": None,
        "missing": [],
        "question": None,
        "risk": None,
        "degraded": None,
        "versions": {"bundle": "b", "pack": "p", "policy": "1"},
    }


def test_what_a_person_needs_is_told_beside_it():
    line = routed_line(
        routing(
            kind="投诉",
            urgency=Urgency.DANGER,
            due=Due(
                dispatch_within="1h",
                feedback_within="7wd",
                dispatch_by=datetime(2026, 3, 6, 18, 30, tzinfo=CHINA_TIME),
                feedback_by=datetime(2026, 3, 17, 23, 59, 59, tzinfo=CHINA_TIME),
            ),
            missing=(Element.PLACE, Element.TIME),
            question=Question(about=Element.PLACE, text="请问在哪个区？", gain=1.25),
            risk=ReturnRisk(unit=UNIT, probability=1 / 3, reason=ReturnReason.DUTY, why="不属于其职能。"),
        )
    )
    assert {key: line[key] for key in ("kind", "urgency", "due", "missing", "question", "risk")} == {
        "kind": "投诉",
        "urgency": "紧急",
        "due": {
            "dispatch_within": "1h",
            "feedback_within": "7wd",
            "dispatch_by": "2026-03-06T18:30:00+08:00",
            "feedback_by": "2026-03-17T23:59:59+08:00",
        },
        "missing": ["place", "time"],
        "question": {"about": "place", "text": "请问在哪个区？", "gain": 1.25},
        "risk": {"unit": "u1", "probability": 0.333333, "reason": "职能不符", "why": "不属于其职能。"},
    }


def test_a_due_without_times_tells_the_spans():
    assert routed_line(routing(due=Due(dispatch_within="24h", feedback_within="15wd")))["due"] == {
        "dispatch_within": "24h",
        "feedback_within": "15wd",
        "dispatch_by": None,
        "feedback_by": None,
    }


def test_the_rules_that_fired_are_told_with_their_basis_and_evidence():
    fire = Rule(
        code="fire", action=Action.TRANSFER, to="119", citation="国办函", say="请离开。", words=(("着火", "浓烟"),)
    )
    like = Rule(code="learned", action=Action.DECLINE, to="other_city", learned=True, say="请打当地热线。")
    decision = Decision(
        action=Action.TRANSFER,
        reason="fire",
        why="立即转119。",
        to="119",
        rules=(FiredRule(rule=fire, evidence=("着火", "浓烟")), FiredRule(rule=like)),
    )
    assert routed_line(routing(decision=decision))["decision"] == {
        "action": "transfer",
        "units": [],
        "set": [],
        "reason": "fire",
        "to": "119",
        "why": "立即转119。",
        "rules": [
            {"code": "fire", "citation": "国办函", "evidence": ["着火", "浓烟"]},
            {"code": "learned", "citation": "", "evidence": []},
        ],
    }


SCORE = Score(
    part="duty",
    of="城管执法",
    total=0.5,
    bias=-1.0,
    rest=0.25,
    words=(Word(start=0, end=2, text="垃圾", value=1.25), Word(start=3, end=4, text="臭", value=1e-9)),
)
EXPLANATION = Explanation(
    unit=UNIT,
    scores=(SCORE,),
    clause=Clause(text="派单目录：由其主办。", basis="《条例》第三条"),
    precedents=(Precedent(id="YL1", opened_on="2031-03-01", topic="垃圾清运", unit=UNIT, similarity=2 / 3),),
    runner_up=RunnerUp(unit=UNIT, gap=0.5, shares={"职责": 0.75, "属地": -0.25}, why="不如。"),
)


def test_an_explanation_stands_beside_its_routing():
    assert explained_line(routing(), EXPLANATION) == {
        "routing": routed_line(routing()),
        "explanation": {
            "id": "a",
            "unit": "u1",
            "name": "朝阳区望京街道办事处",
            "scores": [
                {
                    "part": "duty",
                    "of": "城管执法",
                    "total": 0.5,
                    "bias": -1.0,
                    "rest": 0.25,
                    "words": [
                        {"span": [0, 2], "text": "垃圾", "value": 1.25},
                        {"span": [3, 4], "text": "臭", "value": 0.0},
                    ],
                }
            ],
            "clause": {"text": "派单目录：由其主办。", "basis": "《条例》第三条"},
            "precedents": [
                {
                    "id": "YL1",
                    "opened_on": "2031-03-01",
                    "topic": "垃圾清运",
                    "unit": "u1",
                    "name": "朝阳区望京街道办事处",
                    "similarity": 0.666667,
                }
            ],
            "runner_up": {
                "unit": "u1",
                "name": "朝阳区望京街道办事处",
                "gap": 0.5,
                "shares": {"职责": 0.75, "属地": -0.25},
                "why": "不如。",
            },
        },
    }


def test_without_a_second_suggestion_there_is_no_runner_up():
    assert explained_line(routing(), replace(EXPLANATION, runner_up=None))["explanation"]["runner_up"] is None


def test_where_nothing_was_suggested_nothing_is_explained():
    line = explained_line(routing(), None)
    assert line == {"routing": routed_line(routing()), "explanation": None}


def test_a_promise_is_told_with_what_it_costs():
    half = Dialled(promise=0.95, threshold=0.8123456789, coverage=0.5, precision=0.97, at_least=0.951)
    never = Dialled(promise=0.99, threshold=NEVER, coverage=0.0, precision=0.0, at_least=0.0)
    day = date(2026, 3, 2)
    pack = CityPack(name="x", title="x", version="1")
    policy = Policy(
        terms=Terms(version="2026.11", promise=Promise(by=Group.TOPIC)),
        rulebook=Rulebook((), on=day),
        directory=Directory(pack, on=day),
        dispatch_at={"市政": half.threshold},
        set_at=0.1,
        kept={"市政": half},
        dial=(half, never),
        tried=1_000,
    )
    told = {"promise": 0.95, "threshold": 0.812346, "coverage": 0.5, "precision": 0.97, "at_least": 0.951}
    assert promise_line(policy) == {
        "policy": "2026.11",
        "precision": 0.95,
        "confidence": 0.9,
        "set": 0.95,
        "by": "topic",
        "tried": 1_000,
        "kept": {"市政": told},
        "dial": [told, {"promise": 0.99, "threshold": NEVER, "coverage": 0.0, "precision": 0.0, "at_least": 0.0}],
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
    assert appeal_from(value | {"returned_by": ["水务局", "u1"]}) == Appeal(**value, returned_by=("水务局", "u1"))
    assert appeal_from(value | {"returned_by": []}) == appeal_from(value | {"returned_by": None}) == Appeal(**value)
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
        ({"text": "a", "returned_by": "水务局"}, ("wrong_type", "returned_by")),
        ({"text": "a", "returned_by": ["水务局", 7]}, ("wrong_type", "returned_by")),
        ({"text": "a", "returned_by": {}}, ("wrong_type", "returned_by")),
        ({"text": "a", "received_at": 20260131}, ("wrong_type", "received_at")),
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
