"""What is found of recorded incidents inside made traffic, stage by stage, and how fast.

`python -m bench.systems [--benign N] [--repeats N] [--json FILE]`
The shared generator writes the logs (DETENTE_SHARED names its folder). Recall: lines of a stage
that some finding rests on; precision: lines of all findings of a sign that belong to an
incident. Beside the checks over many lines, the shipped rules over the same files.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from detente.node.rulesets import SHIPPED, RuleChoice, load_rules
from detente.node.scanning import Scan, Summary, scan
from detente.node.system_logs import Placed, Read, scan_systems

ROOT = Path(__file__).resolve().parent.parent
TOOL = Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared") / "tools/make_weblogs.py"
NOW = datetime(2026, 11, 23, tzinfo=UTC).timestamp()

BEYOND_A_LOG = {
    ("I1", "credential_use"): "one logon with a right password; the rule on such logons tells it",
    ("I6", "credential_use"): "one logon with a right password; the rule on such logons tells it",
    ("I6", "credential_page_lookup"): "one look-up of a name nobody has named yet",
    ("I6", "second_stage_lookup"): "one look-up of a name nobody has named yet",
}
"""Stages that no check over many lines finds, and why."""
NOT_ACCUSED = {"flood": "voters asked for the page in the same hour; it is told as a whole"}
"""Signs whose findings hold lines of nobody's incident, and why."""

Lines = dict[str, set[int]]


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage: its lines, those found by checks over many lines, those found by rules."""

    incident: str
    stage: str
    lines: int
    found: int
    by_rules: int

    @property
    def recall(self) -> float:
        """Share of its lines that some finding rests on."""
        return self.found / self.lines


@dataclass(frozen=True, slots=True)
class SignRow:
    """One sign: lines its findings rest on, and those of nobody's incident."""

    sign: str
    lines: int
    others: int


@dataclass(frozen=True, slots=True)
class Table:
    """What came of one folder."""

    stages: tuple[StageRow, ...]
    signs: tuple[SignRow, ...]
    rules: tuple[SignRow, ...]


def made(tool: Path, folder: Path, *arguments: str) -> Path:
    """Let the generator write logs into a folder."""
    words = [sys.executable, str(tool), "--out", str(folder), *arguments]
    subprocess.run(words, check=True, capture_output=True, timeout=300)  # noqa: S603 - our generator
    return folder


def looked_at(folder: Path, read: Read) -> list[Placed]:
    """Every finding in a folder's logs."""
    return list(scan_systems([str(path) for path in _logs(folder)], read, now=NOW))


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.log"))


def by_stage(folder: Path, *, kept: Path | None = None) -> Table:
    """Compare what is found with the ground truth beside the logs.

    Args:
        folder: the generator's.
        kept: folder for compiled rules; without it the rules are not asked.
    """
    truth: dict[tuple[str, str], Lines] = {}
    document = json.loads((folder / "ground_truth.json").read_text())
    for incident, stages in document["incidents"].items():
        for stage, files in stages.items():
            truth[incident, stage] = {
                name: {n for a, b in each["ranges"] for n in range(a, b + 1)}
                for name, each in files.items()
            }
    signs: dict[str, Lines] = defaultdict(lambda: defaultdict(set))
    for placed in looked_at(folder, Read()):
        name = str(Path(placed.place).relative_to(folder))
        signs[placed.finding.sign.value][name].update(placed.finding.lines)
    rules = _by_rules(folder, kept) if kept else {}
    return Table(
        tuple(
            StageRow(*key, *(_overlap(lines, each) for each in ({"": lines}, signs, rules)))
            for key, lines in sorted(truth.items())
        ),
        _precise(signs, truth),
        _precise(rules, truth),
    )


def _by_rules(folder: Path, kept: Path) -> dict[str, Lines]:
    rules = load_rules(
        RuleChoice((SHIPPED,)), today=datetime.fromtimestamp(NOW, UTC).date(), keep=kept
    )
    what = Scan(rules, [str(path) for path in _logs(folder)], jobs=1)
    told: dict[str, Lines] = defaultdict(lambda: defaultdict(set))
    for each in scan(what, Summary(), now=NOW):
        told[each.title][str(Path(each.input).relative_to(folder))].add(each.line + 1)
    return told


def _overlap(lines: Lines, found: dict[str, Lines]) -> int:
    return sum(
        len(mine & set().union(*(each.get(name, set()) for each in found.values())))
        for name, mine in lines.items()
    )


def _precise(signs: dict[str, Lines], truth: dict[tuple[str, str], Lines]) -> tuple[SignRow, ...]:
    rows = []
    for sign, files in sorted(signs.items()):
        total = sum(map(len, files.values()))
        ours = sum(
            len(mine & set().union(*(each.get(name, set()) for each in truth.values())))
            for name, mine in files.items()
        )
        rows.append(SignRow(sign, total, total - ours))
    return tuple(rows)


def _print(table: Table) -> None:
    say = sys.stdout.write
    say(f"{'INCIDENT':9}{'STAGE':24}{'LINES':>7}{'RECALL':>9}{'BY RULES':>10}\n")
    for row in table.stages:
        why = BEYOND_A_LOG.get((row.incident, row.stage), "") if row.recall < 1 else ""
        share = row.by_rules / row.lines
        say(f"{row.incident:9}{row.stage:24}{row.lines:7}{row.recall:9.1%}{share:10.1%}  {why}\n")
    for title, rows in (("SIGN", table.signs), ("RULE", table.rules)):
        say(f"\n{title:58}{'LINES':>7}{'PRECISION':>11}\n")
        for each in rows:
            why = NOT_ACCUSED.get(each.sign, "") if each.others else ""
            say(f"{each.sign:58}{each.lines:7}{1 - each.others / each.lines:11.1%}  {why}\n")


def _timed(folder: Path, repeats: int) -> dict[str, object]:
    rates = []
    for _ in range(repeats):
        read = Read()
        start = time.perf_counter()
        looked_at(folder, read)
        entries = read.requests + read.letters + read.others
        rates.append(entries / (time.perf_counter() - start))
    return {
        "name": "log entries read and looked at per second",
        "entries": entries,
        "repeats": repeats,
        "median": round(statistics.median(rates)),
        "slowest": round(min(rates)),
        "fastest": round(max(rates)),
    }


def main() -> None:
    """Print the tables and the rate; with `--json`, write the rate to a file as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benign", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not TOOL.exists():
        raise SystemExit(f"{TOOL} is absent; set DETENTE_SHARED to the folder that holds it")
    with TemporaryDirectory() as place:
        folder = made(TOOL, Path(place) / "logs", "--benign", str(options.benign))
        _print(by_stage(folder, kept=Path(place)))
        row = _timed(folder, options.repeats)
        clean = made(TOOL, Path(place) / "clean", "--clean", "--benign", str(options.benign))
        told = by_stage(clean, kept=Path(place))
    sys.stdout.write(
        f"\nclean traffic with decoys: {len(told.signs)} signs, {len(told.rules)} rules\n"
    )
    for each in told.rules:
        sys.stdout.write(f"  {each.sign}: {each.lines}\n")
    sys.stdout.write(
        f"{row['name']}: {row['median']:,} ({row['slowest']:,} to {row['fastest']:,}, "
        f"{row['repeats']} runs of {row['entries']:,})\n"
    )
    if options.json:
        options.json.write_text(json.dumps([row], indent=1) + "\n")


if __name__ == "__main__":
    main()
