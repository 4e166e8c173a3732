"""How soon an event that was written to a file is a stored detection, and what memory does.

Run `detente bench watch_live`, or `python -m bench.watch_live [--rate N] [--seconds N]
[--rules PATH] [--events FILE] [--json FILE]`. A writer (another process) appends events at a
steady rate, one in a hundred of them harmful and stamped with the time of writing; the watch
follows the file. The delay of a detection ends when the transaction that keeps it is durable.
Events go to Parquet meanwhile, as they do in use. Floors at 5,000 events/s: 200 ms p99, and
memory that grows by no more than a tenth between the middle and the end.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from detente.node.clock import now
from detente.node.memory import settle
from detente.node.rulesets import Loaded, RuleChoice, load_rules
from detente.node.seeking import IndicatorWatcher
from detente.node.watching import Watching, WatchOptions
from detente.node.watching_home import NO_RULES
from detente.node.watching_sources import parse_source
from detente.node.watchlists import load_watchlists
from detente.storage.database import create_database
from detente.storage.detections import Taken
from detente.watch.alarms import Grouping

RATE, SECONDS, HARMFUL_EVERY = 5_000, 30, 100
HARMFUL = "203.0.113.9"
WARM_S = 5.0
P99_MS_MOST, GROWTH_MOST = 200.0, 1.1
PAGE = 4_096
_WRITER = """
import json, sys, time
path, rate, seconds, every, template = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
lines = open(template).read().splitlines() if template else []
event = {"event_type": "flow", "src_ip": "192.0.2.1", "proto": "TCP", "dest_port": 443}
begin, number = time.time(), 0
with open(path, "a") as file:
    while time.time() - begin < seconds:
        due = int((time.time() - begin) * rate)
        while number < due:
            number += 1
            if number % every == 0:
                file.write(json.dumps({**event, "src_ip": "203.0.113.9", "at": time.time(),
                                       "n": number}) + "\\n")
            elif lines:
                file.write(lines[number % len(lines)] + "\\n")
            else:
                address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
                file.write(json.dumps({**event, "src_ip": address, "n": number}) + "\\n")
        file.flush()
        time.sleep(0.002)
print(number)
"""


def resident() -> int:
    """Return the bytes this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return median, 99th percentile and most, in milliseconds."""
    ordered = sorted(values)
    at = [ordered[min(int(len(ordered) * part), len(ordered) - 1)] for part in (0.5, 0.99, 1)]
    return {
        name: round(each * 1_000, 1) for name, each in zip(("p50", "p99", "max"), at, strict=True)
    }


async def measure(folder: Path, loaded: Loaded, asked: argparse.Namespace) -> dict[str, object]:
    """Watch while another process writes; return the figures."""
    log = folder / "eve.json"
    log.touch()
    (folder / "named.txt").write_text(HARMFUL + "\n")
    database = create_database(folder / "state.sqlite")
    delays: list[float] = []
    memory: list[int] = []

    def told(taken: Taken) -> None:
        done = time.time()
        delays.extend(
            done - json.loads(each.evidence)["at"]
            for each in taken.detections
            if each.evidence is not None and b'"at"' in each.evidence
        )

    lists = load_watchlists([folder / "named.txt"], now=now())
    options = WatchOptions(
        sources=[parse_source("log", f"{log}?format=jsonl")],
        grouping=Grouping(kept_each=10**9),
    )
    seeker = IndicatorWatcher(lists, now=0.0)
    watching = Watching(
        database, folder, loaded, seeker, options, now=now, report=print, told=told
    )  # fmt: skip
    settle()
    async with watching:
        running = asyncio.create_task(watching.run())
        words = [str(log), str(asked.rate), str(asked.seconds), str(HARMFUL_EVERY)]
        writer = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _WRITER, *words, asked.events or ""], stdout=subprocess.PIPE
        )
        while writer.poll() is None:
            await asyncio.sleep(1)
            memory.append(resident())
        await asyncio.sleep(2)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        rows = watching.shelf.sources()
    written = int(writer.communicate()[0])
    database.close()
    late = delays[int(WARM_S * asked.rate / HARMFUL_EVERY) :] or delays
    return {
        "rate": asked.rate,
        "rules": len(loaded.wanted),
        "written": written,
        "read": rows["log"].events,
        "detections": len(delays),
        "delay_ms": spread(late),
        "rss_mb_middle": round(memory[len(memory) // 2] / 1e6),
        "rss_mb_end": round(memory[-1] / 1e6),
    }


def main() -> int:
    """Measure, print, and say whether the floors hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    parser.add_argument("--rules", help="Sigma rules that run beside")
    parser.add_argument("--events", help="JSON lines that are written between the harmful ones")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    loaded = NO_RULES
    if asked.rules:
        loaded = load_rules(RuleChoice((asked.rules,)), today=now().date())
    with tempfile.TemporaryDirectory() as name:
        figures = asyncio.run(measure(Path(name), loaded, asked))
    for key, value in figures.items():
        sys.stdout.write(f"{key}: {value}\n")
    if asked.json:
        asked.json.write_text(json.dumps(figures))
    delay = figures["delay_ms"]
    assert isinstance(delay, dict)  # noqa: S101 - made above
    grown = float(str(figures["rss_mb_end"])) / float(str(figures["rss_mb_middle"]))
    return 0 if delay["p99"] <= P99_MS_MOST and grown <= GROWTH_MOST else 1


if __name__ == "__main__":
    sys.exit(main())
