"""`detente console`: where the pages of a running node are, and who may come in."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import open_home
from detente.cli.output import json_option, node_argument, print_json, say, wants_json
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.home import Home

_NO_PAGES = "Start the node with them: `detente run DIR --console localhost:8470`"


@click.command("console")
@node_argument
@click.option("--first", metavar="NAME", help="Make a link for the first administrator.")
@click.option("--link", "again", metavar="NAME", help="Make a new link for somebody who is there.")
@click.option("--open", "is_opened", is_flag=True, help="Open it in this machine's browser.")
@json_option
def command(
    directory: Path, first: str | None, again: str | None, is_opened: bool, as_json: bool
) -> None:
    """Say where the console of the node in DIR is; make a link to come in by.

    Whoever may read the node's directory may make a link: the owner of this machine. A link
    lets one person in, once, for a day, to make a passkey; then passkeys do.

    \b
    Examples:
      detente console office --first "Ada Lovelace"
      detente console office --open
    """
    with open_home(directory) as home:
        origin = _origin(home)
        path = _link(home, first, again)
    url = f"{origin}{path}"
    if is_opened:
        webbrowser.open(url)
    if wants_json(as_json):
        print_json({"console": origin, "url": url})
    if not as_json:
        say(url)


def _origin(home: "Home") -> str:
    from detente.node.console_places import find_console

    origin = find_console(home.layout)
    if not origin:
        raise InputError("no console is served by this node", remedy=_NO_PAGES)
    return origin


def _link(home: "Home", first: str | None, again: str | None) -> str:
    from detente.node.clock import now
    from detente.node.offices import OWNER, Office, Role

    office = Office(home, now=now)
    if first is not None:
        if office.administrators():
            raise InputError(
                "there is an administrator already",
                remedy="`--link NAME` makes a new link for somebody who is there",
            )
        return f"/enrol#{office.add(first, [Role.ADMINISTRATOR], by=OWNER)[1]}"
    if again is not None:
        found = [each for each in office.shelf.people() if each.name == again and not each.removed]
        if not found:
            raise InputError(f"nobody called {again!r} is here")
        return f"/enrol#{office.make_link(found[0], by=OWNER)}"
    return "/"
