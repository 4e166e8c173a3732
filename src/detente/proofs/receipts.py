"""Object receipts: one file that shows who said this object, where, and who saw it.

tlog-proof, header, opening of the commitment and leaf path together: the log's
key and the cosigners vouch for the entry, the entry for the commitment, the
commitment for the object. A receipt proves that a key said something, not that
it is true.
"""

from dataclasses import dataclass

from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofFileError, ReceiptRefused
from detente.proofs.file import Part, fields, print_members, read_members, read_parts
from detente.proofs.judged import judge_entry
from detente.proofs.settled import check_settled
from detente.signing import JsonLimits
from detente.statements import (
    Handling,
    Opening,
    Position,
    Statement,
    parse_entry,
    verify_opening,
)
from detente.tlog import Checkpoint, Policy, Receipt, Witnessed, inspect_receipt

RECEIPT_FILE_BYTES_MAX = 4 * 2**20
_LIMITS = JsonLimits(size_bytes=RECEIPT_FILE_BYTES_MAX, depth=1, values=16)
_MARK = "detente-receipt"
_PARTS = fields("entry", "proof", "opening")
_SHOWN = 2  # the handling and the object


@dataclass(frozen=True, slots=True)
class ObjectReceipt:
    """A receipt for one object, as a file.

    Attributes:
        entry: the log entry: the signed header.
        proof: tlog-proof of the entry.
        opening: of the commitment: the handling and the one object, with their paths.
    """

    entry: bytes
    proof: bytes
    opening: bytes

    @classmethod
    def parse(cls, data: bytes) -> "ObjectReceipt":
        """Read the file; exactly what `to_bytes` writes is one. Checks no signature.

        Raises:
            ProofFileError: over 4 MiB, not canonical, other parts.
        """
        parts = read_parts(read_members(data, mark=_MARK, limits=_LIMITS), _PARTS)
        entry, proof, opening = parts["entry"], parts["proof"], parts["opening"]
        if isinstance(entry, tuple) or isinstance(proof, tuple) or isinstance(opening, tuple):
            raise ProofFileError("each part of a receipt is one byte string")
        return cls(entry=entry, proof=proof, opening=opening)

    def to_bytes(self) -> bytes:
        """Return the file."""
        parts: dict[str, Part] = {
            "entry": self.entry,
            "proof": self.proof,
            "opening": self.opening,
        }
        return print_members({_MARK: "v1"}, parts)


@dataclass(frozen=True, slots=True)
class SaidObject:
    """What a receipt showed.

    Attributes:
        statement: hex payload hash.
        position: unit, member, epoch and index: where it was said.
        origin: of the log.
        size: of the tree it was seen in.
        witnesses: of those who cosigned the policy's names; without a policy member ids and the
            names of outsiders.
        handling: what the author asks of whoever sees it.
        leaf: number of the object in the content.
        stix: the object's bytes.
        is_signer_known: True where a charter chain was given, so that the statement's own
            key was checked; otherwise the log's key alone vouches for who said it.
    """

    statement: str
    position: Position
    origin: str
    size: int
    witnesses: tuple[str, ...]
    handling: Handling
    leaf: int
    stix: bytes
    is_signer_known: bool


def make_object_receipt(entry: bytes, receipt: Receipt, opening: Opening) -> ObjectReceipt:
    """Join what shows one object; `verify_object_receipt` says whether it does."""
    return ObjectReceipt(entry=entry, proof=receipt.to_bytes(), opening=opening.to_bytes())


def verify_object_receipt(
    data: bytes, policy: Policy, *, chain: CharterChain | None = None
) -> SaidObject:
    """Check a receipt file off line, from the object to the cosigned checkpoint.

    Args:
        data: the file.
        policy: which logs are known and whose cosignatures are enough.
        chain: where given, also whose key the statement's and the log's are.

    Raises:
        ProofFileError: not a receipt file.
        NoteError, PolicyError, ProofError: the checkpoint or the entry's place in it.
        EnvelopeError, StatementError, SignatureError: the entry.
        ContentError: the object is not under the commitment.
        ReceiptRefused, ProofRefused: parts that do not belong together.
    """
    file = ObjectReceipt.parse(data)
    receipt = _bare(file)
    witnessed = inspect_receipt(receipt, policy, file.entry)
    statement = parse_entry(file.entry)
    if statement.header.seq != receipt.index:
        raise ReceiptRefused(
            f"a header made for index {statement.header.seq} stands at index {receipt.index}"
        )
    if chain is not None:
        _check_owner(file.entry, statement, witnessed, chain)
    return _shown(
        Opening.parse(file.opening),
        statement,
        witnessed.checkpoint,
        witnesses=witnessed.witnesses,
        is_signer_known=bool(chain),
    )


def verify_settled_object(data: bytes, chain: CharterChain) -> SaidObject:
    """Check a receipt file off line with a charter chain and nothing else.

    The quorum is that of the charter version under which the statement was said.

    Args:
        data: the file.
        chain: whose first digest the asker knows.

    Raises:
        ProofFileError: not a receipt file.
        EnvelopeError, StatementError, SignatureError, ProofRefused: the entry.
        ChainError, NoteError, ProofError: too few cosigned, or the entry's place in the tree.
        ContentError: the object is not under the commitment.
        ReceiptRefused: parts that do not belong together, or an unknown charter version.
    """
    file = ObjectReceipt.parse(data)
    receipt = _bare(file)
    statement = judge_entry(file.entry, chain).statement
    charter = chain.charter(statement.header.charter)
    if charter is None:
        raise ReceiptRefused(
            f"said under charter {statement.header.charter[:16]}…, which is not in the chain",
            remedy="Take a newer chain: `detente charter chain` writes one",
        )
    seen = check_settled(statement, receipt, charter, chain.keyring)
    return _shown(
        Opening.parse(file.opening),
        statement,
        seen.checkpoint,
        witnesses=(*seen.mirrors, *seen.outside),
        is_signer_known=True,
    )


def _bare(file: ObjectReceipt) -> Receipt:
    receipt = Receipt.parse(file.proof)
    if receipt.extra or receipt.to_bytes() != file.proof:
        raise ReceiptRefused("the proof inside carries more than the proof")
    return receipt


def _check_owner(
    entry: bytes, statement: Statement, witnessed: Witnessed, chain: CharterChain
) -> None:
    judge_entry(entry, chain)
    header = statement.header
    if chain.keyring.owner_of_log(witnessed.checkpoint.origin) != (header.issuer, header.epoch):
        raise ReceiptRefused("the entry stands in another log than that of its issuer")
    known = {verifier for _, verifier in chain.keyring.log_keys(witnessed.checkpoint.origin)}
    if not known.intersection(witnessed.log):
        raise ReceiptRefused("the policy names a log key that the charter chain does not know")


def _shown(
    opening: Opening,
    statement: Statement,
    tree: Checkpoint,
    *,
    witnesses: tuple[str, ...],
    is_signer_known: bool,
) -> SaidObject:
    if len(opening.shown) != _SHOWN:
        raise ReceiptRefused("a receipt shows the handling and one object")
    position = statement.header.position
    handling = verify_opening(opening, statement.sealed, position)
    said = opening.shown[1]
    return SaidObject(
        statement=statement.payload_hash,
        position=position,
        origin=tree.origin,
        size=tree.size,
        witnesses=witnesses,
        handling=handling,
        leaf=said.index,
        stix=said.leaf.data,
        is_signer_known=is_signer_known,
    )
