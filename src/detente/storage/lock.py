"""One process per node directory: a log has a single writer."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from detente.storage.errors import StoreInUse, storage_faults

LOCK_FILE = "lock"


class DirectoryLock:
    """Holds a node's directory until closed; the system lets go when the process dies.

    Raises:
        StoreInUse: another process, or another lock of this one, holds it.
        StorageFault: the system refused.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / LOCK_FILE
        with storage_faults(doing="locking the node", where=str(path)):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self._descriptor, 20, 0).decode("ascii", "replace").strip()
                os.close(self._descriptor)
                raise StoreInUse(
                    f"{directory} is in use by process {holder or 'unknown'}",
                    remedy="Stop that process, or give this one its own directory",
                ) from None
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
