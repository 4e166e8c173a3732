"""What a member, or a thief with some of its keys, can say about its keys."""

from dataclasses import replace
from functools import cache

from detente.charter import (
    KeyHistory,
    KeySlot,
    Leave,
    LogState,
    Objection,
    Receipt,
    Recover,
    Rotate,
    Suspend,
    begin_history,
    consent_to_rotation,
)
from detente.signing import prove_possession
from tests.core.charter.people import (
    NOW,
    keys_of,
    member,
    recovery_hash,
    recovery_of,
    signers_of,
    speak,
    unit,
)

UNIT = unit(3)
NAME = "Aurel"
CONTEXT = bytes.fromhex(UNIT.digest)
ROOT = "ab" * 32


def start() -> KeyHistory:
    return begin_history(UNIT, member(NAME))


def seen(at=NOW, size=10) -> Receipt:
    return Receipt(seen=at, cosigned_size=size)


def say(body, *, seq=5, epoch=1, **changes):
    return speak(UNIT, NAME, body, seq=seq, epoch=epoch, **changes)


def suspend(*slots, seq=5, **changes):
    return say(Suspend(slots=tuple(sorted(slots))), seq=seq, **changes)


def leave(size=8, *, seq=9, epoch=1, **changes):
    body = Leave(last=LogState(epoch=epoch, size=size, root=ROOT))
    return say(body, seq=seq, epoch=epoch, **changes)


@cache
def rotate(slot, who="Aurel", generation=2, *, seq=5, **changes):
    """Rotate one key that is not governance to the one `who` made."""
    signer = signers_of(who, generation)[slot]
    body = Rotate(
        keys={slot: signer.public_key},
        possession={slot: prove_possession(slot.role, signer, CONTEXT)},
        recovery=None,
    )
    return say(body, seq=seq, **changes)


def rotate_governance(history, generation=2, *, recovery=None, seq=5, **changes):
    slot = KeySlot.GOVERNANCE
    signer = signers_of(NAME, generation)[slot]
    word = consent_to_rotation(
        history,
        recovery or recovery_of(NAME),
        governance_key=signer.public_key,
        next_hash=recovery_hash(NAME, generation),
    )
    body = Rotate(
        keys={slot: signer.public_key},
        possession={slot: prove_possession(slot.role, signer, CONTEXT)},
        recovery=word,
    )
    return say(body, seq=seq, **changes)


@cache
def recover(who=NAME, generation=2, *, by=1, epoch=2, **changes):
    """Open the next epoch with keys that `who` made, by the recovery key of one generation."""
    signers = signers_of(who, generation)
    proofs = {
        slot: prove_possession(slot.role, signer, CONTEXT) for slot, signer in signers.items()
    }
    body = Recover(
        recovery_key=recovery_of(NAME, by).public_key,
        keys=replace(keys_of(who, generation)),
        possession=proofs,
        last=LogState(epoch=epoch - 1, size=8, root=ROOT),
    )
    key = recovery_of(NAME, by).public_key
    return say(body, seq=0, epoch=epoch, **({"key": key} | changes))


def objection(spoken, *, seq=6, **changes):
    return say(Objection(recover=spoken.payload_hash), seq=seq, **changes)
