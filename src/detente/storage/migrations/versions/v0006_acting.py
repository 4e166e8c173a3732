"""What makes an indicator act: values, claims, objections, the precision ledger, imports."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_COUNTED = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Let indicators act, and keep every reason."""
    _items()
    _claims()
    _ledger()
    _beside()


def _items() -> None:
    op.create_table(
        "acting_item",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_acting_item")),
        sa.UniqueConstraint("key", name=op.f("uq_acting_item_key")),
    )
    op.create_index("ix_acting_item_level", "acting_item", ["level", "number"])
    op.create_index("ix_acting_item_due_at", "acting_item", ["due_at"])
    op.create_table(
        "acting_change",
        sa.Column("number", _COUNTED, nullable=False),
        sa.Column("item", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("level_before", sa.Integer(), nullable=False),
        sa.Column("level_after", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_acting_change")),
    )
    op.create_index("ix_acting_change_item", "acting_change", ["item", "number"])


def _claims() -> None:
    op.create_table(
        "acting_said",
        sa.Column("statement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("readers", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("item_count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("statement", name=op.f("pk_acting_said")),
    )
    op.create_table(
        "acting_claim",
        sa.Column("item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item", "statement", "leaf", name=op.f("pk_acting_claim")),
    )
    op.create_index("ix_acting_claim_statement", "acting_claim", ["statement"])
    op.create_index("ix_acting_claim_subject", "acting_claim", ["subject"])
    op.create_table(
        "acting_subject",
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_acting_subject")),
    )
    op.create_table(
        "acting_objection",
        sa.Column("about", sa.LargeBinary(), nullable=False),
        sa.Column("statement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stance", sa.Text(), nullable=False),
        sa.Column("item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "about", "statement", "stance", "item", name=op.f("pk_acting_objection")
        ),
    )


def _ledger() -> None:
    op.create_table(
        "acting_mark",
        sa.Column("item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issuer", sa.LargeBinary(), nullable=False),
        sa.Column("sort", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("item", "issuer", "sort", name=op.f("pk_acting_mark")),
    )
    op.create_index("ix_acting_mark_issuer", "acting_mark", ["issuer", "sort", "outcome"])
    op.create_table(
        "acting_seen",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("cosigner", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "cosigner", "size", name=op.f("pk_acting_seen")),
    )


def _beside() -> None:
    op.create_table(
        "acting_rule",
        sa.Column("statement", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("statement", "leaf", name=op.f("pk_acting_rule")),
    )
    op.create_table(
        "acting_accepted",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_acting_accepted")),
    )
    op.create_table(
        "import_done",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_import_done")),
    )
