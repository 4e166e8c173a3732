"""Our scan and Sigma engines of others over the same events, in turn, in the same minutes.

Needs the shared rules and events (DETENTE_SHARED names their folder). A peer that is not
installed is skipped with the reason: rsigma is looked for on the PATH (`cargo install rsigma`).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import zstandard

from bench.sigma import SHARED, command, spread, timed

NO_PACKAGE = {
    "chainsaw": "the crate of this name is another program",
    "hayabusa": "the crate of this name is another program",
    "zircolite": "it is not in the lock of the peers: no package of it was found",
    "zargunlite": "it is not in the lock of the peers yet",
}


def main() -> None:
    """Print the figures as JSON: processor seconds, and how many times ours each peer takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, default=SHARED / "events_20k.jsonl.zst")
    parser.add_argument("--rules", type=Path, default=SHARED / "sigma-rules.zip")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.events, given.rules, Path(folder), given.times)
    text = json.dumps(figures, indent=1)
    print(text)  # noqa: T201 - the figures are what it is for
    if given.json is not None:
        given.json.write_text(text)


def measure(events: Path, rules: Path, folder: Path, times: int) -> dict[str, Any]:
    """Return processor seconds of whole runs, start and reading of rules included."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    plain = folder / "events.jsonl"
    with events.open("rb") as packed, plain.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(packed, out)
    few = folder / "few.jsonl"
    with plain.open("rb") as stream:
        few.write_bytes(stream.readline())
    command(rules, few, 1)
    figures: dict[str, Any] = {"skipped": dict(NO_PACKAGE)}
    rsigma = shutil.which("rsigma")
    if rsigma is None:
        figures["skipped"]["rsigma"] = "no program of this name on the PATH"
    else:
        with zipfile.ZipFile(rules) as archive:
            archive.extractall(folder / "rules")
    ours, theirs, ratios = [], [], []
    for _ in range(times):  # in turn, so that the machine's moods meet all alike
        ours.append(command(rules, plain, 1).cpu)
        if rsigma is not None:
            theirs.append(_rsigma(rsigma, folder / "rules", plain))
            ratios.append(theirs[-1] / ours[-1])
    figures["ours_cpu"] = spread(ours)
    if ratios:
        figures["rsigma_cpu"], figures["rsigma_times_ours"] = spread(theirs), spread(ratios)
    figures["load_average"] = os.getloadavg()
    return figures


def _rsigma(program: str, rules: Path, events: Path) -> float:
    """Run rsigma with its routing by log source on, and return processor seconds."""
    words = ["engine", "eval", "-r", str(rules), "-e", f"@{events}", "-p", "sysmon"]
    options = ["--input-format", "json", "--logsource-routing", "--event-logsource"]
    return timed(
        lambda: subprocess.run(  # noqa: S603 - the program that was asked for
            [program, *words, *options, "product=windows"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=sys.stderr,
        )
    ).cpu


if __name__ == "__main__":
    main()
