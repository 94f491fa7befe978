"""Who may do what: keys of programs and people, kept as digests, and the sessions of the console.

A key holds 256 random bits, so that a plain SHA-256 of it can be kept: nothing can be guessed from it, and a slow
digest, as passwords need one, would only let strangers keep the service busy.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from triage.errors import ConflictError, MissingError
from triage.ledger.events import Actor
from triage.ledger.tables import keys, sessions

SESSION = timedelta(hours=12)


class Role(StrEnum):
    """What a key is for."""

    AGENT = "agent"
    INTAKE = "intake"
    UNIT = "unit"
    SCIENTIST = "scientist"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    CUSTODIAN = "custodian"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who asks. `unit` is the code of the unit that a key of the role `unit` belongs to.

    `owner` is the id of the first key in a line of keys that replaced each other.
    """

    id: str
    name: str
    role: Role
    unit: str = ""
    owner: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def actor(self) -> Actor:
        return Actor(id=self.id, role=self.role.value, owner=self.owner)

    def holds(self, at: datetime) -> bool:
        """Tell whether the key opens anything at a time."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


def create(
    connection: Connection,
    *,
    role: Role,
    name: str = "",
    unit: str = "",
    owner: str = "",
    at: datetime,
    expires_at: datetime | None = None,
) -> tuple[Key, str]:
    """Make a key, and return it with its words, which are kept nowhere.

    Raises
    ------
    ConflictError
        A key of a unit without the unit, or a unit for another role.
    """
    if (role is Role.UNIT) != bool(unit):
        raise ConflictError(
            "a key of role unit belongs to one unit, and no other does; name its code", code="unit_and_role"
        )
    id_ = f"k{secrets.token_hex(5)}"
    key = Key(id=id_, name=name, role=role, unit=unit, owner=owner or id_, created_at=at, expires_at=expires_at)
    words = f"paidan_{key.id}_{secrets.token_urlsafe(32)}"
    row = {column.name: getattr(key, column.name) for column in keys.c if column.name != "digest"}
    connection.execute(insert(keys).values(row | {"digest": digest(words)}))
    return key, words


def rotate(connection: Connection, id_: str, *, at: datetime, overlap: timedelta) -> tuple[Key, str]:
    """Make a key like another one, which goes on to hold for a while."""
    old = one(connection, id_)
    if not old.holds(at):
        raise ConflictError(f"key {id_} no longer holds; create a new one", code="key_ended")
    ends = min(filter(None, (old.expires_at, at + overlap)))
    connection.execute(update(keys).where(keys.c.id == id_).values(expires_at=ends))
    lasts = at + (old.expires_at - old.created_at) if old.expires_at else None
    return create(connection, role=old.role, name=old.name, unit=old.unit, owner=old.owner, at=at, expires_at=lasts)


def revoke(connection: Connection, id_: str, *, at: datetime) -> Key:
    """End a key and its sessions at once."""
    key = one(connection, id_)
    if key.revoked_at is None:
        connection.execute(update(keys).where(keys.c.id == id_).values(revoked_at=at))
    connection.execute(delete(sessions).where(sessions.c.key == id_))
    return one(connection, id_)


def one(connection: Connection, id_: str) -> Key:
    """Return a key by its id."""
    row = connection.execute(select(keys).where(keys.c.id == id_)).one_or_none()
    if row is None:
        raise MissingError(f"there is no key {id_}")
    return _key(row)


def listed(connection: Connection) -> list[Key]:
    """Return all keys, the oldest first."""
    return [_key(row) for row in connection.execute(select(keys).order_by(keys.c.created_at, keys.c.id))]


def owners(at: datetime) -> Select[tuple[str]]:
    """Select whoever has a key that holds at a time."""
    lasts = keys.c.expires_at.is_(None) | (keys.c.expires_at > at)
    return select(keys.c.owner).where(keys.c.revoked_at.is_(None), lasts)


def names(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """Return what keys are called."""
    return dict(connection.execute(select(keys.c.id, keys.c.name).where(keys.c.id.in_(ids))).all())


def with_words(connection: Connection, words: str, *, at: datetime) -> Key | None:
    """Return the key with these words, if it holds."""
    row = connection.execute(select(keys).where(keys.c.digest == digest(words))).one_or_none()
    key = _key(row) if row else None
    return key if key and key.holds(at) else None


def begin_session(connection: Connection, key: Key, *, at: datetime) -> tuple[str, str]:
    """Begin a session of the console, and return its token and what its requests must repeat (CSRF)."""
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    connection.execute(delete(sessions).where(sessions.c.expires_at < at))
    row = {"digest": digest(token), "key": key.id, "csrf": csrf, "expires_at": at + SESSION}
    connection.execute(insert(sessions).values(row))
    return token, csrf


def in_session(connection: Connection, token: str, *, at: datetime) -> tuple[Key, str] | None:
    """Return the key of a session and what its requests must repeat, if both hold."""
    wanted = select(sessions.c.csrf, keys).join(keys, keys.c.id == sessions.c.key)
    found = (sessions.c.digest == digest(token)) & (sessions.c.expires_at > at)
    row = connection.execute(wanted.where(found)).one_or_none()
    key = _key(row) if row else None
    return (key, row.csrf) if row and key and key.holds(at) else None


def end_session(connection: Connection, token: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest(token)))


def digest(words: str) -> str:
    """Return what is kept of a key or token; any text has one, also one that is no key."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Row[Any]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        role=Role(row.role),
        unit=row.unit,
        owner=row.owner,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
