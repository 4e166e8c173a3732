"""The log path: journal, own checkpoints, cosigned states."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables of the first version."""
    op.create_table(
        "journal",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("start_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_seq", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("0 <= start_seq AND start_seq < end_seq", name=op.f("ck_journal_span")),
        sa.PrimaryKeyConstraint("origin", "start_seq", name=op.f("pk_journal")),
    )
    op.create_table(
        "last_checkpoint",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "size >= 0 AND length(root) = 32", name=op.f("ck_last_checkpoint_shape")
        ),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_last_checkpoint")),
    )
    op.create_table(
        "signed_time",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_signed_time")),
    )
    op.create_table(
        "witness_state",
        sa.Column("cosigner", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "size >= 0 AND length(root) = 32 AND timestamp > 0",
            name=op.f("ck_witness_state_shape"),
        ),
        sa.PrimaryKeyConstraint("cosigner", "origin", name=op.f("pk_witness_state")),
    )
