"""Small blobs of others, many in one commit."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Keep small blobs beside the files."""
    op.create_table(
        "small_blob",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_small_blob")),
        sa.CheckConstraint("length(digest) = 32", name=op.f("ck_small_blob_shape")),
    )
