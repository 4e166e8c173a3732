"""Checkpoints: what a log says its tree is (C2SP tlog-checkpoint v1.0.0)."""

import re
from base64 import b64encode
from dataclasses import dataclass
from typing import Self

from detente.signing import EnvelopeError, decode_base64
from detente.tlog.errors import CheckpointError

SIZE_MAX = 2**63 - 1
HASH_BYTES = 32
_SIZE = re.compile("0|[1-9][0-9]{0,18}", re.ASCII)
_UNFIT = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")
_LINES_MIN = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree named by its log: the text of a note, without signatures.

    Attributes:
        origin: the log's name; not empty, one line.
        size: entries in the tree, 0 to 2^63 - 1.
        root: RFC 9162 tree hash, 32 bytes.
        extensions: further lines, none empty. We write none: an ML-DSA-44
            cosignature does not cover them.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint text, which ends in a line feed.

        Raises:
            CheckpointError: another form: missing or empty lines, a size that is
                not plain decimal below 2^63, a root that is not the canonical
                base64 of 32 bytes.
        """
        if not text.endswith("\n"):
            raise CheckpointError("a checkpoint ends in a line feed; this text does not")
        lines = text[:-1].split("\n")
        if len(lines) < _LINES_MIN or "" in lines:
            raise CheckpointError("a checkpoint is three or more lines, none of them empty")
        if _UNFIT.search(text) is not None:
            raise CheckpointError("a checkpoint holds no control character but the line feed")
        origin, size, root, *extensions = lines
        return cls(
            origin=origin,
            size=parse_size(size),
            root=parse_hash(root),
            extensions=tuple(extensions),
        )

    def to_text(self) -> str:
        """Write the text that is signed."""
        root = b64encode(self.root).decode()
        return "\n".join((self.origin, str(self.size), root, *self.extensions, ""))


def parse_size(text: str) -> int:
    """Read a tree size or entry index: plain ASCII decimal, no leading zero, below 2^63.

    Raises:
        CheckpointError: another form.
    """
    if _SIZE.fullmatch(text) is None or (size := int(text)) > SIZE_MAX:
        raise CheckpointError(
            f"expected a decimal number below 2^63 without leading zeros, not {text[:40]!r}"
        )
    return size


def parse_hash(text: str) -> bytes:
    """Read the canonical base64 of a SHA-256 hash.

    Raises:
        CheckpointError: another form or length.
    """
    try:
        value = decode_base64(text.encode())
    except (EnvelopeError, UnicodeEncodeError) as error:
        raise CheckpointError(f"expected a hash in base64: {error}") from None
    if len(value) != HASH_BYTES:
        raise CheckpointError(f"a hash has 32 bytes, this one {len(value)}")
    return value
