"""The tables of response: threads, their entries, and what was sent to whom.

Entries are append-only. What members released can be taken from their logs again; private
entries stand here alone, and go into every back-up.
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
)

from detente.storage.naming import metadata

_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# What a thread comes to, for lists; folded anew from its entries whenever one is added.
response_thread = Table(
    "response_thread",
    metadata,
    Column("id", LargeBinary, primary_key=True),
    Column("sort", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("author", LargeBinary, nullable=False),
    Column("private", Integer, nullable=False),
    # Of a thread of this node alone: the shared one that was made of it.
    Column("shared", LargeBinary),
    # Of that one: whose private part it continues.
    Column("continues", LargeBinary),
    Column("entries", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    # A number that grows with every change here: the order of lists.
    Column("changed", BigInteger, nullable=False),
    Index("ix_response_thread_changed", "sort", "changed"),
    Index("ix_response_thread_state", "sort", "state", "changed"),
    Index("ix_response_thread_due", "sort", "state", "due_at"),
    CheckConstraint("length(id) = 32 AND length(author) = 32", name="shape"),
)

response_entry = Table(
    "response_entry",
    metadata,
    Column("thread", LargeBinary, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("author", LargeBinary, nullable=False),
    Column("turn", BigInteger, nullable=False),
    Column("private", Integer, nullable=False),
    # The statement that carries it; null for what never left this node.
    Column("statement", LargeBinary),
    Column("taken_at", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("ix_response_entry_turn", "thread", "author", "turn"),
    CheckConstraint("length(thread) = 32 AND length(digest) = 32", name="shape"),
    sqlite_with_rowid=False,
)

# What was to be told to people of this office, by which channel, and who confirmed it.
response_notice = Table(
    "response_notice",
    metadata,
    Column("number", _COUNTED, primary_key=True),
    Column("about", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("tlp", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("step", Integer, nullable=False),
    Column("next_at", BigInteger),
    Column("confirmed_at", BigInteger),
    Column("confirmed_by", Text, nullable=False),
    Column("tries", Text, nullable=False),
    Index("ix_response_notice_next_at", "next_at"),
    Index("ix_response_notice_about", "about", "number"),
    # Numbers are typed by people to confirm, so none is given twice.
    sqlite_autoincrement=True,
)

RESPONSE_TABLES = (response_thread, response_entry, response_notice)
