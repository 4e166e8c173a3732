"""A warning crosses the border: three node processes, two outside witnesses, real sockets."""

import time
from functools import partial
from pathlib import Path

from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage

_IN_TIME_S = 1.0


def _run(stage: Stage) -> str:
    unit = network(stage)
    author, rival = stage.victim, stage.hostile
    _get_going(stage, unit)
    table = stage.keep("warning.csv", b"type,value,name\nipv4-addr,198.51.100.21,probes\n")
    said = unit.ask(author, "statement", "publish", table, "--tlp", "green").text("id")
    began = time.monotonic()
    reached = {name: _reaches(unit, name, said, began) for name in (rival, "cantor")}
    receipt = stage.keep("warning.tlog-proof", b"")
    settled = patiently(lambda: _seen(unit, author, said, receipt) == "seen by 4 of 4")
    policy = stage.keep("policy", b"")
    unit.ask_plain(author, "charter", "policy", "--out", policy)
    verified = stage.detente("receipt", "verify", receipt, "--policy", policy, "--json")
    shown = unit.ask(rival, "statement", "show", said)
    return facts(
        rival_has_it_within_a_second=reached[rival] <= _IN_TIME_S,
        observer_has_it_within_a_second=reached["cantor"] <= _IN_TIME_S,
        rival_reads_it="198.51.100.21" in str(shown.document),
        seen_by_all_in_the_end=settled,
        receipt_verifies_offline=verified.status == 0,
    )


def _get_going(stage: Stage, unit: NetworkUnit) -> None:
    """Wait until everybody hears everybody: the unit may have been founded a moment ago."""
    for name in unit.urls:
        table = stage.keep(f"{name}.csv", b"type,value,name\nipv4-addr,198.51.100.20,first word\n")
        said = unit.ask(name, "statement", "publish", table, "--tlp", "green").text("id")
        for other in unit.urls:
            patiently(partial(unit.has, other, said))


def _reaches(unit: NetworkUnit, name: str, said: str, began: float) -> float:
    patiently(lambda: unit.has(name, said))
    return time.monotonic() - began


def _seen(unit: NetworkUnit, author: str, said: str, receipt: Path) -> str:
    return unit.ask(author, "receipt", "make", said, "--out", receipt).text("seen")


SCENE = Scene(
    name="warning",
    story="A warning from one rival reaches the other and the observer; its witnesses grow.",
    expected=facts(
        rival_has_it_within_a_second=True,
        observer_has_it_within_a_second=True,
        rival_reads_it=True,
        seen_by_all_in_the_end=True,
        receipt_verifies_offline=True,
    ),
    run=_run,
)
