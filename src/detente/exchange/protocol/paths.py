"""What a member's face shows, and where: the same for a web server and a folder of files.

Everything here authenticates itself, so any copy of any of it will do.

| path | what |
|---|---|
| `logs/<log>/<epoch>/checkpoint` | the log's newest signed checkpoint, own or mirrored |
| `logs/<log>/<epoch>/tile/...` | its tiles and entry bundles (C2SP tlog-tiles) |
| `witness/<hex sha256(origin)>/checkpoint` | the newest checkpoint this member cosigned (C2SP) |
| `blobs/<hex sha256>` | ciphertexts, wraps, charters, acceptances, by hash |
| `proofs` | digests of the proof files this member holds, newest first, one a line |
| `proofs/<hex sha256>` | one of them |
| `chain` | the charter chain |
| `papers/<hex>` | what ballots name: a charter by its digest, an acceptance by its payload hash |
| `awaits` | to a member: contents of its own that are still to come, `origin/place` a line |
"""

import re
from hashlib import sha256

from detente.exchange.errors import ExchangeError
from detente.exchange.limits import PROOFS_LISTED_MAX
from detente.tlog import TilePath

AWAITS = "awaits"
CHAIN = "chain"
PROOFS = "proofs"
_ORIGIN = re.compile(r"[0-9a-f]{32}/[1-9][0-9]{0,14}", re.ASCII)
_PLACE = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def checkpoint_path(origin: str) -> str:
    """Return where a log's own newest checkpoint stands.

    Raises:
        ExchangeError: no origin of ours: it never becomes part of a path.
    """
    return f"logs/{checked_origin(origin)}/checkpoint"


def tile_path(origin: str, tile: TilePath) -> str:
    """Return where a tile or bundle of a log stands; raises as `checkpoint_path`."""
    return f"logs/{checked_origin(origin)}/{tile}"


def cosigned_path(origin: str) -> str:
    """Return the C2SP monitoring path: what this member cosigned last of a log."""
    return f"witness/{sha256(origin.encode()).hexdigest()}/checkpoint"


def blob_path(digest: str) -> str:
    """Return where bytes of this hash stand; raises ExchangeError where it is no hash."""
    return f"blobs/{checked_digest(digest)}"


def proof_path(digest: str) -> str:
    """Return where a proof file stands; raises ExchangeError where it is no hash."""
    return f"{PROOFS}/{checked_digest(digest)}"


def paper_path(name: str) -> str:
    """Return where a paper of the unit stands; raises ExchangeError where it is no hash."""
    return f"papers/{checked_digest(name)}"


def print_proof_list(digests: list[str]) -> bytes:
    """Write the list of proofs, newest first; what is beyond the limit is left out."""
    return "".join(f"{digest}\n" for digest in digests[:PROOFS_LISTED_MAX]).encode()


def parse_proof_list(data: bytes) -> tuple[str, ...]:
    """Read a list of proofs.

    Raises:
        ExchangeError: another form, or too many.
    """
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise ExchangeError("a list of proofs is ASCII") from None
    if lines.pop() or len(lines) > PROOFS_LISTED_MAX:
        raise ExchangeError(f"a list of proofs is at most {PROOFS_LISTED_MAX} whole lines")
    return tuple(checked_digest(line) for line in lines)


def checked_origin(origin: str) -> str:
    """Return a log origin as members have them: 32 hex digits `/` epoch.

    Raises:
        ExchangeError: another form.
    """
    if _ORIGIN.fullmatch(origin) is None:
        raise ExchangeError(f"not the origin of a member's log: {origin[:80]!r}")
    return origin


def checked_digest(digest: str) -> str:
    """Return a hash as it stands in paths: 64 lower-case hex digits.

    Raises:
        ExchangeError: another form.
    """
    if _DIGEST.fullmatch(digest) is None:
        raise ExchangeError(f"not a SHA-256 in lower-case hex: {digest[:80]!r}")
    return digest


def parse_place(text: str) -> tuple[str, int]:
    """Read `<origin>/<place>`: where one statement stands.

    Raises:
        ExchangeError: another form.
    """
    origin, _, seq = text.rpartition("/")
    if _PLACE.fullmatch(seq) is None:
        raise ExchangeError("a place is an origin, a slash and a number")
    return checked_origin(origin), int(seq)
