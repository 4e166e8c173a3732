"""Run by test_crash: append to a log until this process kills itself at a chosen place.

Reads one JSON line per run from standard input and answers each with how it ended.
Every run is a process of its own, forked after the imports because those are slow.
"""

import asyncio
import base64
import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from threading import Timer

from sqlalchemy import Engine, event

from detente.node.clock import now
from detente.node.log import SequencerLimits
from detente.node.sequencer import Sequencer
from detente.storage.disk import Disk
from detente.storage.tiles import TileFiles
from tests.edge.log_on_disk import reopen_log, sign

SUBMITTERS = 24
LIMITS = SequencerLimits(batch_entries_max=16, integrate_every_s=0.01, journal_spare_entries=256)


class Diary:
    """What this run did, one line each, handed to the system before it goes on."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, *words: object) -> None:
        os.write(self._descriptor, (" ".join(map(str, words)) + "\n").encode())


class Killer:
    """Ends the process at the given passage of the given place, as kill -9 would."""

    def __init__(self, place: str, passage: int) -> None:
        self._place, self._passage = place, passage
        self._seen: Counter[str] = Counter()

    def __call__(self, place: str) -> None:
        self._seen[place] += 1
        if place == self._place and self._seen[place] == self._passage:
            os.kill(os.getpid(), signal.SIGKILL)


class StoppingDisk(Disk):
    """Passes a stop point before and after every step."""

    def __init__(self, stop: Killer) -> None:
        self._stop = stop

    def create(self, path, mode=0o600):
        self._stop("create")
        return super().create(path, mode)

    def write(self, descriptor, data):
        self._stop("write")
        super().write(descriptor, data[: len(data) // 2])
        self._stop("half-written")
        super().write(descriptor, data[len(data) // 2 :])

    def sync(self, descriptor):
        self._stop("sync")
        super().sync(descriptor)

    def sync_folder(self, folder):
        self._stop("sync-folder")
        super().sync_folder(folder)

    def make_folder(self, folder):
        self._stop("make-folder")
        super().make_folder(folder)

    def rename(self, source, target):
        self._stop("rename")
        super().rename(source, target)
        self._stop("renamed")


class NotedTiles(TileFiles):
    """Writes down each note before anybody can see it."""

    def __init__(self, directory: Path, *, disk: Disk, diary: Diary) -> None:
        super().__init__(directory, disk=disk)
        self._diary = diary

    def publish(self, note: bytes) -> None:
        self._diary.write("note", base64.b64encode(note).decode())
        super().publish(note)


async def append(directory: Path, run: str, stop: Killer, diary: Diary, seconds: float) -> None:
    disk = StoppingDisk(stop)
    opened = reopen_log(directory, tiles=NotedTiles(directory / "log", disk=disk, diary=diary))
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds

    async def submitter(name: int) -> None:
        count = 0
        while loop.time() < end:
            said = await log.submit(f"{run}/{name}/{count}")
            diary.write("ack", said.seq, said.payload_hash)
            stop("acknowledged")
            count += 1

    async with Sequencer(opened.log, sign=sign, now=now, limits=LIMITS, stop=stop) as log:
        diary.write("started", log.published.size)
        await asyncio.gather(*(submitter(name) for name in range(SUBMITTERS)))
    opened.close()


def run_once(order: dict[str, object]) -> None:
    directory = Path(str(order["directory"]))
    stop = Killer(str(order["place"]), int(str(order["passage"])))
    event.listen(Engine, "commit", lambda _connection: stop("database-commit"))
    if order["after_s"]:
        Timer(float(str(order["after_s"])), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
    diary = Diary(directory / "diary")
    asyncio.run(append(directory, str(order["run"]), stop, diary, float(str(order["seconds"]))))


def main() -> None:
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                run_once(json.loads(line))
                code = 0
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        ending = "killed" if killed else f"exit {os.waitstatus_to_exitcode(status)}"
        sys.stdout.write(ending + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
