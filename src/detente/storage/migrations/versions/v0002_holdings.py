"""What the node holds: statements, the index of their objects, evidence, charters, marks."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add what stands beside the log path."""
    _statements()
    _index()
    _evidence_and_charters()


def _statements() -> None:
    op.create_table(
        "statement",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("objects", sa.BigInteger(), nullable=True),
        sa.Column("erased", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "seq >= 0 AND length(payload_hash) = 32 AND length(issuer) = 32",
            name=op.f("ck_statement_shape"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_statement")),
        sa.UniqueConstraint("origin", "seq", name=op.f("uq_statement_origin")),
        sa.UniqueConstraint("payload_hash", name=op.f("uq_statement_payload_hash")),
    )
    op.create_index("ix_statement_issuer", "statement", ["issuer", "number"], unique=False)
    op.create_index("ix_statement_kind", "statement", ["kind", "number"], unique=False)
    op.create_table(
        "object_type",
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("first_ref", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaves", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("type", "first_ref", name=op.f("pk_object_type")),
    )


def _index() -> None:
    op.create_table(
        "index_secret",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_index_secret")),
    )
    op.create_table(
        "index_fresh",
        sa.Column("field", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("field", "entry", name=op.f("pk_index_fresh")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "index_run",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("field", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_index_run")),
    )
    op.create_table(
        "index_page",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.LargeBinary(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_index_page")),
    )
    op.create_index("ix_index_page_run", "index_page", ["run", "first"], unique=False)


def _evidence_and_charters() -> None:
    op.create_table(
        "evidence",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("about", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_evidence")),
        sa.UniqueConstraint("sort", "peer", "digest", name=op.f("uq_evidence_sort")),
    )
    op.create_index("ix_evidence_about", "evidence", ["about"], unique=False)
    op.create_index("ix_evidence_peer", "evidence", ["peer", "number"], unique=False)
    op.create_table(
        "charter_version",
        sa.Column("unit", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=True),
        sa.Column("adopted_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "version >= 1 AND length(digest) = 32", name=op.f("ck_charter_version_shape")
        ),
        sa.PrimaryKeyConstraint("unit", "version", name=op.f("pk_charter_version")),
        sa.UniqueConstraint("unit", "digest", name=op.f("uq_charter_version_unit")),
    )
    op.create_table(
        "mark",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_mark")),
    )
