"""A log's public files: tiles, entry bundles and the checkpoint (C2SP tlog-tiles v0.1.0).

UNTRUSTED: readers check every byte against a signed root. Tiles are written
once; the same directory can be served as it stands by any web server.
"""

from collections.abc import Iterable
from pathlib import Path
from shutil import rmtree

from detente.storage.disk import (
    Disk,
    make_private_folder,
    read_capped,
    stage,
    sweep,
    write_whole,
)
from detente.storage.errors import storage_faults
from detente.tlog.errors import TileConflict
from detente.tlog.note import NOTE_BYTES_MAX
from detente.tlog.tiles import BUNDLE_BYTES_MAX, TilePath

CHECKPOINT = "checkpoint"


class TileFiles:
    """Implements `tlog.ports.TileStore` in one directory, which one process writes.

    Args:
        directory: the log's prefix; made where missing.
        disk: how bytes become durable.
    """

    def __init__(self, directory: Path, *, disk: Disk | None = None) -> None:
        self._directory = directory
        self._disk = disk or Disk()
        self._durable_folders: set[Path] = set()
        if not directory.exists():
            make_private_folder(directory)
            with storage_faults(doing="making the log's folder", where=str(directory)):
                for folder in (directory.parent, directory.parent.parent):
                    self._disk.sync_folder(folder)

    def read(self, path: TilePath) -> bytes | None:
        """Return the stored bytes, None where there are none; nothing is verified here.

        Raises:
            StorageFault: the disk refused, or the file is larger than any tile.
        """
        return self._read(str(path), bytes_max=BUNDLE_BYTES_MAX)

    def write(self, path: TilePath, data: bytes) -> None:
        """Store durably; the same bytes again are fine.

        Raises:
            TileConflict: other bytes are stored there already.
            StorageFault: the disk refused.
        """
        self.write_all([(path, data)])

    def write_all(self, tiles: Iterable[tuple[TilePath, bytes]]) -> None:
        """Store many durably; each folder is synced once, after all its names are in it.

        Raises:
            TileConflict: other bytes are stored under one of the paths already.
            StorageFault: the disk refused; what was written so far is whole.
        """
        touched: dict[Path, None] = {}
        with storage_faults(doing="writing tiles", where=str(self._directory)):
            for path, data in tiles:
                target = self._directory / str(path)
                self._make_folder(target.parent)
                self._write_once(target, data)
                # Also where the bytes stood already: a crash may have come before its sync.
                touched[target.parent] = None
            for folder in touched:
                self._disk.sync_folder(folder)

    def drop_partials(self, path: TilePath) -> None:
        """Remove the partial forms of a place whose full form is durable.

        Raises:
            StorageFault: the disk refused.
        """
        folder = self._directory / f"{path.full}.p"
        with storage_faults(doing="removing partial tiles", where=str(folder)):
            if folder.exists():
                rmtree(folder)
        self._durable_folders.discard(folder)

    def publish(self, note: bytes) -> None:
        """Replace the checkpoint that readers see.

        Raises:
            StorageFault: the disk refused; the old one stands, or the new one whole.
        """
        write_whole(self._directory / CHECKPOINT, note, disk=self._disk)

    def published(self) -> bytes | None:
        """Return the checkpoint note that readers see, None before the first.

        Raises:
            StorageFault: the disk refused, or it is larger than any note.
        """
        return self._read(CHECKPOINT, bytes_max=NOTE_BYTES_MAX)

    def clear_temporary(self) -> None:
        """Remove what a crash left half-written. Only for the directory's one writer.

        Raises:
            StorageFault: the disk refused.
        """
        with storage_faults(doing="clearing temporary files", where=str(self._directory)):
            folders = [self._directory, *filter(Path.is_dir, self._directory.rglob("*"))]
        for folder in folders:
            sweep(folder)

    def _read(self, name: str, *, bytes_max: int) -> bytes | None:
        path = self._directory / name
        with storage_faults(doing="reading", where=str(path)):
            if not path.exists():
                return None
        return read_capped(path, bytes_max=bytes_max)

    def _write_once(self, target: Path, data: bytes) -> None:
        if not target.exists():
            self._disk.rename(stage(target.parent, data, disk=self._disk), target)
            return
        if target.read_bytes() != data:
            raise TileConflict(
                f"{target} should hold the {len(data)} bytes that the journal leads to "
                "and holds others",
                remedy="The file was altered or its disk is failing: keep it as evidence, move it "
                "away and start again; it is then written anew",
            )

    def _make_folder(self, folder: Path) -> None:
        """Make a folder whose own name is durable, and its parents."""
        if folder in self._durable_folders:
            return
        if folder != self._directory:
            self._make_folder(folder.parent)
            if folder.exists():
                self._disk.sync_folder(folder.parent)  # a crash may have come before its sync
            else:
                self._disk.make_folder(folder)
        self._durable_folders.add(folder)
