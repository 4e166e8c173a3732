"""A snapshot's file before its rows are read: whole, plain text, and of the layout.

A download that broke off would otherwise tell of half a roll removed in silence.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from detente.elections import ElectionsError
from detente.elections.rolls import Layout
from detente.elections.rolls.comparing import check_header
from detente.errors import EnvironmentFault, InputError

LINE_BYTES_MAX = 1024 * 1024
CHUNK_BYTES = 1024 * 1024

_FOREIGN = {
    b"\x1f\x8b": ("packed with gzip", "Unpack it first, such as with gunzip"),
    b"PK\x03\x04": ("a ZIP archive", "Unpack it first, such as with unzip"),
    b"\xff\xfe": ("UTF-16", "Export the file again as UTF-8"),
    b"\xfe\xff": ("UTF-16", "Export the file again as UTF-8"),
}


def opened(path: Path) -> BinaryIO:
    """A file to read; raises InputError, EnvironmentFault."""
    try:
        return path.open("rb")
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error


def chunks_of(path: Path) -> Callable[[], Iterator[bytes]]:
    """Return what opens a file once more and gives its bytes."""

    def again() -> Iterator[bytes]:
        with opened(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk

    return again


def require_snapshot(path: Path, layout: Layout, which: str = "first") -> None:
    """Refuse a file that cannot be a whole snapshot; nothing of it is compared then.

    Raises:
        InputError: it is packed, of another encoding or layout, without rows, or cut short.
    """
    with opened(path) as stream:
        head = stream.read(LINE_BYTES_MAX)
        size = stream.seek(0, 2)
        stream.seek(max(0, size - LINE_BYTES_MAX))
        tail = stream.read(LINE_BYTES_MAX)
    for begins, (what, remedy) in _FOREIGN.items():
        if head.startswith(begins):
            raise InputError(f"the file is {what}", file=str(path), remedy=remedy)
    try:
        check_header(chunks_of(path), layout, which)
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), line=1, remedy=error.remedy) from None
    if not head.partition(b"\n")[2].strip():
        raise InputError(
            "there is no row below the header", file=str(path), remedy="Export the roll again"
        )
    last = tail.rpartition(b"\n")[2]
    columns = last.count(layout.separator.encode()) + 1
    if last.strip() and columns < len(layout.columns):
        raise InputError(
            f"the file ends within a row: {columns} of {len(layout.columns)} columns",
            file=str(path),
            remedy="Export or copy the roll again: this one is cut short",
        )
