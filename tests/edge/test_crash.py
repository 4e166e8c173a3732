"""kill -9 at every point of the append path loses nothing acknowledged and forks nothing.

(docs/threats.md: a node that dies at the worst moment.)
"""

import base64
import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detente.signing import leaf_hash
from detente.tlog import Checkpoint, Frontier, open_note
from tests.edge.log_on_disk import VERIFIERS, new_log, payload_hash, read_log, reopen_log
from tests.shared import ROOT, SOAK, scaled

# Each place with the highest passage that a run of a second surely reaches.
PLACES = {
    "signed": 300,
    "database-commit": 60,
    "journal-durable": 40,
    "acknowledged": 300,
    "create": 60,
    "write": 60,
    "half-written": 60,
    "sync": 60,
    "rename": 60,
    "renamed": 60,
    "sync-folder": 60,
    "tiles-durable": 12,
    "checkpoint-advanced": 12,
    "note-signed": 12,
    "note-published": 12,
    "journal-shortened": 2,
    "make-folder": 3,
    "any moment": 1,
}
RUNS = scaled(60, 1_000)
KILLS_PER_LOG = 6
SECONDS = 1.5


class Launcher:
    """The process that forks each run."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.edge.append_until_killed"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, **order: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(10) == 0


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


def plan(seed: int) -> list[list[tuple[str, int, float]]]:
    """Deal every place out to logs, so that each log dies in several ways, one after another."""
    draw = random.Random(seed)
    kills = []
    while len(kills) < RUNS:
        for place, passage_max in PLACES.items():
            after_s = draw.uniform(0.02, 0.6) if place == "any moment" else 0.0
            kills.append((place, draw.randint(1, passage_max), after_s))
    kills = kills[:RUNS]
    draw.shuffle(kills)
    return [kills[at : at + KILLS_PER_LOG] for at in range(0, RUNS, KILLS_PER_LOG)]


def read_diary(directory: Path) -> tuple[dict[int, str], list[bytes]]:
    acknowledged: dict[int, str] = {}
    notes = []
    for line in (directory / "diary").read_text().splitlines():
        match line.split():
            case ["ack", seq, digest]:
                assert int(seq) not in acknowledged, f"position {seq} acknowledged twice"
                acknowledged[int(seq)] = digest
            case ["note", encoded]:
                notes.append(base64.b64decode(encoded))
    return acknowledged, notes


def check(directory: Path) -> int:
    """Hold what was said and shown in all runs against the log as a stranger reads it."""
    opened = reopen_log(directory)
    checkpoint, entries = read_log(opened.tiles)
    opened.close()
    acknowledged, notes = read_diary(directory)
    for seq, digest in acknowledged.items():
        assert payload_hash(entries[seq]) == digest, f"acknowledged {seq} is another statement"
    shown = [Checkpoint.parse(open_note(note, VERIFIERS).text) for note in notes]
    assert [one.size for one in shown] == sorted(one.size for one in shown)
    edge = Frontier()
    for one in shown:
        added = entries[edge.size : one.size]
        edge = edge.append([leaf_hash(entry) for entry in added]).frontier
        assert (edge.size, edge.root) == (one.size, one.root), "a second tree of one size"
    assert checkpoint == shown[-1]
    return len(acknowledged)


@pytest.mark.parametrize("kills", plan(seed=20261123), ids=lambda kills: kills[0][0])
def test_a_node_killed_at_any_point_keeps_what_it_acknowledged_and_goes_on(
    kills, launcher, tmp_path
):
    new_log(tmp_path).close()
    killed = 0
    for number, (place, passage, after_s) in enumerate(kills):
        order = {"directory": str(tmp_path), "run": number, "place": place, "passage": passage}
        ended = launcher.run(**order, after_s=after_s, seconds=SECONDS)
        assert ended in ("killed", "exit 0"), f"{place} {passage}: {ended}"
        killed += ended == "killed"
    last = launcher.run(
        directory=str(tmp_path), run="last", place="", passage=0, after_s=0, seconds=0.05
    )
    assert last == "exit 0"
    # A machine under load may end a run before the chosen passage comes; most must die.
    assert killed >= len(kills) - 2
    assert check(tmp_path) > 0


def test_the_plan_covers_every_place():
    assert {place for kills in plan(seed=1) for place, _, _ in kills} == set(PLACES)
    assert sum(map(len, plan(seed=1))) == (1_000 if SOAK else 60)
