"""Run by test_watching_crash: watch a file until this process kills itself or is killed.

Arguments: the folder of the watch, the file, where to die (or "nowhere"), after how many
times passing there.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from detente.node.clock import now
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_home import NO_RULES
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import open_database
from detente.storage.detections import DetectionShelf
from detente.storage.events import EventShelf
from detente.watch.alarms import Grouping

GROUPING = Grouping(stretch_s=1e9, kept_each=1_000_000)


def die_at(stage, times):
    left = [times]

    def die():
        left[0] -= 1
        if left[0] <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    places = {
        "before-keeping": (DetectionShelf, "keep", True),
        "after-keeping": (DetectionShelf, "keep", False),
        "between-files": (EventShelf, "_class_folder", True),
        "before-forgetting": (EventShelf, "_forget_rows", True),
        "after-forgetting": (EventShelf, "_forget_rows", False),
    }
    if stage not in places:
        return
    owner, name, is_before = places[stage]
    original = getattr(owner, name)

    def replaced(self, *arguments):
        if is_before:
            die()
        answer = original(self, *arguments)
        if not is_before:
            die()
        return answer

    setattr(owner, name, replaced)


async def main(folder, file, stage, times):
    database = open_database(folder / "state.sqlite")
    lists = load_watchlists([folder / "named.txt"], now=now())
    watching = Watching(
        database,
        folder,
        NO_RULES,
        IndicatorWatcher(lists, now=0.0),
        WatchOptions(sources=[parse_source("file", f"{file}?format=jsonl")], grouping=GROUPING),
        now=now,
        report=lambda _text: None,
    )
    async with watching:
        die_at(stage, times)
        os.write(1, b"ready\n")
        turns = 0
        while True:
            taken = await asyncio.to_thread(watching.turn)
            turns += 1
            if turns % 3 == 0:
                await asyncio.to_thread(watching.flush)
            if not taken:
                await asyncio.sleep(0.005)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
