"""Threads of cases, questions and accords, and what people were told."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables of response."""
    _threads()
    _entries()
    _notices()


def _threads() -> None:
    op.create_table(
        "response_thread",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("private", sa.Integer(), nullable=False),
        sa.Column("shared", sa.LargeBinary(), nullable=True),
        sa.Column("continues", sa.LargeBinary(), nullable=True),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response_thread")),
        sa.CheckConstraint(
            "length(id) = 32 AND length(author) = 32", name=op.f("ck_response_thread_shape")
        ),
    )
    for name, *columns in (
        ("changed", "sort", "changed"),
        ("state", "sort", "state", "changed"),
        ("due", "sort", "state", "due_at"),
    ):
        op.create_index(op.f(f"ix_response_thread_{name}"), "response_thread", columns)


def _entries() -> None:
    op.create_table(
        "response_entry",
        sa.Column("thread", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.LargeBinary(), nullable=False),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("private", sa.Integer(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("thread", "digest", name=op.f("pk_response_entry")),
        sa.CheckConstraint(
            "length(thread) = 32 AND length(digest) = 32", name=op.f("ck_response_entry_shape")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_response_entry_turn"), "response_entry", ["thread", "author", "turn"])


def _notices() -> None:
    op.create_table(
        "response_notice",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("tlp", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("tries", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_response_notice")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_response_notice_next_at"), "response_notice", ["next_at"])
    op.create_index(op.f("ix_response_notice_about"), "response_notice", ["about", "number"])
