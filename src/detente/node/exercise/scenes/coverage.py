"""What neither rival could have seen, whatever happened: said by their own logs and rules."""

from collections.abc import Sequence
from pathlib import Path

import orjson

from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.exercise.watched import WatchedUnit, watched

# A script that fetches and runs: seen only where blocks of PowerShell are logged.
_BLIND = "d3b4da2f-d684-4dc7-ad5b-e391e2baecdb"
_INJECTION = "T1190"


def _run(stage: Stage) -> str:
    made = watched(stage)
    own = [made.attacked.folder, made.passed.folder]
    layer = stage.keep("layer.json", b"")
    covered = _cover(stage, made, own, layer)
    # With what somebody brought more may be seen; what is said of it must add up as well.
    more = stage.keep("layer-with-brought.json", b"") if made.events else layer
    brought = _cover(stage, made, [*own, made.events], more) if made.events else covered
    blind = {str(row["rule"]): str(row["reason"]) for row in _rows(covered, "cannot_fire")}
    silent = [str(row.get("category")) for row in _rows(covered, "silent_sources")]
    fired = {row.rule for row in made.detections(made.attacked)}
    return facts(
        every_rule_is_accounted_for=_adds_up(covered) and _adds_up(brought),
        script_rule_could_fire=_BLIND not in blind,
        because=blind.get(_BLIND, ""),
        scripts_are_a_silent_source="ps_script" in silent,
        rules_that_fired_said_unable=len(fired & blind.keys()),
        layer_claims_the_injection=_INJECTION in _techniques(layer.read_bytes()),
        every_line_was_read=_is_read(made, covered),
    )


def _cover(
    stage: Stage, made: WatchedUnit, events: Sequence[Path], layer: Path
) -> dict[str, object]:
    words: list[str | Path] = ["watch", "coverage", "--rules", *made.rules]
    words += ["--layer", layer, "--json", "--events"]
    covered = stage.detente(*words, *events).document or {}
    name = layer.name.replace("layer", "coverage")
    stage.keep(name, orjson.dumps(covered, option=orjson.OPT_INDENT_2))
    return covered


def _rows(covered: dict[str, object], name: str) -> list[dict[str, object]]:
    rows = covered.get(name)
    return rows if isinstance(rows, list) else []


def _adds_up(covered: dict[str, object]) -> bool:
    parts = [len(_rows(covered, "cannot_fire")), len(_rows(covered, "refused"))]
    return covered.get("rules") == sum(parts) + int(str(covered.get("can_fire", -1)))


def _is_read(made: WatchedUnit, covered: dict[str, object]) -> bool:
    """Say whether all events of both offices were read, and none was set aside."""
    lines = sum(sum(office.lines.values()) for office in (made.attacked, made.passed))
    return int(str(covered.get("events", 0))) >= lines and covered.get("set_aside") == 0


def _techniques(layer: bytes) -> set[str]:
    return {str(each["techniqueID"]) for each in orjson.loads(layer).get("techniques", [])}


SCENE = Scene(
    name="coverage",
    story="Both ask what none of their rules could have seen in such logs, and why.",
    expected=facts(
        every_rule_is_accounted_for=True,
        script_rule_could_fire=False,
        because="no event of its log source was seen",
        scripts_are_a_silent_source=True,
        rules_that_fired_said_unable=0,
        layer_claims_the_injection=True,
        every_line_was_read=True,
    ),
    run=_run,
)
