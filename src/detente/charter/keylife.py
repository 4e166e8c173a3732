"""A member's keys over time: which key spoke for it at which log position.

A history is a fold over what the member said about itself (`avowals`) in the order
it was received. Validity is a range of (epoch, seq) positions, never a claimed
time; the one wait, 72 hours, runs on the receiver's evidence of when it first saw
the recovery. Nothing here asks another member for consent: certificates are needed
only where two holders of a member's own secrets contradict each other.
Source: trust.md, section 1; docs/adr/0012.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from detente.charter.errors import KeyHistoryError
from detente.charter.model import Charter, KeySlot, Member, Refused, Spoken

REKEYING_WAIT = timedelta(hours=72)
ADOPTION_DUE = timedelta(days=7)
LAPSE_AFTER = timedelta(days=30)

Position = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One key's life: positions from `start` up to but not including `end`; None is open."""

    key: bytes
    start: Position
    end: Position | None = None

    def covers(self, position: Position) -> bool:
        """Say whether the key spoke for its member there."""
        return self.start <= position and (self.end is None or position < self.end)

    def cut(self, at: Position) -> "Span":
        """Return the span ended at `at`, never later than it ended already."""
        if self.end is not None:
            return self
        return replace(self, end=max(self.start, at))


@dataclass(frozen=True, slots=True)
class Active:
    """The member speaks with its open keys."""


@dataclass(frozen=True, slots=True)
class Rekeying:
    """A recovery was received at `seen`; it takes effect 72 hours later unless contested."""

    recover: Spoken
    seen: datetime

    @property
    def effective(self) -> datetime:
        """When the new keys begin to count."""
        return self.seen + REKEYING_WAIT


@dataclass(frozen=True, slots=True)
class Contested:
    """Two holders of the member's secrets contradict each other: suspended until a certificate."""

    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """The member left, or was removed; what it said before `at` stays valid."""

    at: Position
    reason: str


Standing = Active | Rekeying | Contested | Left


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """From behind `position` on the member is bound by this charter."""

    position: Position
    version: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHistory:
    """Everything known of one member's keys.

    Attributes:
        unit: unit id.
        member: member id.
        log: the 32 hex digits of the log origin.
        epoch: the one the log is in.
        spans: by slot, in order of position.
        recovery_hash: of the recovery key whose word would count now.
        standing: what the member may do.
        adoptions: in order of position.
        placed: payload hash of each governance statement received, by position.
        said: payload hashes already taken into account.
        openings: the recover statement that opened each epoch but the first.
        objections: recoveries that the governance key objected to before they arrived.
        burnt: keys that a second statement at one place offered; nobody uses them again.
    """

    unit: str
    member: str
    log: str
    epoch: int
    spans: Mapping[KeySlot, tuple[Span, ...]] = field(repr=False)
    recovery_hash: str
    standing: Standing
    adoptions: tuple[Adoption, ...]
    placed: Mapping[Position, str] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    openings: Mapping[int, Spoken] = field(default_factory=dict, repr=False)
    objections: frozenset[str] = frozenset()
    burnt: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def origin(self) -> str:
        """Log origin in the present epoch."""
        return f"{self.log}/{self.epoch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The receiver's own evidence about when and where a statement reached it.

    Attributes:
        seen: when it was first seen: own clock, or the earliest cosignature over it.
        cosigned_size: largest size any cosigner then showed cosigned of the member's
            log in its present epoch, in entries.
        stands: whether it was shown to stand in the log at its place, as everything
            does that was read from the log itself.
    """

    seen: datetime
    cosigned_size: int
    stands: bool = True


@dataclass(frozen=True, slots=True)
class EpochFork:
    """Two openings of one epoch of one log by recovery keys: a fork, for `proofs`."""

    epoch: int
    first: Spoken
    second: Spoken


def begin(charter: Charter, member: Member) -> KeyHistory:
    """Start a history from the charter in which a member first stands (or is pinned)."""
    start = (member.epoch, 0)
    spans = {slot: (Span(key=member.keys.key(slot), start=start),) for slot in KeySlot}
    adoption = Adoption(position=(member.epoch, -1), version=charter.version, digest=charter.digest)
    return KeyHistory(
        unit=charter.unit_id,
        member=member.id,
        log=member.log,
        epoch=member.epoch,
        spans=spans,
        recovery_hash=member.keys.recovery_hash,
        standing=Active(),
        adoptions=(adoption,),
    )


def key_at(history: KeyHistory, slot: KeySlot, epoch: int, seq: int) -> bytes | Refused:
    """Return the key that spoke for a member in one slot at one log position, or why none did."""
    position = (epoch, seq)
    for span in history.spans[slot]:
        if span.covers(position):
            return span.key
    last = history.spans[slot][-1]
    if last.end is not None and position >= last.end:
        return Refused(
            f"{history.member[:16]}… has no {slot.value} key at epoch {epoch}, entry {seq}:"
            f" the last one ended at epoch {last.end[0]}, entry {last.end[1]}"
        )
    return Refused(f"{history.member[:16]}… had no {slot.value} key at epoch {epoch}, entry {seq}")


def current_key(history: KeyHistory, slot: KeySlot) -> bytes | None:
    """Return the key that is open now, or None where it is suspended or ended."""
    last = history.spans[slot][-1]
    return last.key if last.end is None else None


def keys_ever(history: KeyHistory, slot: KeySlot) -> tuple[bytes, ...]:
    """Return every key a member ever had in a slot, oldest first; for reading old cosignatures."""
    return tuple(span.key for span in history.spans[slot])


def charter_at(history: KeyHistory, epoch: int, seq: int) -> str:
    """Return the digest of the charter a member was bound by at one position."""
    bound = history.adoptions[0]
    for adoption in history.adoptions:
        if adoption.position < (epoch, seq):
            bound = adoption
    return bound.digest


def check_binding(history: KeyHistory, charter: str, epoch: int, seq: int) -> None:
    """Refuse a statement under a charter its issuer was not bound by at that position.

    Raises:
        KeyHistoryError: another charter; after an adopt, older hashes no longer count.
    """
    bound = charter_at(history, epoch, seq)
    if charter != bound:
        raise KeyHistoryError(
            f"the statement names charter {charter[:16]}…, its issuer was bound by {bound[:16]}…"
            f" at epoch {epoch}, entry {seq}"
        )


def adoption_due(covered: datetime) -> datetime:
    """Return when a member's adopt is due: 7 days after its mirror cosignature covered it."""
    return covered + ADOPTION_DUE


def is_overdue(history: KeyHistory, version: int, *, covered: datetime, now: datetime) -> bool:
    """Say whether a member should have adopted a version and has not."""
    return history.adoptions[-1].version < version and now > adoption_due(covered)


def is_silent(*, last_cosigned: datetime, now: datetime) -> bool:
    """Say whether 30 days of silence have passed, so that a certificate may lapse the member."""
    return now - last_cosigned >= LAPSE_AFTER


def reinstate(history: KeyHistory, charter: Charter) -> KeyHistory | Refused:
    """Take a certified charter's decision between contested keys of a member.

    The keys count from entry 0 of the epoch the charter names, which must be a new one.
    A member that is not contested keeps its own keys: no quorum can put words in its mouth.
    """
    member = charter.member(history.member)
    if member is None or not isinstance(history.standing, Contested):
        return Refused("a certificate decides about keys only where they are contested")
    if member.epoch <= history.epoch:
        return Refused(f"epoch {member.epoch} is not new; contested keys may have used it")
    fresh = begin(charter, member)
    spans = {slot: (*history.spans[slot], *fresh.spans[slot]) for slot in KeySlot}
    return replace(
        history,
        epoch=member.epoch,
        spans=spans,
        recovery_hash=member.keys.recovery_hash,
        standing=Active(),
        adoptions=(*history.adoptions, *fresh.adoptions),
    )


def readmit(history: KeyHistory, charter: Charter) -> KeyHistory | Refused:
    """Take back who left or was removed: the same member, in the next epoch of the same log.

    It comes with the governance key that it went with, which shows that it is the same, and
    with new keys for all else; what it said before stays said (docs/adr/0015).
    """
    member = charter.member(history.member)
    if member is None or not isinstance(history.standing, Left):
        return Refused("nobody came back in this charter")
    if (why := why_no_return(history, member)) is not None:
        return Refused(why)
    fresh = begin(charter, member)
    spans = {slot: (*history.spans[slot], *fresh.spans[slot]) for slot in KeySlot}
    return replace(
        history,
        epoch=member.epoch,
        spans=spans,
        recovery_hash=member.keys.recovery_hash,
        standing=Active(),
        adoptions=(*history.adoptions, *fresh.adoptions),
    )


def why_no_return(history: KeyHistory, member: Member) -> str | None:
    """Return why a member cannot come back as it stands there; None where it can."""
    if not isinstance(history.standing, Left):
        return "it never left"
    if (member.log, member.epoch) != (history.log, history.epoch + 1):
        return f"it comes back in epoch {history.epoch + 1} of its own log, and in no other"
    last = history.spans[KeySlot.GOVERNANCE][-1]
    if member.keys.governance != last.key:
        return "it comes back with the governance key that it went with, or as somebody new"
    if last.end is not None and last.end < history.standing.at:
        return "its governance key was suspended before it went: it comes back as somebody new"
    for slot in KeySlot:
        known = {span.key for span in history.spans[slot]}
        if slot is not KeySlot.GOVERNANCE and member.keys.key(slot) in known | history.burnt:
            return f"its {slot.value} key was used before it went; all but governance are new"
    return None


def exclude(history: KeyHistory, *, cosigned_size: int) -> KeyHistory:
    """End a member's keys on receipt of the certificate that removed or lapsed it."""
    at = (history.epoch, cosigned_size)
    return replace(cut_all(history, at), standing=Left(at, "removed by certificate"))


def cut_all(history: KeyHistory, at: Position) -> KeyHistory:
    """Return the history with every open span ended at `at`."""
    spans = {slot: _cut_last(spans, at) for slot, spans in history.spans.items()}
    return replace(history, spans=spans)


def cut_slots(history: KeyHistory, slots: tuple[KeySlot, ...], at: Position) -> KeyHistory:
    """Return the history with some slots' open spans ended at `at`."""
    ended = {slot: _cut_last(history.spans[slot], at) for slot in slots}
    return replace(history, spans={**history.spans, **ended})


def truncate(history: KeyHistory, at: Position) -> KeyHistory:
    """Return the history with no span reaching beyond `at`, also those that ended later on."""
    spans = {
        slot: tuple(
            replace(span, end=max(span.start, at)) if span.end is None or span.end > at else span
            for span in spans
        )
        for slot, spans in history.spans.items()
    }
    return replace(history, spans=spans)


def _cut_last(spans: tuple[Span, ...], at: Position) -> tuple[Span, ...]:
    """End the last span at `at`, or where it ended before: a late claim keeps no key alive."""
    last = spans[-1]
    end = at if last.end is None else min(last.end, at)
    return (*spans[:-1], replace(last, end=max(last.start, end)))
