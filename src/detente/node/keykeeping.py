"""A member's own keys over time: suspend, rotate, recover. Nobody else's consent is needed.

Each step is a clear statement in the member's log and joins the charter chain,
with a cosigned checkpoint beside it that shows how far the log was seen then.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from detente.charter import SIGNING_SLOTS, Charter, KeySlot
from detente.charter.avowals import RecoveryConsent, Rotate, Suspend
from detente.charter.keylife import begin
from detente.charter.recovery import consent
from detente.errors import InputError
from detente.node.author import ClearDraft
from detente.node.catching_up import catch_up, chain_with
from detente.node.founding import require_bound
from detente.node.home import SLOT_TYPES, Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, renew
from detente.node.speaking import make_author, own_log, say, speakers_of
from detente.signing import Envelope, JsonValue, Role, Signer, prove_possession
from detente.statements import Clear, parse_entry
from detente.storage.errors import storage_faults
from detente.storage.keyfiles import Unlock, load_key
from detente.storage.keyholders import HpkeKey
from detente.storage.offline_keys import create_recovery_key, read_key

_LOG_SLOTS = frozenset((KeySlot.LOG, KeySlot.LOG_MLDSA44))


def suspend(home: Home, slots: Sequence[KeySlot], *, now: Clock) -> Acknowledged:
    """Say that these keys of this member count for nothing from here on.

    Raises:
        InputError: no unit.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    require_bound(home)
    body = Suspend(slots=tuple(sorted(set(slots)))).to_json()
    speakers = speakers_of(home)
    if (last := _last_key(home, KeySlot.GOVERNANCE)) is not None:
        # Suspended itself, it may still suspend: no order of steps keeps a stolen key alive.
        speakers[KeySlot.GOVERNANCE] = home.keys.signer_of(last)
    return avow(home, Suspend.KIND, body, now=now, speakers=speakers)


def rotate(
    home: Home,
    slots: Sequence[KeySlot],
    *,
    now: Clock,
    recovery: tuple[Path, Unlock] | None = None,
    next_recovery: Path | None = None,
) -> Acknowledged:
    """Make new keys for some slots and say so; they count from the next position on.

    Stopped half-way it is done again; keys that were made and never said count for nothing.

    Args:
        slots: which keys.
        now: the clock.
        recovery: the recovery key's file and what opens it; needed for a new governance key,
            so that a thief of the governance key cannot take the seat.
        next_recovery: where the next recovery key goes, needed with `recovery`; a file that a
            stopped attempt left there is used.

    Raises:
        InputError: no unit, or the recovery key is missing or not the one that counts.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    wanted = sorted(set(slots))
    consenting = None
    if KeySlot.GOVERNANCE in wanted:
        home.signer(KeySlot.GOVERNANCE)
        consenting = _require_recovery(home, recovery, next_recovery)
    new = {slot: home.keys.generate(slot.role, SLOT_TYPES[slot]).public_key for slot in wanted}
    context = bytes.fromhex(charter.digest)
    possession = {
        slot: prove_possession(slot.role, home.keys.signer_of(key), context)
        for slot, key in new.items()
        if slot in SIGNING_SLOTS
    }
    agreed = None if consenting is None else _consent(home, charter, new, *consenting)
    body = Rotate(keys=new, possession=possession, recovery=agreed).to_json()
    # A suspended log key signs nothing more: then its successor shows the entry that names it.
    log_keys = {slot: new[slot] for slot in _LOG_SLOTS & new.keys() if _is_suspended(home, slot)}
    said = avow(home, Rotate.KIND, body, now=now, log_keys=log_keys)
    if _LOG_SLOTS & new.keys():
        renew(home, now)
    return said


def avow(
    home: Home,
    kind: str,
    body: dict[str, JsonValue],
    *,
    now: Clock,
    speakers: dict[KeySlot, Signer] | None = None,
    log_keys: Mapping[KeySlot, bytes] | None = None,
) -> Acknowledged:
    """Say something about this member itself, once the charter chain was seen to take it.

    Raises:
        InputError: no unit.
        SigningRefused, NoSuchKey: the governance key is not at hand.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    speakers = speakers or speakers_of(home)
    author = make_author(home, charter, now, speakers=speakers)

    def sign(draft: ClearDraft, epoch: int, seq: int) -> Envelope:
        envelope = author.sign(draft, epoch, seq)
        chain = home.chain
        if chain is not None:
            chain_with(home, chain, parse_entry(envelope.to_bytes()))
        return envelope

    draft = ClearDraft(Clear.of(kind, body), Role.GOVERNANCE)
    catch_up(home)
    log = own_log(home, speakers=speakers, log_keys=log_keys)
    (said,) = asyncio.run(say(home, sign, [draft], now, log=log))
    catch_up(home)
    return said


def _last_key(home: Home, slot: KeySlot) -> bytes | None:
    """Return the newest key of a slot that this ring holds, suspended or not."""
    chain = home.chain
    held = () if chain is None else chain.keyring.of(home.identity.member, slot)
    here = {header.public_key for header in home.keys.headers()}
    return held[-1].raw if held and held[-1].raw in here else None


def _is_suspended(home: Home, slot: KeySlot) -> bool:
    return home.key_in_force(slot) is None


def _require_recovery(
    home: Home, recovery: tuple[Path, Unlock] | None, next_recovery: Path | None
) -> tuple[Signer, str]:
    """Open the recovery key and make the next one; return the signer and the next hash."""
    if recovery is None or next_recovery is None:
        raise InputError(
            "a new governance key needs the recovery key",
            remedy="Name its file with --recovery, and with --next where the next one goes",
        )
    path, unlock = recovery
    signer = open_recovery(home, path, unlock)
    return signer, prepare_next(home, next_recovery, unlock)


def open_recovery(home: Home, path: Path, unlock: Unlock) -> Signer:
    """Open the recovery key whose hash stands open.

    Raises:
        InputError: another key, or one that was used already.
        WrongUnlock, KeyFileError, StorageFault: as `read_key`.
    """
    signer = read_signer(path, unlock)
    if sha256(signer.public_key).hexdigest() != home.identity.recovery_hash:
        raise InputError(
            "not the recovery key that counts now: its public key should hash to "
            f"{home.identity.recovery_hash[:16]}…",
            file=str(path),
            remedy="Every use names the next one: find the file that was made then",
        )
    return signer


def prepare_next(home: Home, path: Path, unlock: Unlock) -> str:
    """Make the next recovery key, or take the one that a stopped attempt left; return its hash.

    Raises:
        InputError: what is there is no recovery key, or one that was named before.
        WrongUnlock, KeyFileError, StorageFault: as `read_key`.
    """
    if not path.exists():
        return create_recovery_key(path, unlock).hex()
    if load_key(path).header.role is not Role.RECOVERY:
        raise InputError("a file is there already and is not replaced", file=str(path))
    digest = sha256(read_signer(path, unlock).public_key).hexdigest()
    chain = home.chain
    known = frozenset() if chain is None else chain.recovery_hashes(home.identity.member)
    if digest in known | {home.identity.recovery_hash}:
        raise InputError(
            "this recovery key was named before; each serves once",
            file=str(path),
            remedy="Name a file that does not exist yet",
        )
    return digest


def _consent(
    home: Home, charter: Charter, new: Mapping[KeySlot, bytes], signer: Signer, next_hash: str
) -> RecoveryConsent:
    member = charter.member(home.identity.member)
    if member is None:
        raise InputError("this node stands in its charter no more")
    history = replace(begin(charter, member), recovery_hash=home.identity.recovery_hash)
    return consent(history, signer, governance_key=new[KeySlot.GOVERNANCE], next_hash=next_hash)


def read_signer(path: Path, unlock: Unlock) -> Signer:
    """Open a signing key that lies in a file of its own.

    Raises:
        InputError: a sealing key, or no file.
        WrongUnlock, KeyFileError, StorageFault: as `read_key`.
    """
    with storage_faults(doing="looking for the key", where=str(path)):
        if not path.is_file():
            raise InputError("no such file", file=str(path), remedy="Check the path")
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
    chain = home.chain
    known = {
        key.raw
        for slot in KeySlot
        for key in (() if chain is None else chain.keyring.of(home.identity.member, slot))
    }
    slots = {(slot.role, kind): slot.value for slot, kind in SLOT_TYPES.items()}

    def state(key: bytes) -> str:
        if key in in_force:
            return "in force"
        return "ended" if key in known else "never named"

    return [
        {
            "slot": slots[header.role, header.type],
            "generation": str(header.generation),
            "public": header.public_key[:32].hex(),
            "state": state(header.public_key),
        }
        for header in home.keys.headers()
        if (header.role, header.type) in slots  # the trail's key stands in no charter
    ]
