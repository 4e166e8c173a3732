"""What people do with alarms: who has one, what is excluded, warnings that are drafted."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alarm_handling",
        *_texts("alarm", "state", "holder", "holder_name", "reason", "case"),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alarm", name=op.f("pk_alarm_handling")),
    )
    op.create_table(
        "alarm_exclusion",
        sa.Column("number", _COUNTED, nullable=False),
        *_texts("rule", "source", "entity", "reason", "person"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alarm_exclusion")),
    )
    op.create_index("ix_alarm_exclusion_until_at", "alarm_exclusion", ["until_at"])
    op.create_table(
        "warning_draft",
        *_texts("id", "alarm", "author", "author_name"),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("handling", sa.LargeBinary(), nullable=False),
        *_texts("audience"),
        sa.Column("objects", sa.LargeBinary(), nullable=False),
        *_texts("state", "statement"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warning_draft")),
    )
    op.create_index("ix_warning_draft_made_at", "warning_draft", ["made_at"])
