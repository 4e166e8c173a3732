"""Erasure: content goes, its commitment stays provable (trust.md, section 2).

Object, salt, ciphertext, wraps and content key are removed here; whoever
received them decides for itself. What remains of a batch is a redacted copy:
the other objects, and hashes where the erased ones stood. The log says first that
the content is gone, so that no later complaint obliges anybody (docs/adr/0030).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from detente.charter import KeySlot
from detente.errors import InputError
from detente.node import clock
from detente.node.home import Home
from detente.node.publishing import Clock, speak_clear
from detente.node.reading import entry_at, read_redacted, read_said
from detente.release import Held, forget, hold
from detente.signing import JsonError, JsonValue, Role, parse_strict
from detente.statements import Opening, Sealed, Statement, parse_entry
from detente.storage.disk import Disk, make_private_folder, write_whole
from detente.storage.errors import storage_faults


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        payload_hash: of the statement, which stays in the log.
        objects: how many went; an object that names an erased one goes with it.
        kept: how many stay, in a redacted copy.
    """

    payload_hash: str
    objects: int
    kept: int


def erase(
    home: Home, name: str, *, objects: Collection[str] = (), now: Clock = clock.now
) -> Erased:
    """Erase what an own statement said, all of it or only these objects.

    Doing it again after a crash finishes it. Without a statement key in force it is erased
    unsaid: nothing that such a node says would count.

    Args:
        home: the node.
        name: id of the statement, or its beginning.
        objects: STIX ids; everything where empty.
        now: the clock.

    Raises:
        InputError: no such statement, no such object in it, or nothing sealed.
        SigningRefused: the node must not write to its log; nothing was erased.
        StorageFault: the disk or the database refused; do it again.
    """
    said = read_said(home, name)
    statement = said.statement
    if said.stored.row.ciphertext is None:
        raise InputError(f"statement {statement.payload_hash[:16]}… has no content to erase")
    gone = kept = 0
    copies: Sequence[bytes] | None = None
    source = said.content or _what_remains(read_redacted(home, statement.payload_hash))
    if source is not None:
        held = hold(statement, source)
        remains = forget(held, _leaves(held, objects))
        shown = sorted(remains.leaves)
        gone, kept = len(held.leaves) - max(len(shown), 1), max(len(shown) - 1, 0)
        copies = remains.copies(shown) if kept else ()
    if not said.stored.erased:
        _say_so(home, statement, now)
    if copies is not None:
        _replace_pages(home.layout.redacted(statement.payload_hash), copies)
    _remove(home, statement, said.stored.row.ciphertext, now)
    return Erased(statement.payload_hash, objects=gone, kept=kept)


def discard_unsaid(home: Home) -> int:
    """Remove the contents that were made ready and never said; return how many.

    Only while nobody says anything, and after everything in the log was indexed: what is
    made ready just now is in no log either.

    Raises:
        StorageFault: the disk or the database refused; do it again.
    """
    unsaid = set(home.content_keys.unsaid())
    if unsaid:
        # The index may be made anew; what counts as said is what stands in the log.
        unsaid -= _said_in_log(home)
    for ciphertext in unsaid:
        home.blobs.discard(ciphertext)
        home.content_keys.erase(ciphertext)
    return len(unsaid)


def _said_in_log(home: Home) -> set[str]:
    """Return the ciphertexts that this member's log names, in all of its epochs."""
    found: set[str] = set()
    for epoch in range(1, home.identity.epoch + 1):
        origin = f"{home.identity.log}/{epoch}"
        trusted = home.checkpoints.read(origin)
        for seq in range(max(home.journal.end(origin), 0 if trusted is None else trusted.size)):
            says = parse_entry(entry_at(home, origin, seq)).header.says
            found |= {says.ciphertext} if isinstance(says, Sealed) else set()
    return found


def _what_remains(pages: Sequence[Opening]) -> Opening | None:
    """Return the redacted copy as one, None where nothing remains."""
    if not pages:
        return None
    rest = (each for page in pages[1:] for each in page.shown if each.index)
    return replace(pages[0], shown=(*pages[0].shown, *rest))


def _replace_pages(folder: Path, copies: Sequence[bytes]) -> None:
    if copies:
        make_private_folder(folder)
    for number, copy in enumerate(copies):
        write_whole(folder / f"{number}.json", copy, disk=Disk())
    with storage_faults(doing="removing what was erased", where=str(folder)):
        for page in folder.glob("*.json"):
            if int(page.stem) >= len(copies):
                page.unlink()


def _leaves(held: Held, objects: Collection[str]) -> list[int]:
    """Return the numbers of the leaves that hold these objects, of all where none is named."""
    every = [index for index in sorted(held.leaves) if index]
    if not objects:
        return every
    by_id = {_id_of(held.objects[index]): index for index in every}
    if missing := sorted(set(objects) - by_id.keys()):
        raise InputError(
            f"the statement holds no object {missing[0]}",
            remedy="`detente statement show` lists what it holds",
        )
    return [by_id[each] for each in objects]


def _id_of(data: bytes) -> str:
    try:
        value = parse_strict(data)
    except JsonError:
        return ""
    return str(value.get("id")) if isinstance(value, dict) else ""


def _say_so(home: Home, statement: Statement, now: Clock) -> None:
    if home.key_in_force(KeySlot.STATEMENT, home.identity.member) is None:
        return
    body: dict[str, JsonValue] = {"statement": statement.payload_hash}
    speak_clear(home, "erased", body, now=now, role=Role.STATEMENT)


def _remove(home: Home, statement: Statement, ciphertext: str, now: Clock) -> None:
    # The key last: until it is gone, a crash leaves something that can be done again.
    home.index.erase(statement.payload_hash)
    for wrap in statement.sealed.wraps:
        home.blobs.erase(wrap)
    home.blobs.erase(ciphertext)
    _forget_derived(home, statement.payload_hash, now)
    home.content_keys.erase(ciphertext)


def _forget_derived(home: Home, payload_hash: str, now: Clock) -> None:
    """Let whatever was made of the content forget it: what tools are served, what acts."""
    if home.forget is not None:
        home.forget(payload_hash)
        return
    from detente.node.shelving import Shelving
    from detente.node.weighing import Weighing
    from detente.storage.shelf import Shelf

    shelving = Shelving(home, Shelf(home.database), now=now, changed=lambda: None)
    Weighing(home, shelving, now=now).forget(payload_hash)
