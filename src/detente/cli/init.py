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
@json_option
def command(directory: Path, name: str, operator: str, passphrase: bool, as_json: bool) -> None:
    """Make a node in DIR, a new or empty directory: keys for every role, an identity, a state.

    \b
    Example:
      detente init office --name "Electoral Office of Aurel"

    Nothing leaves the directory. Afterwards take recovery.key to a safe place,
    and move unlock.key to another medium if you can.
    """
    from detente.cli.opening import ask_new_passphrase
    from detente.node.home import Home

    unlock = ask_new_passphrase() if passphrase else None
    with Home.create(directory, name=name, operator=operator, unlock=unlock) as home:
        card = home.card
        if wants_json(as_json):
            print_json(
                {"member": card.id, "origin": card.origin, "fingerprint": list(card.fingerprint)}
            )
        if not as_json:
            say(f"{name} is member {card.id}")
            say(f"fingerprint: {' '.join(card.fingerprint)}")
            say(f"Take {home.layout.recovery} to a safe place: the only way back after a theft.")
