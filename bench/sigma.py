"""Sigma rules over Windows events: whole runs of the command, and what the kernel does alone.

Needs the shared rules and events (DETENTE_SHARED names their folder). Every figure is taken
beside `orjson.loads` over the same lines in the same minute: other work on the machine
slows both.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import zstandard

from detente.node.event_files import EventInput
from detente.node.rulesets import Loaded, RuleChoice, load_rules
from detente.node.scanning import Engine
from detente.node.scanning_in_parts import seen_in_parts
from detente.watch.kernel import FieldAtoms, Kernel, Op, Program, Variant

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared") / "data" / "watch"
TODAY = date(2026, 11, 23)
FLOOR_EVENTS = 20_000
TEXT = {Op.IS, Op.CONTAINS, Op.STARTS, Op.ENDS, Op.GLOB, Op.REGEX}


def main() -> None:
    """Print the figures as JSON, each a median with its least and its most."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, default=SHARED / "events_228k.jsonl.zst")
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
    """Return every figure; seconds where the name says nothing else."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    plain = folder / "events.jsonl"
    with events.open("rb") as packed, plain.open("wb") as out:
        zstandard.ZstdDecompressor().copy_stream(packed, out)
    few = folder / "few.jsonl"
    with plain.open("rb") as stream:
        few.write_bytes(stream.readline())
    compiled = [command(rules, few, 1)]
    started = [command(rules, few, 1) for _ in range(times)]
    one, two, decoding = [], [], []
    for _ in range(times):  # in turn, so that the machine's moods meet all alike
        decoding.append(timed(lambda: decode(plain)))
        one.append(command(rules, plain, 1))
        two.append(command(rules, plain, 2))
    return {
        "rules_run": len(loaded(rules).wanted),
        "first_run_of_one_event": spreads(compiled),
        "second_run_of_one_event": spreads(started),
        "orjson_loads": spreads(decoding),
        "one_core": spreads(one),
        "one_core_allowed": spreads([Taken(*(3.5 * s + 1 for s in each)) for each in decoding]),
        "two_cores": spreads(two),
        "two_cores_gain": spread([a.wall / b.wall for a, b in zip(one, two, strict=True)]),
        "megabytes_max": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
        "ten_times_rules": ten_times(loaded(rules), plain),
        "floor": floor(loaded(rules)),
        "load_average": os.getloadavg(),
    }


class Taken(NamedTuple):
    """What some work took: seconds on the clock, seconds of processors."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Taken:
    """Return what some work takes, in this process and those it starts."""
    start = time.perf_counter(), _cpu()
    work()
    return Taken(time.perf_counter() - start[0], _cpu() - start[1])


def _cpu() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def spreads(taken: list[Taken]) -> dict[str, dict[str, float]]:
    """Return the spread on the clock and of processors."""
    return {
        "wall": spread([each.wall for each in taken]),
        "cpu": spread([each.cpu for each in taken]),
    }


def spread(figures: list[float]) -> dict[str, float]:
    """Return median, least and most."""
    named = {"median": statistics.median(figures), "min": min(figures), "max": max(figures)}
    return {name: round(value, 3) for name, value in named.items()}


def command(rules: Path, events: Path, jobs: int) -> Taken:
    """Run the program as a person would."""
    words = ("watch", "scan", "--rules", rules, "--events", events, "--jobs", jobs)
    arguments = [sys.executable, "-m", "detente", *map(str, words), "--pipeline", "sysmon"]
    return timed(
        lambda: subprocess.run(  # noqa: S603 - our own program
            [*arguments, "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )


def decode(path: Path) -> None:
    """Decode every line and do nothing with it."""
    with path.open("rb") as stream:
        for line in stream:
            orjson.loads(line)


def loaded(rules: Path) -> Loaded:
    """Return all rules, Windows categories read as Sysmon's."""
    return load_rules(RuleChoice((str(rules),), ("sysmon",)), today=TODAY)


def ten_times(rules: Loaded, path: Path) -> dict[str, Any]:
    """Return what ten times as many rules cost: copies with other texts, which nothing holds.

    `first` prepares what rules ask as events come to it, `next` finds it prepared.
    """
    many = replace(rules.rules, program=multiplied(rules.rules.program, 10))
    wanted = frozenset(range(len(many.program.rules)))
    ten = Loaded(many, wanted, 0, was_kept=True, told=wanted)
    figures: dict[str, Any] = {"rules": len(wanted)}
    for name, each in (("one", rules), ("ten", ten)):
        engine = Engine(each)
        for turn in ("first", "next"):
            start = time.process_time()
            hits = sum(
                len(seen.detections)
                for seen in seen_in_parts(EventInput(str(path)), engine, jobs=1, now=2e9)
            )
            figures[f"{name}_{turn}_cpu"] = round(time.process_time() - start, 3)
        figures[f"{name}_hits"] = hits
    for turn in ("first", "next"):
        ratio = figures[f"ten_{turn}_cpu"] / figures[f"one_{turn}_cpu"]
        figures[f"ratio_{turn}"] = round(ratio, 3)
    return figures


def multiplied(program: Program, times: int) -> Program:
    """Return a program with copies of every rule, each with texts of its own."""
    fields, first = [], 0
    moved: list[list[int]] = [[] for _ in range(times)]
    for each in program.fields:
        asked: dict[str, int] = {}
        for copy in range(times):
            for atom in each.atoms:
                said = json.dumps(changed(atom, copy))
                moved[copy].append(first + asked.setdefault(said, len(asked)))
        fields.append(FieldAtoms(each.name, first, [tuple(json.loads(said)) for said in asked]))
        first += len(asked)
    size = len(program.rules)
    return Program(
        fields,
        [replace(rule, id=f"{rule.id}#{copy}") for copy in range(times) for rule in program.rules],
        [
            shifted(each, moved[0], moved[copy], copy, copy * size)
            for copy in range(times)
            for each in program.variants
        ],
    )


def changed(atom: tuple[str, Any], copy: int) -> tuple[str, Any]:
    """Return an atom with another text; what is no text stays."""
    op, value = atom
    if copy == 0 or op.removeprefix("cased ") not in TEXT:
        return atom
    if op.endswith("glob"):
        return op, [f"{copy}\u00a7", *value]
    return op, f"{value}\u00a7{copy}" if op.endswith("starts") else f"{copy}\u00a7{value}"


def shifted(variant: Variant, old: list[int], new: list[int], copy: int, rules: int) -> Variant:
    """Return a variant over other atoms; one without a text of its own gets other numbers."""

    def moved_tree(tree: Any) -> Any:  # noqa: ANN401 - as `Tree`
        if isinstance(tree, list):
            return [tree[0], *map(moved_tree, tree[1:])]
        return new[tree] if type(tree) is int else tree

    route = variant.route
    if copy and not any(all(old[a] != new[a] for a in each) for each in variant.witnesses):
        route = replace(route, event_ids=tuple(f"{copy}-{each}" for each in route.event_ids or "0"))
        if route.source is not None:
            route = replace(route, source=(route.source[0], f"{copy}", route.source[2]))
    return replace(
        variant,
        rule=variant.rule + rules,
        route=route,
        tree=moved_tree(variant.tree),
        witnesses=tuple(tuple(new[atom] for atom in each) for each in variant.witnesses),
    )


def floor(rules: Loaded) -> dict[str, float]:
    """Return events a second when every value of every event is new, memos full of others."""
    kernel = Kernel(rules.rules.program, rules.wanted)
    names = ("Image", "CommandLine", "ParentImage", "ParentCommandLine", "User", "Hashes")
    base = r"C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe -nop -w hidden "
    events = [
        {
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventID": 1,
            **{name: f"{base}{name} {at} \\cmd.exe" for name in names},
        }
        for at in range(FLOOR_EVENTS)
    ]
    kernel.match(events[: FLOOR_EVENTS // 2])
    rest = events[FLOOR_EVENTS // 2 :]
    taken = timed(lambda: kernel.match(rest))
    return {
        "events_a_second": round(len(rest) / taken.wall),
        "events_a_second_cpu": round(len(rest) / taken.cpu),
        "remembered": kernel.remembered,
    }


if __name__ == "__main__":
    main()
