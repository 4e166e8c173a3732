"""How fast two snapshots of a roll are compared, beside polars and pandas on the same files.

`python -m bench.rolls [--rows N] [--repeats N] [--limit SECONDS] [--json FILE]`
Twenty columns, invented; 0.4 % removed, 0.4 % moved, 0.2 % set inactive, 0.02 % of last names
edited, 0.5 % added. Every run is a process of its own, so that peak memory is its own; reading
is part of the time. polars uses every core, the others one. Processor seconds beside the
clock's tell how busy the machine was. A way whose run takes longer than the limit is stopped,
said to be, and not run again.
"""

import argparse
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from detente.elections.rolls import compare, compare_kept, parse_layout, roll_hashes
from detente.node.roll_snapshots import chunks_of

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers/bin/python"
COLUMNS = [
    "county_id", "county_desc", "voter_reg_num", "ncid", "last_name", "first_name", "middle_name",
    "name_suffix_lbl", "status_cd", "reason_cd", "res_street_address", "res_city_desc",
    "state_cd", "zip_code", "registr_dt", "party_cd", "gender_code", "birth_year",
    "precinct_abbrv", "cong_dist_abbrv",
]  # fmt: skip
LAYOUT = parse_layout({"key": "ncid", "columns": COLUMNS})
KEY = bytes(range(16))
OURS = ("ours, in memory", "ours, kept hashes")
THEIRS = ("polars", "pandas")


def _word(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("BCDFGHKLMNPRST") + chance.choice("AEIOU") for _ in range(count))


def _rows(chance: random.Random, count: int) -> Iterator[list[str]]:
    names = [_word(chance, 3) for _ in range(8_000)]
    streets = [f"{_word(chance, 4)} RD" for _ in range(5_000)]
    for number in range(count):
        day = f"{chance.randrange(1, 13):02}/{chance.randrange(1, 29):02}"
        yield [
            "101", "MARLOW COUNTY", f"{number:012}", f"ZZ{number:08}", chance.choice(names),
            chance.choice(names), chance.choice(names), "", "A", "VERIFIED",
            f"{chance.randrange(1, 9999)} {chance.choice(streets)}", f"TOWN OF {number % 7}", "NC",
            f"{27000 + number % 99}", f"{day}/{chance.randrange(1970, 2026)}",
            chance.choice(("UNA", "DEM", "REP")), chance.choice("FMU"),
            str(chance.randrange(1930, 2008)), f"{number % 30:02}", str(number % 13),
        ]  # fmt: skip


def write_rolls(folder: Path, count: int) -> tuple[Path, Path]:
    """Write two snapshots."""
    chance = random.Random(1)  # noqa: S311  a repeatable input, not a secret
    paths = folder / "before.tsv", folder / "after.tsv"
    with paths[0].open("w") as before, paths[1].open("w") as after:
        header = "\t".join(COLUMNS) + "\n"
        before.write(header)
        after.write(header)
        for number, row in enumerate(_rows(chance, round(1.005 * count))):
            fate = chance.random()
            if number < count:
                before.write("\t".join(row) + "\n")
                if fate < 0.004:  # noqa: PLR2004 - the shares of the docstring
                    continue
                _change(row, fate)
            after.write("\t".join(row) + "\n")
    return paths


def _change(row: list[str], fate: float) -> None:
    if fate < 0.008:  # noqa: PLR2004
        row[10] = f"1{row[10]}"
    elif fate < 0.010:  # noqa: PLR2004
        row[8] = "I"
    elif fate < 0.0102:  # noqa: PLR2004
        row[4] += "X"


def _ours(name: str, before: Path, after: Path) -> dict[str, float]:
    start, busy = time.perf_counter(), time.process_time()
    if name == OURS[0]:
        found = compare(chunks_of(before), chunks_of(after), LAYOUT, KEY)
        cells = sum(found.changes_by_column(COLUMNS).values())
        counts = {"removed": len(found.removed), "changed": len(found.changed), "cells": cells}
    else:
        hashes = roll_hashes(chunks_of(before), LAYOUT, KEY)
        kept = compare_kept(hashes, chunks_of(after), LAYOUT, KEY)
        counts = {"removed": kept.removed.size, "changed": len(kept.changed)}
    return counts | {
        "seconds": time.perf_counter() - start,
        "busy": time.process_time() - busy,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _run(name: str, before: Path, after: Path, limit: float) -> dict[str, float]:
    if name in OURS:
        words = [sys.executable, "-m", "bench.rolls", "--once", name, str(before), str(after)]
    else:
        peer = str(ROOT / "bench/_roll_peers.py")
        words = [str(PEERS), peer, name, str(before), str(after), "ncid"]
    done = subprocess.run(  # noqa: S603 - our own words
        words, capture_output=True, cwd=ROOT, check=True, timeout=limit
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def measure(
    name: str, before: Path, after: Path, *, repeats: int, limit: float
) -> dict[str, object] | str:
    """Return the figures of one way, or why there are none: not installed, failed, stopped."""
    try:
        runs = [_run(name, before, after, limit) for _ in range(repeats)]
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:g} s"
    except FileNotFoundError:
        return "not installed (make peers)"
    except subprocess.CalledProcessError as failed:
        said = failed.stderr.decode(errors="replace").strip().splitlines() or ["nothing said"]
        return f"exit status {failed.returncode}: {said[-1]}"
    seconds = sorted(run["seconds"] for run in runs)
    return {
        "name": f"two snapshots compared, {name}",
        "repeats": repeats,
        "median": round(statistics.median(seconds), 2),
        "fastest": round(seconds[0], 2),
        "slowest": round(seconds[-1], 2),
        "busy": round(statistics.median(run["busy"] for run in runs), 2),
        "peak_rss_mb": max(run["peak_rss_mb"] for run in runs),
        "removed": runs[0]["removed"],
        "changed": runs[0]["changed"],
    }


def main() -> None:
    """Print a line for each way; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--limit", type=float, default=120)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--once", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        name, before, after = options.once
        sys.stdout.write(json.dumps(_ours(name, Path(before), Path(after))) + "\n")
        return
    rows = []
    with TemporaryDirectory() as place:
        files = write_rolls(Path(place), options.rows)
        for name in (*OURS, *THEIRS):
            row = measure(name, *files, repeats=options.repeats, limit=options.limit)
            if isinstance(row, str):
                sys.stdout.write(f"{name}: {row}\n")
                continue
            rows.append(row)
            sys.stdout.write(
                f"{row['name']}: {row['median']} s ({row['fastest']} to {row['slowest']}, "
                f"{row['repeats']} runs; processor {row['busy']} s), {row['peak_rss_mb']} MB, "
                f"{row['removed']} removed, {row['changed']} changed\n"
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
