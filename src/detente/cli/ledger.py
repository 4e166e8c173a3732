"""`detente ledger`: what was given and got."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option, print_json, say, wants_json, write_file
from detente.cli.responding import responding, tell_rows
from detente.cli.written import say_written

if TYPE_CHECKING:
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
