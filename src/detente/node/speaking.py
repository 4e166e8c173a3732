"""One session at the log: start the sequencer, say things, wait until readers can see them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from detente.charter import Charter, KeySlot
from detente.errors import UnitError
from detente.node.author import Author, AuthorKeys, ContentStores
from detente.node.catching_up import catch_up
from detente.node.circle import circle_of, has_left
from detente.node.entropy import SystemEntropy
from detente.node.errors import SigningRefused
from detente.node.home import Home
from detente.node.log import Acknowledged, Log, LogStores, SequencerLimits, found_log
from detente.node.sequencer import Sequencer, Sign
from detente.release import Standing
from detente.signing import EMPTY_ROOT, Signer, key_id
from detente.storage.errors import NoSuchKey
from detente.storage.restored import refuse_unconfirmed
from detente.storage.sealing import HpkeSealer
from detente.tlog import Checkpoint, KeyType, NoteSigner

Draft = TypeVar("Draft")
Speakers = Mapping[KeySlot, Signer]


def make_author(
    home: Home,
    charter: Charter,
    now: Callable[[], datetime],
    *,
    speakers: Speakers | None = None,
) -> Author:
    """Return who builds this member's statements under one charter.

    A suspended key, or a governance key that lies off line, is simply not there:
    what it alone may say is then refused.
    """
    held = {each.id: home.key_in_force(KeySlot.SEALING, each.id) for each in charter.members}
    return Author(
        charter=charter,
        member=home.identity.member,
        keys=AuthorKeys(
            signers={slot.role: one for slot, one in (speakers or speakers_of(home)).items()},
            sealing={member: key for member, key in held.items() if key is not None},
        ),
        stores=ContentStores(home.blobs, home.content_keys),
        standings={
            **{member.id: Standing.ACTIVE for member in charter.members},
            **circle_of(home).standings,
        },
        sealer=HpkeSealer(),
        entropy=SystemEntropy(),
        now=now,
    )


def speakers_of(home: Home) -> dict[KeySlot, Signer]:
    """Return the keys that may sign entries, as far as they are in force and held here."""
    held: dict[KeySlot, Signer] = {}
    for slot in (KeySlot.STATEMENT, KeySlot.GOVERNANCE):
        with suppress(SigningRefused, NoSuchKey):
            held[slot] = home.signer(slot)
    return held


def own_log(
    home: Home,
    *,
    speakers: Speakers | None = None,
    log_keys: Mapping[KeySlot, bytes] | None = None,
) -> Log:
    """Return this node's current log with the keys that sign it.

    Args:
        speakers: who signs entries, where not the keys in force.
        log_keys: public keys that sign checkpoints, where not the keys in force.

    Raises:
        SigningRefused: a log key is suspended.
        NoSuchKey: the ring lacks a key.
    """
    origin, other = home.identity.origin, dict(log_keys or _last_log_keys(home))

    def signer(slot: KeySlot) -> Signer:
        return home.keys.signer_of(other[slot]) if slot in other else home.signer(slot)

    keys = [one.public_key for one in (speakers or speakers_of(home)).values()]
    return Log(
        origin=origin,
        epoch=home.identity.epoch,
        stores=LogStores(home.journal, home.checkpoints, home.tiles(origin)),
        signers=(
            NoteSigner.named(origin, KeyType.ED25519, signer(KeySlot.LOG)),
            NoteSigner.named(origin, KeyType.MLDSA44, signer(KeySlot.LOG_MLDSA44)),
        ),
        own_keys={key_id(key): key for key in keys},
    )


def _last_log_keys(home: Home) -> dict[KeySlot, bytes]:
    """Return the keys that close the log of a member that left: it shows what stands there.

    Nothing more is said in it, because no key signs entries any more.
    """
    chain = home.chain
    if chain is None or has_left(home) is None:
        return {}
    me = home.identity.member
    return {slot: chain.keyring.of(me, slot)[-1].raw for slot in (KeySlot.LOG, KeySlot.LOG_MLDSA44)}


def begin_log(log: Log) -> None:
    """Begin a log at size 0, also where a process was stopped that had just begun it.

    Raises:
        StaleCheckpoint, SigningRefused: something was said in it: it is never begun anew.
        StorageFault: the disk or the database refused.
    """
    begun = log.stores.checkpoints.read(log.origin)
    empty = Checkpoint(log.origin, 0, EMPTY_ROOT)
    if begun != empty or log.stores.journal.end(log.origin):
        found_log(log.stores, log.origin)


async def say(
    home: Home,
    sign: Sign[Draft],
    drafts: Sequence[Draft],
    now: Callable[[], datetime],
    *,
    log: Log | None = None,
) -> list[Acknowledged]:
    """Append drafts in order, and return once a published checkpoint covers them all.

    Without a draft it only publishes a fresh checkpoint over what was acknowledged.

    Args:
        home: the node.
        sign: builds and signs a draft at its place; `Author.sign`.
        drafts: what is to be said.
        now: the clock.
        log: where, if not in the own log with the keys in force.

    Raises:
        SigningRefused: the node must not sign.
        RestoredState: it came out of a back-up and was not compared with what others hold.
        StorageFault: the disk or the database refused.
        UnitError: a draft that nobody would accept.
    """
    if drafts:
        require_part(home)
    if home.live is not None:
        return await home.live.say(sign, drafts, log=log)
    refuse_unconfirmed(home.database)
    catch_up(home)
    log = log or own_log(home)
    return await append(log, sign, drafts, now, limits=limits_of(home))


def require_part(home: Home) -> None:
    """Refuse to speak for a member whose part in the unit ended.

    Raises:
        SigningRefused: it left, or was removed.
    """
    if has_left(home) is not None:
        raise SigningRefused(
            "this member's part in the unit ended: nothing more is said in its log",
            remedy="`detente charter card` writes the card to come back with",
        )


async def say_each(
    home: Home, sign: Sign[Draft], drafts: Sequence[Draft], now: Callable[[], datetime]
) -> list[Acknowledged | UnitError]:
    """Say each draft, as `say` does; one that is refused stops no other.

    Where the node runs they wait together: for one commit, and one checkpoint over all.
    """
    require_part(home)
    if home.live is not None:
        return await home.live.say_each(sign, drafts)
    answers: list[Acknowledged | UnitError] = []
    for each in drafts:
        try:
            answers += await say(home, sign, [each], now)
        except UnitError as error:
            answers.append(error)
    return answers


async def append(
    log: Log,
    sign: Sign[Draft],
    drafts: Sequence[Draft],
    now: Callable[[], datetime],
    *,
    limits: SequencerLimits,
) -> list[Acknowledged]:
    """Append drafts to a log, whatever the state it comes from; `say` asks first."""
    sequencer = Sequencer[Draft](log=log, sign=sign, now=now, limits=limits)
    await sequencer.start()
    try:
        said = [await sequencer.submit(draft) for draft in drafts]
        if said:
            await sequencer.covered(said[-1].seq)
    finally:
        await sequencer.close()
    return said


def limits_of(home: Home) -> SequencerLimits:
    """Return how much may wait at this node's log, as its settings say."""
    asked = home.settings
    return SequencerLimits(
        batch_entries_max=asked.batch_entries_max,
        waiting_entries_max=asked.waiting_entries_max,
        checkpoint_every_s=asked.checkpoint_every_s,
    )
