"""Back-up and restore of a whole node."""

from pathlib import Path

from detente.errors import InputError
from detente.node.clock import now
from detente.node.home import Home
from detente.node.layout import DATABASE_FILE, Layout
from detente.node.settings import name_database
from detente.storage.archive import BackupReport
from detente.storage.backup import back_up, restore
from detente.storage.copying import copy_database
from detente.storage.database import create_database, open_database
from detente.storage.errors import storage_faults
from detente.storage.lock import LOCK_FILE


def back_up_home(home: Home, target: Path) -> BackupReport:
    """Write everything the node holds, but what unlocks its keys, into a new file.

    Raises:
        BackupError: the file exists, or lies inside the node.
        InputError: the unlock file lies where it cannot be left out.
        StorageFault: the disk refused.
    """
    layout = home.layout
    return back_up(
        layout.directory,
        target,
        database=home.database,
        database_name=DATABASE_FILE,
        leave_out={LOCK_FILE, *_secrets(layout)},
        now=now(),
    )


def restore_home(archive: Path, directory: Path, *, database: str = "") -> BackupReport:
    """Make a node's directory from a back-up; its state is marked as restored.

    Args:
        archive: the back-up; of a node on a server it holds the rows as a file, too.
        directory: absent or empty.
        database: URL of an empty database of a PostgreSQL server; "" for a file in `directory`.

    Raises:
        BackupError: no such back-up, damaged, or the directory is not empty.
        StorageFault: the disk or the server refused; what stands in `directory` then is a
            node on a file, complete.
    """
    report = restore(archive, directory, database_name=DATABASE_FILE, now=now())
    layout = Layout(directory)
    # The server of the back-up's time may hold a newer state: its name is never taken over.
    name_database(layout.settings, "")
    if database:
        _move(layout, database)
    return report


def _move(layout: Layout, url: str) -> None:
    file = layout.directory / DATABASE_FILE
    source = open_database(file)
    try:
        target = create_database(url)
        try:
            copy_database(source, target)
        finally:
            target.close()
    finally:
        source.close()
    name_database(layout.settings, url)
    file.unlink()


def _secrets(layout: Layout) -> set[str]:
    """Return the names in the node's directory that open its keys, or its seat."""
    directory, unlock = layout.directory.absolute(), layout.unlock.absolute()
    if unlock.parent != directory and unlock.is_relative_to(directory):
        raise InputError(
            "the unlock file lies among what is backed up",
            file=str(unlock),
            remedy="Move it out of the node's directory, and say so in detente.toml",
        )
    with storage_faults(doing="listing the node", where=str(directory)):
        keys = {path.name for path in directory.glob("*.key")}
    return keys | {layout.recovery.name, unlock.name if unlock.parent == directory else ""}
