"""Tiles and entry bundles (C2SP tlog-tiles v0.1.0)."""

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from detente.tlog.checkpoint import HASH_BYTES, SIZE_MAX
from detente.tlog.errors import TileError

TILE_WIDTH = 256
ENTRY_BYTES_MAX = 65_535
BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + ENTRY_BYTES_MAX)
LEVEL_MAX = 63
_HEIGHT = 8
_PATH = re.compile(
    r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """Where one tile or entry bundle of a log stands.

    Attributes:
        level: 0 to 63; None for an entry bundle.
        index: counted from 0 along the level.
        width: hashes or entries in it, 1 to 256; below 256 it is partial.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`; no other spelling.

        Raises:
            TileError: another form, or not the one spelling of that place.
        """
        match = _PATH.fullmatch(text)
        if match is None:
            raise TileError(f"not the path of a tile: {text[:80]!r}")
        level, groups, width = match.groups()
        path = cls(
            level=None if level == "entries" else int(level),
            index=int(re.sub("[x/]", "", groups)),
            width=TILE_WIDTH if width is None else int(width),
        )
        if str(path) != text or not path._exists():
            raise TileError(f"not the one spelling of a tile's path: {text[:80]!r}")
        return path

    def _exists(self) -> bool:
        return (
            (self.level is None or 0 <= self.level <= LEVEL_MAX)
            and 0 <= self.index <= SIZE_MAX // TILE_WIDTH
            and 1 <= self.width <= TILE_WIDTH
        )

    def __str__(self) -> str:
        """Write the path below the log's prefix."""
        number, rest = f"{self.index % 1000:03}", self.index // 1000
        while rest:
            number, rest = f"x{rest % 1000:03}/{number}", rest // 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{partial}"

    @property
    def full(self) -> Self:
        """The same place once it is full."""
        return type(self)(self.level, self.index)

    @property
    def is_partial(self) -> bool:
        """Whether more will stand here when the log grows."""
        return self.width < TILE_WIDTH


def tiles_of(size: int) -> Iterator[TilePath]:
    """Yield the hash tiles of a tree of `size` entries, level by level, partial ones last."""
    return new_tiles(0, size)


def bundles_of(size: int) -> Iterator[TilePath]:
    """Yield the entry bundles of a tree of `size` entries."""
    return new_bundles(0, size)


def new_tiles(old_size: int, new_size: int) -> Iterator[TilePath]:
    """Yield the hash tiles of `new_size` that `old_size` had not, or had narrower."""
    level, old, new = 0, old_size, new_size
    while new > 0:
        yield from _row(level, old, new)
        level, old, new = level + 1, old >> _HEIGHT, new >> _HEIGHT


def new_bundles(old_size: int, new_size: int) -> Iterator[TilePath]:
    """Yield the entry bundles of `new_size` that `old_size` had not, or had narrower."""
    return _row(None, old_size, new_size)


def _row(level: int | None, old: int, new: int) -> Iterator[TilePath]:
    if old == new:
        return
    for index in range(old >> _HEIGHT, new >> _HEIGHT):
        yield TilePath(level, index)
    if width := new % TILE_WIDTH:
        yield TilePath(level, new >> _HEIGHT, width)


def check_tile(path: TilePath, data: bytes) -> None:
    """Refuse a hash tile whose length is not its width in hashes.

    Raises:
        TileError: it is not.
    """
    if len(data) != path.width * HASH_BYTES:
        raise TileError(f"{path} has {path.width * HASH_BYTES} bytes, this one {len(data)}")


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Write an entry bundle: at most 256 entries, each after its u16 length.

    Raises:
        TileError: too many entries, or one above 65,535 bytes.
    """
    if len(entries) > TILE_WIDTH:
        raise TileError(f"a bundle holds at most 256 entries, not {len(entries)}")
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > ENTRY_BYTES_MAX:
            raise TileError(
                f"an entry has at most 65,535 bytes, this one {len(entry)}",
                remedy="Put the content beside the log and enter its hash",
            )
        parts += (len(entry).to_bytes(2), entry)
    return b"".join(parts)


def unpack_entries(data: bytes, count: int) -> list[bytes]:
    """Read a bundle of exactly `count` entries.

    Raises:
        TileError: too many, too few, or a truncated entry.
    """
    if len(data) > BUNDLE_BYTES_MAX:
        raise TileError(f"a bundle has at most {BUNDLE_BYTES_MAX} bytes, this one {len(data)}")
    entries: list[bytes] = []
    place, end = 0, len(data)
    while place + 2 <= end and len(entries) < count:
        start = place + 2
        place = start + (data[place] << 8 | data[place + 1])
        entries.append(data[start:place])
    if place != end or len(entries) != count:
        raise TileError(f"expected {count} whole entries and nothing else, not {len(data)} bytes")
    return entries


def compress(data: bytes) -> bytes:
    """Return a bundle or tile as gzip (RFC 1952), without time or name: same input, same bytes."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


def decompress(data: bytes, limit_bytes: int = BUNDLE_BYTES_MAX) -> bytes:
    """Undo gzip that a server may apply unasked, never beyond the largest bundle.

    Raises:
        TileError: not one whole gzip stream, or more than `limit_bytes` inside.
    """
    stream = zlib.decompressobj(wbits=31)
    try:
        plain = stream.decompress(data, limit_bytes + 1)
    except zlib.error as error:
        raise TileError(f"not gzip: {error}") from None
    if len(plain) > limit_bytes:
        raise TileError(f"more than {limit_bytes} bytes when decompressed")
    if not stream.eof or stream.unused_data:
        raise TileError("expected one whole gzip stream and nothing else")
    return plain
