"""`detente accord`: what members promise each other, and what became of it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.accord_steps import COMMANDS, accordwork
from detente.cli.opening import node_option
from detente.cli.output import json_option, print_json, say, wants_json
from detente.cli.readers import find_members
from detente.cli.responding import responding, tell_rows, tlp_option
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("accord")
def command() -> None:
    """What members promise each other: signed, alleged, answered, suspended, withdrawn."""


@command.command("propose")
@click.argument("title", metavar="TITLE")
@click.option("--party", "parties", multiple=True, required=True, metavar="MEMBER")
@click.option("--observer", "observers", multiple=True, metavar="MEMBER")
@click.option("--clause", "clauses", multiple=True, required=True, help="What is promised.")
@click.option("--asset-class", "classes", multiple=True, help="What it covers: rolls, results.")
@click.option("--technique", "techniques", multiple=True, help="ATT&CK ids, or words.")
@click.option("--start", required=True, help="Local time of the zone: 2026-11-01T00:00.")
@click.option("--end", required=True, help="The same.")
@click.option("--zone", default="UTC", show_default=True, help="As Europe/Tirane.")
@click.option("--breach", required=True, help="What counts as a breach.")
@click.option("--shown-by", required=True, help="How a breach is shown.")
@click.option(
    "--judges", type=click.Choice(("quorum", "observers")), default="quorum", show_default=True
)
@click.option("--notice-hours", type=click.IntRange(0, 8_760), default=72, show_default=True)
@tlp_option
@node_option
@json_option
def propose(
    title: str,
    parties: tuple[str, ...],
    observers: tuple[str, ...],
    directory: Path,
    as_json: bool,
    **terms: object,
) -> None:
    """Propose an accord to the unit. It binds once every party and the quorum have signed.

    \b
    Example:
      detente accord propose "No probes of rolls" --party Aurel --party Borea
          --observer Cantor --clause "Neither probes the other's roll"
          --start 2026-11-01T00:00 --end 2026-12-01T00:00 --zone Europe/Tirane
          --breach "a login or scan from the other's network" --shown-by "two logs"
    """
    from detente.node.accordwork import in_zone

    with responding(directory) as lent:
        zone = str(terms["zone"])
        body: dict[str, JsonValue] = {
            "title": title,
            "tlp": str(terms["tlp"]),
            "parties": [*find_members(lent.home, parties)],
            "observers": [*find_members(lent.home, observers)],
            "start": in_zone(str(terms["start"]), zone),
            "end": in_zone(str(terms["end"]), zone),
            "zone": zone,
            "breach": str(terms["breach"]),
            "shown": str(terms["shown_by"]),
            "judges": str(terms["judges"]),
            "notice_hours": int(str(terms["notice_hours"])),
            **{name: _texts(terms[name]) for name in ("clauses", "classes", "techniques")},
        }
        written = accordwork(lent).propose(body)
    say_written(written, as_json=as_json, what="accord")


@command.command("sign")
@click.argument("accord", metavar="ACCORD")
@click.option("--words", default="", help="What the others shall know.")
@node_option
@json_option
def sign(accord: str, words: str, directory: Path, as_json: bool) -> None:
    """Sign the terms of an accord, as a party or as one of the unit's quorum.

    \b
    Example:
      detente accord sign 5c9f --node office
    """
    with responding(directory) as lent:
        written = accordwork(lent).sign(accord, words)
    say_written(written, as_json=as_json, what="signature")


@command.command("list")
@node_option
@json_option
def list_accords(directory: Path, as_json: bool) -> None:
    """List accords and how they stand.

    \b
    Example:
      detente accord list --node office
    """
    from detente.node.accordwork import describe_accord
    from detente.response import Sort

    with responding(directory) as lent:
        work = accordwork(lent)
        rows = [
            describe_accord(work.read(row.id, lent.now), lent.names)
            for row in lent.responder.shelf.threads(Sort.ACCORD.value, limit=1_000)
        ]
    columns = ("id", "standing", "parties", "signed", "end", "title")
    tell_rows(rows, columns, as_json=as_json, what="accords")


@command.command("show")
@click.argument("accord", metavar="ACCORD")
@node_option
@json_option
def show(accord: str, directory: Path, as_json: bool) -> None:
    """Show an accord: terms, signatures, allegations with their replies, reports.

    \b
    Example:
      detente accord show 5c9f --node office
    """
    from detente.node.accordwork import describe_accord

    with responding(directory) as lent:
        found = accordwork(lent).read(accord, lent.now)
        document = describe_accord(found, lent.names)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        for name, value in document.items():
            say(f"{name}: {value}")


def _texts(value: object) -> "list[JsonValue]":
    return list(value) if isinstance(value, tuple) else []


for each in COMMANDS:
    command.add_command(each)
