"""Papers that ballots are about: proposed charters, and acceptances of them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Keep what is voted on, and what of it is still to come."""
    op.create_table(
        "paper",
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("length(name) = 32", name=op.f("ck_paper_shape")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_paper")),
    )
