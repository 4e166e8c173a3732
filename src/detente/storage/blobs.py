"""Bytes kept under their own SHA-256: ciphertexts, wraps, charters, large bodies.

UNTRUSTED. Who owns this folder can destroy what is in it (it is fetched again
from a mirror), see sizes and times, and take away an erasure mark (the content
may then be fetched once more). It cannot alter anything: every read is hashed.
What was erased here leaves a mark and is refused from then on; unlinking does
not scrub a medium, so what ends a sealed content is the loss of its key.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Self

from detente.storage.disk import (
    PRIVATE_FILE,
    Disk,
    discard,
    make_private_folder,
    stage,
    sweep,
    temporary_path,
)
from detente.storage.errors import (
    BlobRefused,
    DamagedBlob,
    ErasedBlob,
    MissingBlob,
    storage_faults,
)

BLOB_BYTES_MAX = 4 * 2**30
READ_BYTES_MAX = 64 * 2**20
_CHUNK_BYTES = 2**20
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FAN_OUT = 3  # hex digits: 4,096 folders, 250 files in each at a million blobs
_INCOMING = "incoming"
_ERASED = "erased"


class BlobStore:
    """A folder of blobs. Safe for threads of the one process that owns it.

    Args:
        root: made if absent.
        disk: the steps that make bytes durable.
    """

    def __init__(self, root: Path, *, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._placing = Lock()

    @classmethod
    def open(cls, root: Path, *, disk: Disk | None = None) -> Self:
        """Make the folders if need be, and finish what a crash interrupted.

        Raises:
            StorageFault: the disk refused.
        """
        store = cls(root, disk=disk)
        for folder in (root, root / _INCOMING, root / _ERASED):
            make_private_folder(folder)
        sweep(root / _INCOMING)
        with storage_faults(doing="finishing erasures", where=str(root)):
            for mark in (root / _ERASED).iterdir():
                if _DIGEST.fullmatch(mark.name):
                    store._remove(mark.name)
        return store

    def put(self, data: bytes) -> str:
        """Keep `data`, durably, and return its digest.

        Raises:
            ErasedBlob: it was erased here.
            StorageFault: the disk refused; nothing is kept.
        """
        return self.put_many([data])[0]

    def put_many(self, blobs: Sequence[bytes]) -> list[str]:
        """Keep several blobs, durable together, for the price of fewer syncs.

        Raises:
            ErasedBlob: one of them was erased here; none is kept.
            StorageFault: the disk refused; some may be kept, none half.
        """
        digests = [hashlib.sha256(data).hexdigest() for data in blobs]
        wanted = dict(zip(digests, blobs, strict=True))
        for digest in wanted:
            self._refuse_erased(digest)
        staged: dict[str, Path] = {}
        with storage_faults(doing="keeping a blob", where=str(self._root)):
            try:
                for digest, data in wanted.items():
                    if not self._is_whole(digest):
                        staged[digest] = stage(self._root / _INCOMING, data, disk=self._disk)
                self._place(wanted, staged)
            except (OSError, ErasedBlob):
                for temporary in staged.values():
                    discard(temporary)
                raise
        return digests

    def put_stream(
        self,
        chunks: Iterable[bytes],
        *,
        digest: str | None = None,
        bytes_max: int = BLOB_BYTES_MAX,
    ) -> tuple[str, int]:
        """Keep a blob that does not fit in memory.

        Args:
            chunks: its bytes in order.
            digest: what it should hash to, where that is known.
            bytes_max: reading stops and the blob is refused beyond this.

        Returns:
            Its digest and its size in bytes.

        Raises:
            BlobRefused: too large, or another digest; nothing is kept.
            ErasedBlob: it was erased here.
            StorageFault: the disk refused; nothing is kept.
        """
        if digest is not None:
            self._refuse_erased(digest)
        temporary = temporary_path(self._root / _INCOMING)
        try:
            with storage_faults(doing="keeping a blob", where=str(self._root)):
                seen, size = self._write_stream(temporary, chunks, bytes_max)
            if digest is not None and seen != digest:
                raise BlobRefused(f"the bytes hash to {seen}, not to {digest} as promised")
            self._refuse_erased(seen)
            with storage_faults(doing="keeping a blob", where=str(self._root)):
                self._place([seen], {} if self._is_whole(seen) else {seen: temporary})
        finally:
            discard(temporary)
        return seen, size

    def get(self, digest: str, *, bytes_max: int = READ_BYTES_MAX) -> bytes:
        """Return a whole blob, checked before anybody sees it.

        Raises:
            MissingBlob: not here; ErasedBlob where it was erased.
            DamagedBlob: the bytes on disk are not those that were kept.
            BlobRefused: larger than `bytes_max`.
            StorageFault: the disk refused.
        """
        size = self.size(digest)
        if size > bytes_max:
            raise BlobRefused(f"blob {digest} has {size} bytes, more than {bytes_max} to read here")
        return b"".join(self.chunks(digest))

    def chunks(self, digest: str) -> Iterator[bytes]:
        """Yield a blob in pieces of 1 MiB, hashing as it goes.

        What was yielded counts only once the iterator has ended without an
        error: the hash is known no sooner.

        Raises:
            MissingBlob, DamagedBlob, StorageFault: as `get`.
        """
        path = self._existing(digest)
        hasher = hashlib.sha256()
        with (
            storage_faults(doing="reading a blob", where=str(path)),
            path.open("rb", buffering=0) as file,
        ):
            while chunk := file.read(_CHUNK_BYTES):
                hasher.update(chunk)
                yield chunk
        if hasher.hexdigest() != digest:
            raise DamagedBlob(
                f"{path} does not hash to its name",
                remedy="Fetch it again from a member that mirrors it: keeping it anew mends it",
            )

    def verify(self, digest: str) -> int:
        """Read and hash a blob and return its size in bytes.

        Raises:
            MissingBlob, DamagedBlob, StorageFault: as `get`.
        """
        return sum(len(chunk) for chunk in self.chunks(digest))

    def size(self, digest: str) -> int:
        """Return the size in bytes, unchecked.

        Raises:
            MissingBlob, StorageFault: as `get`.
        """
        path = self._existing(digest)
        with storage_faults(doing="measuring a blob", where=str(path)):
            return path.stat().st_size

    def holds(self, digest: str) -> bool:
        """Say whether something is kept under this digest, unchecked."""
        return self._path(digest).is_file()

    def erase(self, digest: str) -> None:
        """Take a blob away for good; it is refused from now on. Done twice it is the same.

        The mark is durable before the bytes go, so a crash between the two is
        finished by the next `open`.

        Raises:
            StorageFault: the disk refused; erase again.
        """
        mark = self._mark(digest)
        with (
            self._placing,
            storage_faults(doing="erasing a blob", where=str(self._path(digest))),
        ):
            with suppress(FileExistsError):
                os.close(self._disk.create(mark))
            self._disk.sync_folder(mark.parent)
            self._remove(digest)

    def discard(self, digest: str) -> None:
        """Remove a blob that nothing ever named; it may be kept anew.

        Raises:
            StorageFault: the disk refused; discard again.
        """
        with (
            self._placing,
            storage_faults(doing="discarding a blob", where=str(self._path(digest))),
        ):
            self._remove(digest)

    def is_erased(self, digest: str) -> bool:
        """Say whether this digest was erased here."""
        return self._mark(digest).exists()

    def digests(self) -> Iterator[str]:
        """Yield what is kept, in ascending order.

        Raises:
            StorageFault: the disk refused.
        """
        with storage_faults(doing="listing the blobs", where=str(self._root)):
            folders = sorted(p for p in self._root.iterdir() if len(p.name) == _FAN_OUT)
            for folder in folders:
                names = sorted(path.name for path in folder.iterdir())
                yield from (name for name in names if _DIGEST.fullmatch(name))

    def _write_stream(
        self, temporary: Path, chunks: Iterable[bytes], bytes_max: int
    ) -> tuple[str, int]:
        hasher, size = hashlib.sha256(), 0
        descriptor = self._disk.create(temporary, PRIVATE_FILE)
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > bytes_max:
                    raise BlobRefused(f"more than the {bytes_max} bytes allowed for this blob")
                hasher.update(chunk)
                self._disk.write(descriptor, chunk)
            self._disk.sync(descriptor)
        finally:
            os.close(descriptor)
        return hasher.hexdigest(), size

    def _place(self, digests: Iterable[str], staged: dict[str, Path]) -> None:
        # What is there already is synced as well: its name may be younger than the last sync.
        folders = {self._path(digest).parent for digest in digests}
        with self._placing:
            for digest in staged:
                self._refuse_erased(digest)
            for folder in folders:
                self._disk.make_folder(folder)
            for digest, temporary in staged.items():
                self._disk.rename(temporary, self._path(digest))
            for folder in folders:
                self._disk.sync_folder(folder)

    def _remove(self, digest: str) -> None:
        path = self._path(digest)
        if path.exists():
            self._disk.unlink(path)
            self._disk.sync_folder(path.parent)

    def _is_whole(self, digest: str) -> bool:
        try:
            self.verify(digest)
        except (MissingBlob, DamagedBlob):
            return False
        return True

    def _existing(self, digest: str) -> Path:
        path = self._path(digest)
        self._refuse_erased(digest)
        if not path.is_file():
            raise MissingBlob(
                f"blob {digest} is not kept here", remedy="Fetch it from a member that mirrors it"
            )
        return path

    def _refuse_erased(self, digest: str) -> None:
        if self.is_erased(digest):
            raise ErasedBlob(f"blob {digest} was erased here; what was said of it stays provable")

    def _path(self, digest: str) -> Path:
        return self._root / _checked(digest)[:_FAN_OUT] / digest

    def _mark(self, digest: str) -> Path:
        return self._root / _ERASED / _checked(digest)


def _checked(digest: str) -> str:
    # A digest from a peer becomes part of a path.
    if _DIGEST.fullmatch(digest) is None:
        raise BlobRefused(f"a blob is named by 64 lower-case hex digits, not {digest[:80]!r}")
    return digest
