"""The database under the ledger: SQLite with settings under which nothing that was committed is lost, or PostgreSQL."""

import errno
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    InterfaceError,
    NoSuchModuleError,
    OperationalError,
    TimeoutError,  # noqa: A004 - SQLAlchemy's, of the pool
)
from sqlalchemy.pool import QueuePool

from triage.errors import InputError, UnavailableError

_MIGRATIONS = Path(__file__).with_name("migrations")
_WAL_IS_SAFE = (3, 51, 3)  # before, two connections can lose a committed write in WAL
_WAIT_SECONDS = 30
_PATIENCE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "10000",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
}
_UPGRADING = 7_345_120_001  # the advisory lock under which one of several servers migrates


def open_database(url: str, *, fresh: bool = True) -> Engine:
    """Open a database, and bring its tables up to date.

    Parameters
    ----------
    url
        `sqlite:///path`, `postgresql://user@host/name`, or with standbys
        `postgresql://user@/name?host=one:5432&host=other:5432&target_session_attrs=read-write`.

    fresh
        Whether a file of SQLite is made where there is none.

    Raises
    ------
    InputError
        A URL that names no such database.
    UnavailableError
        The database does not answer.
    """
    parsed = _parsed(url)
    if not fresh and parsed.drivername == "sqlite" and not Path(parsed.database or "").exists():
        raise InputError("there is no ledger here; name its file", file=parsed.database, field="database")
    engine = _engine(parsed)
    try:
        with available():
            _upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


@contextmanager
def available() -> Iterator[None]:
    """Tell a database that does not answer from a fault of ours."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise UnavailableError(f"the database does not answer: {type(error.orig).__name__}") from error
    except TimeoutError as error:
        raise UnavailableError("the database is too busy: no connection became free") from error


@contextmanager
def reading(engine: Engine, *, one_moment: bool = False) -> Iterator[Connection]:
    """Open a transaction that only reads; in SQLite, and where it is asked for, all of it sees one moment."""
    with available(), engine.connect() as connection:
        if one_moment and engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that writes, and commit it if nothing goes wrong."""
    with available(), engine.connect().execution_options(writes=True) as connection, connection.begin():
        yield connection


def truncate_log(engine: Engine) -> bool:
    """Empty SQLite's log, in which what was erased stands for a while yet; False where somebody reads for long.

    Nobody can write while it waits for those who read, so that it does not wait for long.
    """
    if engine.dialect.name != "sqlite":
        return True
    with available(), engine.connect() as connection:
        connection.commit()
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA busy_timeout=1000")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout={_WAIT_SECONDS * 1_000}")
        cursor.close()
    return not busy


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # a port that is no number
        raise InputError(
            "no database URL; write sqlite:///file.db, postgresql://host/name or postgresql:///name?host=a:5432&host=b:5432",
            field="database",
        ) from None
    if parsed.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    message = f"{parsed.drivername} is not a database for a ledger; write sqlite:///file.db or postgresql://host/name"
    raise InputError(message, field="database")


def _engine(url: URL) -> Engine:
    if url.drivername == "sqlite":
        return _sqlite(url)
    try:
        # A machine that vanished says nothing: the connection to it must end by itself, the sooner the better.
        given = {name: value for name, value in _PATIENCE.items() if name not in url.query}
        url = url.update_query_dict(given)
        # pre-ping: after a failover the first request finds the new primary, and none finds a dead connection
        return create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,
            pool_size=16,
            max_overflow=16,
            pool_timeout=_WAIT_SECONDS,
        )
    except (NoSuchModuleError, ImportError, TypeError) as error:
        raise InputError(f"no such database: {error}", field="database") from None


def _sqlite(url: URL) -> Engine:
    path = Path(url.database or "")
    _make_private(path)
    driver = _driver()
    engine = create_engine(
        url,
        module=driver,
        poolclass=QueuePool,
        hide_parameters=True,
        pool_size=16,
        max_overflow=16,
        connect_args={"timeout": _WAIT_SECONDS, "check_same_thread": False},
    )
    journal = "WAL" if driver.sqlite_version_info >= _WAL_IS_SAFE else "DELETE"

    @event.listens_for(engine, "connect")
    def settle(connection: DBAPIConnection, _: object) -> None:
        connection.isolation_level = None  # the driver begins transactions of its own otherwise, and too late
        for setting in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            _set(connection, setting, busy=driver.OperationalError)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins by reading cannot always be upgraded to one that writes.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _set(connection: DBAPIConnection, setting: str, *, busy: type[Exception]) -> None:
    """Settle one thing; to turn a new file to WAL, SQLite does not wait by itself for another process to do so."""
    until = time.monotonic() + _WAIT_SECONDS
    cursor = connection.cursor()
    try:
        while True:
            try:
                cursor.execute(f"PRAGMA {setting}")
                return
            except busy as error:
                if "locked" not in str(error) or time.monotonic() > until:
                    raise
                time.sleep(0.01)
    finally:
        cursor.close()


def _driver() -> ModuleType:
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415 - a newer SQLite than Python's, where there is a wheel of it
    except ImportError:
        return sqlite3
    driver: ModuleType = dbapi2
    return driver


def _make_private(path: Path) -> None:
    """Create the file for its owner alone: it holds what citizens said."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Only where it is new: to close a file that is open already would end SQLite's locks on it.
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        if not path.is_file():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    except OSError as error:
        raise InputError(f"{error.strerror}; name a file that can be written", file=path, field="database") from None


def _upgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with writing(engine) as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _UPGRADING})
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except CommandError as error:
        message = f"the database was written by a newer version ({error}); open it with that one"
        raise InputError(message, field="database") from None
    except DatabaseError as error:
        if isinstance(error, OperationalError | InterfaceError):
            raise
        message = f"{error.orig}; write sqlite:///file.db or postgresql://host/name"
        raise InputError(message, field="database") from None
