"""A log shows two faces; a file shows it to anybody, and cannot be turned against the honest."""

from detente.node.exercise.cast import Company, company
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warn
from detente.node.exercise.stage import Stage
from detente.node.integration import signed_checkpoint
from detente.node.speaking import own_log
from detente.proofs.file import Part, ProofFile, ProofKind
from detente.proofs.forks import pack_fork
from detente.signing import leaf_hash
from detente.tlog import (
    Checkpoint,
    ForkError,
    SignedNote,
    StoredHashes,
    TreeHashes,
    prove_fork,
)


def _run(stage: Stage) -> str:
    unit = company(stage)
    liar = unit.homes[stage.hostile]
    for number in range(3):
        warn(liar, f"203.0.113.{number + 1}", "as everybody sees it")
    public = unit.cosign(stage.hostile)
    hidden = _second_face(unit, stage.hostile)
    hashes = _hashes_behind(unit, stage.hostile)
    proof = pack_fork(prove_fork(hidden, public, hashes))
    file = stage.keep("fork.proof", proof.to_bytes())
    chain = stage.keep("unit.chain", unit.chain_file("cantor").read_bytes())
    shown = stage.detente("proof", "verify", file, "--policy", chain, "--json")
    policy = stage.keep("policy", unit.policy(stage.hostile))
    by_policy = stage.detente("proof", "verify", file, "--policy", policy, "--json")
    framed = stage.keep("framed.proof", _frame(unit, stage))
    refused = stage.detente("proof", "verify", framed, "--policy", chain, "--json")
    document = shown.document or {}
    return facts(
        valid=document.get("valid"),
        kind=document.get("kind"),
        accused_is_the_liar=document.get("accused") == liar.identity.member,
        says_what_it_does_not_show="not show who held the key" in str(document.get("reason")),
        also_under_a_plain_policy=by_policy.status == 0,
        honest_member_framed=refused.status == 0,
        bytes_small=file.stat().st_size < 64 * 1024,
    )


def _second_face(unit: Company, name: str) -> bytes:
    """Sign, with the real log keys, a tree in which the first entry was never said."""
    log = own_log(unit.homes[name])
    forged = TreeHashes([leaf_hash(b"never said to the others"), leaf_hash(b"nor this")])
    checkpoint = Checkpoint(log.origin, 2, forged.root)
    return signed_checkpoint(checkpoint, log.signers, timestamp=1_800_000_000)


def _hashes_behind(unit: Company, name: str) -> StoredHashes:
    home = unit.homes[name]
    tiles = home.tiles(home.identity.origin)
    size = Checkpoint.parse(SignedNote.parse(tiles.published() or b"").text).size
    return StoredHashes(tiles, size)


def _frame(unit: Company, stage: Stage) -> bytes:
    """Try to frame the honest rival with two honest checkpoints and hashes made up to fit."""
    home = unit.homes[stage.victim]
    warn(home, "198.51.100.7", "one thing")
    older = unit.cosign(stage.victim)
    warn(home, "198.51.100.8", "one more")
    newer = unit.cosign(stage.victim)
    try:
        return pack_fork(prove_fork(older, newer, _hashes_behind(unit, stage.victim))).to_bytes()
    except ForkError:
        made_up = bytes(stage.chance.randrange(256) for _ in range(32))
        parts: dict[str, Part] = {
            "first": older, "second": newer, "prefix_root": made_up, "consistency": (made_up,)
        }  # fmt: skip
        return ProofFile(ProofKind.FORK, parts).to_bytes()


SCENE = Scene(
    name="fork",
    story="One rival signs two trees for one log; a file shows it offline.",
    expected=facts(
        valid=True,
        kind="fork",
        accused_is_the_liar=True,
        says_what_it_does_not_show=True,
        also_under_a_plain_policy=True,
        honest_member_framed=False,
        bytes_small=True,
    ),
    run=_run,
)
