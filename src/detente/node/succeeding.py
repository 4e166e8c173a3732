"""The next version joins the chain: a certificate, its ballots, and a settled receipt for each.

Every node does this for itself, from what it mirrors: nobody's word that a charter was
certified is taken for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from detente.charter import Certificate, Charter
from detente.errors import EnvironmentFault, UnitError
from detente.node.governing import Assembly, Desk, read_assembly
from detente.node.receipts import make_receipt
from detente.proofs import ChainError, CharterChain, verify_chain
from detente.statements import Statement
from detente.tlog import TileStore


class Record(Desk, Protocol):
    """What succeeding needs of a node, beside governing. TRUSTED as that."""

    def shown(self, origin: str) -> bytes | None:
        """Return the newest checkpoint of a log with the cosignatures gathered here."""
        ...

    def copies(self, origin: str) -> TileStore:
        """Return the files of a log, own or mirrored."""
        ...


@dataclass(frozen=True, slots=True)
class Awaiting:
    """A certificate is known, and not all that it needs is here yet.

    Attributes:
        reason: for people.
    """

    reason: str


def succeed(record: Record) -> CharterChain | Awaiting | None:
    """Return the chain with the next version, if a certificate for it holds.

    None where nobody has said one.
    """
    digest = record.roster.digest
    waiting: Awaiting | None = None
    assembly: Assembly | None = None
    for statement in record.said(Certificate.KIND):
        if statement.header.charter != digest:
            continue
        assembly = assembly or read_assembly(record)
        try:
            return _joined(record, assembly, statement)
        except EnvironmentFault:
            raise
        except UnitError as error:
            waiting = Awaiting(error.message)
    return waiting


def _joined(record: Record, assembly: Assembly, certificate: Statement) -> CharterChain:
    body = Certificate.parse(certificate.clear.body)
    file = record.roster.chain.file
    document = record.paper(body.digest)
    if document is None:
        raise ChainError("the charter it certifies is still on its way")
    named = [
        statement
        for name, statement in assembly.statements.items()
        if name in body.confirms or name in body.consents
    ]
    accepted = [record.paper(name) for name in body.acceptances]
    grown = replace(
        file,
        charters=(*file.charters, document),
        acceptances=(*file.acceptances, *(each for each in accepted if each is not None)),
        certificates=(*file.certificates, certificate.to_entry()),
        removed=(*file.removed, _last_of_removed(record, assembly.documents.get(body.digest))),
        ballots=(*file.ballots, *(each.to_entry() for each in named)),
        receipts=(*file.receipts, *_receipts(record, named)),
    )
    return verify_chain(grown)


def _receipts(record: Record, statements: Sequence[Statement]) -> list[bytes]:
    receipts: list[bytes] = []
    for statement in statements:
        header = statement.header
        history = record.roster.history(header.issuer)
        origin = "" if history is None else f"{history.log}/{header.epoch}"
        note = record.shown(origin)
        if note is None:
            raise ChainError(f"no cosigned checkpoint of log {origin} is here")
        receipt = replace(make_receipt(record.copies(origin), header.seq, note), extra=b"")
        receipts.append(receipt.to_bytes())
    return receipts


def _last_of_removed(record: Record, new: Charter | None) -> bytes:
    """Return how far the log of the member that a version removes was seen; empty for none."""
    old = record.roster.charter
    for member in old.members:
        if new is not None and member.id not in new.member_ids:
            origin = record.roster.origin_of(member.id)
            return (record.shown(origin) if origin else None) or b""
    return b""
