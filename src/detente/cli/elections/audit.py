"""`detente elections audit`: the statistics of a risk-limiting audit."""

from pathlib import Path

import click

from detente.cli.output import (
    EXIT_GOOD,
    json_option,
    print_json,
    read_file,
    say_table,
    wants_json,
)

_file_argument = click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)


@click.group("audit")
def command() -> None:
    """Plan, draw and judge a risk-limiting audit; recompute anybody's figures."""


@command.command("compute")
@_file_argument
@json_option
def compute(file: Path, as_json: bool) -> int:
    """Compute rows of audit statistics: ALPHA, Kaplan-Markov, BRAVO, MACRO and the rest.

    FILE holds objects with "id", "method" and "inputs", one a line, or one
    JSON list of them. The answer has the same form, with "id" and "value".

    \b
    Example:
      echo '{"id": "a", "method": "bravo_asn", "inputs": {"winner": 600,
        "loser": 400, "alpha": 0.1}}' | detente elections audit compute /dev/stdin --json

    A row that cannot be computed ends the command with its line and reason,
    exit status 2; nothing is printed then.
    """
    from detente.node.auditing import compute_rows

    answer = compute_rows(read_file(file), file)
    if wants_json(as_json):
        for document in answer.documents():
            print_json(document)
    if not as_json:
        rows = [{"id": row.id, "value": str(row.value)} for row in answer.rows]
        say_table(rows, ("id", "value"))
    return EXIT_GOOD
