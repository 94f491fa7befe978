"""Personal data is in no column of no table, wherever it was said; all of it here is generated."""

import random
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.triage.ledger.desk import AGENT, AUDITOR, STREET, SURE, everything, receive, routed, send_back
from triage.domain import Element, Question
from triage.ledger.order import Said
from triage.ledger.verify import verify

RANDOM = random.Random(20261122)


def digits(count):
    return "".join(RANDOM.choice("0123456789") for _ in range(count))


def mobile():
    return f"1{RANDOM.choice('3578')}{digits(9)}"


def id_number():
    """An id number of a generated person, with the check digit of GB 11643."""
    born = date(1950, 1, 1) + timedelta(days=RANDOM.randrange(20_000))
    body = f"11010{RANDOM.randint(1, 9)}{born:%Y%m%d}{digits(3)}"
    total = sum(int(digit) * 2 ** (17 - at) for at, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def card():
    """A card number with the check digit of Luhn."""
    body = f"6222{digits(14)}"
    doubled = [int(digit) * (2 - at % 2) for at, digit in enumerate(reversed(body))]
    return body + str(-sum(value - 9 * (value > 9) for value in doubled) % 10)


def plate():
    return f"京{RANDOM.choice('ABCEFGHJKLMNPQ')}{RANDOM.choice('ABCDEFGH')}{digits(4)}"


def email():
    return f"lin{digits(5)}@example.com"


def name():
    return RANDOM.choice("王李张刘陈") + RANDOM.choice(["志远", "晓梅", "建国", "思雨"])


SAID = {
    "mobile": (mobile, "请回电{}。"),
    "id": (id_number, "身份证号{}。"),
    "card": (card, "退到卡号{}。"),
    "plate": (plate, "车牌{}的车堵着门。"),
    "email": (email, "回复到{}即可。"),
    "name": (name, "我叫{}，请核实。"),
}


@pytest.fixture(params=SAID)
def secrets_and_words(request):
    """Eight generated pieces of one kind, each in a sentence of its own."""
    generate, sentence = SAID[request.param]
    secrets = [generate() for _ in range(8)]
    return secrets, [sentence.format(secret) for secret in secrets]


def test_personal_data_is_kept_nowhere(ledger, secrets_and_words):
    secrets, words = secrets_and_words
    text, address, channel, note, returned, solution, said, reason = words
    order = receive(ledger, f"{SURE}。{text}", routing=routed(f"{SURE}。{text}", address=address, channel=channel))
    send_back(ledger, order, note=returned)
    ledger.dispatch(order, unit=STREET, note=note, actor=AGENT)
    ledger.close(order, solution=solution, actor=AGENT)
    ledger.call_back(order, Said(contacted=True), note=said, actor=AGENT)
    kept = everything(ledger)
    assert "垃圾" in kept
    assert [secret for secret in secrets if secret in kept] == []
    ledger.erase(order, reason=reason, actor=AUDITOR)
    assert [secret for secret in secrets if secret in everything(ledger)] == []
    verify(ledger.engine)


@pytest.mark.parametrize("backend", ["sqlite"])
def test_personal_data_is_nowhere_in_the_file(ledger, tmp_path):
    secrets = [mobile() for _ in range(20)]
    for secret in secrets:
        receive(ledger, f"路灯不亮，请回电{secret}。")
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"paidan" in content
    assert [secret for secret in secrets if secret.encode() in content] == []


def test_what_was_masked_reads_as_before(ledger):
    number = mobile()
    order = receive(ledger, f"路灯不亮，请回电{number}。")
    assert ledger.entry(order).text == "路灯不亮，请回电〔电话〕。"


def test_personal_data_in_attributes_is_kept_nowhere(ledger, secrets_and_words):
    secrets, words = secrets_and_words
    told = {f"NOTE-{number}": said for number, said in enumerate(words[4:])}
    receive(ledger, attributes={"LAMP": "三号灯", **dict.fromkeys(words[:4], "1"), **told})
    kept = everything(ledger)
    assert "三号灯" in kept
    assert [secret for secret in secrets if secret in kept] == []


def test_the_code_of_an_attribute_tells_that_its_value_is_a_name(ledger):
    order = receive(ledger, attributes={"姓名": "王志远", "楼层": "三"})
    kept = [{"code": "姓名", "value": "〔姓名〕"}, {"code": "楼层", "value": "三"}]
    assert ledger.history(order)[0].content["attributes"] == kept


def test_an_erased_order_leaves_no_word_of_what_was_said(ledger):
    routing = routed(f"{SURE}，楼下有人养鹦鹉", address="鹦鹉胡同")
    order = receive(ledger, routing=routing, attributes={"BIRD": "鹦鹉", "鹦鹉": "1"})
    ledger.close(order, solution="鹦鹉已送走", actor=AGENT)
    assert "鹦鹉" in everything(ledger)
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    assert "鹦鹉" not in everything(ledger)


def test_what_a_repetition_was_called_goes_with_its_order(ledger):
    storm = {"source": "/lamp/1", "storm": "lamp", "within": timedelta(hours=1)}
    order = receive(ledger, reference="鹦鹉-1", **storm)
    assert receive(ledger, reference="鹦鹉-2", **storm) == order
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    assert "鹦鹉" not in everything(ledger)


def test_what_is_not_about_a_person_stays(ledger):
    routing = routed(SURE)
    routing = replace(routing, question=Question(about=Element.PLACE, text="请问在哪一栋？"))
    order = receive(ledger, SURE, routing=routing)
    assert ledger.entry(order).routing["question"]["text"] == "请问在哪一栋？"
