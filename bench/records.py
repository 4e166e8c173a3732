"""How fast records of a million cards are loaded, and 5,000 contests re-checked.

`python bench/records.py [--cards N] [--contests N] [--repeats N] [--peers PYTHON] [--json FILE]`
Each figure is of a process of its own: the file is on disk, the memory is what the
process grew by beyond the libraries it had loaded. pandas, polars and SHANGRLA's own
loader run beside us where this Python, .venv-peers or the one named with `--peers` has
them (SHANGRLA is on no registry that pip installs from); what is not installed is named.
Floors for 1,000,000 cards: one contest 0.2 s, five 0.6 s, 60 MB. 5,000 contests of a
county file checked against the precincts: 1 s.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent / ".venv-peers" / "bin" / "python"
NAMES = ("ann", "bob", "cy", "dora")

_MEASURE = """
import resource, sys, time
{imports}
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, start = peak(), time.perf_counter()
seen = {call}
print(time.perf_counter() - start, peak() - before)
"""
_OURS = (
    "from pathlib import Path; from detente.node.cvr_files import read_records",
    "read_records(Path(sys.argv[1])).contests",
)
_LOADERS = {
    "pandas": ("import pandas", "pandas.read_csv(sys.argv[1])"),
    "polars": ("import polars", "polars.read_csv(sys.argv[1])"),
    "SHANGRLA": (
        "import csv; from shangrla.core.Audit import CVR",
        "CVR.from_dict([{'id': row.pop('card'), 'votes': {n: {v: 1} for n, v in row.items()}}"
        " for row in csv.DictReader(open(sys.argv[1]))])",
    ),
}
_CHECK = (
    "from pathlib import Path; from detente.node.result_files import check_night\n"
    "from detente.node.clock import now\n"
    "from detente.node.result_reading import Night, read_figures\n"
    "inner = read_figures(Path(sys.argv[2]))",
    "check_night(Night(reports=[*inner, *read_figures(Path(sys.argv[1]))]), now())",
)


def _measured(python: Path, code: tuple[str, str], *files: Path, repeats: int) -> list[list[float]]:
    """Seconds and megabytes of each run; empty where it cannot run."""
    text = _MEASURE.format(imports=code[0], call=code[1])
    runs: list[list[float]] = []
    for _ in range(repeats):
        done = subprocess.run(  # noqa: S603 - our own words and the Python that was named
            [python, "-c", text, *files], capture_output=True, check=False, timeout=600
        )
        if done.returncode:
            return []
        runs.append([float(each) for each in done.stdout.split()])
    return runs


def _figure(name: str, by: str, runs: list[list[float]]) -> dict[str, object]:
    seconds = sorted(run[0] for run in runs)
    return {
        "name": name,
        "by": by,
        "repeats": len(runs),
        "seconds": round(statistics.median(seconds), 3),
        "fastest": round(seconds[0], 3),
        "slowest": round(seconds[-1], 3),
        "grew_mb": round(max(run[1] for run in runs)),
    }


def _cards(path: Path, contests: int, cards: int) -> None:
    with path.open("w") as out:
        out.write(",".join(["card", *(f"contest {n}" for n in range(contests))]) + "\n")
        for card in range(cards):
            marks = (NAMES[(card * 7 + contest * 3) % 11 % 4] for contest in range(contests))
            out.write(
                f"{card // 20_000}-{card // 200 % 100}-{card % 200}," + ",".join(marks) + "\n"
            )


def _raire(path: Path, contests: int, cards: int) -> None:
    with path.open("w") as out:
        out.write(f"{contests}\n")
        for contest in range(contests):
            out.write(f"Contest,{contest},4,{','.join(NAMES)}\n")
        for contest in range(contests):
            for card in range(cards):
                first = (card * 7 + contest) % 11 % 4
                out.write(
                    f"{contest},{card // 200}-{card % 200},{NAMES[first]},{NAMES[first - 1]}\n"
                )


def _figures(folder: Path, contests: int) -> tuple[Path, Path]:
    county, precinct = folder / "county.csv", folder / "precinct.csv"
    with county.open("w") as outer, precinct.open("w") as inner:
        outer.write("county,office,candidate,votes\n")
        inner.write("county,precinct,office,candidate,votes\n")
        for contest in range(contests):
            for place, name in enumerate(NAMES):
                votes = (contest * 13 + place * 101) % 900
                outer.write(f"Arden,Contest {contest},{name},{3 * votes + 3}\n")
                for at in range(3):
                    inner.write(f"Arden,P{at},Contest {contest},{name},{votes + at}\n")
    return county, precinct


def measure(
    folder: Path, cards: int, contests: int, repeats: int, peers: Path
) -> Iterable[dict[str, object]]:
    """Every figure, one after the other."""
    here = Path(sys.executable)
    for count in (1, 5):
        name = f"records of {cards:,} cards, {count} contest{'s' if count > 1 else ''}"
        table, raire = folder / f"{count}.csv", folder / f"{count}.raire"
        _cards(table, count, cards)
        _raire(raire, count, cards)
        for kind, path in (("table", table), ("RAIRE", raire)):
            runs = _measured(here, _OURS, path, repeats=repeats)
            yield _figure(name, f"detente, {kind}", runs)
        for peer, code in _LOADERS.items():
            found = [
                runs
                for python in (here, peers)
                if python.exists() and (runs := _measured(python, code, table, repeats=repeats))
            ]
            if found:
                yield _figure(name, f"{peer}, table", found[0])
            else:
                yield {"name": name, "by": peer, "skipped": "is not installed"}
    runs = _measured(here, _CHECK, *_figures(folder, contests), repeats=repeats)
    yield _figure(f"{contests:,} contests read anew and re-checked", "detente", runs)


def main() -> None:
    """Print a line for each figure; with `--json`, write them to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--contests", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=PEERS)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in measure(
            Path(folder), options.cards, options.contests, options.repeats, options.peers
        ):
            rows.append(row)
            if "skipped" in row:
                sys.stdout.write(f"{row['name']}, {row['by']}: {row['skipped']}\n")
                continue
            sys.stdout.write(
                f"{row['name']}, {row['by']}: {row['seconds']} s ({row['fastest']} to "
                f"{row['slowest']}, {row['repeats']} runs; grew by {row['grew_mb']} MB)\n"
            )
            sys.stdout.flush()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
