"""The tables of acting: values, who claims them on what ground, and what became of each word.

UNTRUSTED and made anew from logs and contents when lost, but for `acting_accepted`
(what a person of this office let act) and `import_done` (what was read already).
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

# A value in its one spelling, and what it does now. `decision` is JSON for people and tools.
acting_item = Table(
    "acting_item",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    # SHA-256 of path and value: an address may be longer than an index takes.
    Column("key", LargeBinary, nullable=False),
    Column("path", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("level", Integer, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("decision", Text, nullable=False),
    UniqueConstraint("key"),
    Index("ix_acting_item_level", "level", "number"),
    Index("ix_acting_item_due_at", "due_at"),
)

# What acting needs of a statement besides its row: who could read it, when it was taken.
acting_said = Table(
    "acting_said",
    metadata,
    Column("statement", BigInteger, primary_key=True, autoincrement=False),
    Column("readers", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
    Column("item_count", BigInteger, nullable=False),
)

acting_claim = Table(
    "acting_claim",
    metadata,
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("statement", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Index("ix_acting_claim_statement", "statement"),
    Index("ix_acting_claim_subject", "subject"),
)

# The newest version of each object by each issuer, whatever it says now.
acting_subject = Table(
    "acting_subject",
    metadata,
    Column("issuer", LargeBinary, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("version", Text, nullable=False),
)

acting_objection = Table(
    "acting_objection",
    metadata,
    Column("about", LargeBinary, primary_key=True),
    Column("statement", BigInteger, primary_key=True, autoincrement=False),
    Column("stance", Text, primary_key=True),
    # The value it is about; 0 where it is about all of the statement.
    Column("item", BigInteger, primary_key=True, autoincrement=False),
)

# The precision ledger: one mark for each (value, issuer, class).
acting_mark = Table(
    "acting_mark",
    metadata,
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("issuer", LargeBinary, primary_key=True),
    Column("sort", Text, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("words", Text, nullable=False),
    Index("ix_acting_mark_issuer", "issuer", "sort", "outcome"),
)

# Which cosigner showed which size of which log first when (POSIX seconds).
acting_seen = Table(
    "acting_seen",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("cosigner", Text, primary_key=True),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("seen_at", BigInteger, nullable=False),
)

# Every promotion and demotion, with its reason.
acting_change = Table(
    "acting_change",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("item", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("level_before", Integer, nullable=False),
    Column("level_after", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Index("ix_acting_change_item", "item", "number"),
)

# Received rules, kept apart from everything that runs.
acting_rule = Table(
    "acting_rule",
    metadata,
    Column("statement", BigInteger, primary_key=True, autoincrement=False),
    Column("leaf", BigInteger, primary_key=True, autoincrement=False),
    Column("subject", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("findings", Text, nullable=False),
)

# Values on lists of shared infrastructure that a person of this office let act all the same.
acting_accepted = Table(
    "acting_accepted",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("path", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("by_whom", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

# What was read from outside already: an event of a feed, a file, a row of a list.
import_done = Table(
    "import_done",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("mark", Text, nullable=False),
)

ACTING_TABLES = (
    acting_item,
    acting_said,
    acting_claim,
    acting_subject,
    acting_objection,
    acting_mark,
    acting_seen,
    acting_change,
    acting_rule,
    acting_accepted,
    import_done,
)
