"""Back-up and restore of a whole node."""

from pathlib import Path

from detente.node.clock import now
from detente.node.home import Home
from detente.node.layout import Layout
from detente.storage.archive import BackupReport
from detente.storage.backup import back_up, restore
from detente.storage.lock import LOCK_FILE


def back_up_home(home: Home, target: Path) -> BackupReport:
    """Write everything the node holds, but what unlocks its keys, into a new file.

    Raises:
        BackupError: the file exists, or lies inside the node.
        StorageFault: the disk refused.
    """
    layout = home.layout
    return back_up(
        layout.directory,
        target,
        database=home.database,
        database_name=layout.database.name,
        leave_out={layout.unlock.name, layout.recovery.name, LOCK_FILE},
        now=now(),
    )


def restore_home(archive: Path, directory: Path) -> BackupReport:
    """Make a node's directory from a back-up; its state is marked as restored.

    Raises:
        BackupError: no such back-up, damaged, or the directory is not empty.
        StorageFault: the disk refused.
    """
    database = Layout(directory).database.name
    return restore(archive, directory, database_name=database, now=now())
