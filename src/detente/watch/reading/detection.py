"""Which format an input has, from its first bytes."""

from detente.watch.reading.errors import ReadingError
from detente.watch.reading.model import Format

HEAD_BYTES = 65_536
"""How many bytes `detect` wants to see; fewer are enough where the input is shorter."""


def detect(head: bytes) -> Format:
    """Return the format the first bytes show; never `Format.AUTO`.

    Args:
        head: the input's first bytes, unpacked, up to `HEAD_BYTES`.

    Raises:
        ReadingError: no format known here begins like that.
    """
    if head.startswith(b"ElfFile\x00"):
        return Format.EVTX
    if head.lstrip()[:1] == b"{":
        return Format.JSONL
    raise ReadingError(
        "no known format of events begins like this input",
        remedy="Name the format with --format",
    )
