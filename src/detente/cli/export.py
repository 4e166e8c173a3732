"""`detente export`: what would travel by network, on media."""

from pathlib import Path

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import json_option, print_json, say, wants_json
from detente.errors import EnvironmentFault, InputError


@click.group("export")
def command() -> None:
    """Write what others would pull from this node into a file."""


@command.command("bundle")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--for", "reader", required=True, metavar="MEMBER", help="By name or id.")
@click.option(
    "--since", type=click.IntRange(0), default=0, show_default=True, help="Entries it has already."
)
@node_option
@json_option
def bundle(file: Path, reader: str, since: int, directory: Path, as_json: bool) -> None:
    """Write a bundle for one member: logs, checkpoints, proofs, and content it may read.

    Content in it is sealed to that member; anybody else learns from it what every
    member's mirror shows.

    \b
    Example:
      detente export bundle /media/stick/aurel.tar --for Borea --node office
    """
    from detente.node.addresses import find_members, log_keys, require_chain
    from detente.node.bundling import export_bundle
    from detente.node.clock import now
    from detente.node.cosigning import witness_of
    from detente.node.outward import HomeOutward

    with open_home(directory) as home:
        chain = require_chain(home)
        (member,) = find_members(chain, {reader: "http://nowhere.invalid"})
        cosigner = witness_of(home, logs=log_keys(chain), now=now)
        outward = HomeOutward(home, cosigner)
        if file.exists():
            raise InputError("there is a file already", file=str(file), remedy="Name another")
        try:
            with file.open("xb") as target:
                pieces = export_bundle(home, outward, target, reader=member, since=since)
        except OSError as error:
            raise EnvironmentFault(f"{file} cannot be written: {error.strerror}") from error
    if wants_json(as_json):
        print_json({"file": str(file), "for": member, "pieces": pieces})
    if not as_json:
        say(f"{file}: {pieces} pieces for {reader}")
