"""The bytes a cosigner signs (C2SP tlog-cosignature v1.1.0-rc.1)."""

from detente.tlog.checkpoint import SIZE_MAX, Checkpoint
from detente.tlog.errors import NoteError

TIMESTAMP_MAX = 2**63 - 1
_SUBTREE_LABEL = b"subtree/v1\n\x00"
_NAME_BYTES_MAX = 255


def ed25519_message(text: str, timestamp: int) -> bytes:
    """Return what a type 0x04 key signs: the time and the whole checkpoint text.

    It does not name the cosigner: one key serves one cosigner only.
    """
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def mldsa44_message(checkpoint: Checkpoint, *, cosigner: str, timestamp: int) -> bytes:
    """Return what a type 0x06 key signs for a whole tree; extension lines are not covered."""
    return subtree_message(
        cosigner=cosigner,
        timestamp=timestamp,
        origin=checkpoint.origin,
        start=0,
        end=checkpoint.size,
        root=checkpoint.root,
    )


def subtree_message(
    *, cosigner: str, timestamp: int, origin: str, start: int, end: int, root: bytes
) -> bytes:
    """Return what a type 0x06 key signs for the entries [start, end).

    Raises:
        NoteError: a name of 0 or more than 255 bytes, a number beyond 2^63 - 1,
            or a time given for a subtree that does not begin at 0.
    """
    if not 0 <= start <= end <= SIZE_MAX or not 0 <= timestamp <= TIMESTAMP_MAX:
        raise NoteError("positions and times of a cosignature are between 0 and 2^63 - 1")
    if start != 0 and timestamp != 0:
        raise NoteError("only a tree from entry 0 is cosigned at a time; others at time 0")
    return b"".join(
        (
            _SUBTREE_LABEL,
            _prefixed(cosigner),
            timestamp.to_bytes(8),
            _prefixed(origin),
            start.to_bytes(8),
            end.to_bytes(8),
            root,
        )
    )


def _prefixed(name: str) -> bytes:
    raw = name.encode()
    if not 1 <= len(raw) <= _NAME_BYTES_MAX:
        raise NoteError(f"a cosigned name has 1 to 255 bytes, not {len(raw)}")
    return bytes((len(raw),)) + raw
