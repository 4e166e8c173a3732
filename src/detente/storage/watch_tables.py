"""The tables of the watch: how far each source was read, alarms, detections, fresh events.

TRUSTED `watch_source`: it says what need not be read again, and moves only in the
transaction that keeps what was found up to there. The rest is what this node saw; losing
it loses evidence, and nothing else depends on it.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from detente.storage.naming import metadata

_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# How far a source was read (`place` is JSON in the source's own terms), and what it gave.
watch_source = Table(
    "watch_source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("bad", BigInteger, nullable=False),
    # Milliseconds since 1970 at which it gave something last.
    Column("seen_at", BigInteger, nullable=False),
)

# Requests that were taken, so that one that is repeated is not taken twice.
watch_request = Table(
    "watch_request",
    metadata,
    Column("source", Text, primary_key=True),
    Column("request", Text, primary_key=True),
    Column("taken_at", BigInteger, nullable=False),
    Index("ix_watch_request_taken_at", "taken_at"),
)

# Detections that belong together; times in milliseconds since 1970.
watch_alarm = Table(
    "watch_alarm",
    metadata,
    Column("id", Text, primary_key=True),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("entity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("kept", BigInteger, nullable=False),
    Index("ix_watch_alarm_first_at", "first_at"),
    Index("ix_watch_alarm_last_at", "last_at"),
)

# Detections kept one by one. `evidence` is the raw event, null once its time is over.
watch_detection = Table(
    "watch_detection",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("id", Text, nullable=False),
    Column("alarm", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("rule", Text, nullable=False),
    # Of the event as it says; null where it says none.
    Column("event_at", BigInteger),
    Column("found_at", BigInteger, nullable=False),
    Column("fields", Text, nullable=False),
    Column("event_hash", LargeBinary, nullable=False),
    Column("evidence", LargeBinary),
    Column("purpose", Text, nullable=False),
    UniqueConstraint("id"),
    Index("ix_watch_detection_alarm", "alarm", "number"),
    Index("ix_watch_detection_found_at", "found_at"),
)

# Lines that could not be read, the newest of each source.
watch_bad_line = Table(
    "watch_bad_line",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("source", Text, nullable=False),
    Column("position", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Index("ix_watch_bad_line_source", "source", "number"),
)

# Events that are in no file yet: packed, some hundred to a row.
watch_fresh = Table(
    "watch_fresh",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("kept_at", BigInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    # Numbers name files, so none is given twice, even after every row has gone.
    sqlite_autoincrement=True,
)

WATCH_TABLES = (
    watch_source,
    watch_request,
    watch_alarm,
    watch_detection,
    watch_bad_line,
    watch_fresh,
)
