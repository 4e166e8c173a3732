"""What outside tools read: tokens, the shelf of objects, views over it, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Let outside tools read, and bring, what passes the gate."""
    _tokens()
    _shelf()
    _views()
    _traffic()


def _tokens() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("reader", sa.Text(), nullable=False),
        sa.Column("reader_use", sa.Text(), nullable=False),
        sa.Column("may_read", sa.Text(), nullable=False),
        sa.Column("may_write", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_access_token_shape")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_token")),
        sa.UniqueConstraint("name", name=op.f("uq_access_token_name")),
    )


def _shelf() -> None:
    op.create_table(
        "shelf_statement",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("grades", sa.Text(), nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(issuer) = 32", name=op.f("ck_shelf_statement_shape")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shelf_statement")),
    )
    op.create_table(
        "shelf_page",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("marks", sa.LargeBinary(), nullable=False),
        sa.Column("runs", sa.LargeBinary(), nullable=False),
        sa.Column("ends", sa.LargeBinary(), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shelf_page")),
    )
    op.create_table(
        "shelf_body",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shelf_body")),
    )
    op.create_table(
        "shelf_key",
        sa.Column("id_hash", sa.LargeBinary(), nullable=False),
        sa.Column("object", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", "object", name=op.f("pk_shelf_key")),
        sqlite_with_rowid=False,
    )


def _views() -> None:
    op.create_table(
        "shelf_view",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_shelf_view")),
        sa.UniqueConstraint("name", name=op.f("uq_shelf_view_name")),
    )
    op.create_table(
        "shelf_stretch",
        sa.Column("view", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("added", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("length > 0", name=op.f("ck_shelf_stretch_shape")),
        sa.PrimaryKeyConstraint("view", "added", name=op.f("pk_shelf_stretch")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_shelf_stretch_first", "shelf_stretch", ["view", "first"], unique=False)
    op.create_table(
        "progress",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_progress")),
    )


def _traffic() -> None:
    op.create_table(
        "deposit",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit")),
    )
    op.create_index("ix_deposit_token", "deposit", ["token", "made_at"], unique=False)
    op.create_table(
        "outside_source",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_outside_source")),
    )
