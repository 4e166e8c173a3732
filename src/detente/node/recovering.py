"""Opening the next epoch with the recovery key, after a loss or a theft.

The old log is never resumed. Entry 0 of the new one is signed by the recovery
key, names the old log's last known checkpoint and brings new keys for every
slot; others let them count 72 hours after they saw it, unless somebody objects.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from detente.charter import SIGNING_SLOTS, Charter, MemberKeys
from detente.charter.avowals import LogState, Recover
from detente.errors import EnvironmentFault, InputError, UnitError
from detente.node.author import header_at
from detente.node.catching_up import catch_up, chain_with
from detente.node.founding import require_bound
from detente.node.home import SLOT_TYPES, Home
from detente.node.identity import Identity
from detente.node.keykeeping import open_recovery, prepare_next, read_signer
from detente.node.log import Acknowledged, Log, LogStores
from detente.node.publishing import Clock
from detente.node.reading import entry_at, published_checkpoint
from detente.node.speaking import append, begin_log, limits_of
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ChainError
from detente.signing import Envelope, Role, Signer, key_id, prove_possession
from detente.statements import Clear, Position, Statement, parse_entry, sign_statement
from detente.storage.keyfiles import Unlock
from detente.storage.restored import confirm_restored, restored_note
from detente.tlog import Checkpoint, KeyType, NoteSigner, SignedNote, open_note


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

    Stopped anywhere it is done again with the same files, and opens the epoch once: what
    opened it is durable in the journal before anything depends on it.

    Args:
        home: the node; its old log is left as it is.
        recovery: file of the recovery key whose hash stands open.
        unlock: opens it, and will open the next one.
        next_recovery: where the next recovery key goes; a file that does not exist, or the one
            that a stopped attempt left there.
        now: the clock.
        last_note: the newest checkpoint of the old log that others hold; needed where this
            node was restored, and where it lost its own.

    Raises:
        InputError: no unit, no last checkpoint is known, or not the key that counts.
        WrongUnlock, KeyFileError: the recovery key does not open.
        ChainError: the charter chain does not take the opening; no recovery key may be given up.
        StaleCheckpoint: the next epoch was opened before: two openings are a fork.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    catch_up(home)
    if (done := _opened_already(home, recovery, unlock)) is not None:
        _require_named(home, next_recovery, unlock)
        return done
    signer = open_recovery(home, recovery, unlock)
    last = _last_state(home, last_note)
    next_hash = prepare_next(home, next_recovery, unlock)
    body = _new_keys(home, charter, signer, next_hash, last)
    following = replace(home.identity, epoch=home.identity.epoch + 1)
    log = _next_log(home, following, body, signer)
    begin_log(log)
    sign = _opener(home, charter, body, signer, now)
    (said,) = asyncio.run(append(log, sign, [None], now, limits=limits_of(home)))
    catch_up(home)
    _require_joined(home)
    # All keys are new, those of the cosigners too: what the old ones signed binds nobody now.
    confirm_restored(home.database, (), compared=1)
    return said


def _opened_already(home: Home, recovery: Path, unlock: Unlock) -> Acknowledged | None:
    """Return the opening of the present epoch where this very recovery key made it."""
    if home.identity.epoch == 1:
        return None
    statement = parse_entry(entry_at(home, home.identity.origin, 0))
    opened_by = Recover.parse(statement.clear.body).recovery_key
    if read_signer(recovery, unlock).public_key != opened_by:
        return None
    _require_joined(home)
    header = statement.header
    return Acknowledged(home.identity.origin, header.epoch, header.seq, statement.payload_hash)


def _new_keys(
    home: Home, charter: Charter, signer: Signer, next_hash: str, last: LogState
) -> Recover:
    keys = {
        slot: home.keys.generate(slot.role, kind).public_key for slot, kind in SLOT_TYPES.items()
    }
    context = bytes.fromhex(charter.digest)
    return Recover(
        recovery_key=signer.public_key,
        keys=MemberKeys(recovery_hash=next_hash, **{slot.value: key for slot, key in keys.items()}),
        possession={
            slot: prove_possession(slot.role, home.keys.signer_of(keys[slot]), context)
            for slot in SIGNING_SLOTS
        },
        last=last,
    )


def _last_state(home: Home, note: bytes | None) -> LogState:
    """Return the old log's last known checkpoint: the largest of what is remembered and shown."""
    origin = home.identity.origin
    if note is None and restored_note(home.database):
        raise InputError(
            "this node was restored, and others may hold more of its log than it remembers",
            remedy="Ask a member or witness for the newest checkpoint it holds, and name it "
            "with --last",
        )
    shown = None if note is None else _checked_note(home, note)
    known = [home.checkpoints.read(origin), published_checkpoint(home, origin), shown]
    own = [each for each in known if each is not None and each.origin == origin]
    if not own:
        raise InputError(
            f"no checkpoint of log {origin} is known here",
            remedy="Ask a member or witness for the newest it holds, and name it with --last",
        )
    newest = max(own, key=lambda each: each.size)
    return LogState(epoch=home.identity.epoch, size=newest.size, root=newest.root.hex())


def _checked_note(home: Home, note: bytes) -> Checkpoint:
    """Read a checkpoint that others hold; it counts only with a signature of the own log."""
    chain, origin = home.chain, home.identity.origin
    seen = Checkpoint.parse(SignedNote.parse(note).text)
    log, _, epoch = seen.origin.partition("/")
    if log == home.identity.log and epoch.isdecimal() and int(epoch[:16]) > home.identity.epoch:
        raise InputError(
            f"others hold epoch {epoch[:16]} of this log: it was recovered already",
            remedy="Restore the newest back-up; opening an epoch twice is a fork",
        )
    if seen.origin != origin or chain is None:
        raise InputError(f"a checkpoint of log {seen.origin[:80]}, not of {origin}")
    open_note(note, [verifier for _key, verifier in chain.keyring.log_keys(origin)])
    return seen


def _next_log(home: Home, identity: Identity, body: Recover, signer: Signer) -> Log:
    origin, keys = identity.origin, body.keys
    return Log(
        origin=origin,
        epoch=identity.epoch,
        stores=LogStores(home.journal, home.checkpoints, home.tiles(origin)),
        signers=(
            NoteSigner.named(origin, KeyType.ED25519, home.keys.signer_of(keys.log)),
            NoteSigner.named(origin, KeyType.MLDSA44, home.keys.signer_of(keys.log_mldsa44)),
        ),
        own_keys={key_id(signer.public_key): signer.public_key},
    )


def _opener(
    home: Home, charter: Charter, body: Recover, signer: Signer, now: Clock
) -> Callable[[None, int, int], Envelope]:
    """Return who signs entry 0 of the new epoch, and nothing else."""

    def sign(_draft: None, epoch: int, seq: int) -> Envelope:
        if seq:
            raise InputError(f"epoch {epoch} was opened already: open the node again")
        member = home.identity.member
        position = Position(unit=charter.unit_id, issuer=member, epoch=epoch, seq=seq)
        header = header_at(charter.digest, position, Clear.of(Recover.KIND, body.to_json()), now())
        envelope = sign_statement(header, signer, Role.RECOVERY).envelope
        _require_taken(home, parse_entry(envelope.to_bytes()))
        return envelope

    return sign


def _require_taken(home: Home, opening: Statement) -> None:
    """Refuse to open an epoch that the own chain would not take: others would not either."""
    chain, header = home.chain, opening.header
    if chain is None:
        return
    try:
        joined = chain_with(home, chain, opening)
    except EnvironmentFault:
        raise
    except UnitError as error:
        raise _not_taken(header.issuer, header.epoch, f": {error.message}") from None
    _require_epoch(joined, header.issuer, header.epoch)


def _require_joined(home: Home) -> None:
    """Refuse to call a recovery done while the own chain, as others read it, does not hold it."""
    chain, identity = home.chain, home.identity
    if chain is None:
        return
    _require_epoch(chain, identity.member, identity.epoch)
    if entry_at(home, identity.origin, 0) not in chain.file.avowals:
        raise _not_taken(identity.member, identity.epoch)


def _require_epoch(chain: CharterChain, member: str, epoch: int) -> None:
    if chain.epoch_of(member) != epoch:
        raise _not_taken(member, epoch)


def _not_taken(member: str, epoch: int, why: str = "") -> ChainError:
    return ChainError(
        f"the charter chain does not take the opening of epoch {epoch} by {member[:16]}…{why}",
        remedy="To whoever reads the chain the keys of that epoch count for nothing. Destroy no "
        "recovery key, not the used ones either, and report it; `detente doctor` shows more",
    )


def _require_named(home: Home, next_recovery: Path, unlock: Unlock) -> None:
    """Refuse to name another next key than the one that the opening of this epoch named.

    Raises:
        InputError: the file is not there, or holds another key.
    """
    wanted = home.identity.recovery_hash
    if next_recovery.exists():
        key = read_signer(next_recovery, unlock).public_key
        if sha256(key).hexdigest() == wanted:
            return
    raise InputError(
        f"epoch {home.identity.epoch} is open already, and named another recovery key: the one "
        f"whose public key hashes to {wanted[:16]}…",
        file=str(next_recovery),
        remedy="Name with --next the file that the first attempt wrote; nothing was written now",
    )
