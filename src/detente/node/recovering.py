"""Opening the next epoch with the recovery key, after a loss or a theft.

The old log is never resumed. Entry 0 of the new one is signed by the recovery
key, names the old log's last known checkpoint and brings new keys for every
slot; others let them count 72 hours after they saw it, unless somebody objects.
"""

import asyncio
from dataclasses import replace
from pathlib import Path

from detente.charter import SIGNING_SLOTS, Charter, KeySlot, MemberKeys
from detente.charter.avowals import LogState, Recover
from detente.errors import InputError
from detente.node.author import header_at
from detente.node.founding import require_bound
from detente.node.home import SLOT_TYPES, Home
from detente.node.identity import Identity, save_identity
from detente.node.keykeeping import join_chain, read_signer
from detente.node.log import Acknowledged, Log, LogStores, found_log
from detente.node.publishing import Clock
from detente.node.reading import own_entry
from detente.node.sequencer import Sequencer
from detente.signing import Envelope, Role, Signer, key_id, prove_possession
from detente.statements import Clear, Position, sign_statement
from detente.storage.keyfiles import Unlock
from detente.storage.offline_keys import create_recovery_key
from detente.tlog import Checkpoint, KeyType, NoteSigner, SignedNote


def recover(
    home: Home,
    recovery: Path,
    unlock: Unlock,
    *,
    next_recovery: Path,
    now: Clock,
    last_note: bytes | None = None,
) -> Acknowledged:
    """Open the next epoch of this member's log with new keys.

    Args:
        home: the node; its old log is left as it is.
        recovery: file of the recovery key whose hash stands open.
        unlock: opens it, and will open the next one.
        next_recovery: where the next recovery key goes; a file that does not exist.
        now: the clock.
        last_note: the newest checkpoint of the old log that others hold, where this node
            lost its own.

    Raises:
        InputError: no unit, or no last checkpoint is known.
        WrongUnlock, KeyFileError: the recovery key does not open.
        StaleCheckpoint: the next epoch was opened before: two openings are a fork.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    last = _last_state(home, last_note)
    signer = read_signer(recovery, unlock)
    next_hash = create_recovery_key(next_recovery, unlock).hex()
    keys = {
        slot: home.keys.generate(slot.role, kind).public_key for slot, kind in SLOT_TYPES.items()
    }
    context = bytes.fromhex(charter.digest)
    body = Recover(
        recovery_key=signer.public_key,
        keys=MemberKeys(recovery_hash=next_hash, **{slot.value: key for slot, key in keys.items()}),
        possession={
            slot: prove_possession(slot.role, home.keys.signer_of(keys[slot]), context)
            for slot in SIGNING_SLOTS
        },
        last=last,
    )
    identity = replace(home.identity, epoch=home.identity.epoch + 1, recovery_hash=next_hash)
    log = _next_log(home, identity, keys, signer)
    found_log(log.stores, log.origin)
    said = asyncio.run(_open(charter, log, body, signer, identity.member, now))
    save_identity(home.layout.identity, identity)
    home.identity = identity
    join_chain(home, own_entry(home, said.origin, said.seq))
    return said


def _last_state(home: Home, note: bytes | None) -> LogState:
    """Return the old log's last known checkpoint: the largest of what is remembered and shown."""
    origin = home.identity.origin
    known = [home.checkpoints.read(origin)]
    for held in (note, home.tiles(origin).published()):
        known.append(None if held is None else Checkpoint.parse(SignedNote.parse(held).text))
    own = [each for each in known if each is not None and each.origin == origin]
    if not own:
        raise InputError(
            f"no checkpoint of log {origin} is known here",
            remedy="Ask a member or witness for the newest it holds, and name it with --last",
        )
    newest = max(own, key=lambda each: each.size)
    return LogState(epoch=home.identity.epoch, size=newest.size, root=newest.root.hex())


def _next_log(home: Home, identity: Identity, keys: dict[KeySlot, bytes], signer: Signer) -> Log:
    origin = identity.origin
    return Log(
        origin=origin,
        epoch=identity.epoch,
        stores=LogStores(home.journal, home.checkpoints, home.tiles(origin)),
        signers=(
            NoteSigner.named(origin, KeyType.ED25519, home.keys.signer_of(keys[KeySlot.LOG])),
            NoteSigner.named(
                origin, KeyType.MLDSA44, home.keys.signer_of(keys[KeySlot.LOG_MLDSA44])
            ),
        ),
        own_keys={key_id(signer.public_key): signer.public_key},
    )


async def _open(
    charter: Charter, log: Log, body: Recover, signer: Signer, member: str, now: Clock
) -> Acknowledged:
    """Say entry 0 of the new epoch."""

    def sign(_draft: None, epoch: int, seq: int) -> Envelope:
        position = Position(unit=charter.unit_id, issuer=member, epoch=epoch, seq=seq)
        header = header_at(charter.digest, position, Clear.of(Recover.KIND, body.to_json()), now())
        return sign_statement(header, signer, Role.RECOVERY).envelope

    sequencer = Sequencer[None](log, sign=sign, now=now)
    await sequencer.start()
    try:
        said = await sequencer.submit(None)
        await sequencer.covered(said.seq)
    finally:
        await sequencer.close()
    return said
