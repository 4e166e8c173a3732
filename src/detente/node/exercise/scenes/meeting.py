"""Three offices found a unit over the network, after an offer that one of them withdrew."""

from detente.node.exercise.network import NetworkUnit, network
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage


def _run(stage: Stage) -> str:
    unit = network(stage)
    gone, left_behind = unit.withdrawn
    shown = [unit.ask(name, "charter", "show").document or {} for name in unit.urls]
    units = {str(each.get("unit")) for each in shown}
    chain = stage.keep("unit.chain", unit.chain.read_bytes())
    settled = shown[0].get("settlement")
    return facts(
        offer_withdrawn=gone,
        left_behind=left_behind,
        members=_count(shown[0].get("members")),
        bound_to_one_charter=len(units) == 1 and "None" not in units,
        settled_by=_rule(settled),
        chain_names_the_unit=units == {_unit_of(stage, unit)},
        chain_kept=chain.stat().st_size > 0,
    )


def _count(members: object) -> int:
    return len(members) if isinstance(members, list) else 0


def _rule(settled: object) -> str:
    return f"{settled['q']} of {settled['of']}" if isinstance(settled, dict) else ""


def _unit_of(stage: Stage, unit: NetworkUnit) -> str:
    """Let a separate process name the unit from one member's chain."""
    out = stage.directory / "chain-copy"
    said = unit.ask_plain("cantor", "charter", "chain", "--out", out).errors
    return said.partition("unit ")[2].partition(",")[0]


SCENE = Scene(
    name="meeting",
    story="An offer is withdrawn before everybody signed; then three found a unit over sockets.",
    expected=facts(
        offer_withdrawn=True,
        left_behind=0,
        members=3,
        bound_to_one_charter=True,
        settled_by="3 of 4",
        chain_names_the_unit=True,
        chain_kept=True,
    ),
    run=_run,
)
