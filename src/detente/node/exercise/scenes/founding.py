"""Two rivals and an observer found a unit; an earlier offer is withdrawn and leaves nothing."""

from detente.charter import FoundingError, settlement_of
from detente.errors import InputError
from detente.node.clock import now
from detente.node.exercise.cast import Company, company, draft_charter, nodes
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.stage import Stage
from detente.node.founding import accept_offer, apply_founding, withdraw_offer
from detente.node.home import Home


def _run(stage: Stage) -> str:
    withdrawn, left_behind = _offer_and_withdraw(stage)
    unit = company(stage)
    stage.keep("charter.json", unit.charter.to_bytes())
    chain = stage.keep("unit.chain", unit.chain_file("cantor").read_bytes())
    bound = {home.charter.digest for home in unit.homes.values() if home.charter is not None}
    rule = settlement_of(unit.charter)
    shown = stage.detente("charter", "show", stage.keep("offer", unit.charter.to_bytes()), "--json")
    return facts(
        offer_withdrawn=withdrawn,
        left_behind=left_behind,
        members=len(unit.charter.members),
        bound_to_one_charter=len(bound) == 1,
        settled_by=f"{rule.q} of {rule.eligible}",
        fourth_process_reads_the_same=(shown.document or {}).get("unit") == unit.charter.unit_id,
        chain_kept=chain.stat().st_size > 0,
        real_node_refuses=_real_node_refuses(stage, unit),
    )


def _offer_and_withdraw(stage: Stage) -> tuple[bool, int]:
    """Offer a founding, accept it twice, withdraw it; say whether it is dead and what remains."""
    with nodes(stage.directory / "withdrawn") as homes:
        document = draft_charter(homes, (), "Withdrawn unit").to_bytes()
        answers = [accept_offer(homes[name], document) for name in ("aurel", "cantor")]
        answers.append(withdraw_offer(homes["borea"], document))
        refused = 0
        for home in homes.values():
            try:
                apply_founding(home, document, answers, now())
            except FoundingError:
                refused += 1
        return refused == len(homes), sum(_traces(home) for home in homes.values())


def _traces(home: Home) -> int:
    """Count what a founding would have left in a node."""
    logs = home.layout.directory / "logs"
    return len(home.charters.units()) + home.layout.chain.exists() + logs.exists()


def _real_node_refuses(stage: Stage, unit: Company) -> bool:
    with Home.create(stage.directory / "real", name="Office") as real:
        try:
            accept_offer(real, unit.charter.to_bytes())
        except InputError as error:
            return "made for training" in str(error)
    return False


SCENE = Scene(
    name="founding",
    story="One founding is offered and withdrawn; then two rivals and an observer found a unit.",
    expected=facts(
        offer_withdrawn=True,
        left_behind=0,
        members=3,
        bound_to_one_charter=True,
        settled_by="3 of 4",
        fourth_process_reads_the_same=True,
        chain_kept=True,
        real_node_refuses=True,
    ),
    run=_run,
)
