"""The keys of a member's own contents, sealed to itself."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Let a member read again what it said."""
    op.create_table(
        "content_key",
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(ciphertext) = 32", name=op.f("ck_content_key_shape")),
        sa.PrimaryKeyConstraint("ciphertext", name=op.f("pk_content_key")),
    )
