"""Walking out, and coming back: one's own decision to go, the others' decision to take back.

What a member said stays provable at the others, and at its own node, which goes on showing
its log. It comes back as the same member, in the next epoch of the same log.
"""

from dataclasses import replace

from detente.charter import KeySlot, Member, MemberKeys
from detente.charter.avowals import Leave, LogState
from detente.errors import InputError
from detente.node.circle import has_left
from detente.node.founding import require_bound
from detente.node.home import SLOT_TYPES, Home
from detente.node.keykeeping import avow
from detente.node.log import Acknowledged
from detente.node.publishing import Clock
from detente.node.reading import published_checkpoint


def leave(home: Home, *, now: Clock) -> Acknowledged:
    """Leave the unit, at the place of this statement in the own log.

    Raises:
        InputError: no unit, or it left before.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    require_bound(home)
    if (gone := has_left(home)) is not None:
        raise InputError(
            f"this member's part in the unit ended at entry {gone.at[1]} of epoch {gone.at[0]}",
            remedy="`detente charter card` writes the card to come back with",
        )
    shown = published_checkpoint(home, home.identity.origin)
    if shown is None:
        raise InputError(
            "no checkpoint of the own log is readable", remedy="`detente doctor` tells more"
        )
    last = LogState(epoch=home.identity.epoch, size=shown.size, root=shown.root.hex())
    return avow(home, Leave.KIND, Leave(last=last).to_json(), now=now)


def returning_card(home: Home) -> Member:
    """Return this member as it would come back: new keys, the old governance key, one epoch on.

    Keys are made once: whoever asks again gets the same card.

    Raises:
        InputError: it never left, or another governance key than the last lies here.
        StorageFault: the disk refused.
    """
    chain, me = home.chain, home.identity.member
    history = None if chain is None else chain.keyring.history(me)
    if chain is None or history is None or has_left(home) is None:
        raise InputError("this member did not leave: its card is the one in the charter")
    raw = {}
    for slot, kind in SLOT_TYPES.items():
        known = {span.key for span in history.spans[slot]}
        newest = home.keys.current(slot.role, kind).public_key
        if slot is KeySlot.GOVERNANCE:
            newest = history.spans[slot][-1].key
        elif newest in known:
            newest = home.keys.generate(slot.role, kind).public_key
        raw[slot.value] = newest
    keys = MemberKeys(recovery_hash=home.identity.recovery_hash, **raw)
    return replace(home.identity.card(keys), epoch=history.epoch + 1)


def own_card(home: Home) -> Member:
    """Return how this node would stand in a charter: as it is, or as it would come back."""
    return home.card if has_left(home) is None else returning_card(home)
