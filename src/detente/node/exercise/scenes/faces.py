"""A rival shows two faces over the network: both others notice, keep a proof, and hold it back."""

import shutil
from functools import partial
from pathlib import Path
from urllib.request import urlopen

from detente.exchange.protocol.paths import parse_proof_list
from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.proofs import parse_chain, verify

_ANSWER_BYTES_MAX = 1 << 20


def _run(stage: Stage) -> str:
    unit = network(stage)
    liar = stage.hostile
    twin = unit.place / f"{liar}-twin"
    unit.stop(liar)
    shutil.copytree(unit.directory(liar), twin)
    unit.start(liar)
    first = _say(stage, unit, "one.csv", "203.0.113.51")
    heard = all(patiently(partial(unit.has, name, first)) for name in (stage.victim, "cantor"))
    unit.stop(liar)
    table = stage.keep("other.csv", b"type,value,name\nipv4-addr,203.0.113.52,other face\n")
    second = stage.detente(
        "statement", "publish", table, "--tlp", "green", "--node", twin, "--json"
    ).text("id")
    unit.start(liar, twin)
    proofs = {name: _proof(stage, unit, name) for name in (stage.victim, "cantor")}
    chain = stage.keep("unit.chain", (unit.directory("cantor") / "unit.chain").read_bytes())
    shown = {
        name: stage.detente("proof", "verify", file, "--policy", chain, "--json")
        for name, file in proofs.items()
        if file is not None
    }
    return facts(
        first_face_heard=heard,
        shown_by=len(shown),
        verified_by_a_stranger=all(each.status == 0 for each in shown.values()),
        kinds=" ".join(sorted({each.text("kind") for each in shown.values()})),
        accused_is_the_liar={each.text("accused") for each in shown.values()}
        == {unit.member_id(liar)},
        second_face_taken_up=any(unit.has(name, second) for name in (stage.victim, "cantor")),
        what_was_heard_stays=unit.has(stage.victim, first),
        honest_accused=_honest_accused(unit),
    )


def _say(stage: Stage, unit: NetworkUnit, name: str, address: str) -> str:
    table = stage.keep(name, f"type,value,name\nipv4-addr,{address},one face\n".encode())
    return unit.ask(stage.hostile, "statement", "publish", table, "--tlp", "green").text("id")


def _proof(stage: Stage, unit: NetworkUnit, name: str) -> Path | None:
    """Return the first fork proof that one node shows to anybody."""
    patiently(lambda: bool(_shown_forks(unit, name)))
    forks = _shown_forks(unit, name)
    return stage.keep(f"fork-shown-by-{name}.proof", forks[0]) if forks else None


def _shown_forks(unit: NetworkUnit, name: str) -> list[bytes]:
    listed = parse_proof_list(_look(unit, name, "proofs"))
    proofs = [_look(unit, name, f"proofs/{digest}") for digest in listed]
    return [proof for proof in proofs if b'"kind":"fork"' in proof]


def _look(unit: NetworkUnit, name: str, path: str) -> bytes:
    """Look at what a node shows, as anybody on the network can."""
    with urlopen(f"{unit.urls[name]}/{path}", timeout=10) as answer:  # noqa: S310 - our loopback
        return bytes(answer.read(_ANSWER_BYTES_MAX))


def _honest_accused(unit: NetworkUnit) -> bool:
    """Say whether any proof that is shown anywhere accuses somebody else than the liar."""
    liar = unit.member_id(unit.stage.hostile)
    chain = parse_chain((unit.directory("cantor") / "unit.chain").read_bytes())
    verdicts = [verify(proof, chain) for name in unit.urls for proof in _shown_forks(unit, name)]
    return any(verdict.valid and verdict.accused != liar for verdict in verdicts)


SCENE = Scene(
    name="faces",
    story="A rival serves two trees for one log; both others notice, keep a proof, hold it back.",
    expected=facts(
        first_face_heard=True,
        shown_by=2,
        verified_by_a_stranger=True,
        kinds="fork",
        accused_is_the_liar=True,
        second_face_taken_up=False,
        what_was_heard_stays=True,
        honest_accused=False,
    ),
    run=_run,
)
