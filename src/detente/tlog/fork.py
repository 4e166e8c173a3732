"""Proofs that a log, or a witness, showed two faces: files that need no third party.

Each shows what one key signed; not who held the key, nor why (a theft and a
restored back-up look the same).

A fork needs no leaves: the later root commits to exactly one prefix of the earlier
size. The consistency proof shows that prefix, and it is not the tree signed before.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from detente.signing import (
    EnvelopeError,
    JsonError,
    JsonLimits,
    JsonValue,
    canonical,
    decode_base64,
)
from detente.signing import parse_canonical as parse_json
from detente.tlog.checkpoint import Checkpoint, parse_hash
from detente.tlog.errors import CheckpointError, ForkError, NoteError, ProofError
from detente.tlog.note import NOTE_BYTES_MAX, SignedNote, Verified, open_note
from detente.tlog.proofs import (
    HASHES_MAX,
    HashReader,
    prove_consistency,
    range_root,
    verify_consistency,
)
from detente.tlog.verifier import Verifier

_LIMITS = JsonLimits(size_bytes=3 * NOTE_BYTES_MAX, depth=2, values=HASHES_MAX + 8)


class WitnessFault(StrEnum):
    """What a witness did."""

    SHRANK = "a smaller tree at a later time"
    BOTH_BRANCHES = "two trees of which neither continues the other"


@dataclass(frozen=True, slots=True)
class Branches:
    """Two checkpoint notes of one origin, and what shows that no tree explains both.

    Attributes:
        first: the note with the smaller size, or either when sizes are equal.
        second: the other note.
        prefix: root of the first entries of the *second* tree, as many as the
            first checkpoint has; empty when sizes are equal or not needed.
        proof: consistency proof from `prefix` to the second root; empty likewise.
    """

    first: bytes
    second: bytes
    prefix: bytes = b""
    proof: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the RFC 8785 JSON that `to_bytes` writes.

        Raises:
            ForkError: another form, over 3 MiB, more than 63 hashes.
        """
        try:
            branches = cls._read(parse_json(data, _LIMITS))
        except (JsonError, EnvelopeError, CheckpointError) as error:
            raise ForkError(f"not a proof of two branches: {error}") from None
        if branches is None or branches.to_bytes() != data:
            raise ForkError("not a proof of two branches: other fields than expected")
        return branches

    @classmethod
    def _read(cls, value: JsonValue) -> Self | None:
        match value:
            case {
                "first": str(first),
                "prefix": str(prefix),
                "proof": list(proof),
                "second": str(second),
            } if len(proof) <= HASHES_MAX:
                return cls(
                    first=decode_base64(first.encode()),
                    second=decode_base64(second.encode()),
                    prefix=parse_hash(prefix) if prefix else b"",
                    proof=tuple(parse_hash(one) for one in proof if isinstance(one, str)),
                )
            case _:
                return None

    def to_bytes(self) -> bytes:
        """Write the proof as a file."""
        return canonical(
            {
                "first": _text(self.first),
                "prefix": _text(self.prefix),
                "proof": [_text(one) for one in self.proof],
                "second": _text(self.second),
                "v": 1,
            }
        )

    def show(self, first: Checkpoint, second: Checkpoint) -> None:
        """Check that no tree explains the two checkpoints.

        Raises:
            ForkError: another origin, sizes in the wrong order, or it is not shown.
        """
        if first.origin != second.origin or not 0 < first.size <= second.size:
            raise ForkError("two checkpoints of one origin are needed, the smaller first, none 0")
        if first.size == second.size:
            if first.root == second.root:
                raise ForkError("both checkpoints name the same tree")
            return
        try:
            verify_consistency(
                old_size=first.size,
                old_root=self.prefix,
                new_size=second.size,
                new_root=second.root,
                proof=self.proof,
            )
        except ProofError as error:
            raise ForkError(f"what the second tree begins with is not shown: {error}") from None
        if self.prefix == first.root:
            raise ForkError("the second tree continues the first: that is no fork")


@dataclass(frozen=True, slots=True)
class Fork:
    """A fork that was shown.

    Attributes:
        origin: the log.
        first: the smaller checkpoint, or either.
        second: the other.
    """

    origin: str
    first: Checkpoint
    second: Checkpoint


@dataclass(frozen=True, slots=True)
class ForkProof:
    """One log's key signed two checkpoints that no tree explains."""

    branches: Branches

    def verify(self, log: Sequence[Verifier]) -> Fork:
        """Check the proof with the keys of the accused log.

        Times in ML-DSA-44 signatures are not looked at: a clock may step back
        without a log being at fault.

        Raises:
            ForkError: it is not shown.
            NoteError: a note is malformed or not signed by the log's keys.
        """
        first = _signed_by_log(self.branches.first, log)
        second = _signed_by_log(self.branches.second, log)
        self.branches.show(first, second)
        return Fork(first.origin, first, second)


@dataclass(frozen=True, slots=True)
class WitnessFaultProof:
    """One witness's key cosigned what an honest witness cannot have seen."""

    branches: Branches

    def verify(self, witness: Verifier) -> WitnessFault:
        """Check the proof with one key of the accused witness.

        Raises:
            ForkError: nothing is shown, or the key is the log's own: its times
                say when it signed, not what it observed.
            NoteError: a note is malformed or not cosigned by this key.
        """
        (one, early), (two, late) = (
            _cosigned(note, witness) for note in (self.branches.first, self.branches.second)
        )
        if one.origin != two.origin:
            raise ForkError("the checkpoints are of two logs")
        if _shrank(one.size, early, two.size, late) or _shrank(two.size, late, one.size, early):
            return WitnessFault.SHRANK
        self.branches.show(one, two)
        return WitnessFault.BOTH_BRANCHES


def prove_fork(first: bytes, second: bytes, read: HashReader | None = None) -> ForkProof:
    """Make the proof from two notes and the tree behind the larger.

    Args:
        first: a checkpoint note.
        second: another; the order does not matter.
        read: hashes of the view behind the larger one; none are needed for
            two notes of one size.

    Raises:
        ForkError: nothing to show: one tree, another origin, no hashes given, or
            those of another tree.
        NoteError: a note is malformed.
        ProofError, MirrorError, TileError: `read` lacks a hash.
    """
    return ForkProof(_branches(first, second, read))


def prove_witness_fault(
    first: bytes, second: bytes, witness: Verifier, read: HashReader | None = None
) -> WitnessFaultProof:
    """Make the proof from two cosigned notes; see `prove_fork`.

    Raises:
        ForkError: nothing to show.
        NoteError: a note is malformed or not cosigned by `witness`.
        ProofError, MirrorError, TileError: `read` lacks a hash.
    """
    proof = WitnessFaultProof(Branches(first, second))
    try:
        proof.verify(witness)
    except ForkError:
        proof = WitnessFaultProof(_branches(first, second, read))
        proof.verify(witness)
    return proof


def _branches(first: bytes, second: bytes, read: HashReader | None) -> Branches:
    one, two = _checkpoint(first), _checkpoint(second)
    if one.size > two.size:
        first, second, one, two = second, first, two, one
    branches = Branches(first, second)
    if 0 < one.size < two.size:
        if read is None:
            raise ForkError("to show a fork between sizes, the larger tree's hashes are needed")
        prefix = range_root(read, start=0, end=one.size)
        proof = prove_consistency(read, old_size=one.size, new_size=two.size)
        branches = Branches(first, second, prefix, tuple(proof))
    branches.show(one, two)
    return branches


def _checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(SignedNote.parse(note).text)


def _signed_by_log(note: bytes, log: Sequence[Verifier]) -> Checkpoint:
    opened = open_note(note, log)
    checkpoint = Checkpoint.parse(opened.text)
    if all(one.verifier.name != checkpoint.origin for one in opened.verified):
        raise NoteError(f"no key of the log {checkpoint.origin!r} itself signed its checkpoint")
    return checkpoint


def _cosigned(note: bytes, witness: Verifier) -> tuple[Checkpoint, Verified]:
    opened = open_note(note, [witness])
    checkpoint = Checkpoint.parse(opened.text)
    if not witness.key_type.is_timed or witness.name == checkpoint.origin:
        raise ForkError(f"{witness.name!r} is no witness of the log {checkpoint.origin!r}")
    return checkpoint, opened.verified[0]


def _shrank(size: int, at: Verified, later_size: int, later: Verified) -> bool:
    """Say whether the later cosignature is of the smaller tree; time 0 names no time."""
    return bool(at.timestamp and later.timestamp) and (
        (at.timestamp or 0) < (later.timestamp or 0) and later_size < size
    )


def _text(value: bytes) -> str:
    return b64encode(value).decode()
