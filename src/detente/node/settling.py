"""Which cosignatures stand under a checkpoint, and which checkpoint says most."""

from collections.abc import Iterable

from detente.charter import settlement_of
from detente.errors import UnitError
from detente.exchange.protocol import Roster
from detente.exchange.protocol.notes import SeenNote, read_note
from detente.tlog import SignatureLine, SignedNote
from detente.tlog.note import SIGNATURES_MAX


def merge_lines(signed: SignedNote, further: Iterable[SignatureLine], roster: Roster) -> bytes:
    """Return a note with the lines of known keys, one a key: mirrors before mere witnesses.

    The caller has checked every line by a known key.
    """
    origin = signed.text.partition("\n")[0]
    order = {(key.name, key.key_id): 0 for _, key in roster.log_keys(origin)}
    for _who, key in roster.cosigners.values():
        order[key.name, key.key_id] = 2 if key.name.endswith("/witness") else 1
    best: dict[tuple[str, bytes], SignatureLine] = {}
    for line in (*signed.lines, *further):
        if (line.name, line.key_id) in order:
            best.setdefault((line.name, line.key_id), line)
    lines = sorted(best.values(), key=lambda line: (order[line.name, line.key_id], line.name))
    return SignedNote(signed.text, tuple(lines[:SIGNATURES_MAX])).to_bytes()


def says_more(roster: Roster, origin: str, note: bytes, than: bytes | None) -> bool:
    """Say whether a checkpoint of a log is the better one to show: settled, then newer."""
    return _weight(roster, origin, note) > _weight(roster, origin, than)


def _weight(roster: Roster, origin: str, note: bytes | None) -> tuple[bool, int, int]:
    if not note:
        return (False, -1, 0)
    try:
        seen = read_note(note, origin, roster)
    except UnitError:
        return (False, -1, 0)
    return (is_settled(seen, roster), seen.checkpoint.size, len(seen.cosigners))


def is_settled(seen: SeenNote, roster: Roster) -> bool:
    """Say whether the quorum of the newest charter cosigned (trust.md, section 3)."""
    charter = roster.charter
    rule = settlement_of(charter)
    names = {one.verifier.name for one in seen.cosigners}
    outside = {witness.name for witness in charter.witnesses} & names
    mirrors = seen.mirrors & charter.member_ids
    return len(mirrors) + len(outside) >= rule.q and len(mirrors) >= rule.member_mirrors
