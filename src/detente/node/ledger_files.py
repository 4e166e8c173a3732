"""A month's ledger as one file that a stranger checks: who said it, where, and who saw it.

It holds the signed statement's entry, its place under a cosigned checkpoint, and the one
object that was said; nothing else of the node. It shows what a member said of its own record,
not that the record is right, and not that no other was said for the same month.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from detente.errors import InputError
from detente.node.accounting import first_of, month_after
from detente.node.home import Home
from detente.node.publishing import renew
from detente.node.reading import read_said, receipt_for
from detente.proofs import (
    CharterChain,
    ReceiptRefused,
    SaidObject,
    make_object_receipt,
    verify_settled_object,
)
from detente.response import Entry, Sort, entry_in
from detente.statements import decode_object, open_leaves
from detente.tlog import Receipt

_NOTE = 1
"""The leaf that holds the entry; leaf 0 says how to handle it."""


@dataclass(frozen=True, slots=True)
class SignedLedger:
    """What a file shows.

    Attributes:
        member: id of whose ledger it is.
        names: member id -> label, of everybody whom the chain ever listed.
        period: as 2026-11.
        figures: name -> whole number, as they were signed.
        said: the statement that carries it, its place and who saw it.
    """

    member: str
    names: Mapping[str, str]
    period: str
    figures: Mapping[str, int]
    said: SaidObject

    @property
    def name(self) -> str:
        """The label of whose ledger it is."""
        return self.label(self.member)

    def label(self, member: str) -> str:
        """Return a member's label in the chain, or what was given."""
        return self.names.get(member, member)

    def by_partner(self) -> dict[str, dict[str, int]]:
        """Return partner id -> column -> count; a column that is zero is left out."""
        rows: dict[str, dict[str, int]] = {}
        for name, count in self.figures.items():
            partner, _, column = name.partition(" ")
            rows.setdefault(partner, {})[column] = count
        return rows


def ledger_file(home: Home, statement: str, now: Callable[[], datetime]) -> bytes | None:
    """Return the file of a ledger that this member said; None while too few have cosigned it.

    Args:
        home: open.
        statement: id of the statement.
        now: the clock.

    Raises:
        InputError: no such statement, or its content was erased.
        SigningRefused, StorageFault: the node must not or cannot write a checkpoint.
        UnitError: the statement is no ledger.
    """
    said, chain = read_said(home, statement), home.chain
    if said.content is None or chain is None:
        raise InputError(f"this node does not hold what statement {statement[:16]}… says")
    if said.stored.row.origin == home.identity.origin:
        renew(home, now, covering=said.stored.row.seq)
    receipt, seen = receipt_for(home, statement)
    if not seen.settled:
        return None
    bare = Receipt(receipt.index, receipt.hashes, receipt.checkpoint)
    made = make_object_receipt(receipt.extra, bare, open_leaves(said.content, {_NOTE}))
    data = made.to_bytes()
    read_ledger_file(data, chain)
    return data


def read_ledger_file(data: bytes, chain: CharterChain) -> SignedLedger:
    """Check a file with the charter chain and nothing else.

    Raises:
        ReceiptRefused: it shows something else than the ledger of a month that was over.
        UnitError: as `verify_settled_object`.
    """
    said = verify_settled_object(data, chain)
    member = said.position.issuer
    entry = entry_in(decode_object(said.stix), issuer=member)
    if entry is None or entry.sort is not Sort.LEDGER or not entry.opens:
        raise ReceiptRefused("it shows an object of a statement, and no ledger")
    _check(entry, chain)
    return SignedLedger(
        member=member,
        names={each.id: each.name for version in chain.charters for each in version.members},
        period=entry.text("period"),
        figures=_figures(entry),
        said=said,
    )


def _check(entry: Entry, chain: CharterChain) -> None:
    if entry.unit != chain.unit:
        raise ReceiptRefused(f"the ledger is of unit {entry.unit[:16]}…, the chain of another")
    period = entry.text("period")
    if entry.at < month_after(first_of(period)):
        raise ReceiptRefused(f"it was said before {period} was over")


def _figures(entry: Entry) -> dict[str, int]:
    figures = entry.body["figures"]
    rows = figures.items() if isinstance(figures, dict) else ()
    return {name: count for name, count in rows if isinstance(count, int)}
