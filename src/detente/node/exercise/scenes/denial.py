"""One rival denies what it said; a file shows that it said both, and not which is true."""

from detente.node.beside import stand_beside
from detente.node.clock import now
from detente.node.exercise.network import NetworkUnit, network, patiently
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.home import Home
from detente.node.reading import read_said
from detente.proofs import prove_denial
from detente.statements import Kind, open_leaves


def _run(stage: Stage) -> str:
    unit = network(stage)
    liar, shower = stage.hostile, stage.victim
    table = stage.keep("said.csv", b"type,value,name\nipv4-addr,203.0.113.41,ours\n")
    said = unit.ask(liar, "statement", "publish", table, "--tlp", "green").text("id")
    heard = patiently(lambda: unit.has(shower, said))
    denial = _deny(unit, liar, said)
    denied = patiently(lambda: unit.has(shower, denial))
    unit.stop(shower)
    with Home.open(unit.directory(shower)) as home:
        proof = _prove(home, said, denial)
        chain = stage.keep("unit.chain", home.layout.chain.read_bytes())
    unit.start(shower)
    file = stage.keep("denial.proof", proof)
    shown = stage.detente("proof", "verify", file, "--policy", chain, "--json")
    both = unit.has("cantor", said) and patiently(lambda: unit.has("cantor", denial))
    return facts(
        said_and_heard=heard,
        denied_and_heard=denied,
        shown_offline=shown.status == 0,
        kind=shown.text("kind"),
        accused_is_who_denied=shown.text("accused") == unit.member_id(liar),
        says_what_it_does_not_show="not show who held the key" in shown.text("reason"),
        both_stand_undecided=both,
    )


def _deny(unit: NetworkUnit, liar: str, said: str) -> str:
    """Deny a statement as its own author: no command offers that, so it is done beside one."""
    unit.stop(liar)
    with Home.open(unit.directory(liar)) as home:
        denial = stand_beside(home, Kind.DENIAL, said, reason="we never said that", now=now)
    unit.start(liar)
    return denial.payload_hash


def _prove(home: Home, said: str, denial: str) -> bytes:
    """Make the file from what the other member received: both entries, the denial opened."""
    first, second = read_said(home, said), read_said(home, denial)
    assert second.content is not None  # noqa: S101 - it was sealed to us and arrived
    opening = open_leaves(second.content, {0})
    entries = first.statement.to_entry(), second.statement.to_entry()
    return prove_denial(*entries, opening.to_bytes()).to_bytes()


SCENE = Scene(
    name="denial",
    story="One rival denies its own statement; both stand, and a file shows that it said both.",
    expected=facts(
        said_and_heard=True,
        denied_and_heard=True,
        shown_offline=True,
        kind="denial",
        accused_is_who_denied=True,
        says_what_it_does_not_show=True,
        both_stand_undecided=True,
    ),
    run=_run,
)
