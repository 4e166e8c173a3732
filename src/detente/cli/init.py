"""`detente init`: a node of one's own."""

from pathlib import Path

import click

from detente.cli.output import json_option, node_argument, print_json, say, wants_json


@click.command("init")
@node_argument
@click.option("--name", required=True, help="What people call this office or member.")
@click.option("--operator", default="", help="The legal entity that answers for it.")
@click.option(
    "--passphrase", is_flag=True, help="Ask for a passphrase instead of making an unlock file."
)
@click.option(
    "--database",
    default="",
    metavar="URL",
    help="An empty PostgreSQL database, postgresql://USER@HOST/NAME; a file in DIR if not given.",
)
@json_option
def command(
    directory: Path, name: str, operator: str, passphrase: bool, database: str, as_json: bool
) -> None:
    """Make a node in DIR, a new or empty directory: keys for every role, an identity, a state.

    \b
    Example:
      detente init office --name "Electoral Office of Aurel"

    Nothing leaves the directory. Afterwards take recovery.key to a safe place, and
    a copy of unlock.key to another: without it neither a back-up nor recovery.key
    opens. With --passphrase the passphrase is asked for, or read from the file that
    DETENTE_PASSPHRASE_FILE names.

    The password of a database stands in ~/.pgpass or the file that PGPASSFILE names, never
    in the URL: others on this machine see what is typed.
    """
    from detente.cli.opening import new_passphrase
    from detente.node.home import Home

    unlock = new_passphrase() if passphrase else None
    with Home.create(
        directory, name=name, operator=operator, unlock=unlock, database=database
    ) as home:
        card = home.card
        if wants_json(as_json):
            print_json(
                {"member": card.id, "origin": card.origin, "fingerprint": list(card.fingerprint)}
            )
        if not as_json:
            say(f"{name} is member {card.id}")
            say(f"fingerprint: {' '.join(card.fingerprint)}")
            say(f"Take {home.layout.recovery} to a safe place: the only way back after a theft.")
            if unlock is None:
                say(f"Keep a copy of {home.layout.unlock} at another: nothing opens without it.")
