"""The token of a source: what whoever brings events must know."""

from pathlib import Path
from secrets import token_hex

from detente.errors import InputError
from detente.storage.disk import Disk, read_capped, write_whole

_TOKEN_BYTES_MAX = 4_096
_TOKEN_LEAST = 16


def load_token(path: Path, source: str) -> bytes:
    """Return the token of a source; a file that is not there is made, with a new one.

    Raises:
        InputError: others may read the file, or what it holds is too short.
        StorageFault: the disk refused.
    """
    if not path.exists():
        write_whole(path, token_hex(32).encode() + b"\n", disk=Disk())
    if path.stat().st_mode & 0o077:
        raise InputError("others may read this token", file=str(path), remedy=f"chmod 600 {path}")
    token = read_capped(path, bytes_max=_TOKEN_BYTES_MAX).strip()
    if len(token) < _TOKEN_LEAST:
        raise InputError(
            f"the token of source {source} has under {_TOKEN_LEAST} bytes",
            file=str(path),
            remedy="Remove the file: a good one is made at the next start",
        )
    return token
