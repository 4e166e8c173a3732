"""A member's own keys over time: suspend, rotate, recover. Nobody else's consent is needed.

Each step is a clear statement in the member's log and joins the charter chain,
with a cosigned checkpoint beside it that shows how far the log was seen then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from detente.charter import SIGNING_SLOTS, KeySlot, Member
from detente.charter.avowals import RecoveryConsent, Rotate, Suspend
from detente.charter.keylife import begin
from detente.charter.recovery import consent
from detente.errors import InputError
from detente.node.founding import require_bound
from detente.node.home import SLOT_TYPES, Home
from detente.node.identity import save_identity
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, speak_clear
from detente.node.reading import own_entry
from detente.proofs.chain import ChainFile, CharterChain, verify_chain
from detente.proofs.cosigners import log_verifiers, mirror_verifiers, witness_verifiers
from detente.signing import Signer, prove_possession
from detente.storage.disk import read_capped
from detente.storage.keyfiles import Unlock
from detente.storage.keyholders import HpkeKey
from detente.storage.offline_keys import create_recovery_key, read_key
from detente.storage.restored import confirm_restored
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import Checkpoint, Fresh, NoteError, RolledBack, SignedNote, judge_memory
from detente.tlog.note import NOTE_BYTES_MAX


def suspend(home: Home, slots: Sequence[KeySlot], *, now: Clock) -> Acknowledged:
    """Say that these keys of this member count for nothing from here on.

    Raises:
        InputError: no unit.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    require_bound(home)
    body = Suspend(slots=tuple(sorted(set(slots)))).to_json()
    said = speak_clear(home, Suspend.KIND, body, now=now)
    join_chain(home, own_entry(home, said.origin, said.seq))
    return said


def rotate(
    home: Home,
    slots: Sequence[KeySlot],
    *,
    now: Clock,
    recovery: tuple[Path, Unlock] | None = None,
    next_recovery: Path | None = None,
) -> Acknowledged:
    """Make new keys for some slots and say so; they count from the next position on.

    Args:
        slots: which keys.
        now: the clock.
        recovery: the recovery key's file and what opens it; needed for a new governance key,
            so that a thief of the governance key cannot take the seat.
        next_recovery: where the next recovery key goes, needed with `recovery`.

    Raises:
        InputError: no unit, or the recovery key is missing.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    new = {
        slot: home.keys.generate(slot.role, SLOT_TYPES[slot]).public_key
        for slot in sorted(set(slots))
    }
    context = bytes.fromhex(charter.digest)
    possession = {
        slot: prove_possession(slot.role, home.keys.signer_of(key), context)
        for slot, key in new.items()
        if slot in SIGNING_SLOTS
    }
    agreed = None
    if KeySlot.GOVERNANCE in new:
        agreed = _consent(home, new, recovery, next_recovery)
    body = Rotate(keys=new, possession=possession, recovery=agreed).to_json()
    said = speak_clear(home, Rotate.KIND, body, now=now)
    join_chain(home, own_entry(home, said.origin, said.seq))
    return said


def join_chain(home: Home, entry: bytes) -> None:
    """Add what this member said about its keys to the charter chain it keeps.

    Raises:
        UnitError: the chain does not verify with it; nothing is changed.
        StorageFault: the disk refused.
    """
    chain = home.chain
    if chain is None:
        raise InputError("this node belongs to no unit", remedy="See `detente charter --help`")
    path = home.layout.cosigned(home.identity.origin)
    seen = read_capped(path, bytes_max=NOTE_BYTES_MAX) if path.exists() else b""
    home.keep_chain(add_avowal(chain.file, entry, seen))


def add_avowal(file: ChainFile, entry: bytes, seen: bytes) -> CharterChain:
    """Return a chain that also holds one avowal, verified as a whole; an entry joins once.

    Args:
        file: what is held.
        entry: what a member said about itself.
        seen: a cosigned checkpoint of that member's log, as it was when the entry came.

    Raises:
        UnitError: it does not verify.
    """
    if entry in file.avowals:
        return verify_chain(file)
    return verify_chain(replace(file, avowals=(*file.avowals, entry), seen=(*file.seen, seen)))


def _consent(
    home: Home,
    new: Mapping[KeySlot, bytes],
    recovery: tuple[Path, Unlock] | None,
    next_recovery: Path | None,
) -> RecoveryConsent:
    if recovery is None or next_recovery is None:
        raise InputError(
            "a new governance key needs the recovery key",
            remedy="Name its file with --recovery, and with --next where the next one goes",
        )
    charter = require_bound(home)
    member = charter.member(home.identity.member)
    if member is None:
        raise InputError("this node stands in its charter no more")
    path, unlock = recovery
    signer = read_signer(path, unlock)
    next_hash = create_recovery_key(next_recovery, unlock).hex()
    agreed = consent(
        begin(charter, member),
        signer,
        governance_key=new[KeySlot.GOVERNANCE],
        next_hash=next_hash,
    )
    save_identity(home.layout.identity, replace(home.identity, recovery_hash=next_hash))
    home.identity = replace(home.identity, recovery_hash=next_hash)
    return agreed


def read_signer(path: Path, unlock: Unlock) -> Signer:
    """Open a signing key that lies in a file of its own.

    Raises:
        InputError: a sealing key.
        WrongUnlock, KeyFileError, StorageFault: as `read_key`.
    """
    key = read_key(path, unlock)
    if isinstance(key, HpkeKey):
        raise InputError("a sealing key signs nothing", file=str(path))
    return key


def parse_slots(names: Sequence[str]) -> list[KeySlot]:
    """Read slot names.

    Raises:
        InputError: no such slot.
    """
    known = {slot.value: slot for slot in KeySlot}
    for name in names:
        if name not in known:
            raise InputError(
                f"no key slot is called {name!r}", remedy=f"There are {', '.join(known)}"
            )
    return [known[name] for name in names]


def list_keys(home: Home) -> list[dict[str, str]]:
    """Return a row for each key held here: slot, generation, public key, and whether it counts."""
    in_force = {home.key_in_force(slot) for slot in KeySlot}
    slots = {(slot.role, kind): slot.value for slot, kind in SLOT_TYPES.items()}
    return [
        {
            "slot": slots[header.role, header.type],
            "generation": str(header.generation),
            "public": header.public_key[:32].hex(),
            "state": "in force" if header.public_key in in_force else "not in force",
        }
        for header in home.keys.headers()
    ]


def confirm_memory(home: Home, held: Sequence[bytes]) -> None:
    """Compare a restored node with checkpoints that others hold, and let it sign again.

    Of its own log it must not have signed more than it remembers, and of others' logs it
    must not have cosigned more.

    Args:
        held: checkpoint notes, of the own log and of logs this node cosigned.

    Raises:
        InputError: fewer than f + 1 checkpoints of the own log.
        RestoredState: others hold something newer; the node goes on refusing to sign.
    """
    charter = require_bound(home)
    member = charter.member(home.identity.member)
    if member is None:
        raise InputError("this node stands in its charter no more")
    own = home.identity.origin
    ours = [note for note in held if _origin_of(note) == own]
    if len(ours) <= charter.f:
        raise InputError(
            f"{len(ours)} checkpoints of log {own}, at least {charter.f + 1} are needed",
            remedy="Ask f + 1 of the members and witnesses for the newest they hold",
        )
    memories = [
        judge_memory(home.checkpoints.read(own), ours, log_verifiers(member), origin=own),
        *_cosigned_memories(home, member, held),
    ]
    confirm_restored(home.database, memories, compared=len(ours))


def _cosigned_memories(
    home: Home, member: Member, held: Sequence[bytes]
) -> list[Fresh | RolledBack]:
    memories: list[Fresh | RolledBack] = []
    for keys in (witness_verifiers(member), mirror_verifiers(member)):
        states = SqliteWitnessStates(home.database, cosigner=keys[0].name)
        for note in held:
            origin = _origin_of(note)
            state = states.read(origin)
            known = None if state is None else Checkpoint(origin, state.size, state.root)
            memories.append(judge_memory(known, [note], keys, origin=origin))
    return memories


def _origin_of(note: bytes) -> str:
    """Return the log a checkpoint note is of; empty where it is none."""
    try:
        return Checkpoint.parse(SignedNote.parse(note).text).origin
    except NoteError:
        return ""
