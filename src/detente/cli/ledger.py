"""`detente ledger`: what was given and got."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from detente.cli.responding import responding, tell_rows
from detente.cli.written import say_written
from detente.errors import InputError, UnitError

if TYPE_CHECKING:
    from detente.proofs import CharterChain
    from detente.signing import JsonValue

_month_option = click.option("--month", metavar="YYYY-MM", help="This month if not given.")


@click.group("ledger")
def command() -> None:
    """What was given and got, per partner and month: counts, never a score."""


@command.command("show")
@_month_option
@node_option
@json_option
def show(month: str | None, directory: Path, as_json: bool) -> None:
    """Show the ledger of a month as this node's record has it.

    \b
    Example:
      detente ledger show --month 2026-11 --node office
    """
    from detente.node.accounting import Accounting
    from detente.response import precision

    with responding(directory) as lent:
        period = month or lent.now.strftime("%Y-%m")
        ledger = Accounting(lent.home, lent.responder).ledger(period, lent.now)
        rows: list[dict[str, JsonValue]] = [
            {"partner": lent.name(partner), "precision": precision(row), **row}
            for partner, row in ledger.items()
        ]
    columns = ("partner", "warnings given", "warnings got", "confirmations got", "precision")
    if wants_json(as_json):
        print_json({"period": period, "ledger": rows})
    if not as_json:
        tell_rows(rows, columns, as_json=False, what="ledger")


@command.command("publish")
@click.option("--month", metavar="YYYY-MM", required=True, help="One that is over.")
@node_option
@json_option
def publish(month: str, directory: Path, as_json: bool) -> None:
    """Say the ledger of a month to the unit, signed like every statement.

    \b
    Example:
      detente ledger publish --month 2026-10 --node office
    """
    from detente.node.accounting import Accounting

    with responding(directory) as lent:
        written = Accounting(lent.home, lent.responder).publish(month, lent.now)
    say_written(written, as_json=as_json, what="ledger")


@command.command("prove")
@click.option("--month", metavar="YYYY-MM", required=True, help="One that this member said.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@node_option
@json_option
def prove(month: str, out: Path, directory: Path, as_json: bool) -> None:
    """Write the ledger of a month as a file that anybody checks with the charter chain.

    A running node does it by itself when a month is over, into DIR/ledgers/. The file tells
    the figures, and nothing else that was said.

    \b
    Example:
      detente ledger prove --month 2026-10 --out october.ledger --node office
    """
    from detente.node.accounting import Accounting
    from detente.node.clock import now
    from detente.node.ledger_files import ledger_file

    with responding(directory) as lent:
        statement = Accounting(lent.home, lent.responder).said_of(month)
        if not statement:
            raise InputError(
                f"this member said no ledger of {month[:20]!r}",
                remedy="`detente ledger publish` says that of a month that is over",
            )
        data = ledger_file(lent.home, statement, now)
    if data is None:
        raise InputError(
            "too few of the others have cosigned it yet",
            remedy="Let the node run until they have: `detente receipt make` shows how many did",
        )
    write_file(out, data)
    if wants_json(as_json):
        print_json({"file": plain(out), "id": statement, "bytes": len(data)})
    if not as_json:
        say(f"{out}: the ledger of {month}, said as {statement}")


@command.command("verify")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option(
    "--chain",
    "chain_file",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The charter chain of the unit.",
)
@json_option
def verify(file: Path, chain_file: Path, as_json: bool) -> int:
    """Check the ledger of a month off line, with the file and the charter chain alone.

    Exit status 0 if it verifies, 1 if it does not, 2 if the chain cannot be read. Compare
    the unit's id with the one you know from elsewhere. It shows what a member signed about
    its own record, not that the record is right; that of its partner stands beside it.

    \b
    Example:
      detente ledger verify october.ledger --chain unit.chain --json
    """
    from detente.proofs import FILE_BYTES_MAX, parse_chain

    data = read_file(chain_file, size_bytes_max=FILE_BYTES_MAX)
    with naming(chain_file, "not a charter chain"):
        chain = parse_chain(data)
    document = _verdict(read_file(file), chain)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        say(f"{'valid' if document['valid'] else 'NOT VALID'}: {document['reason']}")
        for row in document["ledger"]:
            figures = ", ".join(f"{name} {count}" for name, count in row["figures"].items())
            say(f"{row['partner']}: {figures}")
    return EXIT_GOOD if document["valid"] else EXIT_WRONG


def _verdict(data: bytes, chain: "CharterChain") -> dict[str, Any]:
    from detente.node.ledger_files import read_ledger_file

    document: dict[str, Any] = {
        "valid": False, "reason": "", "unit": chain.unit, "by": "", "member": "", "period": "",
        "id": "", "origin": "", "index": None, "size": 0, "seen_by": [], "ledger": [],
    }  # fmt: skip
    try:
        shown = read_ledger_file(data, chain)
    except UnitError as error:
        return document | {"reason": str(error)}
    said = shown.said
    return document | {
        "valid": True,
        "reason": f"the ledger of {shown.period} that {shown.name} signed in unit "
        f"{chain.unit}: entry {said.position.seq} of log {said.origin}, seen by "
        f"{len(said.witnesses)} others",
        "by": shown.name,
        "member": shown.member,
        "period": shown.period,
        "id": said.statement,
        "origin": said.origin,
        "index": said.position.seq,
        "size": said.size,
        "seen_by": [shown.label(each) for each in said.witnesses],
        "ledger": [
            {"partner": shown.label(partner), "figures": figures}
            for partner, figures in shown.by_partner().items()
        ],
    }


@command.command("list")
@node_option
@json_option
def list_ledgers(directory: Path, as_json: bool) -> None:
    """List what members said of their ledgers.

    \b
    Example:
      detente ledger list --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.LEDGER.value, limit=1_000):
            opening = lent.responder.read(row.id).opening
            rows.append(
                {
                    "id": row.id,
                    "by": lent.name(opening.author),
                    "period": opening.text("period"),
                    "figures": opening.body["figures"],
                }
            )
    tell_rows(rows, ("id", "by", "period"), as_json=as_json, what="ledgers")


@command.command("overseer")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@node_option
@json_option
def overseer(out: Path, directory: Path, as_json: bool) -> None:
    """Write what an overseer may see: the ledger, the charter and the record, no content.

    \b
    Example:
      detente ledger overseer --out parliament.json --node office
    """
    from detente.node.overseeing import overseers_file

    with responding(directory) as lent:
        data = overseers_file(lent.home, lent.responder, lent.now)
    write_file(out, data)
    if wants_json(as_json):
        print_json({"file": str(out), "bytes": len(data)})
    if not as_json:
        say(f"{out}: {len(data)} bytes; it holds no content of any statement")
