"""`detente proof`: proofs of misbehaviour, verified offline."""

from pathlib import Path

import click

from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    naming,
    print_json,
    read_file,
    say,
    wants_json,
)


@click.group("proof")
def command() -> None:
    """Verify what shows that one key signed two incompatible things."""


@command.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A tlog-policy, or a charter chain where statements, ballots or keys are judged.",
)
@json_option
def verify(file: Path, policy_file: Path, as_json: bool) -> int:
    """Verify a proof of misbehaviour offline.

    \b
    Example:
      detente proof verify fork.proof --policy unit.chain --json

    Exit status 0 if it verifies, 1 if it does not, 2 if the policy cannot be read.
    A proof shows what a key did: not who held the key, nor why.
    """
    from detente.proofs.verify import parse_policy
    from detente.proofs.verify import verify as verify_proof

    data = read_file(policy_file)
    with naming(policy_file, "neither a tlog-policy nor a charter chain"):
        policy = parse_policy(data)
    verdict = verify_proof(read_file(file), policy)
    document = {
        "valid": verdict.valid,
        "kind": verdict.kind,
        "accused": verdict.accused,
        "reason": verdict.reason,
    }
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        say(f"{'valid' if verdict.valid else 'NOT VALID'}: {verdict.reason}")
    return EXIT_GOOD if verdict.valid else EXIT_WRONG
