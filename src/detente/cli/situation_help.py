"""`detente situation`: capabilities, requests and offers of help."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.moments import parse_due
from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.responding import (
    begin,
    entry_named,
    responding,
    tell_rows,
    tlp_option,
    with_option,
)
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.response import Aid
    from detente.signing import JsonValue


@click.command("capability")
@click.argument("title", metavar="TITLE")
@click.option("--people", type=click.IntRange(0, 10_000), default=1, show_default=True)
@click.option("--hours", type=click.IntRange(0, 100_000), required=True, help="In all.")
@click.option("--tool", "tools", multiple=True)
@click.option("--until", default="90d", show_default=True)
@click.option("--words", default="On request.", show_default=True)
@with_option
@tlp_option
@node_option
@json_option
def capability(
    title: str, members: tuple[str, ...], directory: Path, as_json: bool, **said: object
) -> None:
    """Say what this member can give: people, tools, hours.

    \b
    Example:
      detente situation capability "Forensics of disks" --people 2 --hours 80 --tool "write blocker"
    """
    from detente.response import Sort
    from detente.signing import format_time

    with responding(directory) as lent:
        tools = said["tools"]
        body: dict[str, JsonValue] = {
            "title": title,
            "people": int(str(said["people"])),
            "hours": int(str(said["hours"])),
            "tools": list(tools) if isinstance(tools, tuple) else [],
            "until": format_time(parse_due(str(said["until"]), lent.now)),
            "words": str(said["words"]),
        }
        tlp = str(said["tlp"])
        begin(lent, Sort.CAPABILITY, body, members=members, tlp=tlp, as_json=as_json)


@click.command("capabilities")
@node_option
@json_option
def capabilities(directory: Path, as_json: bool) -> None:
    """List what members can give, as far as it still holds.

    \b
    Example:
      detente situation capabilities --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.CAPABILITY.value, limit=1_000):
            opening = lent.responder.read(row.id).opening
            until = opening.moment("until")
            if row.state == "open" and until is not None and until > lent.now:
                rows.append(
                    {
                        "id": row.id,
                        "by": lent.name(opening.author),
                        "title": opening.text("title"),
                        "people": opening.whole("people"),
                        "hours": opening.whole("hours"),
                        "tools": [*opening.texts("tools")],
                        "until": opening.text("until"),
                    }
                )
    columns = ("id", "by", "people", "hours", "tools", "title")
    tell_rows(rows, columns, as_json=as_json, what="capabilities")


@click.command("request")
@click.argument("title", metavar="TITLE")
@click.option("--capability", required=True, help="What is needed.")
@click.option("--hours", type=click.IntRange(0, 100_000), default=8, show_default=True)
@click.option("--due", required=True, help="2h, 3d or a time.")
@click.option("--words", default="Please offer what you can.", show_default=True)
@with_option
@tlp_option
@node_option
@json_option
def request(
    title: str, members: tuple[str, ...], directory: Path, as_json: bool, **said: object
) -> None:
    """Ask for help, until a time.

    \b
    Example:
      detente situation request "Logs of a web server" --capability forensics --due 6h
    """
    from detente.response import Sort
    from detente.signing import format_time

    with responding(directory) as lent:
        body: dict[str, JsonValue] = {
            "title": title,
            "side": "request",
            "capability": str(said["capability"]),
            "hours": int(str(said["hours"])),
            "due": format_time(parse_due(str(said["due"]), lent.now)),
            "words": str(said["words"]),
        }
        begin(lent, Sort.HELP, body, members=members, tlp=str(said["tlp"]), as_json=as_json)


@click.command("offer")
@click.argument("request", metavar="REQUEST")
@click.argument("words", metavar="WORDS")
@click.option("--hours", type=click.IntRange(0, 100_000), default=8, show_default=True)
@click.option("--until", default="7d", show_default=True)
@node_option
@json_option
def offer(request: str, words: str, hours: int, until: str, directory: Path, as_json: bool) -> None:
    """Offer help to who asked for it.

    \b
    Example:
      detente situation offer 5c9f "two people from six" --hours 16 --node office
    """
    from detente.response import Sort
    from detente.signing import format_time

    with responding(directory) as lent:
        row = lent.responder.find(Sort.HELP, request)
        end = format_time(parse_due(until, lent.now))
        body: dict[str, JsonValue] = {"words": words, "hours": hours, "until": end}
        written = lent.responder.add(row.id, "offer", body)
    say_written(written, as_json=as_json, what="offer")


@click.command("accept")
@click.argument("request", metavar="REQUEST")
@click.option("--of", "offered", required=True, metavar="ENTRY", help="The offer.")
@node_option
@json_option
def accept(request: str, offered: str, directory: Path, as_json: bool) -> None:
    """Accept an offer of help.

    \b
    Example:
      detente situation accept 5c9f --of 77aa --node office
    """
    from detente.response import Sort

    with responding(directory) as lent:
        row = lent.responder.find(Sort.HELP, request)
        of = entry_named(lent, row.id, offered)
        written = lent.responder.add(row.id, "accept", {"of": of})
    say_written(written, as_json=as_json, what="acceptance")


@click.command("requests")
@node_option
@json_option
def requests(directory: Path, as_json: bool) -> None:
    """List requests for help and what was offered.

    \b
    Example:
      detente situation requests --node office
    """
    from detente.response import Sort, aid_of

    with responding(directory) as lent:
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.HELP.value, limit=1_000):
            found: Aid = aid_of(lent.responder.read(row.id))
            state = "closed" if found.is_closed else "open"
            rows.append(
                {
                    "id": row.id,
                    "by": lent.name(found.author),
                    "title": found.title,
                    "due": found.due.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    "state": "unanswered" if found.is_unanswered(lent.now) else state,
                    "offers": [
                        {
                            "entry": each.digest,
                            "by": lent.name(each.entry.author),
                            "words": each.entry.text("words"),
                            "accepted": each.digest in found.accepted,
                        }
                        for each in found.offers
                    ],
                }
            )
    tell_rows(rows, ("id", "state", "due", "by", "title"), as_json=as_json, what="requests")


COMMANDS = (capability, capabilities, request, offer, accept, requests)
