"""How long a node takes to catch up with what another said while it was away.

`python bench/catching_up.py [--objects N] [--batch N] [--json FILE]`
Two nodes of one unit as two processes over loopback: one shows its log, the other starts with
nothing and pulls until every object is indexed. Floor: 1,000,000 objects in 60 s, from the
start of the process that catches up.
"""

import argparse
import json
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
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


def _peak_mb(process: subprocess.Popen[bytes]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line) // 1_024


def measure(objects: int, batch: int) -> dict[str, object]:
    """Let one node catch up, once."""
    with tempfile.TemporaryDirectory() as folder:
        aurel, borea = found(Path(folder))
        publish(aurel, "common", [batch] * (objects // batch))
        port = _free_port()
        shows = _run(aurel, "--listen", f"127.0.0.1:{port}")
        pulls = None
        try:
            while not (aurel / "control.sock").exists() and shows.poll() is None:
                time.sleep(LOOK_EVERY_S)
            begin = time.perf_counter()
            pulls = _run(borea, "--peer", f"aurel=http://127.0.0.1:{port}")
            while (have := _indexed(borea)) < objects:
                if pulls.poll() is not None or time.perf_counter() - begin > WAIT_S_MOST:
                    raise SystemExit(f"stopped at {have} of {objects} objects")
                time.sleep(LOOK_EVERY_S)
            seconds, peak = time.perf_counter() - begin, _peak_mb(pulls)
        finally:
            for process in (shows, pulls):
                if process is not None:
                    process.kill()
                    process.wait(10)
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "name": "seconds to catch up over loopback",
        "objects": objects,
        "in each statement": batch,
        "seconds": round(seconds, 1),
        "objects a second": round(objects / seconds),
        "peak_rss_mb": peak,
        "cpu seconds of both nodes": round(cpu.ru_utime + cpu.ru_stime, 1),
        "most": SECONDS_MOST,
    }


def main() -> None:
    """Print the figure; with `--json`, write it to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=50_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    row = measure(options.objects, options.batch)
    sys.stdout.write("".join(f"{name}: {value}\n" for name, value in row.items()))
    if options.json:
        options.json.write_text(json.dumps(row, indent=1) + "\n")


if __name__ == "__main__":
    main()
