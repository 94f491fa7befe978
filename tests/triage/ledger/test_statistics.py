"""Statistics are what somebody with a pencil would count, in either database."""

import doctest
import random
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert

import triage.ledger.statistics
from tests.databases import Postgres
from triage.citypack import Rates
from triage.errors import InputError
from triage.ledger.book import order_row
from triage.ledger.database import open_database
from triage.ledger.order import OPEN, Order, Status
from triage.ledger.statistics import By, Row, Share, month_of, statistics
from triage.ledger.tables import orders as table

MARCH = month_of(date(2026, 3, 10), Rates())
IN_MARCH = datetime(2026, 3, 10, 4, tzinfo=UTC)
IN_APRIL = datetime(2026, 4, 10, 4, tzinfo=UTC)
NOW = datetime(2026, 3, 20, tzinfo=UTC)
RATES = Rates()
WATER, ROADS, EAST, WEST = "sj-sw", "sj-jt", "dh-fq", "xs-sf"
STREETS = {EAST, WEST}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path_factory.mktemp('statistics')}/ledger.db")
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def postgresql(postgres: Postgres) -> Iterator[Engine]:
    engine = open_database(postgres.url(postgres.create()))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    return request.getfixturevalue(request.param)


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A ledger that forgets what a test wrote."""
    with engine.connect() as connection:
        yield connection
        connection.rollback()


def write(connection: Connection, orders: list[Order]) -> None:
    if orders:
        connection.execute(insert(table), [order_row(order) for order in orders])


def counted(connection: Connection, by: By | None = None, **given) -> list[Row]:
    asked = {"window": MARCH, "rates": RATES, "streets": STREETS, "now": NOW} | given
    return statistics(connection, by=by, **asked)


def order(number: int, **given) -> Order:
    return Order(**{"id": f"20260310-{number}", "first": number, "version": number, "received_at": IN_MARCH} | given)


def sent(number: int, unit: str, **given) -> Order:
    filled = {"status": Status.DISPATCHED, "unit": unit, "first_unit": unit, "dispatched_at": IN_MARCH}
    return order(number, **filled | given)


def closed(number: int, unit: str, **given) -> Order:
    return sent(number, unit, **{"status": Status.CLOSED, "closed_at": IN_MARCH, "final_unit": unit} | given)


def called_back(number: int, unit: str = WATER, **given) -> Order:
    said = {"called_back_at": IN_MARCH, "valid": True, "contacted": True, "solved": True, "satisfaction": "满意"}
    return closed(number, unit, **said | given)


def by_key(rows: list[Row]) -> dict[str, Row]:
    return {row.key: row for row in rows}


def test_the_example_in_the_module():
    assert doctest.testmod(triage.ledger.statistics).failed == 0


def test_nothing_came_of_nothing(connection):
    [row] = counted(connection)
    assert (row.received, row.open, row.closed, row.dispatched, row.repeats) == (0, 0, 0, 0, 0)
    assert row.response.rate is row.solution.rate is row.satisfaction.rate is row.score is row.load is None
    assert row.response.interval is None
    assert counted(connection, By.UNIT) == []


def test_the_three_rates_are_over_valid_call_backs_and_weigh_what_the_city_says(connection):
    write(
        connection,
        [
            called_back(1),
            called_back(2, satisfaction="基本满意"),
            called_back(3, solved=False, satisfaction="一般"),
            called_back(4, contacted=False, solved=False, satisfaction="不满意"),
            called_back(5, contacted=None, solved=None, satisfaction=""),
            called_back(6, valid=False, contacted=None, solved=None, satisfaction=""),
            closed(7, WATER),
        ],
    )
    [row] = counted(connection)
    assert row.response == Share(3, 5)
    assert row.solution == Share(2, 5)
    assert row.satisfaction == Share(1.9, 5)
    assert row.score == pytest.approx(0.1 * 0.6 + 0.5 * 0.4 + 0.4 * 0.38)
    [strict] = counted(connection, rates=Rates(response=0.0, solution=0.0, satisfaction=1.0, fairly=0.0))
    assert strict.score == strict.satisfaction.rate == pytest.approx(0.2)


def test_a_call_back_counts_when_it_was_made_and_for_the_unit_that_closed_the_order(connection):
    write(connection, [called_back(1, ROADS, final_unit=WATER), called_back(2, called_back_at=IN_APRIL)])
    rows = by_key(counted(connection, By.UNIT))
    assert rows[WATER].response == Share(1, 1)
    assert rows[ROADS].response == Share(0, 0)
    [april] = counted(connection, window=month_of(date(2026, 4, 1), RATES))
    assert april.response == Share(1, 1)


def test_an_unsolved_order_that_was_sent_out_again_counts_as_unsolved_under_no_unit(connection):
    again = {"status": Status.DISPATCHED, "closed_at": None, "final_unit": "", "unit": ROADS}
    write(connection, [called_back(1, solved=False, **again), called_back(2)])
    [row] = counted(connection)
    assert row.solution == Share(1, 2)
    rows = by_key(counted(connection, By.UNIT))
    assert rows[WATER].solution == Share(1, 1)
    assert rows[ROADS].solution == Share(0, 0)
    assert rows[""].solution == Share(0, 1)


def test_returns_are_counted_for_who_sent_back_out_of_all_that_it_was_sent(connection):
    write(
        connection,
        [
            closed(1, ROADS, first_unit=WATER, returned_by=(WATER, EAST)),
            closed(2, WATER),
            order(3, status=Status.RETURNED, first_unit=WATER, returned_by=(WATER,)),
            order(4),
        ],
    )
    [row] = counted(connection)
    assert row.returned == Share(2, 3)
    rows = by_key(counted(connection, By.UNIT))
    assert rows[WATER].returned == Share(2, 3)
    assert rows[EAST].returned == Share(1, 1)
    assert rows[ROADS].returned == Share(0, 1)
    assert rows[ROADS].dispatched == 1


def test_a_unit_that_sent_an_order_back_and_got_it_again_was_sent_one_order(connection):
    write(connection, [closed(1, WATER, returned_by=(WATER,))])
    [row] = counted(connection, By.UNIT)
    assert row.returned == Share(1, 1)


def test_a_first_dispatch_was_right_if_that_unit_closed_the_order(connection):
    write(
        connection,
        [
            closed(1, WATER, sent_by_model=True),
            closed(2, WATER, sent_by_model=True, final_unit=ROADS),
            closed(3, ROADS),
            closed(4, WATER, returned_by=(WATER,)),
            closed(5, "", final_unit=WATER),
            sent(6, WATER),
            closed(7, WATER, received_at=IN_MARCH - timedelta(days=40)),
        ],
    )
    [row] = counted(connection)
    assert row.right_at_first == Share(4, 5)
    assert row.right_by_model == Share(1, 2)
    assert row.right_by_people == Share(3, 3)
    assert row.automatic == Share(2, 5)
    assert row.closed == 6
    rows = by_key(counted(connection, By.UNIT))
    assert rows[WATER].right_at_first == Share(3, 4)
    assert (rows[WATER].closed, rows[ROADS].closed) == (4, 2)


def test_an_order_is_overdue_once_its_deadline_has_passed_whether_or_not_the_clock_rang(connection):
    before, after = NOW - timedelta(days=1), NOW + timedelta(days=1)
    write(
        connection,
        [
            closed(1, WATER, feedback_by=after),
            closed(2, WATER, feedback_by=before, overdue=True),
            sent(3, WATER, feedback_by=before),
            sent(4, WATER, feedback_by=after),
            closed(5, WATER),
            order(6, feedback_by=before, status=Status.TRANSFERRED),
            closed(7, WATER, feedback_by=IN_APRIL, overdue=True),
        ],
    )
    [row] = counted(connection)
    assert row.overdue == Share(2, 3)


def test_what_went_to_streets_is_counted_by_order_and_by_street(connection):
    write(
        connection,
        [
            closed(1, EAST),
            closed(2, EAST, first_unit=WATER, returned_by=(WATER,)),
            sent(3, EAST, first_unit=WEST, returned_by=(WEST,)),
            closed(4, WATER),
        ],
    )
    [row] = counted(connection)
    assert row.to_streets == Share(3, 4)
    assert row.load == 2.0
    rows = by_key(counted(connection, By.UNIT))
    assert (rows[EAST].load, rows[WEST].load, rows[WATER].load) == (3.0, 1.0, None)
    [without] = counted(connection, streets=())
    assert without.to_streets == Share(0, 4)


def test_a_merged_order_counts_once_and_an_erased_one_still_does(connection):
    write(
        connection,
        [
            closed(1, WATER, repeats=2),
            closed(2, WATER, status=Status.MERGED, merged_into="20260310-1"),
            order(3, status=Status.MERGED, merged_into="20260310-1", repeats=1),
            closed(4, WATER, erased=True),
        ],
    )
    [row] = counted(connection)
    assert (row.received, row.dispatched, row.closed, row.open, row.repeats) == (2, 2, 2, 0, 3)


def test_what_is_open_is_open_now_whenever_it_came_in(connection):
    statuses = [order(number, status=status) for number, status in enumerate(Status, 1)]
    write(connection, [replace(order, received_at=IN_APRIL) for order in statuses])
    [row] = counted(connection)
    assert (row.received, row.open) == (0, len(OPEN))


def test_streets_of_one_name_in_two_districts_are_two_streets(connection):
    name = "八里庄街道"
    write(connection, [order(1, district="朝阳区", street=name), order(2, district="海淀区", street=name)])
    rows = counted(connection, By.STREET)
    assert sorted((row.key, row.district, row.received) for row in rows) == [(name, "朝阳区", 1), (name, "海淀区", 1)]


@pytest.mark.parametrize(("by", "field"), [(By.TOPIC, "topic"), (By.DISTRICT, "district")])
def test_orders_are_counted_for_each_topic_and_district_and_for_none(connection, by, field):
    write(connection, [order(1, **{field: "甲"}), order(2, **{field: "甲"}), order(3, **{field: "乙"}), order(4)])
    assert {row.key: row.received for row in counted(connection, by)} == {"": 1, "乙": 1, "甲": 2}


@pytest.mark.parametrize(
    ("day", "begins", "first", "last"),
    [
        (date(2026, 3, 18), 19, "2026-02-19", "2026-03-19"),
        (date(2026, 3, 19), 19, "2026-03-19", "2026-04-19"),
        (date(2026, 1, 5), 19, "2025-12-19", "2026-01-19"),
        (date(2026, 12, 31), 19, "2026-12-19", "2027-01-19"),
        (date(2026, 12, 31), 1, "2026-12-01", "2027-01-01"),
        (date(2028, 2, 29), 28, "2028-02-28", "2028-03-28"),
    ],
)
def test_the_month_of_a_day_begins_when_the_city_says(day, begins, first, last):
    window = month_of(day, Rates(month_begins=begins))
    assert [moment.isoformat() for moment in window] == [f"{first}T00:00:00+08:00", f"{last}T00:00:00+08:00"]


@given(st.dates(date(1900, 2, 1), date(8999, 12, 31)), st.integers(1, 28))
def test_every_day_is_in_the_month_that_it_is_said_to_be_in_and_months_follow_each_other(day, begins):
    rates = Rates(month_begins=begins)
    since, until = month_of(day, rates)
    assert since.date() <= day < until.date()
    assert month_of(until.date(), rates)[0] == until


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_of_no_hotline_is_refused(day):
    with pytest.raises(InputError) as caught:
        month_of(day, RATES)
    assert caught.value.field == "day"


def test_the_first_moment_of_a_month_is_in_it_and_the_first_of_the_next_is_not(connection):
    since, until = MARCH
    write(connection, [order(1, received_at=since), order(2, received_at=until - timedelta(microseconds=1))])
    write(connection, [order(3, received_at=until), order(4, received_at=since - timedelta(microseconds=1))])
    assert counted(connection)[0].received == 2


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_that_of_wilson(count, of, low, high):
    """The figures of Newcombe, Two-sided confidence intervals for the single proportion, 1998, table I."""
    assert Share(count, of).interval == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_a_share_lies_in_its_interval_and_the_interval_between_nothing_and_all(of, part):
    share = Share(part * of, of)
    low, high = share.interval
    assert 0 <= low <= share.rate + 1e-12
    assert share.rate - 1e-12 <= high <= 1


UNITS = ["", WATER, ROADS, EAST, WEST]
MOMENTS = [MARCH[0] - timedelta(seconds=1), MARCH[0], IN_MARCH, NOW, MARCH[1] - timedelta(seconds=1), MARCH[1]]


def any_order(number: int, draw: random.Random) -> Order:
    """Draw an order as the ledger could hold it."""
    status = draw.choice(list(Status))
    first = draw.choice(UNITS[1:]) if status not in {Status.RECEIVED, Status.TRANSFERRED} else ""
    is_closed = status is Status.CLOSED
    unit = draw.choice(UNITS[1:]) if first and status is not Status.RETURNED else ""
    asked = first and draw.random() < 0.7
    return order(
        number,
        status=status,
        received_at=draw.choice(MOMENTS),
        topic=draw.choice(["", "噪声", "停水"]),
        district=draw.choice(["", "东湖区", "西山区"]),
        street=draw.choice(["", "枫桥街道"]),
        feedback_by=draw.choice([None, *MOMENTS]),
        first_unit=first,
        unit=unit,
        sent_by_model=bool(first) and draw.random() < 0.5,
        returned_by=tuple(draw.sample(UNITS[1:], draw.randint(0, 2))) if first else (),
        closed_at=draw.choice(MOMENTS) if is_closed else None,
        final_unit=draw.choice(UNITS) if is_closed else "",
        called_back_at=draw.choice(MOMENTS) if asked else None,
        valid=draw.choice([True, True, False]) if asked else None,
        contacted=draw.choice([None, True, False]) if asked else None,
        solved=draw.choice([None, True, False]) if asked else None,
        satisfaction=draw.choice(["", "满意", "基本满意", "一般", "不满意"]) if asked else "",
        overdue=draw.random() < 0.4,
        repeats=draw.randint(0, 3),
        erased=draw.random() < 0.1,
    )


class Pencil:
    """Counts the orders of one key by going through them."""

    def __init__(self, orders: list[Order], by: By | None, key: tuple[str, str]) -> None:
        self.orders, self.by, self.key = orders, by, key

    def those(self, clock: str, *units: str, merged: bool = False) -> list[Order]:
        """Orders of the window, where `units` names who answers for them, that are of the key."""
        return [
            order
            for order in self.orders
            if (merged or order.status is not Status.MERGED)
            and (clock == "" or ((at := getattr(order, clock)) and MARCH[0] <= at < MARCH[1]))
            and self.is_of(order, next((getattr(order, unit) for unit in units if getattr(order, unit)), ""))
        ]

    def is_of(self, order: Order, unit: str) -> bool:
        keys = {By.UNIT: (unit, ""), By.TOPIC: (order.topic, ""), By.DISTRICT: (order.district, "")}
        return self.key == (keys | {None: ("", ""), By.STREET: (order.street, order.district)})[self.by]

    def row(self) -> Row:
        came = self.those("received_at", "final_unit", "unit")
        known = self.those("received_at", "final_unit", "unit", merged=True)
        first = [order for order in self.those("received_at", "first_unit") if order.first_unit]
        right = [order for order in self.those("closed_at", "first_unit") if order.first_unit]
        called = [order for order in self.those("called_back_at", "final_unit") if order.valid]
        due = [
            order
            for order in self.those("feedback_by", "final_unit", "unit")
            if order.status is Status.CLOSED or (order.status in OPEN and order.feedback_by < NOW)
        ]
        late = [order for order in due if order.overdue or order.status in OPEN]
        pairs = self.pairs()
        reached = {order for order, _ in pairs}
        streets = [(order, unit) for order, unit in pairs if unit in STREETS]
        response = Share(sum(order.contacted is True for order in called), len(called))
        solution = Share(sum(order.solved is True for order in called), len(called))
        worth = {"满意": 1.0, "基本满意": RATES.fairly}
        satisfaction = Share(pytest.approx(sum(worth.get(order.satisfaction, 0.0) for order in called)), len(called))
        score = called and sum(
            0.1 * (order.contacted is True) + 0.5 * (order.solved is True) + 0.4 * worth.get(order.satisfaction, 0.0)
            for order in called
        ) / len(called)
        return Row(
            key=self.key[0],
            district=self.key[1],
            received=len(came),
            repeats=sum(order.repeats for order in known),
            open=sum(order.status in OPEN for order in self.those("", "unit")),
            closed=len(self.those("closed_at", "final_unit")),
            dispatched=len(reached),
            response=response,
            solution=solution,
            satisfaction=satisfaction,
            score=pytest.approx(score) if called else None,
            returned=Share(len({order for order, unit in pairs if unit in order.returned_by}), len(reached)),
            right_at_first=self.right(right),
            right_by_model=self.right([order for order in right if order.sent_by_model]),
            right_by_people=self.right([order for order in right if not order.sent_by_model]),
            automatic=Share(sum(order.sent_by_model for order in first), len(first)),
            overdue=Share(len(late), len(due)),
            to_streets=Share(len({order for order, _ in streets}), len(reached)),
            load=len(streets) / len({unit for _, unit in streets}) if streets else None,
        )

    def pairs(self) -> set[tuple[Order, str]]:
        """Orders, and units that they were sent to."""
        return {
            (order, unit)
            for order in self.orders
            if order.status is not Status.MERGED and order.first_unit and MARCH[0] <= order.received_at < MARCH[1]
            for unit in {order.first_unit, order.unit, *order.returned_by} - {""}
            if self.is_of(order, unit)
        }

    @staticmethod
    def right(orders: list[Order]) -> Share:
        return Share(sum(order.final_unit == order.first_unit for order in orders), len(orders))


def assert_as_with_a_pencil(connection: Connection, orders: list[Order], by: By | None) -> None:
    rows = counted(connection, by)
    assert [Pencil(orders, by, (row.key, row.district)).row() for row in rows] == rows
    keys = {
        None: [],
        By.UNIT: UNITS,
        By.TOPIC: ["", "噪声", "停水"],
        By.DISTRICT: ["", "东湖区", "西山区"],
        By.STREET: [],
    }
    for key in {(key, "") for key in keys[by]} - {(row.key, row.district) for row in rows}:
        missing = Pencil(orders, by, key).row()
        assert not any(getattr(missing, field.name) for field in fields(Row) if field.type is int)


@given(st.randoms(use_true_random=False), st.integers(0, 12), st.sampled_from([None, *By]))
def test_some_orders_are_counted_as_with_a_pencil(sqlite, draw, count, by):
    orders = [any_order(number, draw) for number in range(1, count + 1)]
    with sqlite.connect() as connection:
        write(connection, orders)
        assert_as_with_a_pencil(connection, orders, by)
        connection.rollback()


@pytest.mark.parametrize("by", [None, *By])
def test_many_orders_are_counted_as_with_a_pencil(connection, by):
    draw = random.Random(5)
    orders = [any_order(number, draw) for number in range(1, 400)]
    write(connection, orders)
    assert_as_with_a_pencil(connection, orders, by)
