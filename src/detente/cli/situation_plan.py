"""`detente situation`: the crisis plan: who calls whom, and who stands by it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.responding import (
    add_entry,
    begin,
    entry_named,
    responding,
    tell_rows,
    tlp_option,
    with_option,
)
from detente.cli.written import say_written
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.signing import JsonValue

_LEVELS = ("low", "medium", "high", "critical")


@click.command("plan")
@click.argument("title", metavar="TITLE")
@click.argument("words", metavar="WORDS")
@with_option
@tlp_option
@node_option
@json_option
def plan(
    title: str, words: str, members: tuple[str, ...], tlp: str, directory: Path, as_json: bool
) -> None:
    """Begin a crisis plan; `detente situation duty` says who calls whom.

    \b
    Example:
      detente situation plan "Election night" "From 18:00 until the last canvass" --node office
    """
    from detente.response import Sort

    body: dict[str, JsonValue] = {"title": title, "words": words}
    with responding(directory) as lent:
        begin(lent, Sort.PLAN, body, members=members, tlp=tlp, as_json=as_json)


@click.command("duty")
@click.argument("plan", metavar="PLAN")
@click.argument("words", metavar="WORDS")
@click.option("--level", type=click.Choice(_LEVELS), required=True, help="From which level on.")
@click.option("--caller", required=True)
@click.option("--called", required=True)
@click.option("--playbook", default="none", show_default=True)
@node_option
@json_option
def duty(plan: str, words: str, directory: Path, as_json: bool, **said: object) -> None:
    """Add to a crisis plan who calls whom, from which level on, by which playbook.

    \b
    Example:
      detente situation duty 5c9f "by telephone" --level high --caller "shift lead of Aurel"
          --called "shift lead of Borea" --playbook results-altered --node office
    """
    from detente.response import Sort

    body: dict[str, JsonValue] = {name: str(value) for name, value in said.items()}
    add_entry(directory, Sort.PLAN, plan, "duty", {**body, "words": words}, as_json=as_json)


@click.command("strike")
@click.argument("plan", metavar="PLAN")
@click.option("--of", "named", required=True, metavar="ENTRY", help="The duty; own ones alone.")
@click.option("--words", default="", help="Why.")
@node_option
@json_option
def strike(plan: str, named: str, words: str, directory: Path, as_json: bool) -> None:
    """Strike a duty that this member put into a crisis plan. It stays in the history.

    \b
    Example:
      detente situation strike 5c9f --of 77aa --words "that desk is closed" --node office
    """
    from detente.response import Sort, duties_of

    with responding(directory) as lent:
        row = lent.responder.find(Sort.PLAN, plan)
        of = entry_named(lent, row.id, named)
        own = [
            each.digest
            for each in duties_of(lent.responder.read(row.id))
            if each.author == lent.responder.me
        ]
        if of not in own:
            raise InputError(
                f"{named[:64]!r} is no duty in force that this member wrote",
                remedy="`detente situation plans` shows them; ask its author to strike it",
            )
        body: dict[str, JsonValue] = {"of": of}
        written = lent.responder.add(row.id, "strike", body | ({"words": words} if words else {}))
    say_written(written, as_json=as_json, what="entry")


@click.command("endorse")
@click.argument("plan", metavar="PLAN")
@node_option
@json_option
def endorse(plan: str, directory: Path, as_json: bool) -> None:
    """Say that this member stands by a crisis plan as it is now.

    A duty that is added or struck later is not endorsed: who stands by that says it again.

    \b
    Example:
      detente situation endorse "Election night" --node office
    """
    from detente.response import Sort, duties_of, plan_terms

    with responding(directory) as lent:
        row = lent.responder.find(Sort.PLAN, plan)
        thread = lent.responder.read(row.id)
        if not duties_of(thread):
            raise InputError(
                "nobody has a duty in this plan yet",
                remedy="`detente situation duty` says who calls whom",
            )
        written = lent.responder.add(row.id, "endorse", {"terms": plan_terms(thread)})
    say_written(written, as_json=as_json, what="entry")


@click.command("plans")
@node_option
@json_option
def plans(directory: Path, as_json: bool) -> None:
    """List crisis plans: who calls whom, the highest level first, and who stands by the plan.

    \b
    Example:
      detente situation plans --node office
    """
    from detente.response import Sort, duties_of, endorsed_by

    rows: list[dict[str, JsonValue]] = []
    with responding(directory) as lent:
        for row in lent.responder.shelf.threads(Sort.PLAN.value, limit=1_000):
            thread = lent.responder.read(row.id)
            standing_by: list[JsonValue] = [*sorted(map(lent.name, endorsed_by(thread)))]
            rows += [
                {
                    "id": row.id,
                    "title": row.title,
                    "entry": each.digest,
                    "by": lent.name(each.author),
                    "level": each.level.value,
                    "caller": each.caller,
                    "called": each.called,
                    "playbook": each.playbook,
                    "words": each.words,
                    "endorsed_by": standing_by,
                }
                for each in duties_of(thread)
            ]
    columns = ("id", "entry", "title", "level", "caller", "called", "playbook", "endorsed_by")
    tell_rows(rows, columns, as_json=as_json, what="duties")


COMMANDS = (plan, duty, strike, endorse, plans)
