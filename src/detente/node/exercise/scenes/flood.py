"""Polls close, a flood takes the results page, and six requests inside it want something else."""

import random

import orjson

from detente.node.clock import now
from detente.node.exercise.election_days import QUIET, flood_night
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage


def _run(stage: Stage) -> str:
    chance = random.Random(stage.seed)  # noqa: S311 - the story's dice
    data = flood_night(chance, now())
    log = stage.keep("access.log", data)
    told = stage.detente("elections", "systems", "scan", "--events", log, "--json").document or {}
    stage.keep("findings.json", orjson.dumps(told))
    rows = told.get("findings")
    signs = {row["sign"]: row for row in rows} if isinstance(rows, list) else {}
    quiet = signs.get("quiet_in_flood", {"lines": [], "innocent": ""})
    lines = data.splitlines()
    return facts(
        told=", ".join(sorted(signs)),
        quiet_requests_found=len(quiet["lines"]),
        all_of_them_the_odd_ones=all(b"template=" in lines[at - 1] for at in quiet["lines"]),
        innocent_cause_given=all(row["innocent"] for row in signs.values()),
        called_an_attack="attack" in str(rows).lower(),
    )


SCENE = Scene(
    name="flood",
    story="A flood hides six requests that ask the server for its own files; each is named.",
    expected=facts(
        told="flood, quiet_in_flood",
        quiet_requests_found=QUIET,
        all_of_them_the_odd_ones=True,
        innocent_cause_given=True,
        called_an_attack=False,
    ),
    run=_run,
)
