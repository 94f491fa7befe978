"""Whatever is altered in the tables of the ledger behind its back, the proof finds it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Boolean, Engine, create_engine, delete, event, insert, literal_column, select, text, update

from tests.triage.ledger.conftest import BACKENDS
from tests.triage.ledger.desk import (
    AGENT,
    AUDITOR,
    DUE,
    NOON,
    POWER,
    STREET,
    SURE,
    Clock,
    opened,
    receive,
    reception,
    routed,
    send_back,
)
from triage.errors import LedgerError
from triage.ledger.database import _driver
from triage.ledger.events import Link
from triage.ledger.ledger import Ledger
from triage.ledger.order import Said
from triage.ledger.tables import Json, Moment, contents, events, head, holders, metadata, orders
from triage.ledger.verify import verify

PROVED = (events, contents, head, orders, holders)


class Vandal:
    """Who has the database, its triggers and its foreign keys in hand."""

    def __init__(self, engine: Engine) -> None:
        sqlite = engine.dialect.name == "sqlite"
        self.engine = create_engine(engine.url, module=_driver()) if sqlite else create_engine(engine.url)
        with self.engine.begin() as connection:
            if sqlite:
                connection.execute(text("DROP TRIGGER events_stay_update"))
                connection.execute(text("DROP TRIGGER events_stay_delete"))
                for extra in connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                    connection.execute(text(f"DROP TRIGGER {extra}"))
            else:
                for table in metadata.tables:
                    connection.execute(text(f'ALTER TABLE "{table}" DISABLE TRIGGER ALL'))

    def do(self, *statements: object) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement) if isinstance(statement, str) else statement)

    @contextmanager
    def undone_after(self) -> Iterator[None]:
        """Put everything back in the end."""
        with self.engine.begin() as connection:
            kept = {table: [row._asdict() for row in connection.execute(select(table))] for table in PROVED}
        try:
            yield
        finally:
            with self.engine.begin() as connection:
                for table, rows in kept.items():
                    connection.execute(delete(table))
                    connection.execute(insert(table), rows)


@pytest.fixture(scope="module", params=BACKENDS)
def aged(request, tmp_path_factory) -> Iterator[tuple[Ledger, Vandal]]:
    """A ledger with some history; every test puts back what it altered."""
    clock = Clock()
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('aged')}/ledger.db"
    else:
        server = request.getfixturevalue("postgres")
        url = server.url(server.create())
    with opened(url, clock) as ledger:
        write_history(ledger, clock)
        vandal = Vandal(ledger.engine)
        yield ledger, vandal
        vandal.engine.dispose()


@pytest.fixture(scope="module")
def proved(aged):
    return verify(aged[0].engine)


@pytest.fixture
def proof(aged, proved):
    """What was proved before and is so after the test."""
    ledger, vandal = aged
    with vandal.undone_after():
        yield proved
    assert verify(ledger.engine) == proved


def write_history(ledger, clock):
    order = receive(ledger, SURE, routing=routed(SURE, due=DUE), reference="A-1", key="k", fingerprint="f")
    ledger.dispatch(receive(ledger, source="/lamp/1", storm="lamps", within=timedelta(1)), unit=POWER, actor=AGENT)
    clock.forward(hours=19)
    ledger.ring(order)
    ledger.sign(order, actor=AGENT)
    send_back(ledger, order, note="不在辖区")
    ledger.dispatch(order, unit=POWER, assist=[STREET], note="请核实", actor=AGENT)
    ledger.close(order, solution="已清运", actor=AGENT)
    ledger.call_back(order, Said(contacted=True, solved=True, satisfaction="满意"), actor=AGENT)
    ledger.erase(receive(ledger, "请保密的诉求"), reason="本人要求", actor=AUDITOR)
    receive(ledger, "小区路灯不亮")


def other(column, value):
    """Another value that the column can hold."""
    if column in {events.c.kind, orders.c.status}:
        return "read" if column is events.c.kind else "declined"
    if isinstance(column.type, Boolean):
        return value is not True
    if isinstance(column.type, Moment):
        return (value or NOON) + timedelta(hours=1)
    if isinstance(column.type, Json):
        return {**value, "更": 1} if isinstance(value, dict) else [*value, "更"]
    return value + 1000 if isinstance(value, int | float) else ("y" if value.startswith("x") else "x") + value[1:]


COLUMNS = [column for table in PROVED for column in table.columns if column is not head.c.id]  # there is one row


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_a_column_that_was_altered_is_found(aged, proof, column):
    ledger, vandal = aged
    table = column.table
    key = next(iter(table.primary_key))
    with vandal.engine.connect() as connection:
        row = connection.execute(select(table).order_by(key)).first()
    altered = other(column, getattr(row, column.name))
    same_row = [mine == getattr(row, mine.name) for mine in table.primary_key]
    vandal.do(update(table).where(*same_row).values({column.name: altered}))
    with pytest.raises(LedgerError):
        verify(ledger.engine)


UNREADABLE = [
    (events.c.kind, "vanished"),
    (events.c.facts, "no JSON"),
    (events.c.facts, "null"),
    (events.c.versions, "no JSON"),
    (contents.c.content, "no JSON"),
    (orders.c.status, "vanished"),
    (orders.c.assist, "no JSON"),
    (orders.c.assist, "null"),
    (orders.c.rung, "7"),
]


@pytest.mark.parametrize(("column", "rubbish"), UNREADABLE, ids=str)
def test_a_value_that_cannot_be_read_is_found(aged, proof, column, rubbish):
    ledger, vandal = aged
    vandal.do(update(column.table).values({column.name: literal_column(f"'{rubbish}'")}))
    with pytest.raises(LedgerError):
        verify(ledger.engine)


SQLITE_TAKES = [
    (events.c.at, "'yesterday'"),
    (events.c.by, "x'ff'"),
    (orders.c.received_at, "'yesterday'"),
    (orders.c.repeats, "'many'"),
]


@pytest.mark.parametrize("aged", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("column", "rubbish"), SQLITE_TAKES, ids=str)
def test_a_value_of_no_type_is_found_where_the_database_takes_any(aged, proof, column, rubbish):
    ledger, vandal = aged
    vandal.do(update(column.table).values({column.name: literal_column(rubbish)}))
    with pytest.raises(LedgerError):
        verify(ledger.engine)


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(["DELETE FROM events WHERE number = 1"], id="first event removed"),
        pytest.param(["DELETE FROM events WHERE number = 7"], id="event removed"),
        pytest.param(["DELETE FROM events WHERE number = (SELECT max(number) FROM events)"], id="last event removed"),
        pytest.param(["DELETE FROM events", "DELETE FROM contents"], id="all events removed"),
        pytest.param(
            [
                "UPDATE events SET number = -1 WHERE number = 4",
                "UPDATE events SET number = 4 WHERE number = 5",
                "UPDATE events SET number = 5 WHERE number = -1",
            ],
            id="events swapped",
        ),
        pytest.param(
            [
                "CREATE TABLE copied AS SELECT * FROM events WHERE number = 4",
                "UPDATE copied SET number = (SELECT max(number) + 1 FROM events)",
                "INSERT INTO events SELECT * FROM copied",
                "DROP TABLE copied",
            ],
            id="event repeated at the end",
        ),
        pytest.param(["DELETE FROM contents WHERE number = 1"], id="content removed"),
        pytest.param(["DELETE FROM contents"], id="all contents removed"),
        pytest.param(["DELETE FROM orders WHERE first = 1"], id="order removed"),
        pytest.param(["DELETE FROM orders", "DELETE FROM holders"], id="all orders removed"),
        pytest.param(["DELETE FROM holders"], id="holders removed"),
        pytest.param(["INSERT INTO holders SELECT id, 'bj-xx' FROM orders WHERE first = 1"], id="holder added"),
        pytest.param(["INSERT INTO holders VALUES ('20261122-999', 'bj-xx')"], id="holder of no order added"),
        pytest.param(["DELETE FROM head"], id="head removed"),
        pytest.param(["INSERT INTO head SELECT 2, number, hash FROM head"], id="head added"),
    ],
)
def test_rows_that_were_removed_swapped_or_added_are_found(aged, proof, statements):
    ledger, vandal = aged
    vandal.do(*statements)
    with pytest.raises(LedgerError):
        verify(ledger.engine)


def test_an_order_without_events_is_found(aged, proof):
    ledger, vandal = aged
    with vandal.engine.begin() as connection:
        row = connection.execute(select(orders)).first()._asdict()
        connection.execute(insert(orders).values(row | {"id": "20261122-999", "first": 999}))
    with pytest.raises(LedgerError, match="20261122-999"):
        verify(ledger.engine)


def cut_off(vandal, *, last):
    """Remove the newest order and its events without a trace in the database."""
    with vandal.engine.begin() as connection:
        newest = connection.execute(select(orders).order_by(orders.c.first.desc())).first()
        for table in (contents, events):
            connection.execute(delete(table).where(table.c.number >= newest.first))
        connection.execute(delete(holders).where(holders.c.order == newest.id))
        connection.execute(delete(orders).where(orders.c.id == newest.id))
        end = connection.execute(select(events).order_by(events.c.number.desc())).first()
        connection.execute(update(head).values(number=end.number, hash=end.hash))
    assert end.number < last


def test_a_tail_that_was_cut_off_with_all_its_traces_is_found_with_an_anchor(aged, proof):
    ledger, vandal = aged
    cut_off(vandal, last=proof.end.number)
    assert verify(ledger.engine).end.number < proof.end.number
    with pytest.raises(LedgerError, match=str(proof.end.number)):
        verify(ledger.engine, anchor=proof.end)


def test_another_chain_of_the_same_length_is_found_with_an_anchor(aged, proof):
    ledger, vandal = aged
    cut_off(vandal, last=proof.end.number)
    receive(ledger, "另一个诉求")
    assert verify(ledger.engine).end.number == proof.end.number
    with pytest.raises(LedgerError, match=str(proof.end.number)):
        verify(ledger.engine, anchor=proof.end)


def test_an_anchor_holds_while_the_chain_grows(aged, proof):
    ledger, _ = aged
    receive(ledger, "又一个诉求")
    assert verify(ledger.engine, anchor=proof.end).end.number > proof.end.number
    assert verify(ledger.engine, anchor=Link(number=0, hash=""))


def test_the_message_names_the_event(aged, proof):
    ledger, vandal = aged
    vandal.do("UPDATE events SET role = 'unit' WHERE number = 5")
    with pytest.raises(LedgerError, match="event 5 "):
        verify(ledger.engine)


def test_the_message_names_the_order(aged, proof):
    ledger, vandal = aged
    vandal.do("UPDATE orders SET repeats = 7 WHERE id = '20261122-1'")
    with pytest.raises(LedgerError, match="order 20261122-1 "):
        verify(ledger.engine)


def test_erasure_leaves_the_ledger_proved(ledger):
    order = receive(ledger, "请保密的诉求")
    assert verify(ledger.engine).erased == 0
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    proof = verify(ledger.engine)
    assert (proof.orders, proof.erased) == (1, 1)


def test_content_that_was_written_after_an_erasure_is_not_removed_unseen(ledger):
    order = receive(ledger, "请保密的诉求")
    ledger.erase(order, reason="本人要求", actor=AUDITOR)
    ledger.close(order, solution="已处理", actor=AGENT)
    with ledger.engine.begin() as connection:
        closing = select(events.c.number).where(events.c.kind == "closed").scalar_subquery()
        assert connection.execute(delete(contents).where(contents.c.number == closing)).rowcount == 1
    with pytest.raises(LedgerError, match=order):
        verify(ledger.engine)


def test_an_empty_ledger_is_proved(ledger):
    proof = verify(ledger.engine)
    assert (proof.events, proof.orders, proof.end) == (0, 0, Link(number=0, hash=""))


def test_more_orders_than_are_compared_at_once_are_all_compared(ledger):
    ledger.receive([(reception(f"第{number}个诉求"), AGENT) for number in range(520)])
    assert verify(ledger.engine).orders == 520
    with ledger.engine.begin() as connection:
        connection.execute(update(orders).where(orders.c.first == 1).values(repeats=7))
    with pytest.raises(LedgerError):
        verify(ledger.engine)


def test_a_ledger_that_is_written_meanwhile_is_proved(ledger):
    """Whoever proves sees one moment of the ledger, whatever comes while the proof is read."""
    receive(ledger)
    written = []

    @event.listens_for(ledger.engine, "before_cursor_execute")
    def write_meanwhile(connection, cursor, statement, *_):
        if "FROM head" in statement and "FOR UPDATE" not in statement and not written:
            written.append(True)
            with ledger_of(ledger) as writer:
                receive(writer, "在核对时来的诉求")

    assert verify(ledger.engine).events == 3
    assert written


def ledger_of(ledger):
    return opened(ledger.engine.url.render_as_string(hide_password=False), ledger.now)


CHANGES = [
    "UPDATE events SET role = 'unit'",
    "UPDATE events SET facts = facts",
    "DELETE FROM events",
    "DELETE FROM events WHERE number = 2",
]


@pytest.mark.parametrize("change", CHANGES)
def test_events_are_not_changed_through_sql(ledger, change):
    receive(ledger)
    before = verify(ledger.engine)
    with pytest.raises(Exception, match="appended, never changed"), ledger.engine.begin() as connection:
        connection.execute(text(change))
    assert verify(ledger.engine) == before


@pytest.mark.parametrize("backend", ["postgresql"])
def test_events_are_not_truncated(ledger):
    receive(ledger)
    with pytest.raises(Exception, match="appended, never changed"), ledger.engine.begin() as connection:
        connection.execute(text("TRUNCATE events CASCADE"))
    assert verify(ledger.engine).events == 3


REPLACING = {
    "sqlite": 'INSERT OR REPLACE INTO events SELECT number, "order", kind, at, "by", \'unit\', versions, facts, digest,'
    " previous, hash FROM events",
    "postgresql": "INSERT INTO events SELECT * FROM events ON CONFLICT (number) DO UPDATE SET role = 'unit'",
}


def test_events_are_not_replaced(ledger, backend):
    receive(ledger)
    with pytest.raises(Exception, match="appended, never changed"), ledger.engine.begin() as connection:
        connection.execute(text(REPLACING[backend]))
    assert verify(ledger.engine).events == 3


def test_what_is_in_the_database_is_what_the_history_tells(ledger):
    order = receive(ledger, SURE)
    told = ledger.history(order)
    with ledger.engine.connect() as connection:
        rows = connection.execute(text("SELECT number, kind, hash, facts FROM events ORDER BY number")).all()
    assert [(e.number, e.kind, e.hash, e.facts) for e in told] == [
        (row.number, row.kind, row.hash, json.loads(row.facts)) for row in rows
    ]
