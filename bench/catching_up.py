"""How long a node takes to catch up with what another said while it was away.

`python bench/catching_up.py [--objects N] [--batch N] [--weigh] [--json FILE]`
Two nodes of one unit as two processes over loopback: one shows its log, the other starts with
nothing and pulls until every object is indexed. Floor: 1,000,000 objects in 60 s, from the
start of the process that catches up. What acts waits until much has stopped coming in;
`--weigh` also measures how long after that every value is decided about.
"""

import argparse
import json
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from ingest import found, publish

WAIT_S_MOST = 1_800
LOOK_EVERY_S = 0.25
SECONDS_MOST = 60


def _free_port() -> int:
    with socket.socket() as asking:
        asking.bind(("127.0.0.1", 0))
        return int(asking.getsockname()[1])


def _run(directory: Path, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "detente", "run", str(directory), *words]
    with (directory.parent / f"{directory.name}.err").open("ab") as told:
        return subprocess.Popen(  # noqa: S603 - our own words
            command, stdin=subprocess.DEVNULL, stdout=told, stderr=told
        )


def _indexed(directory: Path) -> int:
    place = f"file:{directory}/state.sqlite?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as reading:
        row = reading.execute("SELECT coalesce(sum(objects), 0) FROM statement").fetchone()
    return int(row[0])


def _weighed(directory: Path) -> bool:
    place = f"file:{directory}/state.sqlite?mode=ro"
    with closing(sqlite3.connect(place, uri=True, timeout=10)) as reading:
        upto = "SELECT value FROM progress WHERE name = 'acting'"
        last = "SELECT max(number) FROM statement"
        due = "SELECT count(*) FROM acting_item WHERE due_at = 0"
        taken, said, left = (reading.execute(each).fetchone() for each in (upto, last, due))
    return taken == said and not left[0]


def _peak_mb(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) // 1_024


def _cpu_s(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait(until: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    begin = time.perf_counter()
    while not until():
        if process.poll() is not None or time.perf_counter() - begin > WAIT_S_MOST:
            raise SystemExit("stopped half-way")
        time.sleep(LOOK_EVERY_S)


def measure(objects: int, batch: int, *, weigh: bool) -> dict[str, object]:
    """Let one node catch up, once, with one that has been at work for long."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as ending:
        aurel, borea = found(Path(folder))
        publish(aurel, "common", [batch] * (objects // batch))
        port = _free_port()
        shows = _run(aurel, "--listen", f"127.0.0.1:{port}")
        ending.callback(_end, shows)
        _wait(lambda: _weighed(aurel), shows)
        before = _cpu_s(shows)
        begin = time.perf_counter()
        pulls = _run(borea, "--peer", f"aurel=http://127.0.0.1:{port}")
        ending.callback(_end, pulls)
        _wait(lambda: _indexed(borea) >= objects, pulls)
        seconds = time.perf_counter() - begin
        worked = _cpu_s(pulls)
        figures: dict[str, object] = {
            "name": "seconds to catch up over loopback",
            "objects": objects,
            "in each statement": batch,
            "seconds": round(seconds, 1),
            "most": SECONDS_MOST,
            "objects a second": round(objects / seconds),
            "peak_rss_mb": _peak_mb(pulls),
            "cpu seconds of who shows": round(_cpu_s(shows) - before, 1),
            "cpu seconds of who catches up": round(worked, 1),
            "load of the machine": round(os.getloadavg()[0], 1),
        }
        if weigh:
            _wait(lambda: _weighed(borea), pulls)
            figures["seconds until weighed"] = round(time.perf_counter() - begin, 1)
            figures["cpu seconds of weighing"] = round(_cpu_s(pulls) - worked, 1)
    return figures


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(10)


def main() -> None:
    """Print the figure; with `--json`, write it to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=50_000)
    parser.add_argument("--weigh", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    row = measure(options.objects, options.batch, weigh=options.weigh)
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in row.items()))
    if options.json:
        options.json.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
