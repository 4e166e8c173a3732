"""Members' key histories, built from a chain instead of from what one node received.

A chain has no clock. So every recovery in it has waited long enough and every
objection in it came in time; and a suspension or recovery cuts where the cosigned
checkpoint beside it says: by its own word alone, a member could undo what a key
signed before. Only where nothing stands beside it, its own word is taken, and what
stands in the log before that word stays binding.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from detente.charter import Charter, KeySlot, Member, Spoken
from detente.charter.avowals import Leave, Objection, Recover, Rotate, Suspend
from detente.charter.keylife import (
    KeyHistory,
    Left,
    Receipt,
    Rekeying,
    begin,
    exclude,
    key_at,
    readmit,
    reinstate,
)
from detente.charter.model import Refused
from detente.charter.recovery import SELF_KINDS, receive, settle
from detente.proofs.errors import ChainError
from detente.proofs.keyring import Keyring
from detente.signing import Role, key_id, leaf_hash, verify_inclusion
from detente.statements import Statement, spoken
from detente.tlog import Checkpoint, NoteError, SignedNote, Verifier, open_signed
from detente.tlog import Receipt as TlogProof

_PROOF_MARK = b"c2sp.org/tlog-proof@v1\n"
_SEEN = datetime(2000, 1, 1, tzinfo=UTC)  # one moment for all: order is the file's
_SETTLED = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Avowal:
    """What a member said about itself, and the evidence of how far its log was seen then.

    Attributes:
        statement: parsed, not verified.
        seen: a checkpoint note of the member's log with a cosignature, or a tlog-proof of the
            statement under such a note; empty for none.
    """

    statement: Statement
    seen: bytes


class Ledger:
    """Key histories by member, while a chain is read."""

    def __init__(self) -> None:
        self._charters: list[Charter] = []
        self._histories: dict[str, KeyHistory] = {}
        self._recoveries: dict[str, set[str]] = {}
        self._revealed: dict[str, bytes] = {}
        self._decided: dict[str, int] = {}
        self._sizes: dict[str, int] = {}

    def add_charter(self, charter: Charter, *, removed: bytes = b"") -> None:
        """Take up the members of a charter whose certificate held, and end who is gone.

        Args:
            charter: the next version.
            removed: a cosigned checkpoint note of the log of the member it removes; what
                that member signs beyond it counts for nothing.

        Raises:
            ChainError, NoteError: it removes a member, and no such note is given.
        """
        for gone in self._gone(charter):
            if not removed:
                raise ChainError(
                    f"version {charter.version} removes {gone.member[:16]}…, and nothing beside "
                    "its certificate shows how far that member's log was seen",
                    remedy="Put the newest cosigned checkpoint of its log beside the certificate",
                )
            size = self._cosigned(removed, gone)
            self._histories[gone.member] = exclude(gone, cosigned_size=size)
        before = self._charters[-1].member_ids if self._charters else frozenset()
        self._charters.append(charter)
        for member in charter.members:
            history = self._histories.get(member.id)
            if history is None:
                self._histories[member.id] = self._begun(charter, member)
            elif member.id not in before:
                self._histories[member.id] = _returned(history, charter)
            elif not isinstance(decided := reinstate(history, charter), Refused):
                self._histories[member.id] = decided
            self._note_recovery(member.id, member.keys.recovery_hash)

    def _begun(self, charter: Charter, member: Member) -> KeyHistory:
        """Begin the history of somebody new: with epoch 1 and a log that nobody had."""
        logs = {history.log for history in self._histories.values()}
        if member.epoch != 1 or member.log in logs:
            raise ChainError(
                f"{member.id[:16]}… was never here, and comes with epoch {member.epoch} of log "
                f"{member.log}"
            )
        return begin(charter, member)

    def _gone(self, charter: Charter) -> list[KeyHistory]:
        """Return who stood in an earlier version, not in this one, and did not leave by itself."""
        return [
            history
            for member, history in self._histories.items()
            if member not in charter.member_ids and not isinstance(history.standing, Left)
        ]

    def apply(self, avowals: Iterable[Avowal]) -> list[Avowal]:
        """Take up avowals in order; return those whose key is not known yet.

        Raises:
            KeyHistoryError: one that its member could not make.
            SignatureError: the key it names did not sign it.
            ChainError, NoteError: evidence beside it that does not hold.
        """
        waiting: list[Avowal] = []
        held_up: set[str] = set()
        for avowal in avowals:
            issuer = avowal.statement.header.issuer
            key = None if issuer in held_up else self._find(avowal.statement)
            if key is None or self._is_after_return(avowal.statement):
                held_up.add(issuer)
                waiting.append(avowal)
            else:
                self._receive(avowal, key)
        return waiting

    def _is_after_return(self, statement: Statement) -> bool:
        """Say whether this waits for a version in which its issuer, who went, came back."""
        history = self._histories[statement.header.issuer]
        went = isinstance(history.standing, Left)
        return went and statement.header.epoch > history.epoch

    def governance_key(self, member: str, epoch: int, seq: int) -> bytes | Refused:
        """Return the governance key of a place in a member's log, or why there is none."""
        history = self._histories.get(member)
        if history is None:
            return Refused(f"{member[:16]}… is no member")
        return key_at(history, KeySlot.GOVERNANCE, epoch, seq)

    def check_signature(self, statement: Statement) -> bytes:
        """Check that a governance statement's issuer signed it; return the key.

        Raises:
            ChainError: no such key.
            SignatureError: it does not verify.
        """
        header = statement.header
        key = self._find(statement)
        if key is None:
            raise ChainError(
                f"entry {header.seq} of member {header.issuer[:16]}… is signed by no key of its "
                "own that the chain knows"
            )
        statement.envelope.verify(key)
        return key

    def keyring(self) -> Keyring:
        """Return every key with its range of positions."""
        return Keyring(self._charters, self._histories.values())

    def note_decided(self, digest: str, at: int) -> None:
        """Note when the last ballot for a version was settled, in seconds."""
        self._decided[digest] = at

    def decided(self) -> dict[str, int]:
        """Return when the last ballot for each version was settled, by digest."""
        return dict(self._decided)

    def note_size(self, checkpoint: Checkpoint) -> None:
        """Note how far a log was seen by others; nothing said later undoes that."""
        known = self._sizes.get(checkpoint.origin, 0)
        self._sizes[checkpoint.origin] = max(known, checkpoint.size)

    def recoveries(self) -> dict[str, frozenset[str]]:
        """Return the hashes of recovery keys that were ever open, by member."""
        return {member: frozenset(hashes) for member, hashes in self._recoveries.items()}

    def epochs(self) -> dict[str, int]:
        """Return the newest known epoch, by member; a contested one counts as open."""
        return {
            member: history.standing.recover.epoch
            if isinstance(history.standing, Rekeying)
            else history.epoch
            for member, history in self._histories.items()
        }

    def close(self) -> None:
        """Let recoveries that nobody contested take effect."""
        for member, history in self._histories.items():
            self._histories[member] = settle(history, _SETTLED)

    def _receive(self, avowal: Avowal, key: bytes) -> None:
        statement = avowal.statement
        header = statement.header
        if statement.clear.kind not in SELF_KINDS:
            raise ChainError(f"a {statement.clear.kind} says nothing about its issuer's keys")
        history = self._histories[header.issuer]
        if _presumes_recovery(history, statement):
            history = settle(history, _SETTLED)
        evidence = _check_place(avowal, history)
        size = self._seen_size(statement, evidence, history)
        said = spoken(statement, key=key)
        receipt = Receipt(seen=_SEEN, cosigned_size=size, stands=evidence != avowal.seen)
        self._histories[header.issuer] = receive(history, said, receipt)
        self._note_next_recovery(said)

    def _seen_size(self, statement: Statement, note: bytes, history: KeyHistory) -> int:
        """Return how far what a member said stays binding: as cosigned, or said by itself.

        A note may be old, and a word false: the largest that anything shows is taken. Only
        a recovery from a log that nobody saw may say that there was nothing in it.

        Raises:
            ChainError: nothing shows how far its log had come, so that all of it would go.
        """
        seen = self._cosigned(note, history) if note else 0
        header, says = statement.header, statement.clear
        said = header.seq + 1 if header.epoch == history.epoch else 0
        if says.kind == Recover.KIND:
            # What nobody saw could as well be a thief's: a note counts before its word.
            said = 0 if note else Recover.parse(says.body).last.size
        size = max(seen, said, self._sizes.get(history.origin, 0))
        if says.kind in (Suspend.KIND, Leave.KIND) and size == 0:
            raise ChainError(
                f"a {says.kind} of member {header.issuer[:16]}… would undo all of epoch "
                f"{history.epoch}, and nothing beside it shows how far that log was seen",
                remedy="Put the newest cosigned checkpoint of its log beside it",
            )
        return size

    def _cosigned(self, note: bytes, history: KeyHistory) -> int:
        keyring = self.keyring()
        signed = SignedNote.parse(note)
        checkpoint = Checkpoint.parse(signed.text)
        if checkpoint.origin != history.origin:
            raise ChainError(f"evidence of log {checkpoint.origin[:80]!r}, not {history.origin!r}")
        log = [verifier for _, verifier in keyring.log_keys(checkpoint.origin)]
        others = [verifier for who, _, verifier in keyring.cosigners() if who != history.member]
        opened = open_signed(signed, _named(signed, (*log, *others)))
        by = {one.verifier for one in opened.verified}
        if by.isdisjoint(log) or by.isdisjoint(others):
            raise NoteError("evidence of a log's size is signed by the log and by somebody else")
        self.note_size(checkpoint)
        return checkpoint.size

    def _find(self, statement: Statement) -> bytes | None:
        """Return the raw key an entry names, where it is the issuer's."""
        header, keyid = statement.header, statement.envelope.keyid
        history = self._histories.get(header.issuer)
        if history is None or header.unit != history.unit:
            return None
        if statement.envelope.role is Role.RECOVERY:
            return self._find_recovery(statement)
        if statement.envelope.role is not Role.GOVERNANCE:
            return None
        spans = history.spans[KeySlot.GOVERNANCE]
        if isinstance(history.standing, Rekeying):
            spans = settle(history, _SETTLED).spans[KeySlot.GOVERNANCE]
        return next((span.key for span in spans if key_id(span.key) == keyid), None)

    def _find_recovery(self, statement: Statement) -> bytes | None:
        keyid = statement.envelope.keyid
        if keyid not in self._recoveries.get(statement.header.issuer, ()):
            return None
        if statement.clear.kind == Recover.KIND:
            key = Recover.parse(statement.clear.body).recovery_key
            self._revealed[sha256(key).hexdigest()] = key
        return self._revealed.get(keyid)

    def _note_next_recovery(self, said: Spoken) -> None:
        if said.kind == Recover.KIND:
            self._note_recovery(said.issuer, Recover.parse(said.body).keys.recovery_hash)
        elif said.kind == Rotate.KIND and (consent := Rotate.parse(said.body).recovery):
            self._revealed[sha256(consent.key).hexdigest()] = consent.key
            self._note_recovery(said.issuer, consent.next_hash)

    def _note_recovery(self, member: str, digest: str) -> None:
        self._recoveries.setdefault(member, set()).add(digest)


def _returned(history: KeyHistory, charter: Charter) -> KeyHistory:
    decided = readmit(history, charter)
    if isinstance(decided, Refused):
        raise ChainError(f"{history.member[:16]}… cannot come back: {decided.reason}")
    return decided


def _presumes_recovery(history: KeyHistory, statement: Statement) -> bool:
    """Say whether a recovery under way must have taken effect when this came.

    Only what contests a recovery can come while it waits. Anything else by the old keys
    would let whoever stole them speak on, in a file that has no clock to stop it. A second
    recovery contests the first where it opens the same epoch; behind it, it follows it.
    """
    waits, epoch = isinstance(history.standing, Rekeying), statement.header.epoch
    match statement.clear.kind:
        case Objection.KIND:
            return False
        case Recover.KIND:
            return waits and epoch > history.epoch + 1
        case _:
            return waits or epoch > history.epoch


def _check_place(avowal: Avowal, history: KeyHistory) -> bytes:
    """Return the note beside an avowal; where it is a tlog-proof, the avowal stands under it."""
    if not avowal.seen.startswith(_PROOF_MARK):
        return avowal.seen
    receipt, header = TlogProof.parse(avowal.seen), avowal.statement.header
    checkpoint = Checkpoint.parse(SignedNote.parse(receipt.checkpoint).text)
    if (receipt.index, header.epoch) != (header.seq, history.epoch):
        raise ChainError(
            f"the proof beside entry {header.seq} of epoch {header.epoch} is of entry "
            f"{receipt.index}, in epoch {history.epoch}"
        )
    verify_inclusion(
        leaf_hash=leaf_hash(avowal.statement.to_entry()),
        index=receipt.index,
        size=checkpoint.size,
        proof=receipt.hashes,
        root=checkpoint.root,
    )
    return receipt.checkpoint


def _named(signed: SignedNote, verifiers: Sequence[Verifier]) -> Iterator[Verifier]:
    lines = {(line.name, line.key_id) for line in signed.lines}
    return (each for each in verifiers if (each.name, each.key_id) in lines)
