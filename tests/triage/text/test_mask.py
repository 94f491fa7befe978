"""Masking: each kind of personal data, and what only looks like it."""

from itertools import pairwise

import pytest
from hypothesis import assume, given

from tests.triage.text.strategies import cards, chinese, generated_card, generated_identity, identities, mobiles, plates
from triage.domain import MaskType
from triage.text import find_personal
from triage.text.digits import identity_check, luhn_holds
from triage.text.mask import placeholder

IDENTITY = generated_identity("460100", "19900307", "123")
CARD = generated_card("622202000000000000")


def found(text: str) -> list[tuple[str, MaskType]]:
    return [(text[span.start : span.end], span.type) for span in find_personal(text)]


@pytest.mark.parametrize(
    "number",
    [
        "13800000000",
        "+86 138-0000-0000",
        "8613800000000",
        "138 0000 0000",
        "1 3 8 0 0 0 0 0 0 0 0",
        "138****0000",
        "138xxxx0000",
        "1380000****",
        "一三八零零零零零零零零",
        "幺三八〇〇〇〇幺二三四",
    ],
)
def test_mobile_numbers(number: str) -> None:
    assert found(f"请致电{number}谢谢") == [(number, MaskType.MOBILE)]


@pytest.mark.parametrize(
    "number", ["0898-66123456", "(0898)66123456", "010 62345678", "0898-66123456转801", "400-123-4567", "8008101234"]
)
def test_landlines(number: str) -> None:
    assert found(f"回复{number}。") == [(number, MaskType.LANDLINE)]


@pytest.mark.parametrize("number", ["66123456", "6612-3456", "6612345"])
def test_a_landline_without_area_code_needs_an_introduction(number: str) -> None:
    assert found(f"联系电话:{number}。") == [(number, MaskType.LANDLINE)]
    assert found(f"共有{number}。") == []


@pytest.mark.parametrize(
    "text",
    [
        "工单编号20171218922818",
        "工单号:13800000000",
        "订单号:0898661234567",
        "2018年3月5日8时30分",
        "2018-03-05 10:07:01",
        "20180305",
        "投资1234567元",
        "琼府〔2018〕12号",
        "国办发〔2015〕43号",
        "拨打12345或12315",
        "138000000001",
        "二零一八年一月一日",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    assert found(text) == []


def test_identity_numbers() -> None:
    assert found(IDENTITY) == [(IDENTITY, MaskType.ID)]
    assert found("460100 19900307 " + IDENTITY[-4:]) == [("460100 19900307 " + IDENTITY[-4:], MaskType.ID)]
    assert found("身份证460100900307123") == [("460100900307123", MaskType.ID)]
    assert found("460100********1234") == [("460100********1234", MaskType.ID)]


def test_an_identity_number_with_a_wrong_check_digit_needs_an_introduction() -> None:
    wrong = IDENTITY[:-1] + ("1" if IDENTITY[-1] != "1" else "2")
    assert found(f"编码{wrong}") == []
    assert found(f"身份证号{wrong}") == [(wrong, MaskType.ID)]


def test_an_identity_number_needs_a_birthday() -> None:
    assert found(generated_identity("460100", "19901307", "123")) == []
    assert found("460100900307123") == []


def test_the_check_digit_of_the_standards_example() -> None:
    assert identity_check("11010519491231002") == "X"
    assert identity_check("44052418800101001") == "4"


def test_bank_cards() -> None:
    assert found(CARD) == [(CARD, MaskType.CARD)]
    grouped = " ".join(CARD[at : at + 4] for at in range(0, len(CARD), 4))
    assert found(f"打到{grouped}上") == [(grouped, MaskType.CARD)]


def test_a_card_with_a_wrong_check_digit_needs_an_introduction() -> None:
    wrong = CARD[:-1] + str((int(CARD[-1]) + 1) % 10)
    assert found(f"条码{wrong}") == []
    assert found(f"银行卡号{wrong}") == [(wrong, MaskType.CARD)]


def test_luhn() -> None:
    assert luhn_holds("79927398713")
    assert not luhn_holds("79927398710")


@pytest.mark.parametrize(
    "plate", ["琼A12345", "琼A·12345", "京A D12345", "沪A12345D", "粤Z1234港", "京A1234警", "琼a1b234", "琼A**345"]
)
def test_plates(plate: str) -> None:
    assert found(f"车牌为{plate}的车") == [(plate, MaskType.PLATE)]


@pytest.mark.parametrize("text", ["新iPhone12", "云A座", "贵A", "苏ABCDEF", "新iPad2018款"])
def test_what_is_not_a_plate(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("address", ["a.b@c.com.cn", "li_lei+1@example.com", "13800000000@qq.com"])
def test_addresses(address: str) -> None:
    assert found(f"发到{address}。") == [(address, MaskType.EMAIL)]


@pytest.mark.parametrize("text", ["@全体", "a@b", "@example.com"])
def test_what_is_not_an_address(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("cue", "account"),
    [
        ("QQ", "12345678"),
        ("微信号:", "abc_123"),
        ("支付宝账号", "abc12345"),
        ("户号:", "1234567890"),
        ("账号为", "haikou-1"),
    ],
)
def test_accounts(cue: str, account: str) -> None:
    assert found(f"{cue}{account},谢谢") == [(account, MaskType.ACCOUNT)]


@pytest.mark.parametrize(
    "text", ["微信12345热线", "微信支付20000元", "账户200000元", "微信公众号haikou12345", "QQ农场"]
)
def test_what_is_not_an_account(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("姓名:张三,住海府路", "张三"),
        ("联系人李小明电话", "李小明"),
        ("我叫王五,有事", "王五"),
        ("投诉人:符小妹,女", "符小妹"),
        ("本人叫欧阳小明。", "欧阳小明"),
        ("张先生反映", "张先生"),
        ("高先生反映", "高先生"),
        ("市民李小明女士", "李小明女士"),
        ("由于张先生不在", "张先生"),
        ("找物业张经理", "张经理"),
        ("欧阳女士称", "欧阳女士"),
        ("联系王师傅", "王师傅"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert found(text) == [(name, MaskType.NAME)]


@pytest.mark.parametrize(
    "text",
    [
        "王府井",
        "李村",
        "张家口路",
        "名叫金海湾小区",
        "我叫车等了很久",
        "担任经理",
        "班主任老师",
        "出租车师傅",
        "门卫师傅",
        "公安局长",
        "姓名等信息",
        "当事人向深圳市警方报案",
        "农村长期停水",
        "相关主管部门",
    ],
)
def test_what_is_not_a_name(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("place", "room"),
    [
        ("3号楼", "2单元501室"),
        ("B栋", "501"),
        ("A座", "2203"),
        ("5幢", "一单元五零一室"),
        ("3栋", "1-501"),
        ("12栋", "3楼302房"),
        ("小区", "2单元501"),
        ("410楼", "1201室"),
        ("三区12-", "3-402"),
    ],
)
def test_rooms_are_masked_and_buildings_stay(place: str, room: str) -> None:
    assert found(f"某某花园{place}{room}漏水") == [(room, MaskType.ROOM)]


@pytest.mark.parametrize(
    "text",
    ["海府路12号", "3栋200户", "2号楼2018年交付", "这座500年的桥", "3号楼2单元", "15栋12号楼", "5-2-2018", "6楼500人"],
)
def test_places_that_dispatch_needs_stay(text: str) -> None:
    assert found(text) == []


@given(chinese, mobiles, chinese)
def test_a_mobile_number_is_found_in_any_chinese_text(before: str, number: str, after: str) -> None:
    assume(not before.endswith(tuple("单号码")))
    text = before + number + after
    assert any(span.start <= len(before) and span.end >= len(before) + 11 for span in find_personal(text))


@given(identities)
def test_generated_identity_numbers_are_found(number: str) -> None:
    assert found(f"号码{number}") == [(number, MaskType.ID)]


@given(cards)
def test_generated_cards_are_found(number: str) -> None:
    assert [span.end - span.start for span in find_personal(f"收款{number}")] == [len(number)]


@given(plates)
def test_generated_plates_are_found(plate: str) -> None:
    assert found(f"车主{plate}") == [(plate, MaskType.PLATE)]


@given(chinese, cards, mobiles, chinese)
def test_spans_are_in_order_and_apart(before: str, card: str, mobile: str, after: str) -> None:
    spans = find_personal(f"{before}{card} {mobile}@qq.com 张先生{after}")
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert all(span.start < span.end for span in spans)


def test_both_telephones_read_alike() -> None:
    assert placeholder(MaskType.MOBILE) == placeholder(MaskType.LANDLINE) == "〔电话〕"
    assert len({placeholder(kind) for kind in MaskType}) == len(MaskType) - 1


HOSTILE = (
    "1|1 |1-|1*|13800000000|138****|(0898|1-1-|a@|@a.|a@b.c|一|一三八零|琼A1234|张|张先生|先生",
    "姓名|姓名张三|栋1-|栋单元|单元|QQ|电话",
)


@pytest.mark.long
@pytest.mark.parametrize("unit", "|".join(HOSTILE).split("|"))
def test_a_hostile_megabyte_is_searched_to_its_end(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    spans = find_personal(text)
    assert all(one.end <= other.start for one, other in pairwise(spans))
