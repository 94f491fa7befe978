"""Migrations make the tables that the code expects, once, whoever opens the database and how many at a time."""

import subprocess
import sys

import alembic.op
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, select, text

from tests.triage.ledger.desk import Clock, opened, receive
from triage.errors import InputError
from triage.ledger.database import open_database
from triage.ledger.tables import head, metadata
from triage.ledger.verify import verify

OPENING = """
import sys
from triage.ledger.database import open_database
print("ready", flush=True)
sys.stdin.readline()
open_database(sys.argv[1]).dispose()
"""


def test_the_migrated_tables_are_those_of_the_code(ledger):
    with ledger.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, metadata) == []


def test_all_tables_indices_and_foreign_keys_are_there(ledger):
    there = inspect(ledger.engine)
    assert set(there.get_table_names()) == {*metadata.tables, "alembic_version"}
    for name, table in metadata.tables.items():
        assert {index["name"] for index in there.get_indexes(name)} >= {index.name for index in table.indexes}
        assert len(there.get_foreign_keys(name)) == len(table.foreign_keys)


def test_a_new_database_is_opened(empty_url):
    with opened(empty_url, Clock()) as ledger:
        receive(ledger)
        assert verify(ledger.engine).orders == 1


def test_opening_twice_changes_nothing(url):
    with opened(url, Clock()) as ledger:
        receive(ledger)
        before = verify(ledger.engine)
    with opened(url, Clock()) as ledger:
        assert verify(ledger.engine) == before


def test_processes_that_open_a_new_database_at_once_all_succeed(empty_url):
    processes = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-W", "error", "-c", OPENING, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    results = [process.communicate("go\n", timeout=40) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], results
    with opened(empty_url, Clock()) as ledger, ledger.engine.connect() as connection:
        assert connection.execute(select(head.c.number, head.c.hash)).all() == [(0, "")]


def test_a_database_of_a_newer_version_is_refused(empty_url):
    engine = open_database(empty_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(InputError, match=r"newer"):
        open_database(empty_url)


def test_a_migration_that_fails_leaves_nothing(empty_url, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("power cut")

    monkeypatch.setattr(alembic.op, "create_index", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        open_database(empty_url)
    monkeypatch.undo()
    with opened(empty_url, Clock()) as ledger:
        receive(ledger)
        assert verify(ledger.engine).orders == 1
