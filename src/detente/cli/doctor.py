"""`detente doctor`: is this machine, and this node, fit for duty?"""

from pathlib import Path

import click

from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    say_table,
    wants_json,
)


@click.command("doctor")
@click.argument("directory", required=False, type=click.Path(path_type=Path), metavar="[DIR]")
@json_option
def command(directory: Path | None, as_json: bool) -> int:
    """Check versions, libraries, clock, disk and, with DIR, a node's keys and log.

    \b
    Examples:
      detente doctor
      detente doctor office --json

    Exit status 1 if any check is bad; warnings do not count.
    """
    from detente.cli.opening import find_unlock
    from detente.node.doctor import State, examine

    rows = [
        {"check": row.check, "state": row.state.value, "remedy": row.remedy}
        for row in examine(directory, find_unlock)
    ]
    if wants_json(as_json):
        print_json({"checks": rows})
    if not as_json:
        say_table(rows, ("state", "check", "remedy"))
    return EXIT_WRONG if any(row["state"] == State.BAD for row in rows) else EXIT_GOOD
