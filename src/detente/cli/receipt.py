"""`detente receipt`: portable proofs that a statement stands in a log."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    naming,
    plain,
    print_json,
    read_file,
    say,
    wants_json,
    write_file,
)
from detente.errors import InputError, UnitError

if TYPE_CHECKING:
    from detente.tlog import Policy

POLICY_BYTES_MAX = 1 << 20


@click.group("receipt")
def command() -> None:
    """Make or verify a receipt: this statement is in that log, a quorum saw it."""


@command.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--policy",
    "policy_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A tlog-policy: which logs and witnesses you trust, and how many must have cosigned.",
)
@click.option(
    "--entry",
    "entry_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The log entry; taken from the receipt itself where not given.",
)
@json_option
def verify(file: Path, policy_file: Path, entry_file: Path | None, as_json: bool) -> int:
    """Verify a receipt offline, with nothing but the file and your own policy.

    \b
    Example:
      detente receipt verify warning.tlog-proof --policy unit.policy --json

    Exit status 0 if it verifies, 1 if it does not, 2 if the policy cannot be read.
    A valid receipt proves that a key said something, not that it is true.
    """
    policy = read_policy(policy_file)
    data = read_file(file)
    entry = None if entry_file is None else read_file(entry_file)
    document = _verdict(data, policy, entry)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        say(f"{'valid' if document['valid'] else 'NOT VALID'}: {document['reason']}")
    return EXIT_GOOD if document["valid"] else EXIT_WRONG


def read_policy(path: Path) -> "Policy":
    """Read a tlog-policy file.

    Raises:
        InputError: it cannot be read, with the line.
    """
    from detente.tlog import Policy

    data = read_file(path, size_bytes_max=POLICY_BYTES_MAX)
    with naming(path, "not a tlog-policy"):
        try:
            return Policy.parse(data.decode())
        except UnicodeDecodeError:
            raise InputError(
                "it is no text in UTF-8",
                remedy="`detente charter policy` writes one from a charter",
            ) from None


def _verdict(data: bytes, policy: "Policy", entry: bytes | None) -> dict[str, object]:
    from detente.tlog import Receipt, inspect_receipt

    document: dict[str, object] = {
        "valid": False, "reason": "", "origin": "", "size": 0, "index": 0, "witnesses": []
    }  # fmt: skip
    try:
        receipt = Receipt.parse(data)
        document["index"] = receipt.index
        said = entry if entry is not None else receipt.extra
        if not said:
            raise InputError("the receipt does not carry its entry", remedy="Name it with --entry")
        seen = inspect_receipt(receipt, policy, said)
    except UnitError as error:
        return document | {"reason": str(error)}
    names = ", ".join(seen.witnesses) or "nobody, and the policy asks for nobody"
    return document | {
        "valid": True,
        "reason": f"entry {receipt.index} of {seen.checkpoint.size} in log "
        f"{seen.checkpoint.origin}, cosigned by {names}",
        "origin": seen.checkpoint.origin,
        "size": seen.checkpoint.size,
        "witnesses": list(seen.witnesses),
    }


@command.command("make")
@click.argument("statement_id", metavar="ID")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where the receipt goes; ID.tlog-proof, shortened, where not given.",
)
@node_option
@json_option
def make(statement_id: str, out: Path | None, directory: Path, as_json: bool) -> None:
    """Make a receipt for statement ID under the newest cosigned checkpoint.

    A receipt may be made at once; it settles when enough of the others cosigned, and
    is then made again.

    \b
    Example:
      detente receipt make 5c9f --out warning.tlog-proof --node office
    """
    from detente.cli.opening import open_home
    from detente.node.clock import now
    from detente.node.publishing import renew
    from detente.node.reading import find_statement, receipt_for

    with open_home(directory) as home:
        row = find_statement(home, statement_id).row
        if row.origin == home.identity.origin:
            renew(home, now, covering=row.seq)
        receipt, seen = receipt_for(home, row.payload_hash)
    out = out or Path(f"{row.payload_hash[:16]}.tlog-proof")
    write_file(out, receipt.to_bytes())
    if wants_json(as_json):
        print_json(
            {
                "file": plain(out),
                "id": row.payload_hash,
                "index": receipt.index,
                "seen": str(seen),
                "settled": seen.settled,
            }
        )
    if not as_json:
        state = "settled" if seen.settled else "not settled yet"
        say(f"{out}: entry {receipt.index}, {seen}, {state}")
