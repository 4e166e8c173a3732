"""`detente accord`: what happens after it was signed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.moments import parse_due
from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.readers import find_members
from detente.cli.responding import Lent, add_entry, entry_named, responding
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.node.accordwork import Accordwork
    from detente.signing import JsonValue

_clause_option = click.option(
    "--clause", type=click.IntRange(0, 63), required=True, help="Its number, from 0."
)
_evidence_option = click.option(
    "--evidence", multiple=True, metavar="HASH", help="SHA-256 of what shows it, or a statement."
)


def accordwork(lent: Lent) -> "Accordwork":
    """Return the accords of a lent node."""
    from detente.node.accordwork import Accordwork

    return Accordwork(lent.home, lent.responder)


@click.command("allege")
@click.argument("accord", metavar="ACCORD")
@click.argument("words", metavar="WORDS")
@click.option("--accused", required=True, metavar="MEMBER")
@click.option("--due", default="3d", show_default=True, help="Until when a reply is awaited.")
@_clause_option
@_evidence_option
@node_option
@json_option
def allege(
    accord: str,
    words: str,
    accused: str,
    due: str,
    clause: int,
    evidence: tuple[str, ...],
    directory: Path,
    as_json: bool,
) -> None:
    """Allege a breach. It needs evidence, and leaves a day or more for a reply.

    \b
    Example:
      detente accord allege 5c9f "login from their network" --accused Borea --clause 0
          --evidence 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    from detente.response import Sort
    from detente.signing import format_time

    with responding(directory) as lent:
        row = lent.responder.find(Sort.ACCORD, accord)
        body: dict[str, JsonValue] = {
            "accused": find_members(lent.home, [accused])[0],
            "clause": clause,
            "words": words,
            "evidence": [*sorted(set(evidence))],
            "due": format_time(parse_due(due, lent.now)),
        }
        written = lent.responder.add(row.id, "allege", body)
    say_written(written, as_json=as_json, what="allegation")


@click.command("reply")
@click.argument("accord", metavar="ACCORD")
@click.argument("words", metavar="WORDS")
@click.option("--of", "allegation", required=True, metavar="ENTRY", help="The allegation.")
@_evidence_option
@node_option
@json_option
def reply(
    accord: str,
    words: str,
    allegation: str,
    evidence: tuple[str, ...],
    directory: Path,
    as_json: bool,
) -> None:
    """Reply to an allegation; it stands beside it.

    \b
    Example:
      detente accord reply 5c9f "a scanner of a contractor, ended" --of 77aa --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        row = lent.responder.find(Sort.ACCORD, accord)
        body: dict[str, JsonValue] = {
            "of": entry_named(lent, row.id, allegation),
            "words": words,
            "evidence": [*sorted(set(evidence))],
        }
        written = lent.responder.add(row.id, "reply", body)
    say_written(written, as_json=as_json, what="reply")


@click.command("judge")
@click.argument("accord", metavar="ACCORD")
@click.argument("verdict", type=click.Choice(("shown", "not shown", "undecided")))
@click.option("--of", "allegation", required=True, metavar="ENTRY", help="The allegation.")
@click.option("--because", required=True, help="The reasons.")
@node_option
@json_option
def judge(
    accord: str, verdict: str, allegation: str, because: str, directory: Path, as_json: bool
) -> None:
    """Say whether a breach is shown; the accused's own word does not count.

    \b
    Example:
      detente accord judge 5c9f "not shown" --of 77aa --because "one log alone" --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        row = lent.responder.find(Sort.ACCORD, accord)
        of = entry_named(lent, row.id, allegation)
        body: dict[str, JsonValue] = {"of": of, "verdict": verdict, "reasons": because}
        written = lent.responder.add(row.id, "judge", body)
    say_written(written, as_json=as_json, what="verdict")


@click.command("link")
@click.argument("accord", metavar="ACCORD")
@click.argument("finding", metavar="HASH")
@click.argument("words", metavar="WORDS")
@_clause_option
@node_option
@json_option
def link(
    accord: str, finding: str, words: str, clause: int, directory: Path, as_json: bool
) -> None:
    """Link a finding or a statement to a clause: a person does, nothing does by itself.

    \b
    Example:
      detente accord link 5c9f
          9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
          "the same address" --clause 0 --node office
    """
    from detente.response import Sort

    body: dict[str, JsonValue] = {"clause": clause, "about": finding, "words": words}
    add_entry(directory, Sort.ACCORD, accord, "link", body, as_json=as_json)


@click.command("suspend")
@click.argument("accord", metavar="ACCORD")
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def suspend(accord: str, words: str, directory: Path, as_json: bool) -> None:
    """Suspend an accord, until this party resumes it.

    \b
    Example:
      detente accord suspend 5c9f "until the logs were compared" --node office
    """
    from detente.response import Sort

    add_entry(directory, Sort.ACCORD, accord, "suspend", {"words": words}, as_json=as_json)


@click.command("resume")
@click.argument("accord", metavar="ACCORD")
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def resume(accord: str, words: str, directory: Path, as_json: bool) -> None:
    """Resume an accord that this party suspended.

    \b
    Example:
      detente accord resume 5c9f "compared" --node office
    """
    from detente.response import Sort

    add_entry(directory, Sort.ACCORD, accord, "resume", {"words": words}, as_json=as_json)


@click.command("withdraw")
@click.argument("accord", metavar="ACCORD")
@click.argument("words", metavar="WORDS")
@click.option("--at-once", is_flag=True, help="Without the notice that was agreed.")
@node_option
@json_option
def withdraw(accord: str, words: str, at_once: bool, directory: Path, as_json: bool) -> None:
    """Withdraw from an accord, or decline one that this party has not signed.

    \b
    Example:
      detente accord withdraw 5c9f "the election is over" --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        found = accordwork(lent).read(accord, lent.now)
        body: dict[str, JsonValue] = {"words": words}
        act = "decline"
        if lent.responder.me in found.signed:
            act, body["mode"] = "withdraw", "at once" if at_once else "by notice"
        row = lent.responder.find(Sort.ACCORD, accord)
        written = lent.responder.add(row.id, act, body)
    say_written(written, as_json=as_json, what=act)


@click.command("report")
@click.argument("accord", metavar="ACCORD")
@click.option("--month", required=True, metavar="YYYY-MM")
@click.option("--words", default="Counted from its entries.", show_default=True)
@node_option
@json_option
def report(accord: str, month: str, words: str, directory: Path, as_json: bool) -> None:
    """Say how an accord was kept: kept, alleged, shown, answered, signed like every statement.

    \b
    Example:
      detente accord report 5c9f --month 2026-11 --node office
    """
    with responding(directory) as lent:
        written = accordwork(lent).report(accord, month, words, lent.now)
    say_written(written, as_json=as_json, what="report")


COMMANDS = (allege, reply, judge, link, suspend, resume, withdraw, report)
