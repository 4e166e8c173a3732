"""The watch: places of sources, alarms, detections with their evidence, fresh events."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Keep what the watch saw and found."""
    _sources()
    _found()
    _events()


def _sources() -> None:
    op.create_table(
        "watch_source",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("bad", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watch_source")),
    )
    op.create_table(
        "watch_request",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "request", name=op.f("pk_watch_request")),
    )
    op.create_index("ix_watch_request_taken_at", "watch_request", ["taken_at"])
    op.create_table(
        "watch_bad_line",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_watch_bad_line")),
    )
    op.create_index("ix_watch_bad_line_source", "watch_bad_line", ["source", "number"])


def _found() -> None:
    op.create_table(
        "watch_alarm",
        sa.Column("id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("rule", "source", "entity", "title", "level", "tags")
        ),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("first_at", "last_at", "count", "kept")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_alarm")),
    )
    op.create_index("ix_watch_alarm_first_at", "watch_alarm", ["first_at"])
    op.create_index("ix_watch_alarm_last_at", "watch_alarm", ["last_at"])
    op.create_table(
        "watch_detection",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=True),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("event_hash", sa.LargeBinary(), nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_watch_detection")),
        sa.UniqueConstraint("id", name=op.f("uq_watch_detection_id")),
    )
    op.create_index("ix_watch_detection_alarm", "watch_detection", ["alarm", "number"])
    op.create_index("ix_watch_detection_found_at", "watch_detection", ["found_at"])


def _events() -> None:
    op.create_table(
        "watch_fresh",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_watch_fresh")),
        sqlite_autoincrement=True,
    )
