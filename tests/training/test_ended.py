"""Exports tell how orders ended, our own what it was; what an export does not tell counts for nothing."""

from datetime import date, datetime, timedelta

import pytest

from api.sheets.cells import SheetKind
from api.sheets.orders import STATUSES, write_orders
from training.closures import read_closures
from training.names import Names
from training.outcomes import LabelRules, Settled, outcome, outcomes
from triage.citypack import CityPack
from triage.directory import CHINA_TIME
from triage.domain import Closure, Ended, Topic, TopicCode, Unit, UnitCode, UnitKind
from triage.ledger.order import Entry, Order, Status

TODAY = date(2026, 11, 22)
MORNING = datetime(2026, 11, 20, 8, 30, tzinfo=CHINA_TIME)
UNITS = {"w": "水务局", "r": "交通局", "h": "热力公司"}
PACK = CityPack(
    name="yunling",
    title="云岭",
    version="1",
    units=tuple(Unit(code=UnitCode(code), name=name, kind=UnitKind.DISTRICT) for code, name in UNITS.items()),
    topics=(Topic(code=TopicCode("t"), path=("公共服务", "供水", "水管漏水")),),
)
NAMES = Names(PACK, on=TODAY)


@pytest.fixture
def read(tmp_path):
    def written(content, name="may.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_closures([path]).ended

    return written


def entry(number=1, **given):
    filled = {
        "id": f"20261120-{number}",
        "first": number,
        "version": number,
        "received_at": MORNING,
        "status": Status.CLOSED,
        "channel": "电话",
        "topic": "t",
        "district": "东区",
        "street": "人民街道",
        "unit": "w",
        "first_unit": "r",
        "final_unit": "w",
        "returned_by": ("r", "h"),
        "closed_at": MORNING + timedelta(days=1),
        "contacted": True,
        "solved": False,
        "satisfaction": "不满意",
    }
    return Entry(order=Order(**filled | given), text="水管漏水", address="人民路1号", routing=None)


def exported(kind, *entries):
    names = UNITS | {"t": "水管漏水"}
    return b"".join(write_orders(kind, entries, lambda code: names.get(code, code)))


@pytest.mark.parametrize("kind", [SheetKind.CSV, SheetKind.EXCEL])
def test_our_own_export_comes_in_again_as_what_it_was(read, kind):
    [found] = read(exported(kind, entry()))
    closure = found.closure
    assert (closure.id, closure.text, closure.unit) == ("20261120-1", "水管漏水", "水务局")
    assert (closure.opened_on, closure.district, closure.street) == (date(2026, 11, 20), "东区", "人民街道")
    assert (found.status, found.channel, found.address) == ("closed", "电话", "人民路1号")
    assert (found.first_unit, found.returned) == ("交通局", (("交通局", ""), ("热力公司", "")))
    assert (found.contacted, found.solved, found.satisfaction) == (True, False, "不满意")
    assert found.closed_on == date(2026, 11, 21)
    settled = outcome(found, LabelRules(), TODAY, NAMES)
    assert isinstance(settled, Settled)
    assert settled.closure.topic == ("公共服务", "供水", "水管漏水")
    assert settled.weight == pytest.approx(0.8 * 0.8 * 0.7)


def test_our_own_lines_come_in_again(read):
    [found] = read(exported(SheetKind.LINES, entry(audited=True)), name="may.jsonl")
    assert (found.closure.unit, found.closure.topic, found.status) == ("水务局", ("水管漏水",), "closed")
    assert (found.returned, found.audited) == ((("交通局", ""), ("热力公司", "")), True)
    assert (found.contacted, found.solved, found.closed_on) == (True, False, date(2026, 11, 21))


@pytest.mark.parametrize("status", Status)
def test_every_status_of_ours_comes_in_as_it_was(read, status):
    [found] = read(exported(SheetKind.CSV, entry(status=status)))
    assert found.status == status
    assert STATUSES[status] in exported(SheetKind.CSV, entry(status=status)).decode()


def test_an_order_that_nobody_closed_does_not_borrow_its_label_from_who_has_it(read):
    found = read(exported(SheetKind.CSV, entry(status=Status.SIGNED, final_unit="", closed_at=None)))
    assert [one.reason for one in outcomes(found, today=TODAY).unusable] == ["open"]


HEADER = "编号,内容,处置单位"


def test_what_is_in_no_column_counts_for_nothing(read):
    [found] = read(f"{HEADER}\n1,水管漏水,水务局\n")
    assert found == Ended(closure=Closure(id="1", text="水管漏水", unit="水务局"))
    assert outcome(found, LabelRules(half_life=1), TODAY).weight == 1.0


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("", "closed"),
        ("工单归档", "closed"),
        ("已办结", "closed"),
        ("已回访", "closed"),
        ("待回访", "closed"),
        ("已处理", "closed"),
        ("CLOSED", "closed"),
        ("待办结", "signed"),
        ("未办结", "signed"),
        ("处理中", "signed"),
        ("待处理", "signed"),
        ("待派单", "received"),
        ("已受理", "received"),
        ("不受理", "declined"),
        ("不予受理", "declined"),
        ("已退单", "returned"),
        ("关联派发", "merged"),
        ("已派单", "dispatched"),
        ("蓝色", ""),
    ],
)
def test_the_words_that_exports_have_for_where_an_order_stands(read, word, status):
    [found] = read(f"{HEADER},工单状态\n1,水管漏水,水务局,{word}\n")
    assert found.status == status


@pytest.mark.parametrize(
    ("word", "fact"),
    [("是", True), ("已响应", True), ("解决", True), ("true", True), ("1", True), ("否", False), ("未解决", False),
     ("没有", False), ("FALSE", False), ("0", False), ("不清楚", None), ("未知", None), ("待定", None), ("", None)],
)  # fmt: skip
def test_the_words_that_exports_have_for_yes_and_no(read, word, fact):
    [found] = read(f"{HEADER},是否解决\n1,水管漏水,水务局,{word}\n")
    assert found.solved is fact


def test_reasons_of_returns_belong_to_their_units_where_there_are_as_many(read):
    several, odd = read(
        f"{HEADER},退单单位,退单原因\n1,水管漏水,水务局,交通局、热力公司,职能不符、要素缺失\n2,水管漏了,水务局,交通局；热力公司,职能不符\n"
    )
    assert several.returned == (("交通局", "职能不符"), ("热力公司", "要素缺失"))
    assert odd.returned == (("交通局", ""), ("热力公司", ""))


def test_who_decided_is_read_where_an_export_tells_it(read):
    alone, drawn, odd = read(
        f"{HEADER},首派单位,自动派单,人工抽检,抽检比例\n"
        "1,水管漏水,水务局,水务局,是,否,0.05\n2,水管漏了,水务局,水务局,否,是,0.05\n3,漏水了,水务局,水务局,否,否,多\n"
    )
    assert outcome(alone, LabelRules(), TODAY).reason == "self_confirmed"
    assert outcome(drawn, LabelRules(), TODAY).weight == 10
    assert (odd.propensity, outcome(odd, LabelRules(), TODAY).weight) == (1.0, 1.0)


def test_an_order_that_was_merged_says_so_whatever_its_status(read):
    [found] = read(f"{HEADER},状态,并入工单\n1,水管漏水,水务局,办结,20261120-9\n")
    assert outcome(found, LabelRules(), TODAY).reason == "merged"
