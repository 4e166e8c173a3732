"""An accuser was wrong: it doubts a true warning before everybody, and takes that back."""

from functools import partial

from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage


def _run(stage: Stage) -> str:
    unit = network(stage)
    accused, accuser = stage.hostile, stage.victim
    table = stage.keep("warning.csv", b"type,value,name\nipv4-addr,203.0.113.31,scans\n")
    warning = unit.ask(accused, "statement", "publish", table, "--tlp", "green").text("id")
    heard = patiently(lambda: unit.has(accuser, warning))
    reason = "this is our own scanner"
    doubt = unit.ask(accuser, "statement", "dispute", warning, "--reason", reason).text("id")
    doubted = _everywhere(unit, doubt)
    reason = "we were wrong: it is not ours"
    back = unit.ask(accuser, "statement", "retract", doubt, "--reason", reason).text("id")
    taken_back = _everywhere(unit, back)
    stranger = unit.ask(accused, "statement", "retract", doubt, "--reason", "not yours")
    kept = all(unit.has(name, each) for name in unit.urls for each in (warning, doubt, back))
    shown = unit.ask("cantor", "statement", "show", back)
    stage.keep("retraction.json", repr(shown.document).encode())
    return facts(
        warning_heard=heard,
        dispute_seen_by_all=doubted,
        retraction_seen_by_all=taken_back,
        retraction_names_the_dispute=doubt in str(shown.document),
        accused_can_retract_it=stranger.status == 0,
        nothing_was_removed=kept,
    )


def _everywhere(unit: NetworkUnit, statement: str) -> bool:
    return all(patiently(partial(unit.has, name, statement)) for name in unit.urls)


SCENE = Scene(
    name="mistake",
    story="One rival doubts the other's warning, was wrong, and takes it back; all of it stays.",
    expected=facts(
        warning_heard=True,
        dispute_seen_by_all=True,
        retraction_seen_by_all=True,
        retraction_names_the_dispute=True,
        accused_can_retract_it=False,
        nothing_was_removed=True,
    ),
    run=_run,
)
