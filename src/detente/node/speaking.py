"""One session at the log: start the sequencer, say things, wait until readers can see them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from detente.charter import Charter, KeySlot
from detente.node.author import Author, ContentStores, Draft
from detente.node.entropy import SystemEntropy
from detente.node.errors import SigningRefused
from detente.node.home import Home
from detente.node.log import Acknowledged, Log, LogStores
from detente.node.sequencer import Sequencer
from detente.release import Standing
from detente.signing import Signer, key_id
from detente.storage.errors import NoSuchKey
from detente.storage.restored import refuse_unconfirmed
from detente.storage.sealing import HpkeSealer
from detente.tlog import KeyType, NoteSigner


def make_author(home: Home, charter: Charter, now: Callable[[], datetime]) -> Author:
    """Return who builds this member's statements under one charter.

    A suspended key, or a governance key that lies off line, is simply not there:
    what it alone may say is then refused.
    """
    return Author(
        charter=charter,
        member=home.identity.member,
        signers={slot.role: signer for slot, signer in _speakers(home)},
        stores=ContentStores(home.blobs, home.content_keys),
        standings={member.id: Standing.ACTIVE for member in charter.members},
        sealer=HpkeSealer(),
        entropy=SystemEntropy(),
        now=now,
    )


def _speakers(home: Home) -> list[tuple[KeySlot, Signer]]:
    """Return the keys that may sign entries, as far as they are in force and held here."""
    held: list[tuple[KeySlot, Signer]] = []
    for slot in (KeySlot.STATEMENT, KeySlot.GOVERNANCE):
        with suppress(SigningRefused, NoSuchKey):
            held.append((slot, home.signer(slot)))
    return held


def own_log(home: Home) -> Log:
    """Return this node's current log with the keys that sign it.

    Raises:
        NoSuchKey: the ring lacks a key.
    """
    origin = home.identity.origin
    keys = [signer.public_key for _slot, signer in _speakers(home)]
    return Log(
        origin=origin,
        epoch=home.identity.epoch,
        stores=LogStores(home.journal, home.checkpoints, home.tiles(origin)),
        signers=(
            NoteSigner.named(origin, KeyType.ED25519, home.signer(KeySlot.LOG)),
            NoteSigner.named(origin, KeyType.MLDSA44, home.signer(KeySlot.LOG_MLDSA44)),
        ),
        own_keys={key_id(key): key for key in keys},
    )


async def say(
    home: Home, author: Author, drafts: Sequence[Draft], now: Callable[[], datetime]
) -> list[Acknowledged]:
    """Append drafts in order, and return once a published checkpoint covers them all.

    Raises:
        SigningRefused: the node must not sign.
        RestoredState: it came out of a back-up and was not compared with what others hold.
        StorageFault: the disk or the database refused.
        UnitError: a draft that nobody would accept.
    """
    refuse_unconfirmed(home.database)
    sequencer = Sequencer[Draft](log=own_log(home), sign=author.sign, now=now)
    await sequencer.start()
    try:
        said = [await sequencer.submit(draft) for draft in drafts]
        if said:
            await sequencer.covered(said[-1].seq)
    finally:
        await sequencer.close()
    return said
