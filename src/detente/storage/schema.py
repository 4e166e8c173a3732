"""Every table of a node's database, in one place; some kinds have modules of their own.

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
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
)

from detente.storage.acting_tables import ACTING_TABLES
from detente.storage.handling_tables import HANDLING_TABLES
from detente.storage.naming import metadata
from detente.storage.people_tables import PEOPLE_TABLES
from detente.storage.response_tables import RESPONSE_TABLES
from detente.storage.watch_tables import WATCH_TABLES

__all__ = [  # and every table below
    "ACTING_TABLES",
    "HANDLING_TABLES",
    "PEOPLE_TABLES",
    "RESPONSE_TABLES",
    "SCHEMA_VERSION",
    "WATCH_TABLES",
    "metadata",
]

# The newest script under `migrations/versions`.
SCHEMA_VERSION = "0013"

# --- the log path: journal, own checkpoints, what we cosigned -------------------------------

# TRUSTED. Entries acknowledged but perhaps not yet in a full, durable entry bundle: one row
# per group commit, for the positions from `start_seq` up to `end_seq`, which is not in it.
journal = Table(
    "journal",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("start_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("end_seq", BigInteger, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    CheckConstraint("0 <= start_seq AND start_seq < end_seq", name="span"),
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

# --- what the node holds: statements and the index of their objects -------------------------

# SQLite counts rows by itself only for a column of exactly this type.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# Every verified statement, with its place in its log: the way from an object to a receipt.
statement = Table(
    "statement",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("payload_hash", LargeBinary, nullable=False),
    Column("issuer", LargeBinary, nullable=False),
    Column("origin", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Column("ciphertext", LargeBinary),
    # Leaves read and indexed; null while that is under way.
    Column("objects", BigInteger),
    Column("erased", Integer, nullable=False, default=0),
    UniqueConstraint("payload_hash"),
    UniqueConstraint("origin", "seq"),
    Index("ix_statement_issuer", "issuer", "number"),
    Index("ix_statement_kind", "kind", "number"),
    CheckConstraint("seq >= 0 AND length(payload_hash) = 32 AND length(issuer) = 32", name="shape"),
)

# Which leaves of a statement are of one STIX type: packed 32-bit leaf numbers, ascending.
object_type = Table(
    "object_type",
    metadata,
    Column("type", Text, primary_key=True),
    Column("first_ref", BigInteger, primary_key=True, autoincrement=False),
    Column("leaves", LargeBinary, nullable=False),
)

# One random key: who does not know it cannot aim two values at one place of the index.
index_secret = Table(
    "index_secret",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, nullable=False),
)

# The index proper. New entries of single statements wait here, sorted by the database...
index_fresh = Table(
    "index_fresh",
    metadata,
    Column("field", Integer, primary_key=True, autoincrement=False),
    Column("entry", LargeBinary, primary_key=True),
    sqlite_with_rowid=False,
)

# ...and move to sorted runs, which are merged when there are many of one level.
index_run = Table(
    "index_run",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("field", Integer, nullable=False),
    Column("level", Integer, nullable=False),
)

index_page = Table(
    "index_page",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("run", BigInteger, nullable=False),
    Column("first", LargeBinary, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    Index("ix_index_page_run", "run", "first"),
)

# --- what the node holds: evidence, charters, marks -----------------------------------------

# What others did wrong: the bytes, proof files made of them, and replies of the accused.
evidence = Table(
    "evidence",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("sort", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("about", LargeBinary),
    UniqueConstraint("sort", "peer", "digest"),
    Index("ix_evidence_peer", "peer", "number"),
    Index("ix_evidence_about", "about"),
)

# The versions of the charter this node knows, with the certificate that made each.
charter_version = Table(
    "charter_version",
    metadata,
    Column("unit", LargeBinary, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, nullable=False),
    Column("certificate", LargeBinary),
    Column("adopted_at", BigInteger),
    UniqueConstraint("unit", "digest"),
    CheckConstraint("version >= 1 AND length(digest) = 32", name="shape"),
)

# TRUSTED. Facts about this database itself, as that it came out of a back-up.
mark = Table(
    "mark",
    metadata,
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

# --- what only this member can read: the keys of its own contents ----------------------------

# The content key of what this member said, sealed to its own sealing key. Erasure deletes it.
content_key = Table(
    "content_key",
    metadata,
    Column("ciphertext", LargeBinary, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    CheckConstraint("length(ciphertext) = 32", name="shape"),
)

# --- what outside tools read: tokens, the shelf of objects, views over it, imports ------------

# TRUSTED. Who may ask, and for what. Of a token only the hash is kept.
access_token = Table(
    "access_token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("reader", Text, nullable=False),
    Column("reader_use", Text, nullable=False),
    Column("may_read", Text, nullable=False),
    Column("may_write", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    UniqueConstraint("name"),
    CheckConstraint("length(digest) = 32", name="shape"),
)

# A statement whose objects stand on the shelf: what the gate needs to decide about them again.
shelf_statement = Table(
    "shelf_statement",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("issuer", LargeBinary, nullable=False),
    Column("account", Text, nullable=False),
    Column("grades", Text, nullable=False),
    Column("opening", LargeBinary, nullable=False),
    CheckConstraint("length(issuer) = 32", name="shape"),
)

# Objects by their number on the shelf, a fixed number of them to a page; bytes lie apart, so
# that a search does not read them.
shelf_page = Table(
    "shelf_page",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("types", Text, nullable=False),
    Column("marks", LargeBinary, nullable=False),
    Column("runs", LargeBinary, nullable=False),
    Column("ends", LargeBinary, nullable=False),
    Column("names", LargeBinary, nullable=False),
)

shelf_body = Table(
    "shelf_body",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)

# By the beginning of the hash of its id: where every version of an object stands.
shelf_key = Table(
    "shelf_key",
    metadata,
    Column("id_hash", LargeBinary, primary_key=True),
    Column("object", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# A view is stretches of the shelf in the order in which they entered it. `added` is the moment
# (microseconds) at which the first of a stretch entered, each following one a microsecond later.
shelf_view = Table(
    "shelf_view",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("name", Text, nullable=False),
    UniqueConstraint("name"),
)

shelf_stretch = Table(
    "shelf_stretch",
    metadata,
    Column("view", BigInteger, primary_key=True, autoincrement=False),
    Column("added", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, nullable=False),
    Column("length", BigInteger, nullable=False),
    Index("ix_shelf_stretch_first", "view", "first"),
    CheckConstraint("length > 0", name="shape"),
    sqlite_with_rowid=False,
)

# How far something that is done bit by bit has come.
progress = Table(
    "progress",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# What became of what an account brought (TAXII status resources).
deposit = Table(
    "deposit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("token", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("ix_deposit_token", "token", "made_at"),
)

# Outside collections that are read, and how far.
outside_source = Table(
    "outside_source",
    metadata,
    Column("name", Text, primary_key=True),
    Column("settings", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("read_at", BigInteger),
    Column("fault", Text, nullable=False),
)

# --- other members' logs: how far they were taken, and what is still to come ------------------

# TRUSTED. The newest checkpoint accepted of each log, its edge, and the entries taken so far.
followed_log = Table(
    "followed_log",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("note", LargeBinary, nullable=False),
    Column("edge", LargeBinary, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("complete", LargeBinary, nullable=False),
    Column("spent_day", Text, nullable=False),
    Column("spent_statements", BigInteger, nullable=False),
    Column("spent_bytes", BigInteger, nullable=False),
    # The first entry that the log is shown to have in two versions.
    Column("forked", BigInteger),
    # When its newest checkpoint was first seen here (POSIX seconds): a silent log shows.
    Column("grown_at", BigInteger, nullable=False),
    CheckConstraint("taken >= 0", name="shape"),
)

# Contents addressed to this member that were not opened yet.
awaited_content = Table(
    "awaited_content",
    metadata,
    Column("payload_hash", LargeBinary, primary_key=True),
    Column("issuer", LargeBinary, nullable=False),
    Column("origin", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("wrap", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Index("ix_awaited_content_issuer", "issuer", "origin", "seq"),
    CheckConstraint("length(payload_hash) = 32 AND length(issuer) = 32", name="shape"),
)

# TRUSTED. Recoveries of other members, and when they were received: 72 hours run from there.
pending_recovery = Table(
    "pending_recovery",
    metadata,
    Column("member", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    # A cosigned checkpoint of the epoch before, as it was then; empty where there was none.
    Column("evidence", LargeBinary, nullable=False),
    Column("cut", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

# What ballots are about, by the hash they name it with; null while it is still to come.
paper = Table(
    "paper",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    Column("data", LargeBinary),
    CheckConstraint("length(name) = 32", name="shape"),
)

# Bytes under their SHA-256 that came from others and are small: many in one commit.
small_blob = Table(
    "small_blob",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    CheckConstraint("length(digest) = 32", name="shape"),
)
