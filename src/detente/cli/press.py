"""`detente press`: a sentence for the press, drafted by one and approved by another."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    say,
    wants_json,
)
from detente.cli.responding import TLP, tell_rows
from detente.cli.written import say_written
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.press_room import PressRoom
    from detente.response.press import Press
    from detente.signing import JsonValue

by_option = click.option("--by", required=True, metavar="NAME", help="Who does it.")


@click.group("press")
def command() -> None:
    """A sentence for the press: a draft until a releaser who wrote none of it approves it.

    Releasers stand in `notify.toml`, or have the role in the console. Names are what the
    owner of this machine types: the history keeps them, and the signed trail beside it.
    """


@command.command("draft")
@click.argument("title", metavar="TITLE")
@click.option("--words", default="", help="The sentence; else one is made of what follows.")
@click.option("--known", multiple=True, help="What is known and may be told.")
@click.option("--doing", multiple=True, help="What is done.")
@click.option("--tlp", type=click.Choice(TLP), default="clear", show_default=True)
@by_option
@node_option
@json_option
def draft(
    title: str,
    words: str,
    known: tuple[str, ...],
    doing: tuple[str, ...],
    tlp: str,
    by: str,
    directory: Path,
    as_json: bool,
) -> None:
    """Keep a draft at this node. Of what is not TLP:CLEAR it says only that there is an event.

    \b
    Example:
      detente press draft "Results page" --known "it is slow" --by lead --node office
    """
    from detente.response.press import press_draft
    from detente.statements import Tlp

    name, sentence = press_draft(title=title, known=known, doing=doing, tlp=Tlp(tlp))
    if words and Tlp(tlp) is not Tlp.CLEAR:
        raise InputError("words of one's own are TLP:CLEAR", remedy="Write what may be told")
    with _room(directory) as room:
        written = room.draft(name, words or sentence, by=by)
    say_written(written, as_json=as_json, what="draft")


@command.command("revise")
@click.argument("sentence", metavar="SENTENCE")
@click.argument("words", metavar="WORDS")
@by_option
@node_option
@json_option
def revise(sentence: str, words: str, by: str, directory: Path, as_json: bool) -> None:
    """Change the words; they are a draft again, whoever approved the old ones.

    \b
    Example:
      detente press revise 5c9f "The page is slow; figures are on paper." --by ana --node office
    """
    with _room(directory) as room:
        written = room.revise(sentence, words, by=by)
    say_written(written, as_json=as_json, what="draft")


@command.command("approve")
@click.argument("sentence", metavar="SENTENCE")
@click.option("--draft", required=True, metavar="ENTRY", help="As `show` gave it with the words.")
@by_option
@node_option
@json_option
def approve(sentence: str, draft: str, by: str, directory: Path, as_json: bool) -> None:
    """Approve the words that were read. Who wrote any of them may not.

    \b
    Example:
      detente press approve 5c9f --draft 77aa --by chief --node office
    """
    with _room(directory) as room:
        written = room.approve(sentence, draft=draft, by=by)
    say_written(written, as_json=as_json, what="approval")


@command.command("withdraw")
@click.argument("sentence", metavar="SENTENCE")
@click.argument("words", metavar="WHY")
@by_option
@node_option
@json_option
def withdraw(sentence: str, words: str, by: str, directory: Path, as_json: bool) -> None:
    """Let nothing more of it be sent. What was sent stays in its history.

    \b
    Example:
      detente press withdraw 5c9f "It was the provider" --by lead --node office
    """
    with _room(directory) as room:
        written = room.withdraw(sentence, words, by=by)
    say_written(written, as_json=as_json, what="entry")


@command.command("send")
@click.argument("sentence", metavar="SENTENCE")
@click.option("--to", "people", multiple=True, required=True, metavar="PERSON")
@by_option
@node_option
@json_option
def send(sentence: str, people: tuple[str, ...], by: str, directory: Path, as_json: bool) -> int:
    """Send approved words to people of `notify.toml`; exit status 1 if a letter did not go.

    \b
    Example:
      detente press send 5c9f --to agency --by lead --node office
    """
    with _room(directory) as room:
        tries = room.send(sentence, people, by=by)
    rows: list[dict[str, JsonValue]] = [
        {"address": each.address, "channel": each.channel, "fault": each.fault} for each in tries
    ]
    tell_rows(rows, ("channel", "address", "fault"), as_json=as_json, what="letters")
    return EXIT_WRONG if any(each.fault for each in tries) else EXIT_GOOD


@command.command("list")
@node_option
@json_option
def list_sentences(directory: Path, as_json: bool) -> None:
    """List sentences, the last changed first.

    \b
    Example:
      detente press list --node office
    """
    with _room(directory) as room:
        rows = [_row(identifier, press) for identifier, press in room.listed()]
    columns = ("id", "state", "approved_by", "title")
    tell_rows(rows, columns, as_json=as_json, what="sentences")


@command.command("show")
@click.argument("sentence", metavar="SENTENCE")
@node_option
@json_option
def show(sentence: str, directory: Path, as_json: bool) -> None:
    """Show the words as they stand, and everything that became of them.

    \b
    Example:
      detente press show 5c9f --node office
    """
    with _room(directory) as room:
        row = _row(*room.read(sentence))
        history = room.history(sentence)
    if wants_json(as_json):
        print_json({**row, "history": [dict(each) for each in history]})
    if not as_json:
        for name in ("title", "state", "draft", "words", "approved_by", "approved_at"):
            say(f"{name}: {row[name] or '-'}")
        for each in history:
            effect = " (without effect)" if each["without_effect"] else ""
            say(f"{each['at']} {each['act']} by {each['by'] or '-'}{effect}")


def _row(identifier: str, press: "Press") -> "dict[str, JsonValue]":
    from detente.signing import format_time

    return {
        "id": identifier,
        "title": press.title,
        "state": press.state.value,
        "draft": press.draft,
        "words": press.words,
        "writers": [*press.writers],
        "approved_by": press.approved_by,
        "approved_at": format_time(press.approved_at) if press.approved_at else "",
        "sent": [address for each in press.sent for address in each.entry.texts("to")],
    }


@contextmanager
def _room(directory: Path) -> "Iterator[PressRoom]":
    from detente.node.clock import now
    from detente.node.notice_settings import load_notice_settings
    from detente.node.press_room import PressRoom

    with open_home(directory) as home:
        settings = load_notice_settings(home.layout.directory, node=home.identity.name)
        yield PressRoom(home, settings, now)
