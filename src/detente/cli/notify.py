"""`detente notify`: people of this office are told, and confirm."""

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
    write_file,
)
from detente.cli.responding import tell_rows
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.home import Home
    from detente.node.notice_settings import Settings
    from detente.signing import JsonValue
    from detente.storage.notices import Try


@click.group("notify")
def command() -> None:
    """People of this office are told of what cannot wait, step by step, until one confirms.

    Channels, people and steps stand in `notify.toml` in the node's directory. A running node
    looks every 15 seconds; a channel carries no more than its label allows.
    """


@command.command("test")
@click.argument("person", metavar="PERSON")
@node_option
@json_option
def test(person: str, directory: Path, as_json: bool) -> int:
    """Send a test letter to one person on every channel; exit status 1 if one did not go.

    \b
    Example:
      detente notify test lead --node office

    \b
    notify.toml, for instance:
      per_hour = 20
      paper = "paper"
      releasers = ["chief"]
      [channels.mail]
      sort = "mail"
      most = "amber"
      host = "mail.office.example"
      port = 587
      tls = "starttls"
      user = "detente"
      secret_file = "mail.password"
      from = "detente@office.example"
      [channels.text]
      sort = "sms"
      most = "clear"
      url = "https://sms.example/send"
      secret_file = "sms.token"
      [people.lead]
      mail = "lead@office.example"
      text = "+355000000"
      phone = "+355000000"
      quiet = "22:00-06:00"
      zone = "Europe/Tirane"
      [[steps]]
      after_minutes = 0
      people = ["lead"]
    """
    from detente.node.clock import now
    from detente.node.noticing import Noticer

    with open_home(directory) as home:
        settings = _settings(home)
        if person not in settings.plan.people:
            raise InputError(
                f"nobody is called {person!r}",
                remedy="The file names " + ", ".join(sorted(settings.plan.people)),
            )
        tries = Noticer(home, settings, now).test(person)
    return _tell_tries(tries, as_json=as_json)


@command.command("turn")
@node_option
@json_option
def turn(directory: Path, as_json: bool) -> int:
    """Gather what is to be told and take every step that is due, once.

    \b
    Example:
      detente notify turn --node office
    """
    from detente.node.clock import now
    from detente.node.noticing import Noticer

    with open_home(directory) as home:
        tries = Noticer(home, _settings(home), now).turn()
    return _tell_tries(tries, as_json=as_json)


@command.command("list")
@node_option
@json_option
def list_notices(directory: Path, as_json: bool) -> None:
    """List notices: how far each went, and who confirmed it.

    \b
    Example:
      detente notify list --node office
    """
    from detente.storage.notices import NoticeShelf

    with open_home(directory) as home:
        rows: list[dict[str, JsonValue]] = [
            {
                "number": row.number,
                "level": row.level,
                "tlp": row.tlp,
                "title": row.title,
                "step": row.step,
                "confirmed_by": row.confirmed_by,
                "sent": sum(not each.fault for each in row.tries),
                "faults": [each.fault for each in row.tries if each.fault],
            }
            for row in NoticeShelf(home.database).newest(100)
        ]
    columns = ("number", "level", "confirmed_by", "sent", "title")
    tell_rows(rows, columns, as_json=as_json, what="notices")


@command.command("confirm")
@click.argument("number", type=click.IntRange(1))
@click.option("--by", required=True, help="Who confirms.")
@node_option
@json_option
def confirm(number: int, by: str, directory: Path, as_json: bool) -> None:
    """Confirm a notice: no further step is taken.

    \b
    Example:
      detente notify confirm 12 --by lead --node office
    """
    from detente.node.clock import now
    from detente.storage.notices import NoticeShelf

    with open_home(directory) as home:
        shelf = NoticeShelf(home.database)
        if not shelf.confirm(number, by=by[:100], at=int(now().timestamp())):
            raise InputError(f"there is no notice {number}", remedy="See `detente notify list`")
    if wants_json(as_json):
        print_json({"number": number, "by": by})
    if not as_json:
        say(f"notice {number} confirmed by {by}")


@command.command("calltree")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Else shown here.")
@node_option
@json_option
def calltree(out: Path | None, directory: Path, as_json: bool) -> None:
    """Print who calls whom, for when nothing else works.

    \b
    Example:
      detente notify calltree --out call-tree.txt --node office
    """
    from detente.response.notification import call_tree

    with open_home(directory) as home:
        text = call_tree(_settings(home).plan)
    if out is not None:
        write_file(out, text.encode())
    if wants_json(as_json):
        print_json({"tree": text})
    if not as_json:
        for line in text.splitlines():
            say(line)


@command.command("paper")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@node_option
@json_option
def paper(out: Path, directory: Path, as_json: bool) -> None:
    """Write the current picture as one page to print: open cases, duties, the call tree.

    With `paper = "FOLDER"` in `notify.toml` a running node writes it every hour.

    \b
    Example:
      detente notify paper --out picture.html --node office
    """
    from detente.node.clock import now
    from detente.node.notice_settings import load_notice_settings
    from detente.node.paper import picture_page

    with open_home(directory) as home:
        found = load_notice_settings(home.layout.directory, node=home.identity.name)
        page = picture_page(home, None if found is None else found.plan, now())
    write_file(out, page)
    if wants_json(as_json):
        print_json({"file": str(out), "bytes": len(page)})
    if not as_json:
        say(f"{out}: {len(page)} bytes")


def _settings(home: "Home") -> "Settings":
    from detente.node.notice_settings import FILE, load_notice_settings

    found = load_notice_settings(home.layout.directory, node=home.identity.name)
    if found is None:
        raise InputError(
            "nobody is to be told",
            file=str(home.layout.directory / FILE),
            remedy="`detente notify test --help` shows an example of the file",
        )
    return found


def _tell_tries(tries: "list[Try]", *, as_json: bool) -> int:
    rows: list[dict[str, JsonValue]] = [
        {"address": each.address, "channel": each.channel, "fault": each.fault} for each in tries
    ]
    tell_rows(rows, ("channel", "address", "fault"), as_json=as_json, what="letters")
    return EXIT_WRONG if any(each.fault for each in tries) else EXIT_GOOD
