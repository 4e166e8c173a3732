"""The witness: cosign a log's checkpoint only if its tree grew (C2SP tlog-witness v1.0.0).

The decision is pure. `answer` joins it to the TRUSTED store: the state is
advanced by compare-and-swap *before* a cosignature exists, so of two requests
that race one loses, and a crash in between costs a cosignature, never a rule.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self, assert_never

from detente.signing import EMPTY_ROOT
from detente.tlog.checkpoint import Checkpoint, parse_hash, parse_size
from detente.tlog.cosignature import TIMESTAMP_MAX
from detente.tlog.errors import (
    NoteError,
    ProofError,
    StaleCheckpoint,
    WitnessError,
)
from detente.tlog.note import NOTE_BYTES_MAX, SignatureLine, SignedNote, open_signed
from detente.tlog.ports import WitnessState, WitnessStates
from detente.tlog.proofs import HASHES_MAX, verify_consistency
from detente.tlog.signer import NoteSigner
from detente.tlog.verifier import Verifier

REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4_096  # a note, the old size and 63 hashes
SIZE_CONTENT_TYPE = "text/x.tlog.size"
_TEXT_CONTENT_TYPE = "text/plain; charset=utf-8"
_OLD = "old "
_ATTEMPTS = 3  # a request that loses a race is judged again against the new state


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request to cosign.

    Attributes:
        old_size: what the log believes the witness cosigned last.
        proof: consistency proof from `old_size`, at most 63 hashes.
        note: the signed checkpoint.
        checkpoint: its text, read.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: SignedNote
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, request: bytes) -> Self:
        """Read a request body.

        Raises:
            WitnessError: another form, or more than 63 hashes.
            NoteError: the note or its checkpoint is malformed.
        """
        if len(request) > REQUEST_BYTES_MAX:
            raise WitnessError(f"a request has at most {REQUEST_BYTES_MAX} bytes")
        head, _, note = request.partition(b"\n\n")
        if head.count(b"\n") > HASHES_MAX:
            raise WitnessError("a consistency proof has at most 63 hashes")
        try:
            first, *hashes = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise WitnessError("the lines before the checkpoint are ASCII") from None
        if not first.startswith(_OLD):
            raise WitnessError("a request begins with: old <size>")
        old_size = parse_size(first.removeprefix(_OLD))
        proof = tuple(map(parse_hash, hashes))
        signed = SignedNote.parse(note)
        return cls(old_size, proof, signed, Checkpoint.parse(signed.text))

    def to_bytes(self) -> bytes:
        """Write the request body, as a log sends it."""
        lines = [f"{_OLD}{self.old_size}", *(_encode(one) for one in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note.to_bytes()


@dataclass(frozen=True, slots=True)
class Cosign:
    """Permission to cosign, once `new` has replaced `old` in the store.

    Attributes:
        text: the checkpoint text to cosign.
        old: the state the decision was made on.
        new: the state to persist first; its timestamp is the cosignature's.
    """

    text: str
    old: WitnessState | None
    new: WitnessState


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal, as the protocol says it.

    Attributes:
        status: HTTP status.
        reason: for people and logs of operation.
        body: of the answer.
        content_type: of the body.
        evidence: the request, where a valid signature of the log stands under
            a tree that does not continue the one cosigned; else None.
    """

    status: int
    reason: str
    body: bytes = b""
    content_type: str = _TEXT_CONTENT_TYPE
    evidence: bytes | None = None


@dataclass(frozen=True, slots=True)
class Cosigned:
    """Cosignature lines that may leave: the state behind them is stored.

    Attributes:
        lines: one for each of the witness's keys.
        state: what was stored.
    """

    lines: tuple[SignatureLine, ...]
    state: WitnessState

    @property
    def body(self) -> bytes:
        """The answer with status 200."""
        return "".join(f"{line}\n" for line in self.lines).encode()


def answer(
    request: bytes,
    *,
    logs: Mapping[str, Sequence[Verifier]],
    states: WitnessStates,
    signers: Sequence[NoteSigner],
    now: int,
) -> Cosigned | Refused:
    """Judge a request, store the new state, and only then cosign.

    Args:
        request: the body of add-checkpoint.
        logs: by origin, the keys a log signs with.
        states: what this witness cosigned last. TRUSTED.
        signers: the witness's keys, types 0x04 and 0x06.
        now: POSIX seconds.
    """
    try:
        parsed = AddCheckpoint.parse(request)
    except (NoteError, WitnessError) as error:
        return Refused(400, f"malformed request: {error}")
    for _ in range(_ATTEMPTS):
        origin = parsed.checkpoint.origin
        decision = decide(parsed, logs=logs, state=states.read(origin), now=now)
        match decision:
            case Refused():
                return decision
            case Cosign(text=text, old=old, new=new):
                try:
                    states.advance(origin, old, new)
                except StaleCheckpoint:
                    continue
                lines = tuple(signer.cosign(text, new.timestamp) for signer in signers)
                return Cosigned(lines, new)
            case _:
                assert_never(decision)
    return Refused(503, "other requests for this log kept winning; try again")


def decide(
    request: AddCheckpoint,
    *,
    logs: Mapping[str, Sequence[Verifier]],
    state: WitnessState | None,
    now: int,
) -> Cosign | Refused:
    """Apply the rules of add-checkpoint to one request and the state it meets.

    Where a clock stepped back, the last time given is given again: a witness
    never says of a larger tree that it saw it earlier.
    """
    refused = _refuse_stranger(request, logs)
    if refused is not None:
        return refused
    checkpoint = request.checkpoint
    if request.old_size > checkpoint.size:
        return Refused(400, f"old {request.old_size} is above the size {checkpoint.size}")
    latest = state or WitnessState(0, EMPTY_ROOT, 0)
    if request.old_size != latest.size:
        return Refused(
            409,
            f"the latest tree cosigned here has {latest.size} entries, not {request.old_size}",
            body=b"%d\n" % latest.size,
            content_type=SIZE_CONTENT_TYPE,
        )
    try:
        _check_growth(latest, request)
    except ProofError as error:
        # HEAD says 422 for one size with two roots, v1.0.0 said 409. 409 invites the
        # log to try again from the size in the body; nothing it sends can mend this.
        return Refused(422, str(error), evidence=request.to_bytes())
    timestamp = max(now, latest.timestamp)
    if not 0 < timestamp <= TIMESTAMP_MAX:
        return Refused(503, f"the clock of this witness is not set: {now}")
    new = WitnessState(checkpoint.size, checkpoint.root, timestamp)
    return Cosign(request.note.text, state, new)


def _refuse_stranger(
    request: AddCheckpoint, logs: Mapping[str, Sequence[Verifier]]
) -> Refused | None:
    """Refuse a log that is not known here, or a note that is not the log's."""
    origin = request.checkpoint.origin
    if not logs.get(origin):
        return Refused(404, f"the log {origin!r} is not witnessed here")
    try:
        open_signed(request.note, logs[origin])
    except NoteError as error:
        return Refused(403, str(error))
    return None


def _check_growth(latest: WitnessState, request: AddCheckpoint) -> None:
    """Check that the request's tree continues the latest one.

    Raises:
        ProofError: it does not, or the proof is not needed.
    """
    new = request.checkpoint
    if latest.size == 0:
        if request.proof:
            raise ProofError("there is nothing to prove from the empty tree")
        if new.size == 0 and new.root != EMPTY_ROOT:
            raise ProofError("the empty tree has another root")
        return
    verify_consistency(
        old_size=latest.size,
        old_root=latest.root,
        new_size=new.size,
        new_root=new.root,
        proof=request.proof,
    )


def _encode(value: bytes) -> str:
    return b64encode(value).decode()
