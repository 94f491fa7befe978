"""A database is opened with settings under which nothing is lost, or it is said what is wrong with its URL."""

import sqlite3
import stat

import pytest
from sqlalchemy import text

from tests.triage.ledger.desk import AGENT, receive
from triage.errors import InputError, PaidanError, UnavailableError
from triage.ledger.database import open_database, reading, truncate_log, writing
from triage.ledger.ledger import Ledger

BAD_URLS = [
    "",
    "ledger.db",
    "no url",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite+aiosqlite:///ledger.db",
    "mysql://localhost/ledger",
    "oracle://localhost/ledger",
    "postgresql+asyncpg://localhost/ledger",
    "postgresql+psycopg2://localhost/ledger",
    "https://example.org/ledger",
    "postgresql://localhost:port/ledger",
    "postgresql://localhost/ledger?no_such_option=1",
]


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_of_no_database_is_refused_with_a_remedy(url, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"sqlite:///.*postgresql://") as refused:
        open_database(url)
    assert refused.value.field == "database"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["", "there/is/a/file/in/the/way/ledger.db"], ids=["a directory", "below a file"])
def test_a_file_that_cannot_be_written_is_refused_by_its_name(tmp_path, place):
    if place:
        (tmp_path / "there").write_text("")
    with pytest.raises(InputError, match="name a file that can be written") as refused:
        open_database(f"sqlite:///{tmp_path}/{place}")
    assert str(tmp_path) in str(refused.value)


def test_a_file_of_something_else_is_refused_and_stays_as_it_is(tmp_path):
    file = tmp_path / "letter.txt"
    file.write_text("敬启者" * 1000, encoding="utf-8")
    before = file.read_bytes()
    with pytest.raises(PaidanError):
        open_database(f"sqlite:///{file}")
    assert file.read_bytes() == before


@pytest.mark.parametrize("there", ["127.0.0.1:1", "no-such-host.invalid", "/no/such/socket"])
def test_a_server_that_is_not_there_is_unavailable(there):
    url = (
        f"postgresql://@/ledger?host={there}" if there.startswith("/") else f"postgresql://nobody:secret@{there}/ledger"
    )
    with pytest.raises(UnavailableError) as error:
        open_database(url)
    assert "secret" not in str(error.value)


def cut_off(connection, other):
    """Let the server end a connection that goes on asking."""
    mine = connection.scalar(text("SELECT pg_backend_pid()"))
    other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    connection.execute(text("SELECT 1"))


@pytest.mark.parametrize("backend", ["postgresql"])
def test_a_database_that_goes_away_is_unavailable_and_comes_back(ledger):
    order = receive(ledger)
    with ledger.engine.connect() as other, pytest.raises(UnavailableError), writing(ledger.engine) as connection:
        cut_off(connection, other)
    assert ledger.order(order).status == "received"


def test_a_server_whose_connections_are_all_taken_is_unavailable(ledger):
    pool = ledger.engine.pool
    pool._timeout = 0.01
    taken = [ledger.engine.connect() for _ in range(pool.size() + pool._max_overflow)]
    try:
        with pytest.raises(UnavailableError), reading(ledger.engine):
            pass
    finally:
        for connection in taken:
            connection.close()
    with reading(ledger.engine) as connection:
        assert connection.scalar(text("SELECT 1")) == 1


def test_a_fault_of_ours_is_not_taken_for_the_database(ledger):
    with pytest.raises(ZeroDivisionError), reading(ledger.engine):
        _ = 1 / 0


def test_errors_do_not_quote_what_citizens_said(ledger):
    with pytest.raises(Exception, match="head") as error, writing(ledger.engine) as connection:
        connection.execute(text("INSERT INTO head (id, number, hash) VALUES (1, 0, :said)"), {"said": "我家住在望京"})
    assert "望京" not in str(error.value)


@pytest.mark.parametrize("backend", ["sqlite"])
class TestSqlite:
    def test_the_file_is_for_its_owner_alone(self, tmp_path, ledger):
        new = tmp_path / "deep" / "down" / "new.db"
        other = Ledger.open(f"sqlite:///{new}")
        receive(other)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in new.parent.iterdir()}
        other.engine.dispose()
        assert modes == {0o600}

    @pytest.mark.parametrize("opening", [reading, writing])
    @pytest.mark.parametrize(
        ("setting", "expected"),
        [("synchronous", 2), ("foreign_keys", 1), ("secure_delete", 1), ("busy_timeout", 30_000)],
    )
    def test_every_connection_is_durable(self, ledger, opening, setting, expected):
        with opening(ledger.engine) as one, ledger.engine.connect() as other:
            for connection in (one, other):
                assert connection.exec_driver_sql(f"PRAGMA {setting}").scalar() == expected

    def test_the_journal_is_one_that_loses_nothing(self, ledger):
        with ledger.engine.connect() as connection:
            journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            version = tuple(map(int, connection.exec_driver_sql("SELECT sqlite_version()").scalar().split(".")))
        assert journal == ("wal" if version >= (3, 51, 3) else "delete")

    def test_a_writer_begins_by_locking(self, ledger):
        with writing(ledger.engine), ledger.engine.connect() as other:
            other.exec_driver_sql("PRAGMA busy_timeout = 0")
            with pytest.raises(Exception, match="locked"):
                other.exec_driver_sql("DELETE FROM requests")

    def test_another_program_can_read_it(self, ledger):
        receive(ledger)
        connection = sqlite3.connect(ledger.engine.url.database)
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        connection.close()


def test_what_was_erased_leaves_the_log_once_nobody_reads(tmp_path):
    file, words = tmp_path / "ledger.db", "北门外第三棵树旁的井盖"
    ledger = Ledger.open(f"sqlite:///{file}")
    order = receive(ledger, words)
    with reading(ledger.engine) as connection:
        connection.execute(text("SELECT * FROM head"))
        in_wal = connection.scalar(text("PRAGMA journal_mode")) == "wal"
        if in_wal:
            ledger.erase(order, reason="本人要求", actor=AGENT)
            assert truncate_log(ledger.engine) is False
    if not in_wal:  # there is no log, and whoever writes waits for those who read
        ledger.erase(order, reason="本人要求", actor=AGENT)
    assert truncate_log(ledger.engine) is True
    ledger.engine.dispose()
    assert not any(words.encode() in kept.read_bytes() for kept in tmp_path.iterdir())
