"""`detente import`: take up what came on media."""

import asyncio
from pathlib import Path

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import json_option, print_json, say, wants_json
from detente.errors import EnvironmentFault


@click.group("import")
def command() -> None:
    """Take up what others would have shown over a network."""


@command.command("bundle")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@node_option
@json_option
def bundle(file: Path, directory: Path, as_json: bool) -> None:
    """Take up a bundle that another member made; every byte is checked as in a pull.

    \b
    Example:
      detente import bundle /media/stick/aurel.tar --node office
    """
    from detente.node.addresses import log_keys, require_chain
    from detente.node.bundling import open_bundle, take_bundle
    from detente.node.clock import now
    from detente.node.cosigning import witness_of
    from detente.node.holdings import HomeHoldings
    from detente.node.outward import HomeOutward
    from detente.node.receiving import Receiver

    with open_home(directory) as home:
        chain = require_chain(home)
        cosigner = witness_of(home, logs=log_keys(chain), now=now)
        here = HomeOutward(home, cosigner).read
        receiver = Receiver(HomeHoldings(home, now=now, stopped=say), now=now)
        try:
            with file.open("rb") as source:
                face = open_bundle(source, file=str(file))
                taken = asyncio.run(take_bundle(home, face, receiver, here=here, now=now))
        except OSError as error:
            raise EnvironmentFault(f"{file} cannot be read: {error.strerror}") from error
    if wants_json(as_json):
        grown = {origin: {"before": a, "after": b} for origin, (a, b) in taken.sizes.items()}
        print_json({"member": taken.member, "logs": grown})
    if not as_json:
        for origin, (before, after) in taken.sizes.items():
            say(f"log {origin}: {before} to {after} entries")
        if not taken.sizes:
            say("nothing new")
