"""The console: people, their passkeys, links and sessions, and the trail of what they did."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Keep who may sign in, and who did what."""
    op.create_table(
        "person",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "name", "roles")),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "passkey",
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("uses", sa.BigInteger(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("credential", name=op.f("pk_passkey")),
    )
    op.create_index("ix_passkey_person", "passkey", ["person"])
    op.create_table(
        "entry_link",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_entry_link")),
    )
    op.create_index("ix_entry_link_person", "entry_link", ["person"])
    _sessions()


def _sessions() -> None:
    op.create_table(
        "console_session",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("form_secret", sa.LargeBinary(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("made_at", "seen_at")),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_console_session")),
    )
    op.create_index("ix_console_session_person", "console_session", ["person"])
    op.create_table(
        "trail",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_trail")),
        sqlite_autoincrement=True,
    )
