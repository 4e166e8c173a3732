"""`detente playbook`: check lists for incidents."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option, print_json, say, wants_json
from detente.cli.responding import tell_rows

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("playbook")
def command() -> None:
    """Playbooks (CACAO 2.0) as check lists. A person does every step; nothing runs by itself."""


@command.command("list")
@json_option
def list_playbooks(as_json: bool) -> None:
    """List the playbooks of this program.

    \b
    Example:
      detente playbook list
    """
    from detente.node.playbook_files import shipped_playbooks

    rows: list[dict[str, JsonValue]] = [
        {"name": name, "title": each.name, "steps": len(each.items), "cacao": each.id}
        for name, each in shipped_playbooks().items()
    ]
    tell_rows(rows, ("name", "steps", "title"), as_json=as_json, what="playbooks")


@command.command("show")
@click.argument("playbook", metavar="NAME|FILE")
@json_option
def show(playbook: str, as_json: bool) -> None:
    """Show a playbook of this program, or a CACAO 2.0 file, as a check list.

    \b
    Example:
      detente playbook show results-differ
    """
    from detente.node.playbook_files import find_playbook

    found = find_playbook(playbook)
    if wants_json(as_json):
        items: list[JsonValue] = [
            {
                "number": number,
                "step": each.step,
                "words": each.words,
                "condition": each.condition,
                "automatic": [*each.automatic],
            }
            for number, each in enumerate(found.items, start=1)
        ]
        print_json({"id": found.id, "name": found.name, "items": items})
    if not as_json:
        say(f"{found.name}: {found.description}")
        for number, each in enumerate(found.items, start=1):
            when = f" ({each.condition})" if each.condition else ""
            machine = f" [not executed: {', '.join(each.automatic)}]" if each.automatic else ""
            say(f"[ ] {number}. {each.words}{when}{machine}")


@command.command("check")
@click.argument("case", metavar="CASE")
@click.argument("playbook", metavar="NAME|FILE")
@click.argument("number", type=click.IntRange(1))
@click.option(
    "--state", type=click.Choice(("taken", "done", "dropped")), default="done", show_default=True
)
@click.option("--private", is_flag=True, help="For this node alone.")
@node_option
@json_option
def check(
    case: str,
    playbook: str,
    number: int,
    state: str,
    private: bool,
    directory: Path,
    as_json: bool,
) -> None:
    """Write down in a case that a step of a playbook was done.

    \b
    Example:
      detente playbook check 5c9f results-differ 3 --node office
    """
    from detente.cli.case_shown import casework_of
    from detente.cli.opening import open_home
    from detente.cli.written import say_written
    from detente.errors import InputError
    from detente.node.playbook_files import find_playbook

    found = find_playbook(playbook)
    if number > len(found.items):
        raise InputError(f"{found.name!r} has {len(found.items)} steps")
    step = f"{number}. {found.items[number - 1].words}"[:200]
    body: dict[str, JsonValue] = {"name": found.name[:200], "step": step, "state": state}
    with open_home(directory) as home:
        written = casework_of(home).add(case, "playbook", body, private=private)
    say_written(written, as_json=as_json, what="step")
