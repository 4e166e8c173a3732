"""What the exchange between members needs from outside."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from detente.release import Cleared, MemberReader, Withheld
from detente.tlog import Cosigned, Refused


@dataclass(frozen=True, slots=True)
class Parcel:
    """Sealed bytes on their way to one reader.

    Attributes:
        cleared: why they may leave, and to whom.
        size: in bytes.
        chunks: the bytes in order.
    """

    cleared: Cleared
    size: int
    chunks: Iterator[bytes]


class Face(Protocol):
    """What a member shows: a web server, a folder of files, a bundle on media.

    UNTRUSTED. Every byte is checked; whoever owns it can withhold, delay and flood.
    """

    async def read(self, path: str, *, bytes_max: int) -> bytes | None:
        """Return what stands at a path of `protocol.paths`, decompressed; None where nothing does.

        Raises:
            ExchangeError: no answer in time, more than `bytes_max`, or a refusal.
        """
        ...


class Outward(Protocol):
    """What this node shows and gives. Called in threads.

    UNTRUSTED, but for `clear`: losing what it reads costs availability; a wrong answer of
    `clear` lets content out, which is why only `release` makes one.
    """

    def read(self, path: str) -> bytes | None:
        """Return what is shown to anybody at a path of `protocol.paths`; None for nothing."""
        ...

    def document(self, digest: str) -> bytes | None:
        """Return a charter, acceptance or other paper of the unit; never content."""
        ...

    def clear(self, origin: str, seq: int, reader: MemberReader) -> Cleared | Withheld | None:
        """Ask the gate what of one statement a reader may get; None where there is none."""
        ...

    def parcel(self, cleared: Cleared, digest: str) -> Parcel | None:
        """Return a wrap or ciphertext of a cleared statement; None where it is not of it."""
        ...

    def awaits(self, member: str) -> list[tuple[str, int]]:
        """Return origin and place of a member's statements whose content did not come yet."""
        ...

    def add_checkpoint(self, request: bytes) -> Cosigned | Refused:
        """Judge a request to this member's witness (C2SP tlog-witness)."""
        ...
