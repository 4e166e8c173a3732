"""Erasure: content goes, its commitment stays provable (trust.md, section 2).

Object, salt, ciphertext, wraps and content key are removed here; whoever
received them decides for itself. What remains of a batch is a redacted copy:
the other objects, and hashes where the erased ones stood.
"""

from collections.abc import Collection
from dataclasses import dataclass

from detente.errors import InputError
from detente.node.home import Home
from detente.node.reading import read_said
from detente.release import forget, hold
from detente.signing import JsonError, parse_strict
from detente.statements import Content, Statement
from detente.storage.disk import Disk, make_private_folder, write_whole


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


def erase(home: Home, name: str, *, objects: Collection[str] = ()) -> Erased:
    """Erase what an own statement said, all of it or only these objects.

    Doing it again after a crash finishes it.

    Args:
        home: the node.
        name: id of the statement, or its beginning.
        objects: STIX ids; everything where empty.

    Raises:
        InputError: no such statement, no such object in it, or nothing sealed.
        StorageFault: the disk or the database refused; do it again.
    """
    said = read_said(home, name)
    statement, content = said.statement, said.content
    if said.stored.row.ciphertext is None:
        raise InputError(f"statement {statement.payload_hash[:16]}… has no content to erase")
    gone = kept = 0
    if content is not None:
        chosen = _leaves(content, objects)
        remains = forget(hold(statement, content), chosen)
        shown = tuple(index for index in sorted(remains.leaves))
        gone, kept = len(content.leaves) - max(len(shown), 1), max(len(shown) - 1, 0)
        if kept:
            make_private_folder(home.layout.redacted(statement.payload_hash))
            for page, copy in enumerate(remains.copies(shown)):
                path = home.layout.redacted(statement.payload_hash) / f"{page}.json"
                write_whole(path, copy, disk=Disk())
    _remove(home, statement, said.stored.row.ciphertext)
    return Erased(statement.payload_hash, objects=gone, kept=kept)


def _leaves(content: Content, objects: Collection[str]) -> list[int]:
    """Return the numbers of the leaves that hold these objects, of all where none is named."""
    every = range(1, len(content.leaves))
    if not objects:
        return list(every)
    by_id = {_id_of(content.leaves[index].data): index for index in every}
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


def _remove(home: Home, statement: Statement, ciphertext: str) -> None:
    # The key last: until it is gone, a crash leaves something that can be done again.
    home.index.erase(statement.payload_hash)
    for wrap in statement.sealed.wraps:
        home.blobs.erase(wrap)
    home.blobs.erase(ciphertext)
    home.content_keys.erase(ciphertext)
