"""`detente case`: what is added to a case."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.case_shown import casework_of
from detente.cli.moments import parse_due
from detente.cli.opening import node_option, open_home
from detente.cli.output import json_option
from detente.cli.readers import find_members
from detente.cli.written import say_written
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.signing import JsonValue

_LIKELIHOODS = (
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)
LEVELS = ("low", "medium", "high", "critical")
private_option = click.option("--private", is_flag=True, help="For this node alone.")


@click.command("add")
@click.argument("case", metavar="CASE")
@click.argument("words", metavar="WORDS")
@click.option("--when", help="When it happened: a time, or a span before now (2h).")
@click.option("--about", multiple=True, metavar="ID", help="A statement it rests on.")
@click.option(
    "--evidence",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A file: its hash and size are noted, it stays where it is.",
)
@click.option("--corrects", metavar="ENTRY", help="An entry that this stands beside.")
@private_option
@node_option
@json_option
def add(
    case: str,
    words: str,
    private: bool,
    directory: Path,
    as_json: bool,
    **said: object,
) -> None:
    """Add to the timeline of a case.

    \b
    Examples:
      detente case add 5c9f "The provider confirms works until noon" --node office
      detente case add 5c9f "Access log of Monday" --evidence access.log --node office
    """
    from detente.node.case_entries import timeline_entry

    with open_home(directory) as home:
        work = casework_of(home)
        act, body = timeline_entry(work, case, words, said)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@click.command("hypothesis")
@click.argument("case", metavar="CASE")
@click.argument("words", metavar="WORDS", required=False, default="")
@click.option("--innocent", is_flag=True, help="Nobody means harm in it.")
@click.option("--weigh", metavar="ENTRY", help="Say how likely this hypothesis is.")
@click.option("--likelihood", type=click.Choice(_LIKELIHOODS))
@private_option
@node_option
@json_option
def hypothesis(
    case: str,
    words: str,
    private: bool,
    directory: Path,
    as_json: bool,
    **weighing: object,
) -> None:
    """State a hypothesis, or say how likely one is (words of ICD 203).

    \b
    Examples:
      detente case hypothesis 5c9f "A crawler of the library" --innocent --node office
      detente case hypothesis 5c9f --weigh 77aa --likelihood unlikely --node office
    """
    from detente.node.case_entries import hypothesis_entry

    with open_home(directory) as home:
        work = casework_of(home)
        act, body = hypothesis_entry(work, case, words, weighing)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@click.command("task")
@click.argument("case", metavar="CASE")
@click.argument("title", metavar="TITLE", required=False, default="")
@click.option("--owner", metavar="MEMBER", help="Whose it is; ours where not given.")
@click.option("--person", help="Who at that office.")
@click.option("--due", help="2h, 3d or a time.")
@click.option("--of", "task", metavar="ENTRY", help="A task to move on.")
@click.option("--state", type=click.Choice(("open", "taken", "done", "dropped")))
@private_option
@node_option
@json_option
def task(
    case: str,
    title: str,
    private: bool,
    directory: Path,
    as_json: bool,
    **asked: object,
) -> None:
    """Set a task, or move one on: only who set it or who owns it can.

    \b
    Examples:
      detente case task 5c9f "Ask the provider" --person "shift lead" --due 2h --node office
      detente case task 5c9f --of 77aa --state done --node office
    """
    from detente.node.case_entries import task_entry
    from detente.node.clock import now

    with open_home(directory) as home:
        work = casework_of(home)
        owner = asked["owner"]
        found = find_members(home, [str(owner)])[0] if owner else ""
        due = parse_due(str(asked["due"]), now()) if asked["due"] else None
        act, body = task_entry(work, case, title, {**asked, "owner": found}, due)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@click.command("decide")
@click.argument("case", metavar="CASE")
@click.argument("decision", metavar="DECISION")
@click.option("--because", required=True, help="The reasons.")
@private_option
@node_option
@json_option
def decide(
    case: str, decision: str, because: str, private: bool, directory: Path, as_json: bool
) -> None:
    """Write down a decision with its reasons.

    \b
    Example:
      detente case decide 5c9f "Show the last good page" --because "the feed is late" --node office
    """
    body: dict[str, JsonValue] = {"words": decision, "reasons": because}
    _add(case, "decision", body, directory, as_json=as_json, private=private)


@click.command("retitle")
@click.argument("case", metavar="CASE")
@click.argument("title", metavar="TITLE")
@node_option
@json_option
def retitle(case: str, title: str, directory: Path, as_json: bool) -> None:
    """Give a case another title; only who opened it can. The old one stays in the history.

    \b
    Example:
      detente case retitle 5c9f "Works of the provider" --node office
    """
    with open_home(directory) as home:
        work = casework_of(home)
        if work.read(case).case.opened_by != home.identity.member:
            raise InputError(
                "only who opened a case gives it another title",
                remedy="Ask them, or add a note with `detente case add`",
            )
        written = work.add(case, "title", {"title": title})
    say_written(written, as_json=as_json, what="entry")


@click.command("level")
@click.argument("case", metavar="CASE")
@click.argument("level", type=click.Choice(LEVELS))
@click.option("--words", default="", help="Why.")
@private_option
@node_option
@json_option
def level(case: str, level: str, words: str, private: bool, directory: Path, as_json: bool) -> None:
    """Say how bad this member holds a case to be; the highest of the members' levels counts.

    \b
    Example:
      detente case level 5c9f low --words "two hosts, both of ours" --node office
    """
    body: dict[str, JsonValue] = {"level": level}
    if words:
        body["words"] = words
    _add(case, "level", body, directory, as_json=as_json, private=private)


@click.command("close")
@click.argument("case", metavar="CASE")
@click.argument("outcome", metavar="OUTCOME")
@node_option
@json_option
def close(case: str, outcome: str, directory: Path, as_json: bool) -> None:
    """Close a case for this member; each of the others closes it for itself.

    \b
    Example:
      detente case close 5c9f "Works of the provider, over at noon" --node office
    """
    _add(case, "close", {"words": outcome}, directory, as_json=as_json)


@click.command("reopen")
@click.argument("case", metavar="CASE")
@click.argument("reason", metavar="REASON")
@node_option
@json_option
def reopen(case: str, reason: str, directory: Path, as_json: bool) -> None:
    """Open a closed case again; that it was closed, and why, stays.

    \b
    Example:
      detente case reopen 5c9f "It began again" --node office
    """
    _add(case, "reopen", {"words": reason}, directory, as_json=as_json)


@click.command("handover")
@click.argument("case", metavar="CASE")
@click.argument("words", metavar="WORDS")
@click.option("--to", required=True, help="Who takes over.")
@click.option("--shared", is_flag=True, help="The other members shall read it too.")
@node_option
@json_option
def handover(case: str, words: str, to: str, shared: bool, directory: Path, as_json: bool) -> None:
    """Leave a note for the next shift; it stays with this node unless --shared.

    \b
    Example:
      detente case handover 5c9f "Provider calls back at six" --to "night shift" --node office
    """
    body: dict[str, JsonValue] = {"words": words, "to": to}
    _add(case, "handover", body, directory, as_json=as_json, private=not shared)


def _add(
    case: str,
    act: str,
    body: "dict[str, JsonValue]",
    directory: Path,
    *,
    as_json: bool,
    private: bool = False,
) -> None:
    with open_home(directory) as home:
        written = casework_of(home).add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


COMMANDS = (add, hypothesis, task, decide, retitle, level, close, reopen, handover)
