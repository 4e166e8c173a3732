"""`detente question`: ask members, answer them, see who did not."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.moments import parse_due
from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.responding import add_entry, begin, responding, tell_rows, tlp_option, with_option

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("question")
def command() -> None:
    """Ask members, answer them, see who did not. Unanswered is visible; it says nothing else."""


@command.command("ask")
@click.argument("words", metavar="WORDS")
@click.option("--due", required=True, help="2h, 3d or a time.")
@click.option("--about", multiple=True, metavar="ID", help="A statement it is about.")
@with_option
@tlp_option
@node_option
@json_option
def ask(
    words: str,
    due: str,
    about: tuple[str, ...],
    members: tuple[str, ...],
    tlp: str,
    directory: Path,
    as_json: bool,
) -> None:
    """Ask the unit, or some members, with a time until which an answer is awaited.

    \b
    Example:
      detente question ask "Have you seen 198.51.100.7?" --due 4h --with Borea --node office
    """
    from detente.response import Sort
    from detente.signing import format_time

    with responding(directory) as lent:
        body: dict[str, JsonValue] = {
            "title": words[:120],
            "words": words,
            "due": format_time(parse_due(due, lent.now)),
            **({"about": [*sorted(about)]} if about else {}),
        }
        begin(lent, Sort.QUESTION, body, members=members, tlp=tlp, as_json=as_json)


@command.command("answer")
@click.argument("question", metavar="QUESTION")
@click.argument("answer", type=click.Choice(("yes", "no", "unsure", "cannot say")))
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def answer(question: str, answer: str, words: str, directory: Path, as_json: bool) -> None:
    """Answer a question.

    \b
    Example:
      detente question answer 5c9f yes "on two hosts since Monday" --node office
    """
    from detente.response import Sort

    body = {"answer": answer, "words": words}
    add_entry(directory, Sort.QUESTION, question, "answer", body, as_json=as_json)


@command.command("close")
@click.argument("question", metavar="QUESTION")
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def close(question: str, words: str, directory: Path, as_json: bool) -> None:
    """Want no more answers to an own question.

    \b
    Example:
      detente question close 5c9f "we found it" --node office
    """
    from detente.response import Sort

    add_entry(directory, Sort.QUESTION, question, "close", {"words": words}, as_json=as_json)


@command.command("list")
@node_option
@json_option
def list_questions(directory: Path, as_json: bool) -> None:
    """List questions, their answers, and who was asked and did not answer.

    \b
    Example:
      detente question list --node office
    """
    from detente.response import Sort, question_of
    from detente.signing import format_time

    with responding(directory) as lent:
        charter = lent.home.charter
        members = () if charter is None else charter.member_ids
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.QUESTION.value, limit=1_000):
            found = question_of(lent.responder.read(row.id), members)
            state = "closed" if found.is_closed else "open"
            rows.append(
                {
                    "id": row.id,
                    "title": found.title,
                    "by": lent.name(found.asker),
                    "due": format_time(found.due),
                    "state": "overdue" if found.is_overdue(lent.now) else state,
                    "unanswered": [lent.name(each) for each in sorted(found.unanswered)],
                    "answers": [
                        {
                            "by": lent.name(each.entry.author),
                            "answer": each.entry.text("answer"),
                            "words": each.entry.text("words"),
                        }
                        for each in found.answers
                    ],
                }
            )
    columns = ("id", "state", "due", "by", "unanswered", "title")
    tell_rows(rows, columns, as_json=as_json, what="questions")
