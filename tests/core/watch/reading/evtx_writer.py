"""Writes small EVTX files: plain binary XML, no templates, every name beside its element.

Layout: the libevtx format documentation (J. Metz), sections 3 to 5; checksums included.
"""

import zlib

FILE_HEADER = 4_096
CHUNK = 65_536
CHUNK_HEADER = 512
EPOCH_1601 = 11_644_473_600


class _Writer:
    """Bytes of one chunk; names and sizes need to know where they stand."""

    def __init__(self, at: int) -> None:
        self.data = bytearray()
        self._start = at

    def name(self, text: str) -> None:
        place = self._start + len(self.data) + 4
        self.data += place.to_bytes(4, "little") + bytes(4)
        hashed = 0
        for letter in text.encode("utf-16-le")[::2]:
            hashed = (hashed * 65_599 + letter) & 0xFFFFFFFF
        self.data += (hashed & 0xFFFF).to_bytes(2, "little")
        self.data += len(text).to_bytes(2, "little") + text.encode("utf-16-le") + bytes(2)

    def text(self, text: str) -> None:
        coded = text.encode("utf-16-le")
        self.data += b"\x05\x01" + (len(coded) // 2).to_bytes(2, "little") + coded

    def element(self, tree: tuple) -> None:
        """Write `(name, {attribute: value}, [child or text, ...])`."""
        name, attributes, children = tree
        self.data += b"\x41" if attributes else b"\x01"
        size_at = len(self.data)
        self.data += bytes(4)
        self.name(name)
        if attributes:
            self._attributes(attributes)
        self.data += b"\x02"
        for child in children:
            self.text(child) if isinstance(child, str) else self.element(child)
        self.data += b"\x04"
        size = len(self.data) - size_at - 4
        self.data[size_at : size_at + 4] = size.to_bytes(4, "little")

    def _attributes(self, attributes: dict[str, str]) -> None:
        size_at = len(self.data)
        self.data += bytes(4)
        for left, (name, value) in zip(
            range(len(attributes) - 1, -1, -1), attributes.items(), strict=True
        ):
            self.data += b"\x46" if left else b"\x06"
            self.name(name)
            self.text(value)
        size = len(self.data) - size_at - 4
        self.data[size_at : size_at + 4] = size.to_bytes(4, "little")


def event_tree(
    *, number: int, channel: str, provider: str, time: str, data: dict[str, str]
) -> tuple:
    """Return one event as a tree of elements, as the event log writes it."""
    system = [
        ("Provider", {"Name": provider}, []),
        ("EventID", {}, [str(number)]),
        ("TimeCreated", {"SystemTime": time}, []),
        ("Execution", {"ProcessID": "4", "ThreadID": "8"}, []),
        ("Channel", {}, [channel]),
        ("Computer", {}, ["desk.example"]),
        ("Security", {"UserID": "S-1-5-18"}, []),
    ]
    items = [("Data", {"Name": name}, [value]) for name, value in data.items()]
    return ("Event", {}, [("System", {}, system), ("EventData", {}, items)])


def evtx_file(chunks: list[list[tuple]]) -> bytes:
    """Return a file of the chunks, each a list of event trees."""
    parts, number = [], 1
    for trees in chunks:
        parts.append(_chunk(trees, number))
        number += len(trees)
    header = bytearray(FILE_HEADER)
    header[:8] = b"ElfFile\0"
    header[16:24] = (len(chunks) - 1).to_bytes(8, "little")
    header[24:32] = number.to_bytes(8, "little")
    header[32:44] = b"\x80\0\0\0\x01\0\x03\0\0\x10" + len(chunks).to_bytes(2, "little")
    header[124:128] = zlib.crc32(header[:120]).to_bytes(4, "little")
    return bytes(header) + b"".join(parts)


def _chunk(trees: list[tuple], first: int) -> bytes:
    body = bytearray()
    last_at = CHUNK_HEADER
    for number, tree in enumerate(trees, start=first):
        last_at = CHUNK_HEADER + len(body)
        body += _record(tree, number, last_at)
    last = first + len(trees) - 1
    header = bytearray(CHUNK_HEADER)
    header[:8] = b"ElfChnk\0"
    header[8:40] = b"".join(n.to_bytes(8, "little") for n in (first, last, first, last))
    header[40:52] = b"".join(
        n.to_bytes(4, "little") for n in (128, last_at, CHUNK_HEADER + len(body))
    )
    header[52:56] = zlib.crc32(body).to_bytes(4, "little")
    header[124:128] = zlib.crc32(header[:120] + header[128:512]).to_bytes(4, "little")
    return bytes(header + body).ljust(CHUNK, b"\0")


def _record(tree: tuple, number: int, at: int) -> bytes:
    writer = _Writer(at + 24)
    writer.data += b"\x0f\x01\x01\x00"
    writer.element(tree)
    writer.data += b"\x00"
    writer.data += bytes(-len(writer.data) % 8 + 4)
    size = 24 + len(writer.data) + 4
    when = (EPOCH_1601 + 1_790_000_000) * 10_000_000
    head = b"**\0\0" + size.to_bytes(4, "little") + number.to_bytes(8, "little")
    return head + when.to_bytes(8, "little") + bytes(writer.data) + size.to_bytes(4, "little")
