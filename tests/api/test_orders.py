"""What is done with orders: which verb when, by whom, and what the second of two is told."""

import json
from dataclasses import replace
from itertools import product
from threading import Barrier

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from tests.api.fakes import KeywordTriage
from tests.triage.ledger.desk import at_once
from triage.domain import Action, Decision
from triage.ledger.originals import make_keys
from triage.ledger.verify import verify

STREET, POWER, TRAFFIC = "cy-wj", "bj-dl", "bj-jg"
UNSURE, ELSEWHERE, IMPROPER = "小区里的垃圾三天没有清运", "外地的路灯不亮", "帮我骂人"


class AttentiveTriage(KeywordTriage):
    """Suggests nobody who has sent the order back, and knows what is for another line or for nobody."""

    def route(self, appeal):
        routing = super().route(appeal)
        left = tuple(one for one in routing.suggestions if one.unit.code not in appeal.returned_by)
        return replace(routing, suggestions=left, decision=self._for(appeal, routing.decision))

    def _for(self, appeal, decision):
        if appeal.text == ELSEWHERE:
            return Decision(action=Action.TRANSFER, reason="elsewhere", why="不属于本市。", to="外地热线")
        if appeal.text == IMPROPER:
            return Decision(action=Action.DECLINE, reason="improper", why="不予受理。")
        if appeal.returned_by:
            return Decision(action=Action.REVIEW, reason="returned", why="请人工判断。")
        return decision


@pytest.fixture
def office(ledger, settings):
    with TestClient(create_app(AttentiveTriage(), settings, ledger)) as client:
        yield client


@pytest.fixture
def agent(key_of):
    return key_of("agent")


@pytest.fixture
def submit(office, agent):
    """Submit an appeal, and return the order's id."""

    def submitted(text=UNSURE, key=None):
        return office.post("/v1/appeals", json={"text": text}, headers=key or agent).json()["id"]

    return submitted


@pytest.fixture
def do(office, agent):
    """Do something with an order, as an agent if nobody else is named."""

    def done(order, verb, *, by=None, seen=None, **body):
        version = {"If-Match": seen} if seen else {}
        return office.post(f"/v1/appeals/{order}/{verb}", json=body, headers={**(by or agent), **version})

    return done


@pytest.fixture
def read(office, agent):
    return lambda order: office.get(f"/v1/appeals/{order}", headers=agent).json()


@pytest.fixture
def kinds(office, agent):
    """Tell what happened to an order."""

    def happened(order):
        events = office.get(f"/v1/appeals/{order}/history", headers=agent).json()["events"]
        return [event["kind"] for event in events]

    return happened


def test_a_whole_life(office, do, submit, read, kinds, key_of, ledger):
    street, power, traffic = (key_of("unit", unit) for unit in (STREET, POWER, TRAFFIC))
    order, twin = submit(), submit()
    sent = do(order, "dispatches", unit=STREET, assist=[POWER, STREET, POWER], note="请尽快")
    assert (sent.status_code, sent.json()["status"]) == (201, "dispatched")
    assert (sent.json()["unit"]["code"], [unit["code"] for unit in sent.json()["assist"]]) == (STREET, [POWER])
    assert sent.json()["dispatched_at"].endswith("+08:00")
    signed = do(order, "signatures", by=street).json()
    assert (signed["status"], signed["signed_at"] is None) == ("signed", False)
    returned = do(order, "returns", by=street, reason="职能不符", proposed=POWER, note="应由供电公司办理").json()
    assert (returned["status"], returned["unit"], returned["assist"], returned["signed_at"]) == (
        "returned",
        None,
        [],
        None,
    )
    assert [unit["code"] for unit in returned["returned_by"]] == [STREET]
    assert {one["unit"] for one in returned["routing"]["suggestions"]} == {POWER, TRAFFIC}
    assert do(order, "dispatches", unit=POWER).json()["status"] == "dispatched"
    assert do(order, "returns", by=power, reason="权属不清").json()["routing"]["suggestions"][0]["unit"] == TRAFFIC
    assert do(order, "dispatches", unit=POWER).json()["status"] == "dispatched"  # it has to, after all
    closed = do(order, "closures", by=power, solution="已修复").json()
    assert (closed["status"], closed["final_unit"]["code"], closed["solved"]) == ("closed", POWER, None)
    unsolved = do(order, "callbacks", contacted=True, solved=False, satisfaction="不满意", note="还是不亮").json()
    assert (unsolved["status"], unsolved["solved"], unsolved["satisfaction"]) == ("closed", False, "不满意")
    again = do(order, "dispatches", unit=TRAFFIC).json()
    assert (again["status"], again["closed_at"], again["final_unit"]) == ("dispatched", None, None)
    assert do(order, "signatures", by=traffic).json()["status"] == "signed"
    merged = do(order, "merges", into=twin).json()
    assert (merged["status"], merged["merged_into"]) == ("merged", twin)
    assert read(twin)["repeats"] == 1
    assert kinds(order) == [
        *("received", "routed", "decided", "dispatched", "signed", "returned", "routed", "decided", "redispatched"),
        *("returned", "routed", "decided", "redispatched", "closed", "called_back", "redispatched", "signed", "merged"),
    ]
    assert verify(ledger.engine).orders == 2


def test_every_answer_is_what_is_read_then(office, do, submit, agent):
    order = submit()
    for verb, body in (
        ("dispatches", {"unit": STREET}),
        ("signatures", {}),
        ("returns", {"reason": "属地不符"}),
        ("closures", {"unit": POWER, "contacted": True, "solved": True, "satisfaction": "满意"}),
        ("callbacks", {"contacted": True, "solved": True, "satisfaction": "基本满意"}),
    ):
        answer = do(order, verb, **body)
        now = office.get(f"/v1/appeals/{order}", headers=agent)
        assert (answer.status_code, answer.content) == (201, now.content)
        assert answer.headers["etag"] == now.headers["etag"] == f'"{now.json()["version"]}"'
        assert answer.headers["location"] == f"/v1/appeals/{order}"


BODIES = {
    "dispatches": {"unit": POWER},
    "signatures": {},
    "returns": {"reason": "属地不符"},
    "merges": {"into": "..."},
    "closures": {"unit": POWER},
    "callbacks": {"contacted": True, "solved": True, "satisfaction": "一般"},
}
ALLOWED = {
    "received": {"dispatches", "merges", "closures"},
    "dispatched": {"signatures", "returns", "merges", "closures"},
    "signed": {"returns", "merges", "closures"},
    "returned": {"dispatches", "merges", "closures"},
    "closed": {"callbacks"},
    "unsolved": {"callbacks", "dispatches"},
    "merged": set(),
    "transferred": {"dispatches", "closures"},
    "declined": {"dispatches", "closures"},
}
_WAYS = {
    "received": (),
    "dispatched": ("dispatches",),
    "signed": ("dispatches", "signatures"),
    "returned": ("dispatches", "returns"),
    "closed": ("closures",),
    "unsolved": ("closures", "unsolved"),
    "merged": ("merges",),
    "transferred": (),
    "declined": (),
}
_TEXTS = {"transferred": ELSEWHERE, "declined": IMPROPER}


def test_every_verb_in_every_status(submit, do, read, kinds):
    other = submit()
    wrong = []
    for status, verb in product(ALLOWED, BODIES):
        order = submit(_TEXTS.get(status, UNSURE))
        for step in _WAYS[status]:
            given = {"solved": False} if step == "unsolved" else {**BODIES[step], **_into(step, other)}
            assert do(order, "callbacks" if step == "unsolved" else step, **given).status_code == 201
        assert read(order)["status"] == ("closed" if status == "unsolved" else status)
        before = kinds(order)
        answer = do(order, verb, **{**BODIES[verb], **_into(verb, other)})
        expected = 201 if verb in ALLOWED[status] else 409
        if answer.status_code != expected or (expected == 409 and kinds(order) != before):
            wrong.append((status, verb, answer.status_code))
    assert wrong == []


def _into(verb, other):
    return {"into": other} if verb == "merges" else {}


def test_a_refusal_tells_how_the_order_stands_and_who_came_first(do, submit, agent):
    order = submit()
    by = do(order, "dispatches", unit=STREET).json()
    refused = do(order, "dispatches", unit=POWER)
    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["code"] == "not_now"
    detail = refused.json()["detail"]
    assert "dispatched with cy-wj" in detail
    assert agent["Authorization"].split("_")[1] in detail
    assert by["dispatched_at"][:4] in detail


def test_of_two_agents_who_dispatch_one_order_the_second_is_told_what_happened(do, submit, read, key_of):
    first, second = key_of("agent"), key_of("agent")
    order = submit()
    seen = f'"{read(order)["version"]}"'
    assert do(order, "dispatches", by=first, seen=seen, unit=STREET).status_code == 201
    late = do(order, "dispatches", by=second, seen=seen, unit=POWER)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    detail = late.json()["detail"]
    assert "dispatched by agent" in detail
    assert first["Authorization"].split("_")[1] in detail
    assert str(read(order)["version"]) in detail
    assert do(order, "dispatches", by=second, unit=POWER).status_code == 409
    assert read(order)["unit"]["code"] == STREET


@pytest.mark.parametrize(("with_version", "refusal"), [(True, 412), (False, 409)])
def test_of_ten_who_dispatch_at_the_same_time_one_wins(with_version, refusal, do, submit, read, kinds):
    order = submit()
    seen = f'"{read(order)["version"]}"' if with_version else None
    answers = at_once(*[lambda: do(order, "dispatches", seen=seen, unit=STREET)] * 10)
    assert sorted(answer.status_code for answer in answers) == [201] + [refusal] * 9
    assert kinds(order).count("dispatched") == 1


class Meeting(AttentiveTriage):
    """Suggests others for what came back only when two wait for it: both have seen the order before the other acts."""

    def __init__(self):
        self.both = Barrier(2)

    def route(self, appeal):
        if appeal.returned_by:
            self.both.wait(10)
        return super().route(appeal)


def test_of_two_who_return_at_the_same_time_without_a_version_the_second_is_not_told_of_one(ledger, settings, agent):
    with TestClient(create_app(Meeting(), settings, ledger)) as office:
        order = office.post("/v1/appeals", json={"text": UNSURE}, headers=agent).json()["id"]
        office.post(f"/v1/appeals/{order}/dispatches", json={"unit": STREET}, headers=agent)
        address = f"/v1/appeals/{order}/returns"
        answers = at_once(*[lambda: office.post(address, json={"reason": "属地不符"}, headers=agent)] * 2)
    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', "{}"])
def test_a_version_is_known_however_clients_write_it(form, do, submit, read):
    order = submit()
    version = read(order)["version"]
    assert do(order, "dispatches", seen=form.format(version + 1), unit=STREET).status_code == 412
    assert do(order, "dispatches", seen=form.format(version), unit=STREET).status_code == 201


def test_any_version_is_any_version(do, submit):
    assert do(submit(), "dispatches", seen="*", unit=STREET).status_code == 201


@pytest.mark.parametrize("version", ["x", '"1", "2"', "-1", "1" * 19])
def test_a_version_that_is_none_is_told(version, do, submit):
    assert do(submit(), "dispatches", seen=version, unit=STREET).status_code == 422


@pytest.mark.parametrize("verb", [verb for verb in BODIES if verb != "dispatches"])
def test_every_change_is_for_the_version_that_was_seen(verb, do, submit, read):
    other, order = submit(), submit()
    old = f'"{read(order)["version"]}"'
    if verb == "callbacks":
        do(order, "closures")
    else:
        do(order, "dispatches", unit=STREET)
    body = {**BODIES[verb], **_into(verb, other)}
    assert do(order, verb, seen=old, **body).status_code == 412
    assert do(order, verb, seen=f'"{read(order)["version"]}"', **body).status_code == 201


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("dispatches", {"unit": "nobody"}),
        ("dispatches", {"unit": STREET, "assist": ["nobody"]}),
        ("returns", {"reason": "属地不符", "proposed": "nobody"}),
        ("closures", {"unit": "nobody"}),
        ("merges", {"into": "20261122-999"}),
    ],
)
def test_units_and_orders_that_are_not_there_are_not_found(verb, body, do, submit, kinds):
    order = submit()
    if verb == "returns":
        do(order, "dispatches", unit=STREET)
    before = kinds(order)
    assert do(order, verb, **body).status_code == 404
    assert kinds(order) == before


@pytest.mark.parametrize("verb", [*BODIES, "erasures"])
def test_nothing_is_done_with_an_order_that_is_not_there(verb, do, submit, key_of):
    body = {**BODIES.get(verb, {"reason": "x"}), **_into(verb, submit())}
    answer = do("20261122-999", verb, by=key_of("administrator"), **body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("dispatches", {}, "/unit"),
        ("dispatches", {"unit": STREET, "assist": [POWER] * 21}, "/assist"),
        ("returns", {"reason": "不想办"}, "/reason"),
        ("returns", {"reason": "属地不符", "note": "字" * 5_001}, "/note"),
        ("merges", {"into": "17"}, "/into"),
        ("closures", {"solved": "yes"}, "/solved"),
        ("callbacks", {"contacted": True, "solved": True, "satisfaction": "很好"}, "/satisfaction"),
    ],
)
def test_a_change_that_cannot_be_read_is_told_where(verb, body, pointer, do, submit):
    answer = do(submit(), verb, **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_a_merged_order_is_closed_with_the_other_and_not_before(do, submit, read, key_of):
    order, twin = submit(), submit()
    do(order, "merges", into=twin)
    assert do(order, "closures", unit=POWER).status_code == 409
    do(twin, "closures", unit=POWER, solution="已修复")
    merged = read(order)
    assert (merged["status"], merged["final_unit"]["code"], merged["closed_at"] is None) == ("merged", POWER, False)


def test_an_order_is_not_merged_into_itself_nor_into_one_that_is_done(do, submit, kinds):
    order, done = submit(), submit()
    do(done, "closures")
    assert do(order, "merges", into=order).status_code == 409
    assert do(order, "merges", into=done).status_code == 409
    assert kinds(order) == ["received", "routed", "decided"]
    assert "repeated" not in kinds(done)


def test_a_closure_can_tell_what_the_citizen_said(do, submit, kinds):
    order = submit()
    closed = do(order, "closures", unit=POWER, contacted=True, solved=True, satisfaction="满意").json()
    assert (closed["contacted"], closed["solved"], closed["satisfaction"], closed["valid"]) == (
        True,
        True,
        "满意",
        True,
    )
    assert kinds(order)[-2:] == ["closed", "called_back"]


def test_a_call_back_that_reached_nobody_is_not_valid(do, submit):
    order = submit()
    do(order, "closures", unit=POWER)
    assert do(order, "callbacks", valid=False, contacted=False).json()["valid"] is False


LED_BY_POWER = ["signatures", "returns", "closures"]


@pytest.fixture
def sent(do, submit):
    """An order that the power company leads and the street assists in."""
    order = submit()
    do(order, "dispatches", unit=POWER, assist=[STREET])
    return order


@pytest.mark.parametrize("verb", LED_BY_POWER)
def test_a_unit_acts_on_its_own_orders(verb, do, sent, key_of):
    assert do(sent, verb, by=key_of("unit", POWER), **BODIES[verb]).status_code == 201


@pytest.mark.parametrize("verb", LED_BY_POWER)
def test_a_unit_that_assists_does_not_act(verb, do, sent, key_of, kinds):
    before = kinds(sent)
    assert do(sent, verb, by=key_of("unit", STREET), **BODIES[verb]).status_code == 403
    assert kinds(sent) == before


@pytest.mark.parametrize("verb", LED_BY_POWER)
def test_the_orders_of_others_are_not_there_for_a_unit(verb, do, sent, key_of, kinds):
    before = kinds(sent)
    answer = do(sent, verb, by=key_of("unit", TRAFFIC), **BODIES[verb])
    missing = do("20261122-999", verb, by=key_of("unit", TRAFFIC), **BODIES[verb])
    assert (answer.status_code, missing.status_code) == (404, 404)
    assert answer.json()["detail"].replace(sent, "") == missing.json()["detail"].replace("20261122-999", "")
    assert kinds(sent) == before


def test_a_unit_closes_as_itself_whatever_it_says(do, sent, key_of):
    assert do(sent, "closures", by=key_of("unit", POWER), unit=TRAFFIC).json()["final_unit"]["code"] == POWER


def test_a_unit_that_sent_an_order_back_has_it_no_longer(office, do, sent, key_of):
    power = key_of("unit", POWER)
    assert do(sent, "returns", by=power, reason="属地不符").status_code == 201
    assert office.get(f"/v1/appeals/{sent}", headers=power).status_code == 404
    assert do(sent, "signatures", by=power).status_code == 404
    assert office.get("/v1/appeals", headers=power).json()["appeals"] == []


@pytest.mark.parametrize(
    ("role", "verb"), [("auditor", "dispatches"), ("scientist", "closures"), ("intake", "returns")]
)
def test_who_only_looks_changes_nothing(role, verb, do, sent, key_of, kinds):
    before = kinds(sent)
    assert do(sent, verb, by=key_of(role), **BODIES[verb]).status_code == 403
    assert kinds(sent) == before


@pytest.mark.parametrize("role", ["scientist", "auditor", "unit", "custodian"])
def test_who_does_not_take_calls_submits_nothing(role, office, key_of, ledger):
    key = key_of(role, POWER if role == "unit" else "")
    assert office.post("/v1/appeals", json={"text": UNSURE}, headers=key).status_code == 403
    assert verify(ledger.engine).orders == 0


WORDS, ADDRESS = "我叫张三，路灯不亮，电话13800138000", "望京西园四区3号楼1单元502室"  # nobody's: made up for this test


@pytest.fixture
def keeping(ledger, settings, tmp_path):
    """A hotline that keeps originals, and can open them."""
    make_keys(tmp_path / "private.pem", tmp_path / "public.pem")
    keys = {"originals_key": tmp_path / "public.pem", "originals_private_key": tmp_path / "private.pem"}
    with TestClient(create_app(AttentiveTriage(), replace(settings, **keys), ledger)) as client:
        yield client


@pytest.fixture
def kept(keeping, agent):
    said = {"text": WORDS, "address": ADDRESS, "id": "A-7"}
    headers = {**agent, "Idempotency-Key": "k-1"}
    return keeping.post("/v1/appeals", json=said, headers=headers).json()["id"]


def test_a_custodian_reads_an_original_and_it_is_written_down(keeping, kept, key_of, agent, ledger):
    custodian = key_of("custodian")
    answer = keeping.post(f"/v1/appeals/{kept}/readings", json={"reason": "需联系13800138000"}, headers=custodian)
    assert (answer.status_code, answer.json()) == (200, {"id": kept, "text": WORDS, "address": ADDRESS})
    assert answer.headers["cache-control"] == "no-store"
    last = keeping.get(f"/v1/appeals/{kept}/history", headers=agent).json()["events"][-1]
    assert (last["kind"], last["role"], last["by"]) == ("read", "custodian", custodian["Authorization"].split("_")[1])
    assert last["content"] == {"reason": "需联系〔电话〕"}
    assert verify(ledger.engine).orders == 1


@pytest.mark.parametrize("role", ["administrator", "agent", "auditor", "intake", "scientist"])
def test_nobody_else_reads_originals(role, keeping, kept, key_of, agent):
    answer = keeping.post(f"/v1/appeals/{kept}/readings", json={"reason": "x"}, headers=key_of(role))
    assert answer.status_code == 403
    assert keeping.get(f"/v1/appeals/{kept}/history", headers=agent).json()["events"][-1]["kind"] == "decided"


def test_an_original_is_read_for_a_reason(keeping, kept, key_of):
    for body in ({}, {"reason": ""}):
        assert keeping.post(f"/v1/appeals/{kept}/readings", json=body, headers=key_of("custodian")).status_code == 422


def test_where_no_original_is_kept_none_is_read(do, submit, key_of):
    assert do(submit(), "readings", by=key_of("custodian"), reason="x").status_code == 404


def test_an_original_is_in_no_file_in_the_clear(keeping, kept, ledger, tmp_path):
    ledger.engine.dispose()
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert kept.encode() in written
    for words in ("13800138000", "张三", "502室"):
        assert words.encode() not in written
        assert json.dumps(words)[1:-1].encode() not in written


def test_what_is_erased_is_nowhere_any_more(keeping, kept, key_of, agent, ledger, tmp_path):
    keeping.post(f"/v1/appeals/{kept}/dispatches", json={"unit": POWER, "note": "备注一二三"}, headers=agent)
    erased = keeping.post(f"/v1/appeals/{kept}/erasures", json={"reason": "当事人申请"}, headers=key_of("custodian"))
    assert erased.status_code == 201
    order = keeping.get(f"/v1/appeals/{kept}", headers=agent).json()
    assert order == erased.json()
    assert [order[name] for name in ("text", "address", "reference", "routing", "decision")] == [None] * 5
    assert (order["erased"], order["status"], order["unit"]["code"]) == (True, "dispatched", POWER)
    [shown] = keeping.get("/v1/appeals", headers=agent).json()["appeals"]
    assert (shown["text"], shown["address"], shown["erased"]) == (None, None, True)
    events = keeping.get(f"/v1/appeals/{kept}/history", headers=agent).json()["events"]
    assert [event["content"] for event in events[:-1]] == [None] * (len(events) - 1)
    assert (events[-1]["kind"], list(events[-1]["content"])) == ("erased", ["reason"])
    reading = keeping.post(f"/v1/appeals/{kept}/readings", json={"reason": "x"}, headers=key_of("custodian"))
    assert reading.status_code == 404
    assert verify(ledger.engine).erased == 1


def test_a_request_that_is_repeated_does_not_bring_erased_words_back(keeping, kept, key_of, agent, ledger):
    keeping.post(f"/v1/appeals/{kept}/erasures", json={"reason": "当事人申请"}, headers=key_of("administrator"))
    said = {"text": WORDS, "address": ADDRESS, "id": "A-7"}
    again = keeping.post("/v1/appeals", json=said, headers={**agent, "Idempotency-Key": "k-1"})
    assert (again.status_code, again.json()["id"], again.json()["text"]) == (201, kept, None)
    assert "路灯" not in again.text
    assert keeping.get(f"/v1/appeals/{kept}", headers=agent).json()["text"] is None
    assert verify(ledger.engine).orders == 1


def test_an_order_goes_on_after_its_words_were_erased(do, sent, key_of, ledger):
    assert do(sent, "erasures", by=key_of("administrator"), reason="当事人申请").status_code == 201
    for verb in ("signatures", "returns", "dispatches", "closures", "callbacks"):
        assert do(sent, verb, **BODIES[verb]).status_code == 201
    assert verify(ledger.engine).erased == 1


def test_erasing_is_for_custodians_and_administrators(do, sent, key_of, read):
    for role in ("agent", "auditor", "intake", "scientist"):
        assert do(sent, "erasures", by=key_of(role), reason="x").status_code == 403
    assert read(sent)["text"] == UNSURE
