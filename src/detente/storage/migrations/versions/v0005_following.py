"""What this node follows of others' logs, and the contents that are still to come."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Let a node go on where it stopped, at whichever step that was."""
    op.create_table(
        "followed_log",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.LargeBinary(), nullable=False),
        sa.Column("spent_day", sa.Text(), nullable=False),
        sa.Column("spent_statements", sa.BigInteger(), nullable=False),
        sa.Column("spent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("forked", sa.BigInteger(), nullable=True),
        sa.Column("grown_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("taken >= 0", name=op.f("ck_followed_log_shape")),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_followed_log")),
    )
    op.create_table(
        "awaited_content",
        sa.Column("payload_hash", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("wrap", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "length(payload_hash) = 32 AND length(issuer) = 32",
            name=op.f("ck_awaited_content_shape"),
        ),
        sa.PrimaryKeyConstraint("payload_hash", name=op.f("pk_awaited_content")),
    )
    op.create_index("ix_awaited_content_issuer", "awaited_content", ["issuer", "origin", "seq"])
