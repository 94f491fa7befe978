"""The tables of the ledger. `events` is the truth; `orders` and `holders` follow from it and make it quick to search.

`contents` holds what people wrote, apart from the events so that it can be erased, and `originals` what was not masked,
encrypted, apart from both so that a database may give rights to it to nobody else.
"""

import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)


class Moment(TypeDecorator[datetime]):
    """A time with its zone: kept in UTC, since SQLite keeps no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC).replace(tzinfo=None if dialect.name == "sqlite" else UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)) if value else None


class Json(TypeDecorator[Any]):
    """JSON as ASCII text: a database's own type refuses lone surrogates and NUL, which citizens send."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002
        return None if value is None else json.loads(value)


Number = BigInteger().with_variant(Integer, "sqlite")  # SQLite's keys of tables are INTEGER alone

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", Number, nullable=False),
    Column("hash", String(64), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("order", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", String(40), nullable=False),
    Column("role", String(20), nullable=False),
    Column("versions", Json, nullable=False),
    Column("facts", Json, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index(None, "order", "number"),
)

contents = Table(
    "contents",
    metadata,
    Column("number", Number, ForeignKey("events.number"), primary_key=True, autoincrement=False),
    Column("salt", String(32), nullable=False),
    Column("content", Json, nullable=False),
)

originals = Table(
    "originals",
    metadata,
    Column("order", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

orders = Table(
    "orders",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("first", Number, nullable=False, unique=True),
    Column("version", Number, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("reference", String(200), nullable=False),
    Column("status", String(20), nullable=False),
    Column("owner", String(40), nullable=False),
    Column("channel", String(200), nullable=False),
    Column("source", String(300), nullable=False),
    Column("storm", String(600), nullable=False),
    Column("storm_until", Moment),
    Column("topic", String(100), nullable=False),
    Column("district", String(100), nullable=False),
    Column("street", String(100), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("urgency", String(20), nullable=False),
    Column("action", String(20), nullable=False),
    Column("degraded", String(20), nullable=False),
    Column("routed", Number, nullable=False),
    Column("dispatch_by", Moment),
    Column("dispatch_remind_at", Moment),
    Column("feedback_by", Moment),
    Column("feedback_remind_at", Moment),
    Column("unit", String(100), nullable=False),
    Column("assist", Json, nullable=False),
    Column("first_unit", String(100), nullable=False),
    Column("sent_by_model", Boolean, nullable=False),
    Column("audited", Boolean, nullable=False),
    Column("propensity", Float, nullable=False),
    Column("returned_by", Json, nullable=False),
    Column("dispatched_at", Moment),
    Column("signed_at", Moment),
    Column("closed_at", Moment),
    Column("final_unit", String(100), nullable=False),
    Column("called_back_at", Moment),
    Column("valid", Boolean),
    Column("contacted", Boolean),
    Column("solved", Boolean),
    Column("satisfaction", String(20), nullable=False),
    Column("rung", Json, nullable=False),
    Column("overdue", Boolean, nullable=False),
    Column("repeats", Integer, nullable=False),
    Column("merged_into", String(40), nullable=False, index=True),
    Column("erased", Boolean, nullable=False),
    Column("alarm_at", Moment, index=True),
    Index(None, "status", "first"),
    Index(None, "unit", "first"),
    Index(None, "storm", "first"),
    Index(None, "reference"),
    Index(None, "received_at"),
    Index(None, "closed_at"),
    Index(None, "called_back_at"),
    Index(None, "feedback_by"),
)

holders = Table(
    "holders",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), primary_key=True),
    Column("unit", String(100), primary_key=True, index=True),
)

requests = Table(
    "requests",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("order", String(40), nullable=False),
    Column("version", Number, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

keys = Table(
    "keys",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("role", String(20), nullable=False),
    Column("unit", String(100), nullable=False),
    Column("owner", String(40), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("key", String(40), ForeignKey("keys.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("expires_at", Moment, nullable=False),
)

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("url", String(2000), nullable=False),
    Column("kinds", Json, nullable=False),
    Column("unit", String(100), nullable=False),
    Column("owner", String(40), nullable=False),
    Column("made_by", String(40), nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("webhook", String(40), ForeignKey("webhooks.id"), nullable=False),
    Column("event", Number, ForeignKey("events.number"), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("answer", String(200), nullable=False),
    Index(None, "state", "next_at"),
    Index(None, "webhook", "event"),
)
