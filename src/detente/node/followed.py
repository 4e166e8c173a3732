"""Rows of what this node follows, to and from the values of the protocol."""

from collections.abc import Sequence
from dataclasses import fields, replace

from detente.charter import Certificate, Proposal, Spent
from detente.errors import UnitError
from detente.exchange.protocol import Accepted, Awaited, Held
from detente.statements import Sealed, Statement
from detente.storage.following import AwaitedContent, FollowedLog
from detente.storage.model import StatementRow
from detente.tlog import Checkpoint, Frontier, SignatureLine, SignedNote
from detente.tlog.checkpoint import HASH_BYTES
from detente.tlog.tiles import TILE_WIDTH

SEALED = "sealed"  # in the index: content that is not addressed to this member


def held_of_row(row: FollowedLog) -> Held:
    """Return what is held of a log, from its row."""
    spent = Spent(day=row.spent_day, statements=row.spent_statements, size_bytes=row.spent_bytes)
    if not row.note:
        return replace(Held.nothing(row.origin), spent=spent, forked=row.forked)
    checkpoint = Checkpoint.parse(SignedNote.parse(row.note).text)
    return Held(
        origin=row.origin,
        note=row.note,
        checkpoint=checkpoint,
        edge=_edge(row.edge, checkpoint.size),
        taken=row.taken,
        complete=row.complete,
        spent=spent,
        forked=row.forked,
    )


def _edge(rows: bytes, size: int) -> Frontier:
    """Cut the rows of an edge apart: how long each is follows from the size of the tree."""
    cut: list[bytes] = []
    place, rest = 0, size
    while rest:
        width = rest % TILE_WIDTH * HASH_BYTES
        cut.append(rows[place : place + width])
        place, rest = place + width, rest // TILE_WIDTH
    return Frontier(size, tuple(cut))


def size_of(note: bytes) -> int:
    """Return the size of the tree of a note, 0 for none."""
    return Checkpoint.parse(SignedNote.parse(note).text).size


def lines_of(note: bytes | None, signed: SignedNote) -> Sequence[SignatureLine]:
    """Return the lines of a note where it is of the same checkpoint."""
    other = SignedNote.parse(note) if note else None
    return other.lines if other is not None and other.text == signed.text else ()


def kind_of(accepted: Accepted) -> str:
    """Return the kind of a statement; of sealed content it is not known."""
    says = accepted.statement.header.says
    return SEALED if isinstance(says, Sealed) else says.kind


def statement_row(accepted: Accepted) -> StatementRow:
    """Return what the index keeps of a statement whose content is not indexed."""
    header = accepted.statement.header
    says = header.says
    return StatementRow(
        payload_hash=accepted.statement.payload_hash,
        issuer=header.issuer,
        origin=accepted.origin,
        seq=header.seq,
        kind=kind_of(accepted),
        said_at=header.time,
        ciphertext=says.ciphertext if isinstance(says, Sealed) else None,
    )


def awaited_row(awaited: Awaited) -> AwaitedContent:
    """Return the row of a content to come."""
    return AwaitedContent(**{name: getattr(awaited, name) for name in _AWAITED})


def awaited_of_row(row: AwaitedContent) -> Awaited:
    """Return a content to come, from its row."""
    return Awaited(**{name: getattr(row, name) for name in _AWAITED})


_AWAITED = tuple(each.name for each in fields(AwaitedContent))


def papers_named(statement: Statement) -> tuple[str, ...]:
    """Return what a proposal or certificate is about: a charter, and acceptances of it."""
    says = statement.header.says
    if isinstance(says, Sealed) or says.kind not in (Proposal.KIND, Certificate.KIND):
        return ()
    try:
        form = Proposal if says.kind == Proposal.KIND else Certificate
        body = form.parse(says.body)
    except UnitError:
        return ()
    return (body.digest, *body.acceptances)
