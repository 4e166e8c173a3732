"""An intrusion and a slow injection inside days of work: one rival's rules catch both."""

from hashlib import sha256

import orjson

from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.exercise.watched import WEB, WINDOWS, Office, WatchedUnit, shelf_of, watched
from detente.storage.detections import DetectionRow


def _run(stage: Stage) -> str:
    made = watched(stage)
    caught = made.detections(made.attacked)
    stage.keep("alarms.json", _alarms(made, made.attacked))
    for source in (WEB, WINDOWS):
        lines = [each.evidence or b"" for each in caught if each.source == source]
        stage.keep(f"{source}.evidence", b"\n".join(lines))
    harmful = [each for each in caught if each.evidence in made.attacked.harm]
    return facts(
        slow_injection_caught=_names(harmful, WEB, made.slow),
        intrusion_caught=_names(harmful, WINDOWS, made.came),
        raw_events_kept_with_their_hash=all(_is_kept(each) for each in caught),
        others_accused=len(caught) - len(harmful),
        caught_by_the_other_itself=len(made.detections(made.passed)),
    )


def _names(rows: list[DetectionRow], source: str, address: str) -> bool:
    """Say whether an event that was caught in a source names an address."""
    return any(address.encode() in (row.evidence or b"") for row in rows if row.source == source)


def _is_kept(row: DetectionRow) -> bool:
    return row.evidence is not None and sha256(row.evidence).digest() == row.event_hash


def _alarms(made: WatchedUnit, office: Office) -> bytes:
    with shelf_of(made.unit.directory(office.name)) as shelf:
        rows = shelf.alarms()
    told = [
        {
            "title": row.title,
            "level": row.level,
            "source": row.alarm.key.source,
            "about": row.alarm.key.entity,
            "count": row.alarm.count,
        }
        for row in rows
    ]
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


SCENE = Scene(
    name="intrusion",
    story="In one rival's logs somebody breaks in, another injects SQL for two days; both show.",
    expected=facts(
        slow_injection_caught=True,
        intrusion_caught=True,
        raw_events_kept_with_their_hash=True,
        others_accused=0,
        caught_by_the_other_itself=0,
    ),
    run=_run,
)
