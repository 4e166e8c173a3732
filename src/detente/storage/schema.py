"""Every table of a node's database, in one place (SQLAlchemy Core).

A change here needs a migration under `migrations/versions` and a new
`SCHEMA_VERSION`; a test compares the two. Hashes that are hashed further are
raw bytes, ids are lower-case hex text, times are text as on the wire or POSIX
seconds where the format counts so. Nothing here is SQLite's own: PostgreSQL
takes the same definitions.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

# The newest script under `migrations/versions`.
SCHEMA_VERSION = "0001"

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# --- the log path: journal, own checkpoints, what we cosigned -------------------------------

# Entries acknowledged but perhaps not yet in a full, durable entry bundle.
journal = Table(
    "journal",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, nullable=False),
    Column("payload_hash", Text, nullable=False),
    CheckConstraint("seq >= 0", name="seq"),
)

# TRUSTED. The newest checkpoint this node signed for each of its logs.
last_checkpoint = Table(
    "last_checkpoint",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    CheckConstraint("size >= 0 AND length(root) = 32", name="shape"),
)

# TRUSTED. The latest moment (POSIX seconds) any signature over a log's checkpoint claimed.
signed_time = Table(
    "signed_time",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("timestamp", BigInteger, nullable=False),
)

# TRUSTED. What this node last cosigned for each log it witnesses or mirrors.
witness_state = Table(
    "witness_state",
    metadata,
    Column("cosigner", Text, primary_key=True),
    Column("origin", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("timestamp", BigInteger, nullable=False),
    CheckConstraint("size >= 0 AND length(root) = 32 AND timestamp > 0", name="shape"),
)

# --- what the node holds: blob references, objects, observables, evidence, charters, settings
