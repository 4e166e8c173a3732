"""Where a running node says that its console is: a small file in its directory."""

import json
from pathlib import Path

from detente.node.layout import Layout
from detente.storage.disk import Disk, read_if_there, write_whole

_FILE = "console.json"
_BYTES_MAX = 4_096


def note_console(layout: Layout, origin: str) -> Path:
    """Write where the console is; return the file, to be removed when it ends.

    Raises:
        StorageFault: the disk refused.
    """
    file = layout.directory / _FILE
    write_whole(file, json.dumps({"origin": origin}).encode(), disk=Disk())
    return file


def find_console(layout: Layout) -> str:
    """Return where the console is; "" where none is served.

    Raises:
        StorageFault: the disk refused.
    """
    file = layout.directory / _FILE
    data = read_if_there(file, bytes_max=_BYTES_MAX)
    if data is None:
        return ""
    said = json.loads(data)
    return str(said.get("origin", "")) if isinstance(said, dict) else ""
