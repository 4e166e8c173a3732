"""A disk that refuses one step, before doing it or after having done it."""

import errno
import os

from detente.storage.disk import Disk


class FaultyDisk(Disk):
    """Fails at step `fail_at` (from 0), and from then on if `for_good`.

    Args:
        fail_at: which step refuses; None refuses nothing and only counts.
        after: the step is done and then reported as failed.
        for_good: every later step is refused too, as when a disk goes away.
    """

    def __init__(self, fail_at=None, *, after=False, for_good=False, code=errno.EIO):
        self.steps = 0
        self._fail_at = fail_at
        self._after = after
        self._for_good = for_good
        self._code = code

    def _step(self, do):
        here, self.steps = self.steps, self.steps + 1
        refused = OSError(self._code, os.strerror(self._code))
        if self._fail_at is None or here < self._fail_at:
            return do()
        if here == self._fail_at:
            if self._after:
                do()
            raise refused
        if self._for_good:
            raise refused
        return do()

    def create(self, path, mode=0o600):
        return self._step(lambda: Disk.create(self, path, mode))

    def write(self, descriptor, data):
        return self._step(lambda: Disk.write(self, descriptor, data))

    def sync(self, descriptor):
        return self._step(lambda: Disk.sync(self, descriptor))

    def sync_folder(self, folder):
        return self._step(lambda: Disk.sync_folder(self, folder))

    def make_folder(self, folder):
        return self._step(lambda: Disk.make_folder(self, folder))

    def rename(self, source, target):
        return self._step(lambda: Disk.rename(self, source, target))

    def unlink(self, path):
        return self._step(lambda: Disk.unlink(self, path))


def every_fault(work):
    """Yield a disk for each way in which a step of `work(disk)` can go wrong.

    `work` is first run once on a disk that only counts.
    """
    counting = FaultyDisk()
    work(counting)
    for step in range(counting.steps):
        for after in (False, True):
            for for_good in (False, True):
                yield FaultyDisk(step, after=after, for_good=for_good)
