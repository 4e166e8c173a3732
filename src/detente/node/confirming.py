"""After a restore: what others say of this node's log now decides whether it signs again.

The back-up itself is full of cosignatures, and all of them were given before it was made:
they say nothing about what was signed since. So only words count that others gave after
the restore, f + 1 of them, because f may lie; and each member can give its word at once.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from detente.charter import Charter, Member
from detente.errors import InputError
from detente.node.cosigning import growth_request, member_cosigner
from detente.node.founding import require_bound
from detente.node.home import Home
from detente.proofs.cosigners import (
    log_verifiers,
    mirror_verifiers,
    outside_verifiers,
    witness_verifiers,
)
from detente.storage.errors import RestoredState
from detente.storage.following import FollowedLogs
from detente.storage.restored import ASK, confirm_restored, restored_at
from detente.storage.witnesses import SqliteWitnessStates
from detente.tlog import (
    Checkpoint,
    Cosigned,
    Fresh,
    NoteError,
    RolledBack,
    SignatureLine,
    SignedNote,
    Verifier,
    judge_memory,
    open_note,
)


def confirm_memory(home: Home, held: Sequence[bytes]) -> None:
    """Compare a restored node with checkpoints that others hold, and let it sign again.

    Of its own log it must not have signed more than it remembers, and of others' logs it
    must not have cosigned more.

    Args:
        held: checkpoint notes, of the own log and of logs this node cosigned.

    Raises:
        InputError: fewer than f + 1 of the others cosigned the own log since the restore.
        RestoredState: others hold something newer; the node goes on refusing to sign.
    """
    charter = require_bound(home)
    member = charter.member(home.identity.member)
    if member is None:
        raise InputError("this node stands in its charter no more")
    own = home.identity.origin
    _refuse_later_epochs(home, held)
    ours = [note for note in held if _origin_of(note) == own]
    memories = [
        judge_memory(home.checkpoints.read(own), ours, _log_keys(home, member), origin=own),
        *_cosigned_memories(home, member, held),
    ]
    others = _fresh_words(home, charter, member, ours)
    if all(isinstance(each, Fresh) for each in memories):
        _require_others(others, own, charter.f + 1)
    confirm_restored(home.database, memories, compared=len(others))


def vouch(home: Home, name: str, *, now: Callable[[], datetime]) -> bytes:
    """Say now which checkpoint of another member's log is the newest that this node holds.

    Args:
        home: the node.
        name: the other member, by name or id.
        now: the clock; what is said carries its time.

    Returns:
        The checkpoint note, with fresh cosignatures of this member's mirror and witness. It
        carries none where this node knows of entries that it does not hold yet.

    Raises:
        InputError: no such member, or nothing is held of its log, or two versions of it.
        RestoredState: this node itself was restored and not compared yet.
        StorageFault: the disk or the database refused.
    """
    charter = require_bound(home)
    found = [each for each in charter.members if name in (each.id, each.name)]
    if len(found) != 1 or found[0].id == home.identity.member:
        others = [each.name for each in charter.members if each.id != home.identity.member]
        raise InputError(
            f"no other member is called {name!r}", remedy=f"There are {', '.join(others)}"
        )
    origin = home.present(found[0]).origin
    row = FollowedLogs(home.database).read(origin)
    if row is None or row.forked is not None:
        what = "nothing" if row is None else "two versions"
        raise InputError(
            f"this node holds {what} of log {origin}",
            remedy="Ask another member; this one cannot say what was newest",
        )
    signed = SignedNote.parse(row.note)
    if _text_of(row.complete) != signed.text:
        return row.note
    return signed.with_lines(_fresh_lines(home, signed, now)).to_bytes()


def _fresh_lines(
    home: Home, signed: SignedNote, now: Callable[[], datetime]
) -> Iterator[SignatureLine]:
    checkpoint = Checkpoint.parse(signed.text)
    chain, origin = home.chain, checkpoint.origin
    keys = () if chain is None else tuple(key for _, key in chain.keyring.log_keys(origin))
    for mirror in (True, False):
        cosigner = member_cosigner(home, mirror=mirror, logs={origin: keys}, now=now)
        bare = SignedNote(signed.text, tuple(_lines_by(signed, keys)))
        request = growth_request(bare, checkpoint, home.tiles(origin), cosigner.size(origin))
        answer = cosigner.answer(request)
        if not isinstance(answer, Cosigned):
            raise InputError(f"log {origin} is not cosigned: {answer.reason[:200]}")
        yield from answer.lines


def _lines_by(signed: SignedNote, keys: Sequence[Verifier]) -> Iterator[SignatureLine]:
    known = {(key.name, key.key_id) for key in keys}
    return (line for line in signed.lines if (line.name, line.key_id) in known)


def _require_others(others: frozenset[str], origin: str, needed: int) -> None:
    """Refuse a comparison with fewer than f + 1 of the others: one liar could hide what it knows.

    A note that nobody cosigned since could be anybody's copy of an old one, the back-up's too.
    """
    if len(others) < needed:
        raise InputError(
            f"checkpoints of log {origin} that {len(others)} of the others cosigned since this "
            f"node was restored; at least {needed} are needed",
            remedy=f"{ASK}. What the back-up holds, or anybody cosigned before, is no evidence",
        )


def _fresh_words(
    home: Home, charter: Charter, member: Member, notes: Sequence[bytes]
) -> frozenset[str]:
    """Return who of the others cosigned one of these checkpoints after the restore."""
    restored, own = restored_at(home.database), home.identity.origin
    moment = 0 if restored is None else int(restored.timestamp())
    # A clock that was wrong at the restore makes nothing fresh that the back-up knew.
    since = max(moment, home.checkpoints.signed_at(own))
    keys = _log_keys(home, member)
    holders = _others(home, charter, member)
    found: set[str] = set()
    for note in notes:
        with suppress(NoteError):
            verified = open_note(note, (*keys, *holders)).verified
            if any(each.verifier in keys for each in verified):
                found |= {
                    holders[each.verifier]
                    for each in verified
                    if each.verifier in holders and (each.timestamp or 0) > since
                }
    return frozenset(found)


def _others(home: Home, charter: Charter, member: Member) -> dict[Verifier, str]:
    """Return the keys of all who may cosign this log, and who holds each; never the owner."""
    present = home.present_charter(charter)
    keys = {
        key: each.id
        for each in present.members
        if each.id != member.id
        for key in (*mirror_verifiers(each), *witness_verifiers(each))
    }
    outside = {key: each.name for each in present.witnesses for key in outside_verifiers(each)}
    return keys | outside


def _refuse_later_epochs(home: Home, held: Sequence[bytes]) -> None:
    for origin in map(_origin_of, held):
        log, _, epoch = origin.partition("/")
        if log != home.identity.log or not epoch.isdecimal():
            continue
        if int(epoch[:16]) > home.identity.epoch:
            raise RestoredState(
                f"others hold epoch {epoch[:16]} of this log, and this node knows of "
                f"{home.identity.epoch}: it was recovered since the back-up",
                remedy="Never sign from it; restore a back-up made after that recovery",
            )


def _log_keys(home: Home, member: Member) -> list[Verifier]:
    """Return every key that ever signed the present epoch of the own log."""
    chain, origin = home.chain, home.identity.origin
    if chain is None:
        return list(log_verifiers(member))
    return [verifier for _key, verifier in chain.keyring.log_keys(origin)]


def _cosigned_memories(
    home: Home, member: Member, held: Sequence[bytes]
) -> list[Fresh | RolledBack]:
    memories: list[Fresh | RolledBack] = []
    present = home.present(member)
    for keys in (witness_verifiers(present), mirror_verifiers(present)):
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


def _text_of(note: bytes) -> str:
    return SignedNote.parse(note).text if note else ""
