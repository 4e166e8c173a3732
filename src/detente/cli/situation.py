"""`detente situation`: the joint picture, capabilities, help, the crisis plan."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli import situation_help, situation_plan
from detente.cli.moments import parse_moment
from detente.cli.opening import node_option
from detente.cli.output import json_option, print_json, say, wants_json
from detente.cli.responding import responding
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("situation")
def command() -> None:
    """The joint picture of a period, what members can give, what is needed, who calls whom."""


@command.command("report")
@click.option("--since", default="7d", show_default=True, help="A span before now, or a time.")
@click.option("--publish", is_flag=True, help="Say it to the unit.")
@click.option("--words", default="Drawn from what members released.", show_default=True)
@node_option
@json_option
def report(since: str, publish: bool, words: str, directory: Path, as_json: bool) -> None:
    """Draw the joint picture: each line with its statements, what was withheld only counted.

    \b
    Example:
      detente situation report --since 7d --publish --node office
    """
    from datetime import UTC, datetime, timedelta

    from detente.node.accounting import Accounting
    from detente.signing import format_time

    with responding(directory) as lent:
        begin = datetime.fromtimestamp(int(parse_moment(since, lent.now)), UTC)
        # What another's clock says may lie a little ahead of ours.
        end = lent.now + timedelta(seconds=300)
        work = Accounting(lent.home, lent.responder)
        picture = work.picture(begin, end, dict(lent.names))
        written = None
        if publish:
            period = f"{format_time(begin)} to {format_time(lent.now)}"
            title = f"Situation {lent.now:%Y-%m-%d}"
            written = work.say_picture(picture, title=title, period=period, words=words)
    document: dict[str, JsonValue] = {
        "lines": [{"words": words, "about": [*about]} for words, about in picture.lines],
        "withheld": {lent.name(who): count for who, count in picture.withheld.items()},
        "silent": [*picture.silent],
        "thread": "" if written is None else written.thread,
    }
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        for line, about in picture.lines:
            say(f"{line} [{', '.join(each[:12] for each in about[:4])}]")
        for who, count in picture.withheld.items():
            say(f"{lent.name(who)}: {count} contents withheld from this member")
        for who in picture.silent:
            say(f"{who}: nothing in this period")
        if written is not None:
            say_written(written, as_json=False, what="situation report")


for each in (*situation_help.COMMANDS, *situation_plan.COMMANDS):
    command.add_command(each)
