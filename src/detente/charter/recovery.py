"""What a member's word about itself does to its key history.

`receive` is the one way in. A thief with the governance key can suspend, rotate
what is not governance, object and leave; it cannot take the seat, because a new
governance key needs the recovery key. A thief with the recovery key waits 72 hours
in plain sight. With both keys a thief *is* the member, and only a quorum helps.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import assert_never

from detente.charter.avowals import (
    Adopt,
    Leave,
    Objection,
    Recover,
    RecoveryConsent,
    Rotate,
    Suspend,
)
from detente.charter.document import admit_slot
from detente.charter.errors import CharterError, KeyHistoryError
from detente.charter.keylife import (
    Active,
    Adoption,
    Contested,
    EpochFork,
    KeyHistory,
    Left,
    Position,
    Receipt,
    Rekeying,
    Span,
    cut_all,
    cut_slots,
    key_at,
    truncate,
)
from detente.charter.model import SIGNING_SLOTS, KeySlot, Spoken
from detente.signing import (
    KeyAdmissionError,
    SignatureError,
    Signer,
    admit_key,
    verify_signature,
)

_OBJECTED = Contested("the governance key objects to the recovery")
_EARLY_OBJECTIONS_MAX = 64
SELF_KINDS = frozenset(("adopt", "suspend", "rotate", "recover", "objection", "leave"))


def recovery_fits(history: KeyHistory, key: bytes) -> bool:
    """Say whether a key is the one whose hash stands open."""
    return sha256(key).hexdigest() == history.recovery_hash


def receive(history: KeyHistory, spoken: Spoken, receipt: Receipt) -> KeyHistory:
    """Take one statement of a member about itself into account.

    Receiving the same statement again changes nothing.

    Raises:
        KeyHistoryError: not this member's, another kind, signed by a key that may not
            say it, or it contradicts the history in a way that changes nothing.
    """
    if spoken.issuer != history.member or spoken.unit != history.unit:
        raise KeyHistoryError("this statement is another member's, or of another unit")
    if spoken.payload_hash in history.said:
        return history
    if isinstance(history.standing, Left):
        raise KeyHistoryError(f"{history.member[:16]}… {history.standing.reason}; it says no more")
    try:
        after = _apply(history, spoken, receipt)
    except KeyHistoryError:
        raise
    except CharterError as error:
        raise KeyHistoryError(error.message) from None
    return replace(after, said=after.said | {spoken.payload_hash})


def _apply(history: KeyHistory, spoken: Spoken, receipt: Receipt) -> KeyHistory:
    match spoken.kind:
        case "suspend":
            return _suspend(history, spoken, Suspend.parse(spoken.body), receipt)
        case "leave":
            return _leave(history, spoken, Leave.parse(spoken.body), receipt)
        case "recover":
            return _recover(history, spoken, Recover.parse(spoken.body), receipt)
        case "objection":
            return _object(history, spoken, Objection.parse(spoken.body), receipt)
        case "rotate" | "adopt":
            return _in_place(history, spoken, receipt)
        case _:
            raise KeyHistoryError(f"a {spoken.kind[:32]!r} says nothing about keys")


def _suspend(history: KeyHistory, spoken: Spoken, suspend: Suspend, receipt: Receipt) -> KeyHistory:
    """Acts on receipt, whatever the log does: a thief may hold the log key."""
    _require_own_secret(history, spoken)
    return cut_slots(history, suspend.slots, (history.epoch, receipt.cosigned_size))


def _leave(history: KeyHistory, spoken: Spoken, leave: Leave, receipt: Receipt) -> KeyHistory:
    """Ends all keys, but takes back nothing: not what others saw, nor what stands before it."""
    _require_own_secret(history, spoken)
    if leave.last.epoch > history.epoch:
        raise KeyHistoryError(f"epoch {leave.last.epoch} was never opened")
    limit = max((leave.last.epoch, leave.last.size), (history.epoch, receipt.cosigned_size))
    if spoken.epoch <= history.epoch:
        limit = max(limit, (spoken.epoch, spoken.seq + 1))
    return replace(truncate(history, limit), standing=Left(limit, "left"))


def _require_own_secret(history: KeyHistory, spoken: Spoken) -> None:
    """Suspending and leaving stay possible with the last governance key or the recovery key.

    Also while suspended or contested: no dispute keeps a member in, or a stolen key alive.
    """
    last = history.spans[KeySlot.GOVERNANCE][-1].key
    if spoken.key != last and not recovery_fits(history, spoken.key):
        raise KeyHistoryError(
            f"{spoken.kind} is signed by neither the governance nor the recovery key"
        )


def _in_place(history: KeyHistory, spoken: Spoken, receipt: Receipt) -> KeyHistory:
    """Take what counts from its place in the log on; two at one place end the governance key."""
    body = Rotate.parse(spoken.body) if spoken.kind == "rotate" else Adopt.parse(spoken.body)
    if not isinstance(history.standing, Active):
        raise KeyHistoryError(f"{spoken.kind} does not count while the member is suspended")
    # The key of that position, not today's: two holders may both have been right about it.
    if spoken.key != key_at(history, KeySlot.GOVERNANCE, *spoken.position):
        raise KeyHistoryError(f"{spoken.kind} is not signed by the governance key of its place")
    earlier = history.placed.get(spoken.position)
    followed = spoken.position < history.spans[KeySlot.GOVERNANCE][-1].start
    if not receipt.stands and (earlier is not None or followed):
        # Else a governance key that was rotated away would still sign itself into the past.
        raise KeyHistoryError(
            f"{spoken.kind} at epoch {spoken.epoch}, entry {spoken.seq}: another stands there or a"
            " later governance key followed, and nothing shows that it stands in the log"
        )
    if earlier is not None and earlier != spoken.payload_hash:
        # The same at every node, whichever of the two it heard first.
        ended = min((spoken.epoch, spoken.seq + 1), (history.epoch, receipt.cosigned_size))
        offered = frozenset(body.keys.values() if isinstance(body, Rotate) else ())
        return replace(truncate(history, ended), burnt=history.burnt | offered)
    placed = {**history.placed, spoken.position: spoken.payload_hash}
    history = replace(history, placed=placed)
    match body:
        case Rotate():
            return _rotate(history, spoken, body)
        case Adopt():
            return _adopt(history, spoken, body)


def _rotate(history: KeyHistory, spoken: Spoken, rotate: Rotate) -> KeyHistory:
    _require_fresh(history, rotate.keys.values())
    _require_possession(spoken, rotate.keys, rotate.possession)
    start = (spoken.epoch, spoken.seq + 1)
    if rotate.recovery is not None:
        _require_consent(history, rotate.keys[KeySlot.GOVERNANCE], rotate.recovery)
        history = replace(history, recovery_hash=rotate.recovery.next_hash)
    spans = dict(history.spans)
    for slot, key in rotate.keys.items():
        last = spans[slot][-1].cut(start)
        if last.end is None or last.end > start or last.start >= start:
            raise KeyHistoryError(f"the {slot.value} key was rotated at a later place already")
        spans[slot] = (*spans[slot][:-1], last, Span(key=key, start=start))
    return replace(history, spans=spans)


def _adopt(history: KeyHistory, spoken: Spoken, adopt: Adopt) -> KeyHistory:
    last = history.adoptions[-1]
    if adopt.version != last.version + 1 or spoken.position <= last.position:
        raise KeyHistoryError(
            f"version {adopt.version} adopted after {last.version}; each is adopted in order"
        )
    adoption = Adoption(position=spoken.position, version=adopt.version, digest=adopt.digest)
    return replace(history, adoptions=(*history.adoptions, adoption))


def _recover(history: KeyHistory, spoken: Spoken, recover: Recover, receipt: Receipt) -> KeyHistory:
    _check_recover(history, spoken, recover)
    match history.standing:
        case Active():
            ended = cut_all(history, (history.epoch, receipt.cosigned_size))
            if spoken.payload_hash in history.objections:
                return replace(ended, standing=_OBJECTED)
            return replace(ended, standing=Rekeying(spoken, receipt.seen))
        case Rekeying() as pending if receipt.seen < pending.effective:
            return replace(history, standing=Contested("two recoveries of one epoch"))
        case Rekeying():
            raise KeyHistoryError("the first recovery already took effect")
        case Contested() as contested:
            raise KeyHistoryError(f"suspended until a certificate: {contested.reason}")
        case Left():
            raise KeyHistoryError("the member left")
        case _:
            assert_never(history.standing)


def _check_recover(history: KeyHistory, spoken: Spoken, recover: Recover) -> None:
    if spoken.key != recover.recovery_key or not recovery_fits(history, recover.recovery_key):
        raise KeyHistoryError("it is not signed by the recovery key whose hash stands open")
    if spoken.position != (history.epoch + 1, 0) or recover.last.epoch != history.epoch:
        raise KeyHistoryError(
            f"a recovery is entry 0 of epoch {history.epoch + 1} and names the last checkpoint"
            f" of epoch {history.epoch}"
        )
    if recover.keys.recovery_hash == history.recovery_hash:
        raise KeyHistoryError("a recovery names a new recovery hash")
    keys = {slot: recover.keys.key(slot) for slot in KeySlot}
    _require_fresh(history, (*keys.values(), recover.recovery_key))
    signing = {slot: keys[slot] for slot in SIGNING_SLOTS}
    admit_slot(KeySlot.SEALING, keys[KeySlot.SEALING])
    _require_possession(spoken, signing, recover.possession)


def _object(
    history: KeyHistory, spoken: Spoken, objection: Objection, receipt: Receipt
) -> KeyHistory:
    if spoken.key != history.spans[KeySlot.GOVERNANCE][-1].key:
        raise KeyHistoryError("an objection is signed by the governance key")
    match history.standing:
        case Rekeying() as pending if objection.recover == pending.recover.payload_hash:
            if receipt.seen >= pending.effective:
                raise KeyHistoryError("the 72 hours for objecting are over")
            return replace(history, standing=_OBJECTED)
        case Active() if len(history.objections) < _EARLY_OBJECTIONS_MAX:
            # It may overtake the recovery it is about.
            return replace(history, objections=history.objections | {objection.recover})
        case _:
            raise KeyHistoryError("there is no such recovery to object to")


def settle(history: KeyHistory, now: datetime) -> KeyHistory:
    """Let a recovery that nobody contested for 72 hours take effect."""
    match history.standing:
        case Rekeying() as pending if now >= pending.effective:
            return _open_epoch(history, pending.recover)
        case _:
            return history


def _open_epoch(history: KeyHistory, spoken: Spoken) -> KeyHistory:
    recover = Recover.parse(spoken.body)
    start: Position = (history.epoch + 1, 0)
    spans = {
        slot: (*history.spans[slot], Span(key=recover.keys.key(slot), start=start))
        for slot in KeySlot
    }
    return replace(
        history,
        epoch=history.epoch + 1,
        spans=spans,
        recovery_hash=recover.keys.recovery_hash,
        standing=Active(),
        openings={**history.openings, history.epoch + 1: spoken},
    )


def epoch_fork(first: Spoken, second: Spoken) -> EpochFork | None:
    """Return the fork that two openings of one epoch by one member are, if they are one."""
    same_place = (first.unit, first.issuer, first.epoch) == (
        second.unit,
        second.issuer,
        second.epoch,
    )
    both = first.kind == second.kind == "recover" and first.payload_hash != second.payload_hash
    return EpochFork(first.epoch, first, second) if same_place and both else None


def consent_text(*, unit: str, member: str, governance_key: bytes, next_hash: str) -> bytes:
    """Return what the recovery key signs to let a new governance key in."""
    parts = (bytes.fromhex(unit), bytes.fromhex(member), governance_key, bytes.fromhex(next_hash))
    return b"detente governance rotation v1\n" + b"".join(parts)


def consent(
    history: KeyHistory, recovery: Signer, *, governance_key: bytes, next_hash: str
) -> RecoveryConsent:
    """Sign, with the recovery key, for a new governance key."""
    text = consent_text(
        unit=history.unit,
        member=history.member,
        governance_key=governance_key,
        next_hash=next_hash,
    )
    return RecoveryConsent(
        key=recovery.public_key, next_hash=next_hash, signature=recovery.sign(text)
    )


def _require_consent(history: KeyHistory, governance_key: bytes, recovery: RecoveryConsent) -> None:
    if not recovery_fits(history, recovery.key) or recovery.next_hash == history.recovery_hash:
        raise KeyHistoryError("the recovery key whose hash stands open did not consent")
    text = consent_text(
        unit=history.unit,
        member=history.member,
        governance_key=governance_key,
        next_hash=recovery.next_hash,
    )
    try:
        verify_signature(recovery.key, text, recovery.signature)
    except SignatureError as error:
        raise KeyHistoryError(f"the recovery key's consent: {error}") from None


def _require_fresh(history: KeyHistory, keys: Iterable[bytes]) -> None:
    used = {span.key for spans in history.spans.values() for span in spans} | history.burnt
    new = list(keys)
    if used & set(new) or len(set(new)) != len(new):
        raise KeyHistoryError("a key serves once, in one slot; this one was used before")


def _require_possession(
    spoken: Spoken, keys: Mapping[KeySlot, bytes], proofs: Mapping[KeySlot, bytes]
) -> None:
    context = bytes.fromhex(spoken.charter)
    for slot, key in keys.items():
        if slot is KeySlot.SEALING:
            admit_slot(slot, key)
            continue
        try:
            admit_key(slot.role, key, context, proofs[slot])
        except KeyAdmissionError as error:
            raise KeyHistoryError(str(error)) from None
