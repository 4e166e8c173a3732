"""What the exchange between members needs from outside."""

from typing import Protocol


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
