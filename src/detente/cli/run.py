"""`detente run`: a node at work until it is told to stop."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import json_option, node_argument, print_json, say, wants_json
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.home import Home
    from detente.node.run_options import RunOptions


@click.command("run")
@node_argument
@click.option("--listen", metavar="HOST:PORT", help="Where others reach it; port 0 takes any.")
@click.option("--public-url", metavar="URL", help="Of a web server that stands in front of it.")
@click.option(
    "--peer", "peers", multiple=True, metavar="MEMBER=URL", help="Where a member's node is."
)
@click.option(
    "--witness", "witnesses", multiple=True, metavar="NAME=URL", help="An outside witness."
)
@click.option(
    "--static",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the outward face there as plain files, for any web server.",
)
@click.option("--console", metavar="HOST:PORT", help="Serve the pages there, as localhost:8470.")
@json_option
def command(
    directory: Path,
    listen: str | None,
    public_url: str | None,
    peers: tuple[str, ...],
    witnesses: tuple[str, ...],
    static: Path | None,
    console: str | None,
    as_json: bool,
) -> None:
    """Run the node in DIR: its log, its outward face, the exchange with its peers.

    What is not named here stands in DIR/detente.toml. Without an address to listen on
    the node takes part by pulling and pushing. SIGTERM or Ctrl-C stop it; a kill loses
    nothing that was acknowledged. Commands typed beside it are done by it.

    \b
    Example:
      detente run office --listen 127.0.0.1:8440 --peer Borea=http://127.0.0.1:8441
    """
    from detente.cli.opening import find_unlock
    from detente.node.catching_up import open_node
    from detente.node.layout import Layout
    from detente.node.run_options import RunOptions

    with open_node(directory, find_unlock(Layout.of(directory))) as home:
        asked = home.settings
        options = RunOptions(
            listen=asked.listen if listen is None else listen,
            public_url=asked.public_url if public_url is None else public_url,
            peers={**asked.peers, **_pairs(peers, "--peer")},
            witnesses={**asked.witnesses, **_pairs(witnesses, "--witness")},
            static=static,
        )
        pages = asked.console if console is None else console
        asyncio.run(_run(home, options, pages, as_json=wants_json(as_json)))


async def _run(home: "Home", options: "RunOptions", pages: str, *, as_json: bool) -> None:
    from contextlib import AsyncExitStack

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with AsyncExitStack() as beside:
        if home.settings.watch_sources:
            from detente.node.clock import now
            from detente.node.watching_home import hosted

            await beside.enter_async_context(hosted(home, stopping, now=now, report=say))
        if pages:
            from detente.console import serve_console
            from detente.node.clock import now

            address = await beside.enter_async_context(
                serve_console(
                    home, pages, public_url=home.settings.console_url, now=now, report=say
                )
            )
            say(f"the console is at {address.origin}")
        await _take_part(home, options, stopping, as_json=as_json)
    say("stopped; nothing is lost")


async def _take_part(
    home: "Home", options: "RunOptions", stopping: asyncio.Event, *, as_json: bool
) -> None:
    from dataclasses import replace

    from detente.cli.forwarding import do_for_owner
    from detente.node.clock import now
    from detente.node.memory import settle
    from detente.node.offering import read_offer
    from detente.node.running import RunningNode

    address = ("", 0)
    if home.charter is None and (options.listen or read_offer(home) is not None):
        address = await _wait(home, options, stopping, as_json=as_json)
        if stopping.is_set():
            return
        if address[1]:
            options = replace(options, listen=f"{address[0]}:{address[1]}")
    node = RunningNode(home, options, now=now, answer_owner=do_for_owner(home), report=say)
    async with node:
        host, port = node.address
        if as_json and not address[1]:
            print_json({"member": home.identity.member, "host": host, "port": port})
        say(f"{home.identity.name} is running" + (f" at {host}:{port}" if port else ""))
        settle()
        await node.wait(stopping)


async def _wait(
    home: "Home", options: "RunOptions", stopping: asyncio.Event, *, as_json: bool
) -> tuple[str, int]:
    """Show the card and the open offer until the unit exists; return where."""
    from detente.cli.forwarding import do_for_owner
    from detente.node.clock import now
    from detente.node.waiting import WaitingNode

    owner = do_for_owner(home)
    node = WaitingNode(home, options.listen, now=now, answer_owner=owner, report=say)
    async with node:
        host, port = node.address
        if as_json:
            print_json({"member": home.identity.member, "host": host, "port": port})
        say(f"{home.identity.name} shows its card at {host}:{port}, and waits for a unit")
        if await node.founded(stopping):
            say("the unit is founded")
    return node.address


def _pairs(words: tuple[str, ...], option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        name, _, url = word.partition("=")
        if not name or not url:
            raise InputError(f"{option} {word!r} is not NAME=URL", remedy="For example: Borea=URL")
        found[name] = url
    return found
