"""What a node costs that has a million indicators live: how soon it starts, and its memory.

Run `detente bench live`, or `python -m bench.live [--values N] [--json FILE]`. The
indicators are this node's own detections, said, shelved and weighed by the flows that a
running node uses; then the shipped program is started on them, again and again. Wall-clock
until it says that it runs; memory is the resident set some seconds later, when it looked at
everything, and its highest ever.
Floors at 1,000,000: 2 s and 250 MB (10^6 bytes).
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path

from bench.start import found, spread
from detente.node.catching_up import open_node
from detente.node.clock import now
from detente.node.detecting import say_detected
from detente.node.home import Home
from detente.node.taxii import TaxiiService
from detente.statements import Tlp
from detente.watch import Level

VALUES = 1_000_000
AT_ONCE = 10_000  # values in one statement: more would be nobody's detection of each
REPEATS = 5
LOOKED_S = 6.0  # several turns
FIRST = int(IPv4Address("91.0.0.0"))
START_S_MOST, RSS_MB_MOST = 2.0, 250


def say(home: Home, count: int) -> None:
    """Say that this node detected harm by so many addresses."""
    for start in range(0, count, AT_ONCE):
        values = [str(IPv4Address(FIRST + n)) for n in range(start, min(start + AT_ONCE, count))]
        say_detected(home, values, handshake=True, tlp=Tlp.GREEN, now=now)


def weigh(home: Home) -> float:
    """Weigh everything as a running node does; return values a second."""
    service = TaxiiService(home, now=now)
    try:
        begin = time.perf_counter()
        service.weighing.acting.bring_up()
        took = time.perf_counter() - begin
        service.weighing.turn()
        shelf = service.weighing.acting.shelf
        assert shelf.at_level(Level.ALERTING, limit=1)  # noqa: S101 - else nothing is measured
        return took
    finally:
        service.close()


def start(node: Path) -> tuple[float, float, float]:
    """Start the node; return seconds until it runs, and megabytes: later, and at most."""
    words = [sys.executable, "-m", "detente", "run", str(node), "--listen", "127.0.0.1:0", "--json"]
    begin = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own words
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        process.stdout.readline()
        took = time.perf_counter() - begin
        time.sleep(LOOKED_S)
        status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) for line in status if "kB" in line}
        return took, sizes["VmRSS:"] * 1024 / 1e6, sizes["VmHWM:"] * 1024 / 1e6
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def main() -> None:
    """Measure, print a table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--values", type=int, default=VALUES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        node = found(Path(folder))
        with open_node(node) as home:
            say(home, options.values)
            took = weigh(home)
        runs = [start(node) for _ in range(REPEATS)]
    seconds, resident, highest = ([*each] for each in zip(*runs, strict=True))
    figures = {
        "values weighed a second": spread([options.values / took]),
        "node start, s": spread(seconds) | {"most": START_S_MOST},
        "node at rest, MB": spread(resident) | {"most": RSS_MB_MOST},
        "node at most, MB": spread(highest),
    }
    sys.stdout.write(f"{options.values} indicators live\n")
    for name, figure in figures.items():
        most = f"; at most {figure['most']:g}" if "most" in figure else ""
        sys.stdout.write(
            f"{name:28} {figure['median']:>9.2f}  "
            f"({figure['low']:.2f} to {figure['high']:.2f}{most})\n"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
