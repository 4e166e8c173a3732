"""An accord is concluded, a breach alleged, answered and judged by who is not accused."""

from functools import partial
from hashlib import sha256

from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.exercise.typed import rows, typed


def _run(stage: Stage) -> str:
    unit = network(stage)
    accuser, accused, observer = stage.victim, stage.hostile, "cantor"
    accord = _concluded(unit, accuser, accused, observer)
    before = str(_shown(unit, observer, accord)["standing"])
    for name in (accused, observer):
        patiently(partial(_is_there, unit, name, accord))
        typed(unit, name, "accord sign", accord=accord)
    in_force = patiently(lambda: _stands(unit, accuser, accord, "in force"))
    allegation = _allege(stage, unit, accord)
    patiently(lambda: bool(_allegations(unit, accused, accord)))
    _judge(unit, accused, accord, allegation, verdict="not shown", because="we say so")
    waiting = str(_allegations(unit, accused, accord)[0]["outcome"])
    reply = "a contractor's scanner, ended"
    typed(unit, accused, "accord reply", accord=accord, words=reply, allegation=allegation)
    patiently(lambda: bool(_replies(unit, observer, accord)))
    _judge(unit, observer, accord, allegation, verdict="shown", because="both logs name it")
    judged = patiently(lambda: _outcome(unit, accuser, accord) == "shown")
    typed(unit, accuser, "accord suspend", accord=accord, words="until the logs were compared")
    suspended = patiently(lambda: _stands(unit, accused, accord, "suspended"))
    typed(unit, observer, "accord report", accord=accord, month="2026-11")
    figures = rows(_shown(unit, observer, accord), "reports")[0]["figures"]
    ends = {str(_shown(unit, name, accord)["allegations"]) for name in (accuser, accused)}
    return facts(
        before_all_signed=before,
        in_force_once_all_signed=in_force,
        before_the_reply=waiting,
        accused_does_not_judge=len(ends) == 1 and "not shown" not in str(ends),
        shown_by_the_observer=judged,
        suspended=suspended,
        standing_report=str(figures),
    )


def _allege(stage: Stage, unit: NetworkUnit, accord: str) -> str:
    """Allege a breach with the hash of a log that is kept as evidence."""
    log = stage.keep("login.log", b"2026-11-03T11:58:02Z login from 203.0.113.9\n")
    said = typed(
        unit,
        stage.victim,
        "accord allege",
        accord=accord,
        words="a login from their network",
        accused=stage.hostile.title(),
        clause=0,
        evidence=[sha256(log.read_bytes()).hexdigest()],
    )
    return str(said["entry"])


def _judge(
    unit: NetworkUnit, name: str, accord: str, allegation: str, *, verdict: str, because: str
) -> None:
    judged = {"verdict": verdict, "allegation": allegation, "because": because}
    typed(unit, name, "accord judge", accord=accord, **judged)


def _concluded(unit: NetworkUnit, accuser: str, accused: str, observer: str) -> str:
    proposed = typed(
        unit,
        accuser,
        "accord propose",
        title="No probes of rolls",
        parties=[accuser.title(), accused.title()],
        observers=[observer.title()],
        clauses=["Neither probes the other's roll"],
        classes=["rolls"],
        techniques=["T1190"],
        start="2026-01-01T00:00",
        end="2099-12-31T00:00",
        zone="Europe/Tirane",
        breach="a login or scan from the other's network",
        shown_by="two logs that agree",
        judges="observers",
    )
    accord = str(proposed["thread"])
    typed(unit, accuser, "accord sign", accord=accord)
    patiently(lambda: _is_there(unit, observer, accord))
    return accord


def _shown(unit: NetworkUnit, name: str, accord: str) -> dict[str, object]:
    return typed(unit, name, "accord show", accord=accord)


def _is_there(unit: NetworkUnit, name: str, accord: str) -> bool:
    return any(each["id"] == accord for each in rows(typed(unit, name, "accord list"), "accords"))


def _stands(unit: NetworkUnit, name: str, accord: str, standing: str) -> bool:
    return _shown(unit, name, accord)["standing"] == standing


def _allegations(unit: NetworkUnit, name: str, accord: str) -> list[dict[str, object]]:
    return rows(_shown(unit, name, accord), "allegations")


def _replies(unit: NetworkUnit, name: str, accord: str) -> list[dict[str, object]]:
    found = _allegations(unit, name, accord)
    return rows(found[0], "replies") if found else []


def _outcome(unit: NetworkUnit, name: str, accord: str) -> str:
    return str(_allegations(unit, name, accord)[0]["outcome"])


SCENE = Scene(
    name="accord",
    story="An accord is signed by all; a breach is alleged, answered, and judged by an observer.",
    expected=facts(
        before_all_signed="proposed",
        in_force_once_all_signed=True,
        before_the_reply="open for reply",
        accused_does_not_judge=True,
        shown_by_the_observer=True,
        suspended=True,
        standing_report="{'alleged': 1, 'answered': 1, 'kept': 0, 'shown': 1}",
    ),
    run=_run,
)
