"""Plain lists of values, a million lines a second: one value a line, `#` begins a comment.

Blocks of lines are told apart and brought to their one spelling by column operations;
what those do not recognise goes, line by line, to a function that is given.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from detente.watch.indicators.columns import SetBuilder
from detente.watch.indicators.keys import BELOW, LONGER, WIDTH_MAX, Key, key_of, spelled, text_key
from detente.watch.indicators.model import Term
from detente.watch.model import Item

Lines = Any  # a string array of pyarrow, which has no types
Mask = npt.NDArray[np.bool_]

REFUSED_KEPT = 100
LINE_CHARS_MAX = 8_192
_HASHES = {32: "file:hashes.MD5", 40: "file:hashes.SHA-1", 64: "file:hashes.SHA-256"}
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS = rf"^(?:{_OCTET}\.){{3}}{_OCTET}$"
_URL = r"^[a-z][a-z0-9+.-]*://[a-z0-9.:-]+(?:[/?#][!-~]*)?$"
_NAME = r"^(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*\.?$"
_MAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9_-]+\.)+[A-Za-z][A-Za-z0-9-]*$"
_NIBBLES = np.full(256, 255, np.uint8)
for _digit in range(16):
    _NIBBLES[ord(f"{_digit:x}")] = _NIBBLES[ord(f"{_digit:X}")] = _digit


class ListReader:
    """Reads one list into a set, block by block.

    Args:
        builder: takes the values.
        term: what they have in common.
        guess: what a line is that is of none of the common forms; None where it is nothing.
    """

    def __init__(
        self, builder: SetBuilder, term: Term, guess: Callable[[str], Item | None]
    ) -> None:
        self._builder = builder
        self._term = term
        self._guess = guess
        self._left = b""
        self.taken = 0
        self.refused: list[str] = []
        self.refused_count = 0

    def feed(self, data: bytes) -> None:
        """Read more; lines may be cut anywhere."""
        data = self._left + data
        whole = data.rfind(b"\n") + 1
        self._left = data[whole:]
        if whole:
            self._read(data[:whole])
        if len(self._left) > LINE_CHARS_MAX:
            self._refuse(self._left[:80].decode("utf-8", "replace"))
            self._left = b""

    def close(self) -> None:
        """Read what is left."""
        if self._left:
            self._read(self._left + b"\n")
        self._left = b""

    def _read(self, data: bytes) -> None:
        rest = _lines(data)
        for step in (self._hashes, self._addresses, self._names, self._urls, self._mails):
            if len(rest) == 0:
                return
            taken = step(rest)
            rest = rest.filter(_arrow(~taken))
        for line in rest.to_pylist():
            self._one(line)

    def _hashes(self, lines: Lines) -> Mask:
        sizes = _sizes(lines)
        taken = np.zeros(len(lines), np.bool_)
        for digits, path in _HASHES.items():
            places = np.flatnonzero(sizes == digits)
            if len(places) == 0:
                continue
            nibbles = _NIBBLES[_matrix(lines.take(places), digits)]
            good = (nibbles < 16).all(axis=1)  # noqa: PLR2004
            packed = np.bitwise_or(nibbles[good, 0::2] << np.uint8(4), nibbles[good, 1::2])
            self._keys(path, digits // 2, packed.astype(np.uint8, copy=False))
            taken[places[good]] = True
        return taken

    def _addresses(self, lines: Lines) -> Mask:
        import pyarrow.compute as pc

        taken = _matching(lines, _ADDRESS)
        if taken.any():
            parts = pc.list_flatten(pc.split_pattern(lines.filter(_arrow(taken)), "."))
            octets = parts.cast("uint8").to_numpy(zero_copy_only=False).reshape(-1, 4)
            self._keys("ipv4-addr:value", 4, octets)
        return taken

    def _names(self, lines: Lines) -> Mask:
        import pyarrow.compute as pc

        taken = _matching(lines, _NAME)
        names = pc.ascii_rtrim(pc.ascii_lower(lines.filter(_arrow(taken))), ".")
        self._texts("domain-name:value", names)
        return taken

    def _urls(self, lines: Lines) -> Mask:
        taken = _matching(lines, _URL)
        self._texts("url:value", lines.filter(_arrow(taken)))
        return taken

    def _mails(self, lines: Lines) -> Mask:
        import pyarrow.compute as pc

        taken = _matching(lines, _MAIL)
        self._texts("email-addr:value", pc.ascii_lower(lines.filter(_arrow(taken))))
        return taken

    def _texts(self, path: str, texts: Lines) -> None:
        sizes = _sizes(texts)
        for width in np.unique(sizes[sizes <= WIDTH_MAX]):
            some = texts.take(np.flatnonzero(sizes == width))
            self._keys(path, int(width), _matrix(some, int(width)))
        longer = texts.take(np.flatnonzero(sizes > WIDTH_MAX)).to_pylist()
        if longer:
            digests = b"".join(sha256(text.encode()).digest() for text in longer)
            self._keys(path, LONGER, np.frombuffer(digests, np.uint8).reshape(-1, WIDTH_MAX))

    def _keys(self, path: str, width: int, matrix: npt.NDArray[np.uint8]) -> None:
        keys = np.ascontiguousarray(matrix).view(f"S{matrix.shape[1]}").ravel()
        if len(keys):
            self._builder.add_keys(path, width, keys, self._term)
            self.taken += len(keys)

    def _one(self, line: str) -> None:
        text = line.strip()
        if not text or text[0] in "#;":
            return
        key = self._key(text)
        if key is None:
            self._refuse(text)
        else:
            self._builder.add(key, self._term)
            self.taken += 1

    def _key(self, text: str) -> Key | None:
        if text.startswith(("*.", ".")):
            below = self._guess(text.lstrip("*."))
            is_name = below is not None and below.path == "domain-name:value"
            return text_key(BELOW, below.value) if below is not None and is_name else None
        item = self._guess(text.split(" #")[0].split("\t#")[0])
        asked = None if item is None else spelled(item.path, item.value)
        return None if asked is None else key_of(asked)

    def _refuse(self, text: str) -> None:
        self.refused_count += 1
        if len(self.refused) < REFUSED_KEPT:
            self.refused.append(text[:80])


def _lines(data: bytes) -> Lines:
    """Return the lines of a block as text, blanks around them removed, empty ones left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not data.isascii():
        data = data.decode("utf-8", "replace").encode("utf-8")
    raw = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    offsets = np.concatenate(([0], ends + 1)).astype(np.int32)
    sizes = np.diff(offsets)
    whole = pa.Array.from_buffers(
        pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    kept = np.flatnonzero((sizes > 1) & (sizes <= LINE_CHARS_MAX))
    return pc.utf8_trim_whitespace(whole.take(kept)).cast(pa.string())


def _arrow(mask: Mask) -> Lines:
    import pyarrow as pa

    return pa.array(mask)


def _matching(lines: Lines, expression: str) -> Mask:
    import pyarrow.compute as pc

    found: Mask = pc.match_substring_regex(lines, expression).to_numpy(zero_copy_only=False)
    return found


def _sizes(lines: Lines) -> npt.NDArray[np.int32]:
    import pyarrow.compute as pc

    sizes: npt.NDArray[np.int32] = pc.binary_length(lines).to_numpy(zero_copy_only=False)
    return sizes


def _matrix(lines: Lines, width: int) -> npt.NDArray[np.uint8]:
    """Return lines of one length as rows of bytes."""
    _, offsets, data = lines.buffers()
    start = int(np.frombuffer(offsets, np.int32)[lines.offset])
    raw = np.frombuffer(data, np.uint8)
    return raw[start : start + len(lines) * width].reshape(-1, width)
