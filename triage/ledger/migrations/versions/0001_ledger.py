"""The tables of the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEVER = "the events of the ledger are appended, never changed or deleted"


def upgrade() -> None:
    """Create the tables, an empty chain, and what keeps events as they are."""
    op.create_table(
        "events",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("order", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_order_number"), "events", ["order", "number"], unique=False)
    op.create_table(
        "head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_head")),
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_keys_digest")),
    )
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("first", NUMBER, nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("channel", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.Column("storm", sa.String(length=600), nullable=False),
        sa.Column("storm_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("district", sa.String(length=100), nullable=False),
        sa.Column("street", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("urgency", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("degraded", sa.String(length=20), nullable=False),
        sa.Column("routed", NUMBER, nullable=False),
        sa.Column("dispatch_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispatch_remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feedback_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feedback_remind_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("assist", sa.Text(), nullable=False),
        sa.Column("first_unit", sa.String(length=100), nullable=False),
        sa.Column("sent_by_model", sa.Boolean(), nullable=False),
        sa.Column("audited", sa.Boolean(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("returned_by", sa.Text(), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("final_unit", sa.String(length=100), nullable=False),
        sa.Column("called_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid", sa.Boolean(), nullable=True),
        sa.Column("contacted", sa.Boolean(), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("satisfaction", sa.String(length=20), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("overdue", sa.Boolean(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("merged_into", sa.String(length=40), nullable=False),
        sa.Column("erased", sa.Boolean(), nullable=False),
        sa.Column("alarm_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("first", name=op.f("uq_orders_first")),
    )
    op.create_index(op.f("ix_orders_alarm_at"), "orders", ["alarm_at"], unique=False)
    op.create_index(op.f("ix_orders_called_back_at"), "orders", ["called_back_at"], unique=False)
    op.create_index(op.f("ix_orders_closed_at"), "orders", ["closed_at"], unique=False)
    op.create_index(op.f("ix_orders_feedback_by"), "orders", ["feedback_by"], unique=False)
    op.create_index(op.f("ix_orders_merged_into"), "orders", ["merged_into"], unique=False)
    op.create_index(op.f("ix_orders_received_at"), "orders", ["received_at"], unique=False)
    op.create_index(op.f("ix_orders_reference"), "orders", ["reference"], unique=False)
    op.create_index(op.f("ix_orders_status_first"), "orders", ["status", "first"], unique=False)
    op.create_index(op.f("ix_orders_storm_first"), "orders", ["storm", "first"], unique=False)
    op.create_index(op.f("ix_orders_unit_first"), "orders", ["unit", "first"], unique=False)
    op.create_table(
        "originals",
        sa.Column("order", sa.String(length=40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order", name=op.f("pk_originals")),
    )
    op.create_table(
        "requests",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("order", sa.String(length=40), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_at"), "requests", ["at"], unique=False)
    op.create_table(
        "webhooks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
    )
    op.create_table(
        "contents",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["events.number"], name=op.f("fk_contents_number")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contents")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("webhook", sa.String(length=40), nullable=False),
        sa.Column("event", NUMBER, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["event"], ["events.number"], name=op.f("fk_deliveries_event")),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name=op.f("fk_deliveries_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_state_next_at"), "deliveries", ["state", "next_at"], unique=False)
    op.create_index(op.f("ix_deliveries_webhook_event"), "deliveries", ["webhook", "event"], unique=False)
    op.create_table(
        "holders",
        sa.Column("order", sa.String(length=40), nullable=False),
        sa.Column("unit", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name=op.f("fk_holders_order")),
        sa.PrimaryKeyConstraint("order", "unit", name=op.f("pk_holders")),
    )
    op.create_index(op.f("ix_holders_unit"), "holders", ["unit"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["keys.id"], name=op.f("fk_sessions_key")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.execute("INSERT INTO head (id, number, hash) VALUES (1, 0, '')")
    _forbid_changes()


def downgrade() -> None:
    """Drop all tables."""
    for table in (
        "sessions",
        "holders",
        "deliveries",
        "contents",
        "webhooks",
        "requests",
        "originals",
        "orders",
        "keys",
        "head",
        "events",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def _forbid_changes() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{NEVER}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER events_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    # INSERT OR REPLACE deletes without the trigger below
    op.execute(
        "CREATE TRIGGER events_stay_insert BEFORE INSERT ON events "  # noqa: S608 - of our own words alone
        "WHEN NEW.number <= (SELECT max(number) FROM events) "
        f"BEGIN SELECT RAISE(ABORT, '{NEVER}'); END"
    )
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER events_stay_{change.lower()} BEFORE {change} ON events "
            f"BEGIN SELECT RAISE(ABORT, '{NEVER}'); END"
        )
