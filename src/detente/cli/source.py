"""`detente source`: other servers and feeds that this node reads."""

from pathlib import Path

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    say,
    say_table,
    wants_json,
)


@click.group("source")
def command() -> None:
    """See and read TAXII servers, MISP feeds and lists of others.

    They stand in detente.toml under [taxii_sources], [misp_sources] and [list_sources], each
    with a name of ours; a running node reads them every `pull_every_s` seconds.
    """


@command.command("list")
@node_option
@json_option
def list_them(directory: Path, as_json: bool) -> None:
    """List the sources, when each was last read, and what went wrong.

    \b
    Example:
      detente source list --node office
    """
    from detente.node.sourcing import list_sources

    with open_home(directory) as home:
        found = list_sources(home)
    rows = [
        {
            "name": each.name,
            "sort": each.sort,
            "place": each.place,
            "read": "never" if each.read is None else f"{each.read:%Y-%m-%dT%H:%M:%SZ}",
            "fault": each.fault,
        }
        for each in found
    ]
    if wants_json(as_json):
        print_json({"sources": rows})
    if not as_json:
        say_table(rows, ("name", "sort", "read", "place", "fault"))


@command.command("pull")
@click.argument("name", metavar="NAME")
@node_option
@json_option
def pull(name: str, directory: Path, as_json: bool) -> int:
    """Read one source now and say what is new in it.

    \b
    Example:
      detente source pull circl --node office

    Exit status 1 if it could not be read to its end; what was read is kept.
    """
    from detente.node.clock import now
    from detente.node.pulling_feeds import FeedPull
    from detente.node.sourcing import pull_source

    with open_home(directory) as home:
        pulled = pull_source(home, name, now=now)
    if isinstance(pulled, FeedPull):
        said, refused = len(pulled.said), len(pulled.refused)
    else:
        said, refused = pulled.said, pulled.refused
    if wants_json(as_json):
        print_json({"name": name, "said": said, "refused": refused, "fault": pulled.fault})
    if not as_json:
        what = "statements" if isinstance(pulled, FeedPull) else "objects"
        say(f"{name}: {said} {what} said, {refused} refused")
        if pulled.fault:
            say(f"stopped: {pulled.fault}")
    return EXIT_WRONG if pulled.fault else EXIT_GOOD
