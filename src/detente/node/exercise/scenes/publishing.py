"""A warning is published; strangers verify its receipt with nothing but the file and a policy."""

from detente.node.exercise.cast import company
from detente.node.exercise.scene import Scene, facts
from detente.node.exercise.speech import warn
from detente.node.exercise.stage import Stage
from detente.node.reading import read_said, receipt_for
from detente.proofs.cosigners import who_saw


def _run(stage: Stage) -> str:
    unit = company(stage)
    author = unit.homes[stage.victim]
    said = warn(author, "198.51.100.7", "probes against the roll server")
    before = who_saw(
        unit.charter,
        unit.member(stage.victim),
        author.tiles(author.identity.origin).published() or b"",
    )
    note = unit.cosign(stage.victim)
    after = who_saw(unit.charter, unit.member(stage.victim), note)
    receipt, _seen = receipt_for(author, said.payload_hash)
    file = stage.keep("warning.tlog-proof", receipt.to_bytes())
    policy = stage.keep("policy", unit.policy(stage.victim))
    altered = bytearray(receipt.extra)
    altered[len(altered) // 2] ^= 1
    entry = stage.keep("altered.entry", bytes(altered))
    other = stage.keep("other.policy", unit.policy(stage.hostile))
    verified = stage.detente("receipt", "verify", file, "--policy", policy, "--json")
    refused = stage.detente(
        "receipt", "verify", file, "--policy", policy, "--entry", entry, "--json"
    )
    stranger = stage.detente("receipt", "verify", file, "--policy", other, "--json")
    content = read_said(author, said.payload_hash).content
    return facts(
        seen_at_once=str(before),
        seen_then=str(after),
        settled=after.settled,
        post_quantum=after.post_quantum,
        receipt_verifies=verified.status == 0 and (verified.document or {}).get("valid") is True,
        altered_entry_verifies=refused.status == 0,
        other_policy_verifies=stranger.status == 0,
        author_reads_it_again=content is not None and b"198.51.100.7" in content.leaves[1].data,
    )


SCENE = Scene(
    name="receipt",
    story="A warning is said, cosigned and proved by a separate process that has two files.",
    expected=facts(
        seen_at_once="seen by 0 of 4",
        seen_then="seen by 4 of 4",
        settled=True,
        post_quantum=True,
        receipt_verifies=True,
        altered_entry_verifies=False,
        other_policy_verifies=False,
        author_reads_it_again=True,
    ),
    run=_run,
)
