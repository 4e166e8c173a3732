"""`detente case`: open, share, keep and close cases."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.case_opening import open_case
from detente.cli.case_shown import casework_of, say_case
from detente.cli.case_writing import COMMANDS
from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    json_option,
    print_json,
    say,
    say_table,
    wants_json,
    write_file,
)
from detente.cli.readers import find_readers, labels
from detente.cli.written import say_written

if TYPE_CHECKING:
    from detente.node.casework import WholeCase
    from detente.node.home import Home
    from detente.signing import JsonValue

_TLP = ("clear", "green", "amber", "amber+strict", "red")


@click.group("case")
def command() -> None:
    """Open, share, keep and close cases. A history is added to, never changed.

    A case is private until it is shared. What is shared is said in statements, and every
    member that takes part sees the same entries in the same order.
    """


@command.command("share")
@click.argument("case", metavar="CASE")
@click.option("--title", help="As the others shall know it; the present one where not given.")
@click.option("--words", default="", help="What they shall know of it.")
@click.option("--with", "members", multiple=True, metavar="MEMBER", help="These; else the unit.")
@click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)
@node_option
@json_option
def share(
    case: str,
    title: str | None,
    words: str,
    members: tuple[str, ...],
    tlp: str,
    directory: Path,
    as_json: bool,
) -> None:
    """Open the shared part of a private case. Nothing that was written so far goes along.

    \b
    Example:
      detente case share 5c9f --words "Probes since Monday" --with Borea --node office
    """
    from detente.node.casework import Opened

    with open_home(directory) as home:
        work = casework_of(home)
        old = work.read(case).case
        asked = Opened(title or old.title, old.kind, old.level.value, tlp, words)
        readers = find_readers(home, members)
        written = work.share(
            case, readers=readers if isinstance(readers, str) else list(readers), asked=asked
        )
    say_written(written, as_json=as_json, what="case")


@command.command("list")
@click.option("--state", type=click.Choice(("open", "closed")), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True)
@node_option
@json_option
def list_cases(state: str | None, limit: int, directory: Path, as_json: bool) -> None:
    """List cases, the last changed first.

    \b
    Example:
      detente case list --state open --node office
    """
    with open_home(directory) as home:
        work, names = casework_of(home), labels(home)
        rows: list[dict[str, JsonValue]] = [
            {
                "id": row.id,
                "title": row.title,
                "state": row.state,
                "level": row.level,
                "by": names.get(row.author, row.author),
                "private": row.private,
                "entries": row.entries,
                "waiting": row.waiting,
            }
            for row in work.listed(state=state or "", limit=limit)
        ]
    if wants_json(as_json):
        print_json({"cases": rows})
    if not as_json:
        shown = [{name: str(value) for name, value in row.items()} for row in rows]
        short = [row | {"id": row["id"][:16]} for row in shown]
        say_table(short, ("id", "level", "state", "entries", "title"))


@command.command("show")
@click.argument("case", metavar="CASE")
@node_option
@json_option
def show(case: str, directory: Path, as_json: bool) -> None:
    """Show a case: every entry in its order, the innocent hypotheses first.

    \b
    Example:
      detente case show 5c9f --node office
    """
    with open_home(directory) as home:
        document = _described(home, case)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        say_case(document)


@command.command("report")
@click.argument("case", metavar="CASE")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--shared-only", is_flag=True, help="Nothing that is this node's own.")
@node_option
@json_option
def report(case: str, out: Path, shared_only: bool, directory: Path, as_json: bool) -> None:
    """Write the report of a case as one HTML page that prints.

    \b
    Example:
      detente case report 5c9f --out closing.html --node office
    """
    from detente.node.case_report import case_page

    with open_home(directory) as home:
        document = _described(home, case)
        page = case_page(document, shared_only=shared_only)
    write_file(out, page)
    if wants_json(as_json):
        print_json({"id": document["id"], "file": str(out), "bytes": len(page)})
    if not as_json:
        say(f"{out}: {len(page)} bytes")


def _described(home: "Home", name: str) -> "dict[str, JsonValue]":
    from detente.node.casework import describe_case
    from detente.node.clock import now

    work = casework_of(home)
    whole: WholeCase = work.read(name)
    return describe_case(
        whole,
        me=home.identity.member,
        names=labels(home),
        statements=work.statements(whole),
        now=now(),
    )


for each in (open_case, *COMMANDS):
    command.add_command(each)
