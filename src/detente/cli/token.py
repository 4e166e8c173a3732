"""`detente token`: who may ask this node over TAXII, for what, until when."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option, print_json, say, say_table, wants_json

if TYPE_CHECKING:
    from detente.storage.tokens import Token

_READERS = ("own", "client", "public")
_USES = ("passive", "look-up", "act", "any")


@click.group("token")
def command() -> None:
    """Make, list and revoke the tokens by which outside tools read and bring objects.

    The node may be running: a new token counts at once, a revoked one at most a second longer.
    """


@command.command("add")
@click.argument("name", metavar="NAME")
@click.option(
    "--reader",
    type=click.Choice(_READERS),
    default="own",
    show_default=True,
    help="Whose tool it is: of this member, of an organisation it serves, of anybody.",
)
@click.option(
    "--use",
    type=click.Choice(_USES),
    default="passive",
    show_default=True,
    help="The most its holder may do with what it reads (PAP).",
)
@click.option(
    "--read",
    "views",
    multiple=True,
    default=("*",),
    metavar="VIEW",
    help="A collection's alias, or `nothing`; all of them if not given.",
)
@click.option("--write", is_flag=True, help="It may bring objects; they name this token.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True)
@node_option
@json_option
def add(
    name: str,
    reader: str,
    use: str,
    views: tuple[str, ...],
    write: bool,
    days: int,
    directory: Path,
    as_json: bool,
) -> None:
    """Make a token and show its secret, this once.

    \b
    Examples:
      detente token add siem --node office
      detente token add analyst-2 --write --days 30 --node office
    """
    from detente.node.clock import now
    from detente.node.granting import grant

    given = grant(
        directory,
        name,
        reader=reader,
        use=use,
        views=() if views == ("nothing",) else views,
        may_write=write,
        days=days,
        now=now(),
    )
    if wants_json(as_json):
        print_json({"name": name, "id": given.token.id, "token": given.text})
    if not as_json:
        say(f"token of {name}, until {given.token.expires:%Y-%m-%d}; it is not shown again:")
        say(given.text)


@command.command("list")
@node_option
@json_option
def list_tokens(directory: Path, as_json: bool) -> None:
    """List every token there ever was, with its rights and its last use. Never a secret.

    \b
    Example:
      detente token list --node office
    """
    from detente.node.clock import now
    from detente.node.granting import granted

    rows = [_row(each, good=each.is_good(now())) for each in granted(directory)]
    if wants_json(as_json):
        print_json({"tokens": rows})
    if not as_json:
        shown = [{name: str(value) for name, value in row.items()} for row in rows]
        say_table(shown, ("name", "state", "reader", "use", "read", "write", "expires", "used"))


@command.command("revoke")
@click.argument("name", metavar="NAME")
@node_option
@json_option
def revoke(name: str, directory: Path, as_json: bool) -> None:
    """Take a token back. What it brought stays, and names it.

    \b
    Example:
      detente token revoke analyst-2 --node office
    """
    from detente.node.clock import now
    from detente.node.granting import take_back

    token = take_back(directory, name, now=now())
    if wants_json(as_json):
        print_json({"name": token.name, "id": token.id})
    if not as_json:
        say(f"token {token.name} counts for nothing any more")


def _row(token: "Token", *, good: bool) -> dict[str, object]:
    state = "good" if good else ("revoked" if token.revoked else "expired")
    return {
        "name": token.name,
        "id": token.id,
        "state": state,
        "reader": token.reader.value,
        "use": token.use,
        "read": " ".join(sorted(token.may_read)) or "nothing",
        "write": token.may_write,
        "created": f"{token.created:%Y-%m-%dT%H:%M:%SZ}",
        "expires": f"{token.expires:%Y-%m-%dT%H:%M:%SZ}",
        "used": "never" if token.last_used is None else f"{token.last_used:%Y-%m-%dT%H:%M:%SZ}",
    }
