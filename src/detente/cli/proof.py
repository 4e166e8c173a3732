"""`detente proof`: proofs of misbehaviour, verified offline; what is kept here, and replies."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    naming,
    print_json,
    read_file,
    say,
    say_table,
    wants_json,
    write_file,
)
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("proof")
def command() -> None:
    """What shows that one key signed two incompatible things: verify, list, show, reply."""


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


@command.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=100,
    show_default=True,
    help="So many of the newest.",
)
@node_option
@json_option
def list_kept(limit: int, directory: Path, as_json: bool) -> None:
    """List the proofs and faults that this node keeps, and the logs it holds back.

    \b
    Example:
      detente proof list --node office

    A proof shows what a key did: not who held the key, nor why.
    """
    from detente.node.proven import list_kept

    with open_home(directory) as home:
        document = list_kept(home, limit=limit)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        _say_list(document)


@command.command("show")
@click.argument("proof_id", metavar="ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the bytes there: a proof file verifies anywhere.",
)
@node_option
@json_option
def show(proof_id: str, out: Path | None, directory: Path, as_json: bool) -> None:
    """Show one proof or fault, and what the accused replied. ID may be shortened.

    \b
    Example:
      detente proof show 5c9f --out fork.proof --node office
    """
    from detente.node.proven import show_kept

    with open_home(directory) as home:
        document, data = show_kept(home, proof_id)
    if out is not None:
        write_file(out, data)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        _say_document(document)


@command.command("reply")
@click.argument("proof_id", metavar="ID")
@click.option("--words", required=True, help="What this member answers, for the whole unit.")
@node_option
@json_option
def reply(proof_id: str, words: str, directory: Path, as_json: bool) -> None:
    """Reply to a proof or fault about this member. The reply stands beside it, undecided.

    \b
    Example:
      detente proof reply 5c9f --words "an old back-up was started" --node office
    """
    from detente.node.clock import now
    from detente.node.proven import reply

    if not words.strip():
        raise InputError("a reply of no words", remedy="Say with --words what the others need")
    with open_home(directory) as home:
        said = reply(home, proof_id, words=words, now=now)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "index": said.seq})
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


def _say_list(document: "dict[str, JsonValue]") -> None:
    for title, columns in _TABLES.items():
        rows = document[title]
        if isinstance(rows, list) and rows:
            say(title.replace("_", " "))
            shown = [each for each in rows if isinstance(each, dict)]
            say_table(
                [{name: _brief(each.get(name, "")) for name in columns} for each in shown], columns
            )
    say(f"A proof says: {document['shows']}.")


_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TABLES = {
    "proofs": ("id", "kind", "name", "kept_at", "replies"),
    "faults": ("newest", "name", "count", "rule"),
    "held_back": ("name", "from", "why"),
}


def _brief(value: "JsonValue") -> str:
    text = str(value)
    return text[:16] if _ID.fullmatch(text) else text


def _say_document(document: "dict[str, JsonValue]") -> None:
    for name, value in document.items():
        if name == "replies" and isinstance(value, list):
            for each in value:
                if isinstance(each, dict):
                    say(f"{each['name']} replied at {each['time']}: {each['words']}")
            if not value:
                say("no reply yet")
        else:
            say(f"{name}: {value}")
