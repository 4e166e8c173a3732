"""Two found a unit and admit a third; one walks out, its past provable, and comes back."""

from functools import partial
from pathlib import Path

from detente.node.exercise.network import NetworkUnit, found, patiently, raise_nodes
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage

_WITNESS = ("witness-three.example",)


def _run(stage: Stage) -> str:
    leaver, stayer, joiner = stage.hostile, stage.victim, "cantor"
    names = (stayer, leaver, joiner)
    unit = raise_nodes(stage, stage.directory / "walkout", names, _WITNESS)
    try:
        return _play(stage, unit, leaver=leaver, stayer=stayer, joiner=joiner)
    finally:
        for name in names:
            unit.stop(name)


def _play(stage: Stage, unit: NetworkUnit, *, leaver: str, stayer: str, joiner: str) -> str:
    founded = found(unit, by=stayer, others=(leaver,), f=0)
    admitted = _admit(unit, by=stayer, who=joiner, voters=(leaver,), card=unit.urls[joiner])
    past = _warn(stage, unit, leaver, "past.csv", "203.0.113.61")
    heard = _heard(unit, past, stayer, joiner)
    receipt, policy = stage.keep("past.tlog-proof", b""), stage.keep("policy", b"")
    settled = patiently(partial(_settles, unit, stayer, past, receipt))
    unit.ask_plain(stayer, "charter", "policy", "--member", leaver.capitalize(), "--out", policy)
    unit.ask(leaver, "charter", "leave", "--yes")
    seen = all(patiently(partial(_is, unit, name, leaver, "left")) for name in (stayer, joiner))
    verified = stage.detente("receipt", "verify", receipt, "--policy", policy, "--json")
    speaks = unit.ask(leaver, "statement", "publish", _table(stage, "late.csv", "203.0.113.62"))
    after = _warn(stage, unit, stayer, "after.csv", "203.0.113.63")
    goes_on = _heard(unit, after, joiner)
    removed = _decide(unit, stayer, (joiner,), 3, "charter", "propose", "remove", leaver.title())
    released = "203.0.113.63" in str(unit.ask(leaver, "statement", "show", after).document)
    old_log = unit.member_origin(leaver)
    card = stage.keep("returning.card", b"")
    unit.ask_plain(leaver, "charter", "card", "--out", card)
    returned = _admit(unit, by=stayer, who=leaver, voters=(joiner,), card=str(card))
    new = patiently(lambda: unit.member_origin(leaver) != old_log)
    again = _warn(stage, unit, leaver, "again.csv", "203.0.113.64")
    back = _heard(unit, again, stayer, joiner)
    stage.keep("unit.chain", unit.chain.read_bytes())
    chained = stage.detente("receipt", "verify", receipt, "--policy", policy, "--json")
    return facts(
        two_founded=founded,
        third_admitted=admitted,
        past_heard_and_settled=heard and settled,
        leaving_seen_by_all=seen,
        past_verified_by_a_stranger=verified.status == 0,
        leaver_speaks_on=speaks.status == 0,
        the_others_go_on=goes_on and removed,
        released_to_the_leaver=released,
        returned=returned and back,
        same_log_next_epoch=new and unit.member_origin(leaver) == _next(old_log),
        past_attached=unit.has(stayer, past) and chained.status == 0,
    )


def _admit(unit: NetworkUnit, *, by: str, who: str, voters: tuple[str, ...], card: str) -> bool:
    """Let one member draft an admission, the newcomer accept, and the others vote."""
    version = _version(unit, by) + 1
    unit.ask(by, "charter", "admit", card, "--open")
    unit.ask(who, "charter", "vote", unit.urls[by])
    return _vote(unit, (by, *voters), voters, version) and patiently(
        partial(_is, unit, who, who, "active")
    )


def _decide(unit: NetworkUnit, by: str, voters: tuple[str, ...], version: int, *words: str) -> bool:
    unit.ask(by, *words)
    return _vote(unit, (by, *voters), voters, version)


def _vote(
    unit: NetworkUnit, members: tuple[str, ...], voters: tuple[str, ...], version: int
) -> bool:
    for name in voters:
        patiently(partial(_is_asked, unit, name))
        for proposal in _proposals(unit, name):
            unit.ask(name, "charter", "vote", proposal)
    return all(patiently(partial(_is_at, unit, name, version)) for name in members)


def _is_asked(unit: NetworkUnit, name: str) -> bool:
    return bool(_proposals(unit, name))


def _is_at(unit: NetworkUnit, name: str, version: int) -> bool:
    return _version(unit, name) == version


def _proposals(unit: NetworkUnit, name: str) -> list[str]:
    rows = unit.look(name, "charter show", offer=None).get("proposals", [])
    return [str(each["proposal"]) for each in rows] if isinstance(rows, list) else []


def _version(unit: NetworkUnit, name: str) -> int:
    return int(str(unit.look(name, "charter show", offer=None).get("version") or 0))


def _is(unit: NetworkUnit, at: str, who: str, standing: str) -> bool:
    """Say whether a member stands so, as one node sees it."""
    rows = unit.look(at, "charter show", offer=None).get("standings", [])
    found = rows if isinstance(rows, list) else []
    return any(each["name"] == who.title() and each["standing"] == standing for each in found)


def _table(stage: Stage, name: str, address: str) -> Path:
    return stage.keep(name, f"type,value,name\nipv4-addr,{address},probes\n".encode())


def _warn(stage: Stage, unit: NetworkUnit, who: str, name: str, address: str) -> str:
    table = _table(stage, name, address)
    return unit.ask(who, "statement", "publish", table, "--tlp", "green").text("id")


def _heard(unit: NetworkUnit, statement: str, *names: str) -> bool:
    if not statement:
        return False
    return all(patiently(partial(unit.has, name, statement)) for name in names)


def _settles(unit: NetworkUnit, name: str, statement: str, receipt: Path) -> bool:
    made = unit.ask(name, "receipt", "make", statement, "--out", receipt)
    return made.text("seen") == "seen by 3 of 3"


def _next(origin: str) -> str:
    log, _, epoch = origin.partition("/")
    return f"{log}/{int(epoch) + 1}"


SCENE = Scene(
    name="walkout",
    story="Two found a unit and admit a third; one walks out with its past provable, and returns.",
    expected=facts(
        two_founded=True,
        third_admitted=True,
        past_heard_and_settled=True,
        leaving_seen_by_all=True,
        past_verified_by_a_stranger=True,
        leaver_speaks_on=False,
        the_others_go_on=True,
        released_to_the_leaver=False,
        returned=True,
        same_log_next_epoch=True,
        past_attached=True,
    ),
    run=_run,
)
