"""Receipts: one entry stands in a log that a quorum saw (C2SP tlog-proof, untagged)."""

from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from detente.signing import EnvelopeError, decode_base64, leaf_hash, verify_inclusion
from detente.tlog.checkpoint import parse_hash, parse_size
from detente.tlog.errors import CheckpointError, ReceiptError
from detente.tlog.note import NOTE_BYTES_MAX
from detente.tlog.policy import Policy, Witnessed
from detente.tlog.proofs import HASHES_MAX

RECEIPT_BYTES_MAX = NOTE_BYTES_MAX + (1 << 20)
_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "
_HEAD_LINES_MAX = HASHES_MAX + 3


@dataclass(frozen=True, slots=True)
class Receipt:
    """A tlog-proof.

    Attributes:
        index: of the entry, counted from 0.
        hashes: inclusion proof, leaf to root, at most 63 of 32 bytes.
        checkpoint: the cosigned checkpoint note, byte for byte.
        extra: what the application added, empty if nothing. *Not* authenticated.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes = b""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a receipt, splitting it at its first empty line; the note is opened later.

        Raises:
            ReceiptError: another form, more than 63 hashes, over 2 MiB.
        """
        if len(data) > RECEIPT_BYTES_MAX:
            raise ReceiptError(f"a receipt has at most 2 MiB, this one {len(data)} bytes")
        head, _, checkpoint = data.partition(b"\n\n")
        if not checkpoint or head.count(b"\n") >= _HEAD_LINES_MAX:
            raise ReceiptError("a receipt is a proof of at most 63 hashes, an empty line, a note")
        try:
            header, *lines = head.decode().split("\n")
            if header != _HEADER:
                raise ReceiptError(f"a receipt begins with {_HEADER}, not {header[:40]!r}")
            extra = _read_extra(lines.pop(0)) if lines and lines[0].startswith(_EXTRA) else b""
            if not lines or not lines[0].startswith(_INDEX):
                raise ReceiptError("a receipt names its index before the hashes")
            hashes = tuple(map(parse_hash, lines[1:]))
            index = parse_size(lines[0].removeprefix(_INDEX))
        except (CheckpointError, EnvelopeError, UnicodeDecodeError) as error:
            raise ReceiptError(f"not a receipt: {error}") from None
        if len(hashes) > HASHES_MAX:
            raise ReceiptError(f"a proof has at most 63 hashes, this one {len(hashes)}")
        return cls(index, hashes, checkpoint, extra)

    def to_bytes(self) -> bytes:
        """Write the receipt, as a `.tlog-proof` file holds it."""
        lines = [_HEADER]
        if self.extra:
            lines.append(_EXTRA + b64encode(self.extra).decode())
        lines.append(_INDEX + str(self.index))
        lines += (b64encode(one).decode() for one in self.hashes)
        return "\n".join((*lines, "", "")).encode() + self.checkpoint


def verify_receipt(receipt: Receipt, policy: Policy, entry: bytes) -> None:
    """Check that `entry` stands in a log of the policy, under a quorum's cosignatures.

    Raises:
        NoteError: the checkpoint note is malformed or a known key's signature fails.
        PolicyError: another log, or no quorum.
        ProofError: the entry is not where the receipt says.
    """
    inspect_receipt(receipt, policy, entry)


def inspect_receipt(receipt: Receipt, policy: Policy, entry: bytes) -> Witnessed:
    """Check as `verify_receipt` does, and say which tree and who cosigned it.

    Raises:
        NoteError, PolicyError, ProofError: as `verify_receipt`.
    """
    witnessed = policy.check(receipt.checkpoint)
    verify_inclusion(
        leaf_hash=leaf_hash(entry),
        index=receipt.index,
        size=witnessed.checkpoint.size,
        proof=receipt.hashes,
        root=witnessed.checkpoint.root,
    )
    return witnessed


def _read_extra(line: str) -> bytes:
    extra = decode_base64(line.removeprefix(_EXTRA).encode())
    if not extra:
        raise ReceiptError("a receipt without extra data has no such line")
    return extra
