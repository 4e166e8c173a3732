"""Records of a roll are edited in silence: found, explained, counted to the rival, no row told."""

import random

import orjson

from detente.node.clock import now
from detente.node.exercise.election_days import EDITED, roll_days
from detente.node.exercise.network import network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage


def _run(stage: Stage) -> str:
    unit = network(stage)
    chance = random.Random(stage.seed)  # noqa: S311 - the story's dice
    days = roll_days(chance, now())
    # Rows are no evidence for others: they stay where the run keeps its own things.
    place = stage.directory / "roll"
    place.mkdir()
    parts = {"layout.json": days.layout, "a.tsv": days.before, "b.tsv": days.after}
    for name, data in (parts | {"log.csv": days.log}).items():
        (place / name).write_bytes(data)
    words = ("elections", "rolls", "compare", place / "a.tsv", place / "b.tsv")
    more = ("--layout", place / "layout.json", "--log", place / "log.csv", "--json")
    compared = stage.detente(*words, *more)
    report = stage.keep("report.json", orjson.dumps(compared.document))
    period = ("--from", "2026-09-01", "--to", "2026-09-30", "--tlp", "green")
    said = unit.ask(stage.victim, "elections", "rolls", "share", report, *period).text("id")
    heard = patiently(lambda: unit.has(stage.hostile, said))
    shown = unit.ask(stage.hostile, "statement", "show", said)
    stage.keep("heard.json", orjson.dumps(shown.document))
    again = unit.ask(stage.victim, "elections", "rolls", "share", report, *period)
    signals = (compared.document or {}).get("signals")
    rows = signals if isinstance(signals, list) else []
    told = f"{compared.document}{shown.document}"
    return facts(
        found=", ".join(f"{row['count']} {row['signal']}" for row in rows),
        innocent_cause_given=all("Innocent:" in row["explanation"] for row in rows),
        called_an_attack="attack" in str(compared.document).lower(),
        counts_heard=heard
        and f'\\"silent_edit\\":{EDITED}' in orjson.dumps(shown.document).decode(),
        same_days_again=again.status == 0,
        any_voter_told=any(voter in told for voter in days.edited),
    )


SCENE = Scene(
    name="roll",
    story="Last names of forty voters change in silence; the rival learns a count and no name.",
    expected=facts(
        found=f"{EDITED} silent_edit",
        innocent_cause_given=True,
        called_an_attack=False,
        counts_heard=True,
        same_days_again=False,
        any_voter_told=False,
    ),
    run=_run,
)
