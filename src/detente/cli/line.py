"""`detente line`: the hot line."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.readers import find_members
from detente.cli.responding import entry_named, responding, tell_rows
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.signing import JsonValue


@click.group("line")
def command() -> None:
    """The hot line: messages to one member that cannot be denied, and are acknowledged.

    A message stands in the signed log of who said it; `detente receipt make` makes a proof
    of it. Where the network is cut it goes by `detente export bundle` and
    `detente import bundle`, and so does the acknowledgement.
    """


@command.command("say")
@click.argument("member", metavar="MEMBER")
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def say_on_line(member: str, words: str, directory: Path, as_json: bool) -> None:
    """Say something to one member and to nobody else (TLP:RED).

    \b
    Example:
      detente line say Borea "We see traffic from your network at our roll. Is it yours?"
    """
    from detente.response import Sort

    with responding(directory) as lent:
        (reader,) = find_members(lent.home, [member])
        body: dict[str, JsonValue] = {
            "title": words[:120],
            "words": words,
            "with": [reader],
            "tlp": "red",
        }
        written = lent.responder.open(Sort.LINE, body)
    say_written(written, as_json=as_json, what="message")


@command.command("ack")
@click.argument("message", metavar="MESSAGE")
@click.option("--words", default="", help="What the other shall know.")
@node_option
@json_option
def acknowledge(message: str, words: str, directory: Path, as_json: bool) -> None:
    """Acknowledge a message, so that who said it knows that it was read.

    \b
    Example:
      detente line ack 5c9f --words "We look into it" --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        row = lent.responder.find(Sort.LINE, message)
        of = entry_named(lent, row.id, row.id)
        body: dict[str, JsonValue] = {"of": of, **({"words": words} if words else {})}
        written = lent.responder.add(row.id, "ack", body)
    say_written(written, as_json=as_json, what="acknowledgement")


@command.command("list")
@node_option
@json_option
def list_messages(directory: Path, as_json: bool) -> None:
    """List messages, who read them, and of whom no word came yet.

    \b
    Example:
      detente line list --node office
    """
    from detente.response import Sort, messages_of

    with responding(directory) as lent:
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.LINE.value, limit=1_000):
            statements = lent.responder.statement_of(row.id)
            for message in messages_of(lent.responder.read(row.id)):
                entry = message.placed.entry
                rows.append(
                    {
                        "id": row.id,
                        "entry": message.placed.digest,
                        "by": lent.name(entry.author),
                        "words": entry.text("words"),
                        "read_by": [lent.name(each) for each in sorted(message.read_by)],
                        "awaited": [lent.name(each) for each in sorted(message.awaited)],
                        "statement": statements.get(message.placed.digest, ""),
                    }
                )
    columns = ("id", "by", "read_by", "awaited", "words")
    tell_rows(rows, columns, as_json=as_json, what="messages")
