"""How soon a command answers, and what an open node costs while it waits.

Run `python bench/start.py [--json FILE]`. Wall-clock of whole processes, medians with the
lowest and highest of the repeats; memory is the resident set of a process that has a node
with a charter open and does nothing. Floors: help 0.25 s, idle node 90 MB (10^6 bytes).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from detente.node.clock import now
from detente.node.founding import accept_offer, apply_founding, make_offer, read_card, write_card
from detente.node.home import Home

REPEATS = 11
HELP_S_MOST = 0.25
IDLE_MB_MOST = 90
_IDLE = """
import sys
from pathlib import Path
from detente.node.catching_up import open_node
with open_node(Path(sys.argv[1])) as home:
    assert home.charter is not None and home.chain is not None
    status = Path("/proc/self/status").read_text()
    print(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
"""


def seconds(*words: str) -> dict[str, float]:
    """Time a whole `detente` process, again and again; the first run fills the caches."""
    command = [sys.executable, "-m", "detente", *words]
    taken = []
    for _ in range(REPEATS + 1):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
        taken.append(time.perf_counter() - begin)
    return spread(taken[1:])


def idle_megabytes(node: Path) -> dict[str, float]:
    """Return the resident set of a process that has a node open."""
    sizes = []
    for _ in range(3):
        done = subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-c", _IDLE, str(node)], check=True, capture_output=True
        )
        sizes.append(int(done.stdout) * 1024 / 1e6)
    return spread(sizes)


def spread(values: list[float]) -> dict[str, float]:
    """Return the median with the lowest and the highest."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def found(place: Path) -> Path:
    """Make a node that belongs to a unit of two."""
    homes = [Home.create(place / name, name=name) for name in ("Aurel", "Borea")]
    document = make_offer(
        name="Bench",
        members=[read_card(write_card(home)) for home in homes],
        witnesses=[],
        f=0,
        now=now(),
    ).to_bytes()
    answers = [accept_offer(home, document) for home in homes]
    for home in homes:
        apply_founding(home, document, answers, now())
        home.close()
    return homes[0].layout.directory


def main() -> None:
    """Measure, print a table, and write it as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        node = found(Path(folder))
        figures = {
            "detente --help, s": seconds("--help") | {"most": HELP_S_MOST},
            "detente doctor DIR, s": seconds("doctor", str(node)),
            "detente statement list, s": seconds("statement", "list", "--node", str(node)),
            "idle open node, MB": idle_megabytes(node) | {"most": IDLE_MB_MOST},
        }
    for name, figure in figures.items():
        most = f"; at most {figure['most']:g}" if "most" in figure else ""
        sys.stdout.write(
            f"{name:28} {figure['median']:>8.2f}  "
            f"({figure['low']:.2f} to {figure['high']:.2f}{most})\n"
        )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
