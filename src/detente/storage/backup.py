"""Back-up of a node that may be running, and restore into an empty directory.

TRUSTED. Keys in a back-up stay sealed, and what unlocks them is left out. The
sums in it notice decay and accidents, not a person who changes files and sums
together: keep a back-up as the node itself is kept, or note the digest of its
sums elsewhere. What is restored is marked (see `restored`).
"""

import os
import sqlite3
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from shutil import rmtree

from detente.storage.archive import BackupReport, Pack, new_file, unpack
from detente.storage.copying import copy_database
from detente.storage.database import Database, create_database, open_database
from detente.storage.disk import (
    TEMPORARY_SUFFIX,
    Disk,
    discard,
    make_private_folder,
    temporary_path,
)
from detente.storage.errors import BackupError, DamagedStore, storage_faults
from detente.storage.restored import mark_restored

_JOURNALS = ("-wal", "-shm", "-journal")


def back_up(
    directory: Path,
    target: Path,
    *,
    database: Database,
    database_name: str,
    leave_out: Collection[str],
    now: datetime,
    disk: Disk | None = None,
) -> BackupReport:
    """Write everything a node holds into one tar file.

    Args:
        directory: of the node.
        target: the file to make; must not exist.
        database: the node's, open; the node may go on writing to it.
        database_name: of its file in `directory`.
        leave_out: names in `directory` that must not be in it, as the unlock file.
        now: stands in the tar as the time of its files.

    Raises:
        BackupError: `target` exists, or lies in what is to be backed up.
        StorageFault: the disk refused; no file is left at `target`.
    """
    disk = disk or Disk()
    if target.exists() or target.absolute().is_relative_to(directory.absolute()):
        raise BackupError(
            "a back-up is a new file outside the node's directory",
            file=str(target),
            remedy="Name a file that does not exist, best on another medium",
        )
    without = {*leave_out, database_name, *(database_name + end for end in _JOURNALS)}
    temporary, copy = temporary_path(target.parent), temporary_path(target.parent)
    try:
        with storage_faults(doing="writing the back-up", where=str(target)):
            with (
                tempfile.TemporaryFile(dir=target.parent) as sums,
                new_file(temporary, disk) as write,
            ):
                pack = Pack(write, moment=int(now.timestamp()), sums=sums)
                # What is replaced in place goes first, then the database, then what is
                # only ever added: no checkpoint in the back-up is newer than its database,
                # and whatever its database names is there.
                _add(pack, directory, without, replaced=True)
                _copy_database(database, copy)
                pack.add(copy, database_name)
                _add(pack, directory, without, replaced=False)
                report = pack.finish()
            disk.rename(temporary, target)
            disk.sync_folder(target.parent)
    finally:
        discard(temporary)
        discard(copy)
    return report


def restore(
    archive: Path, directory: Path, *, database_name: str, now: datetime, disk: Disk | None = None
) -> BackupReport:
    """Make a node's directory from a back-up, check every sum, and mark the state as restored.

    Args:
        archive: made by `back_up`.
        directory: absent or empty; it appears complete or not at all.
        database_name: of the database file in it.
        now: stands in the mark.

    Raises:
        BackupError: not such a back-up, damaged, or the directory is not empty.
        StorageFault: the disk refused; `directory` is as it was.
    """
    disk, directory = disk or Disk(), directory.absolute()
    with storage_faults(doing="restoring into", where=str(directory)):
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise BackupError(
                "the place to restore into is not an empty directory",
                file=str(directory),
                remedy="Name a new directory; move a damaged node away, do not delete it",
            )
    building = temporary_path(directory.parent)
    make_private_folder(building)
    try:
        with storage_faults(doing="restoring a back-up", where=str(directory)):
            report = unpack(archive, building, disk=disk)
        _mark(building / database_name, archive, now)
        with storage_faults(doing="restoring a back-up", where=str(directory)):
            for folder in (building, *(path for path in building.rglob("*") if path.is_dir())):
                disk.sync_folder(folder)
            disk.rename(building, directory)
            disk.sync_folder(directory.parent)
    finally:
        rmtree(building, ignore_errors=True)
    return report


def _add(pack: Pack, directory: Path, without: Collection[str], *, replaced: bool) -> None:
    for name in _names(directory, without):
        if _is_replaced(name) is replaced:
            # A partial tile or an erased blob may vanish meanwhile, which is right.
            with suppress(FileNotFoundError):
                pack.add(directory / name, name)


def _names(directory: Path, without: Collection[str]) -> Iterator[str]:
    for folder, folders, files in os.walk(directory):
        folders.sort()
        inside = Path(folder).relative_to(directory)
        if inside == Path():
            folders[:] = [name for name in folders if name not in without]
            files = [name for name in files if name not in without]
        for name in sorted(files):
            if not name.endswith(TEMPORARY_SUFFIX) and not (Path(folder) / name).is_symlink():
                yield (inside / name).as_posix()


def _is_replaced(name: str) -> bool:
    """Say whether this file is replaced in place; tiles and blobs are only ever added."""
    folder, _, file = name.rpartition("/")
    return not folder or file == "checkpoint" or file.endswith(".json")


def _copy_database(database: Database, copy: Path) -> None:
    with database.reading("copying the database") as connection:
        source = connection.connection.driver_connection
        if not isinstance(source, sqlite3.Connection):
            _copy_from_server(database, copy)
            return
        os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        target = sqlite3.connect(copy)
        try:
            source.backup(target)
            # One file, without a journal beside it.
            target.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", None)
            raise OSError(code, f"the database cannot be copied: {error}") from error
        finally:
            target.close()


def _copy_from_server(database: Database, copy: Path) -> None:
    # The same file as of any node: a back-up opens on every machine, whatever server it has.
    target = create_database(copy)
    try:
        copy_database(database, target)
    finally:
        target.close()


def _mark(path: Path, archive: Path, now: datetime) -> None:
    if not path.is_file():
        raise BackupError(
            f"this back-up holds no database {path.name!r}",
            file=str(archive),
            remedy="Use another back-up; nothing was restored",
        )
    database = open_database(path)
    try:
        with database.reading("checking the database") as connection:
            verdict = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
        if verdict != "ok":
            raise DamagedStore(f"the database in {archive} is damaged: {verdict}")
        mark_restored(database, source=archive.name, now=now)
        with database.reading("writing the journal back") as connection:
            driver = connection.connection.driver_connection
            if isinstance(driver, sqlite3.Connection):
                connection.commit()
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        database.close()
