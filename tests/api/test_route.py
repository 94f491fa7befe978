import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.examples import APPEAL, ENGLISH, FAILED, ROUTED
from api.schemas import AppealIn, BatchOut, RoutedLine
from tests.api.fakes import KeywordTriage
from triage.domain import Appeal
from triage.errors import InputError
from triage.lines import appeal_from, routed_line

ODD_TEXTS = {
    "100,000 characters": "灯" * 100_000,
    "only punctuation": "。，！？……",
    "emoji": "🏙️🚮👨‍👩‍👧‍👦",
    "Uyghur": "كوچا چىرىغى يانمىدى",
    "Tibetan": "ལམ་གྱི་སྒྲོན་མེ།",
    "English": "The street lamp is dark.",
    "NUL": "路灯\x00不亮",
    "a lone surrogate": "路灯\ud800不亮",
    "a bidirectional override": "\u202e路灯",
}


def test_an_appeal_that_names_its_unit_is_dispatched(client):
    answer = client.post("/v1/route", json={"id": "a", "text": "望京街道的垃圾桶满了"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    line = answer.json()
    assert (line["id"], line["decision"]["action"], line["decision"]["units"]) == ("a", "dispatch", ["cy-wj"])
    assert line["suggestions"][0] == {
        "unit": "cy-wj",
        "name": "朝阳区望京街道办事处",
        "role": "lead",
        "probability": 0.9,
        "reasons": ["职责：街道"],
    }
    assert (line["matters"], line["kind"], line["urgency"], line["due"]) == ([], None, "一般", None)


def test_the_model_of_the_border_is_the_contract_of_the_lines():
    line = routed_line(KeywordTriage().route(Appeal(id="a", text="望京街道停电")))
    assert RoutedLine.model_validate(line).model_dump(mode="json") == line
    assert list(RoutedLine.model_fields) == list(line)


def test_the_examples_are_what_they_show():
    assert RoutedLine.model_validate(ROUTED).model_dump(mode="json") == ROUTED
    assert BatchOut.model_validate({"routed": [ROUTED, FAILED]})
    for example in (APPEAL, ENGLISH):
        assert AppealIn.model_validate(example).appeal() == appeal_from(example)


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_odd_texts_are_routed(client, text):
    body = json.dumps({"id": text[:20], "text": text})
    answer = client.post("/v1/route", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200
    assert answer.json()["id"] == text[:20]


@pytest.mark.parametrize(("given_id", "answered"), [(7, "7"), ("007", "007"), ("", ""), (None, "1")])
def test_the_id_of_the_answer_is_the_one_given(client, given_id, answered):
    assert client.post("/v1/route", json={"id": given_id, "text": "停电"}).json()["id"] == answered


def test_other_fields_are_ignored(client):
    assert client.post("/v1/route", json={"text": "停电", "unit": {"deep": [1]}}).status_code == 200


def test_a_bad_appeal_does_not_spoil_its_batch(client):
    appeals = [{"id": "a", "text": "停电"}, {"id": "b", "text": ""}, "oops", {"text": "望京街道"}]
    answer = client.post("/v1/route/batch", json={"appeals": appeals})
    assert answer.status_code == 200
    BatchOut.model_validate(answer.json())
    good, empty, text, last = answer.json()["routed"]
    assert (good["id"], last["id"], last["decision"]["units"]) == ("a", "4", ["cy-wj"])
    assert empty == {
        "id": "b",
        "error": {"code": "empty_text", "message": "field text: empty; write what the citizen said"},
    }
    assert (text["id"], text["error"]["code"]) == ("3", "not_an_object")


def test_a_batch_is_answered_as_its_appeals_alone(client):
    texts = ["停电", "望京街道", "路灯不亮"]
    alone = [client.post("/v1/route", json={"id": str(n), "text": text}).json() for n, text in enumerate(texts)]
    appeals = [{"id": str(n), "text": text} for n, text in enumerate(texts)]
    assert client.post("/v1/route/batch", json={"appeals": appeals}).json()["routed"] == alone


def test_an_empty_batch_has_an_empty_answer(client):
    assert client.post("/v1/route/batch", json={"appeals": []}).json() == {"routed": []}


def test_a_batch_has_a_limit(client):
    answer = client.post("/v1/route/batch", json={"appeals": [{"text": "停电"}] * 6})
    assert answer.status_code == 422
    assert answer.json()["code"] == "too_many_appeals"
    assert answer.json()["errors"][0]["detail"] == "6 appeals; at most 5 are taken at a time"


values = (
    st.sampled_from([None, True, 1, -7, 1.5, "", " ", "路灯", "\ud800", "\x1e", "\ufeff", [], ["a"], {}]) | st.text()
)
fields = st.sampled_from(["id", "text", "address", "district", "received_at", "channel", "other"])


@given(st.dictionaries(fields, values))
@settings(deadline=None)
def test_http_and_lines_take_the_same_appeals(value):
    def by_lines():
        try:
            return appeal_from(value)
        except InputError:
            return None

    def by_http():
        try:
            return AppealIn.model_validate(value).appeal()
        except ValueError:
            return None

    assert by_http() == by_lines()
