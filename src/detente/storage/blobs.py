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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import merge
from itertools import groupby
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
from detente.storage.small_blobs import SMALL_BYTES_MAX, SmallBlobs

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
        small: where small ones go; None for files like all.
    """

    def __init__(
        self, root: Path, *, disk: Disk | None = None, small: SmallBlobs | None = None
    ) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._small = small
        self._placing = Lock()

    @classmethod
    def open(cls, root: Path, *, disk: Disk | None = None, small: SmallBlobs | None = None) -> Self:
        """Make the folders if need be, and finish what a crash interrupted.

        Raises:
            StorageFault: the disk refused.
        """
        store = cls(root, disk=disk, small=small)
        for folder in (root, root / _INCOMING, root / _ERASED):
            make_private_folder(folder)
        sweep(root / _INCOMING)
        with storage_faults(doing="finishing erasures", where=str(root)):
            marks = [mark.name for mark in (root / _ERASED).iterdir()]
            store._remove([name for name in marks if _DIGEST.fullmatch(name)])
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

    def put_own(self, blobs: Sequence[bytes]) -> None:
        """Keep what this node says, as `put_many`: small ones together, as small ones."""
        small = [data for data in blobs if len(data) <= SMALL_BYTES_MAX]
        refused = self.put_promised({hashlib.sha256(data).hexdigest(): data for data in small})
        for refusal in refused.values():
            raise refusal
        self.put_many([data for data in blobs if len(data) > SMALL_BYTES_MAX])

    def put_promised(self, blobs: Mapping[str, bytes]) -> dict[str, BlobRefused | ErasedBlob]:
        """Keep small blobs that came, each under the digest it was asked for, durable together.

        Returns:
            Those that are not kept, and why: other bytes, or erased here.

        Raises:
            StorageFault: the disk or the database refused; some may be kept, none half.
        """
        refused: dict[str, BlobRefused | ErasedBlob] = {}
        wanted: dict[str, bytes] = {}
        filed: list[bytes] = []
        with self._placing:
            for digest, data in blobs.items():
                if (seen := hashlib.sha256(data).hexdigest()) != digest:
                    refused[digest] = _not_as_promised(seen, digest)
                elif self.is_erased(digest):
                    refused[digest] = ErasedBlob.named(digest)
                elif self._small is None or self._is_filed(digest):
                    filed.append(data)
                else:
                    wanted[digest] = data
            if self._small is not None:
                self._small.put(wanted)
        self.put_many(filed)
        return refused

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
                raise _not_as_promised(seen, digest)
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
        if path is None:
            yield from self.get_small([digest]).values()
            return
        hasher = hashlib.sha256()
        with (
            storage_faults(doing="reading a blob", where=str(path)),
            path.open("rb", buffering=0) as file,
        ):
            while chunk := file.read(_CHUNK_BYTES):
                hasher.update(chunk)
                yield chunk
        if hasher.hexdigest() != digest:
            raise DamagedBlob.named(str(path))

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
        if path is None:
            return self._small_sizes([digest])[digest]
        with storage_faults(doing="measuring a blob", where=str(path)):
            return path.stat().st_size

    def get_small(self, digests: Collection[str]) -> dict[str, bytes]:
        """Return those of some blobs that are kept as small ones, each checked.

        Raises:
            DamagedBlob: the bytes are not those that were kept.
            StorageFault: the database refused.
        """
        found = {} if self._small is None else self._small.get(digests)
        for digest, data in found.items():
            if hashlib.sha256(data).hexdigest() != digest:
                raise DamagedBlob.named(f"the small blob {digest}")
        return found

    def holds(self, digest: str) -> bool:
        """Say whether something is kept under this digest, unchecked."""
        return digest in self.held_among([digest])

    def held_among(self, digests: Collection[str]) -> set[str]:
        """Return those of some digests under which something is kept, unchecked."""
        filed = {each for each in digests if self._is_filed(each)}
        return filed | self._small_sizes([each for each in digests if each not in filed]).keys()

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
            self._remove([digest])

    def discard(self, digest: str) -> None:
        """Remove a blob that nothing ever named; it may be kept anew.

        Raises:
            StorageFault: the disk refused; discard again.
        """
        where = str(self._path(digest))
        with self._placing, storage_faults(doing="discarding a blob", where=where):
            self._remove([digest])

    def is_erased(self, digest: str) -> bool:
        """Say whether this digest was erased here."""
        return os.path.exists(f"{self._root}/{_ERASED}/{_checked(digest)}")

    def digests(self) -> Iterator[str]:
        """Yield what is kept, in ascending order.

        Raises:
            StorageFault: the disk refused.
        """
        with storage_faults(doing="listing the blobs", where=str(self._root)):
            small = iter(()) if self._small is None else self._small.digests()
            yield from (digest for digest, _ in groupby(merge(self._filed(), small)))

    def _filed(self) -> Iterator[str]:
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

    def _remove(self, digests: Collection[str]) -> None:
        for path in map(self._path, digests):
            if path.exists():
                self._disk.unlink(path)
                self._disk.sync_folder(path.parent)
        if self._small is not None:
            self._small.remove(digests)

    def _small_sizes(self, digests: Collection[str]) -> dict[str, int]:
        return {} if self._small is None or not digests else self._small.sizes(digests)

    def _is_whole(self, digest: str) -> bool:
        try:
            self.verify(digest)
        except (MissingBlob, DamagedBlob):
            return False
        return True

    def _existing(self, digest: str) -> Path | None:
        """Return the file of a blob that is kept, None where it is kept as a small one."""
        path = self._path(digest)
        self._refuse_erased(digest)
        if path.is_file():
            return path
        if self._small_sizes([digest]):
            return None
        remedy = "Fetch it from a member that mirrors it"
        raise MissingBlob(f"blob {digest} is not kept here", remedy=remedy)

    def _refuse_erased(self, digest: str) -> None:
        if self.is_erased(digest):
            raise ErasedBlob.named(digest)

    def _is_filed(self, digest: str) -> bool:
        # Asked of each small content twice: making a Path costs more than the asking.
        return os.path.isfile(f"{self._root}/{_checked(digest)[:_FAN_OUT]}/{digest}")

    def _path(self, digest: str) -> Path:
        return self._root / _checked(digest)[:_FAN_OUT] / digest

    def _mark(self, digest: str) -> Path:
        return self._root / _ERASED / _checked(digest)


def _checked(digest: str) -> str:
    # A digest from a peer becomes part of a path.
    if _DIGEST.fullmatch(digest) is None:
        raise BlobRefused(f"a blob is named by 64 lower-case hex digits, not {digest[:80]!r}")
    return digest


def _not_as_promised(seen: str, digest: str) -> BlobRefused:
    return BlobRefused(f"the bytes hash to {seen}, not to {digest} as promised")
