"""`detente case`: open, share, keep and close cases."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.moments import parse_due
from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    coloured,
    json_option,
    print_json,
    say,
    say_table,
    wants_json,
    write_file,
)
from detente.cli.readers import find_members, find_readers, labels
from detente.cli.written import say_written
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.casework import Casework, WholeCase
    from detente.node.home import Home
    from detente.signing import JsonValue

_KINDS = (
    "cyber",
    "outage",
    "bomb-threat",
    "court-order",
    "names",
    "rolls",
    "results",
    "narratives",
    "other",
)
_LEVELS = ("low", "medium", "high", "critical")
_TLP = ("clear", "green", "amber", "amber+strict", "red")
_LIKELIHOODS = (
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)
private_option = click.option("--private", is_flag=True, help="For this node alone.")


@click.group("case")
def command() -> None:
    """Open, share, keep and close cases. A history is added to, never changed.

    A case is private until it is shared. What is shared is said in statements, and every
    member that takes part sees the same entries in the same order.
    """


@command.command("open")
@click.argument("title", metavar="TITLE")
@click.option("--kind", type=click.Choice(_KINDS), default="cyber", show_default=True)
@click.option("--level", type=click.Choice(_LEVELS), default="medium", show_default=True)
@click.option("--words", default="", help="What is known.")
@click.option("--about", multiple=True, metavar="ID", help="A statement it begins with.")
@click.option("--share", is_flag=True, help="Share it with the unit at once.")
@click.option("--with", "members", multiple=True, metavar="MEMBER", help="Share it with these.")
@click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)
@node_option
@json_option
def open_case(
    title: str,
    kind: str,
    level: str,
    words: str,
    about: tuple[str, ...],
    directory: Path,
    as_json: bool,
    **sharing: object,
) -> None:
    """Open a case; its innocent explanation is written down with it.

    \b
    Examples:
      detente case open "Web server slow" --kind outage --node office
      detente case open "Probes of the roll" --with Borea --tlp amber --node office
    """
    from detente.node.casework import Opened

    asked = Opened(title, kind, level, str(sharing["tlp"]), words, about)
    with open_home(directory) as home:
        readers = _sharing(home, sharing)
        written = _casework(home).open(asked, readers=readers)
    say_written(written, as_json=as_json, what="case")


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
        work = _casework(home)
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
        work, names = _casework(home), labels(home)
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
        _say_case(document)


@command.command("add")
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
        work = _casework(home)
        act, body = timeline_entry(work, case, words, said)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@command.command("hypothesis")
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
        work = _casework(home)
        act, body = hypothesis_entry(work, case, words, weighing)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@command.command("task")
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
        work = _casework(home)
        owner = asked["owner"]
        found = find_members(home, [str(owner)])[0] if owner else ""
        due = parse_due(str(asked["due"]), now()) if asked["due"] else None
        act, body = task_entry(work, case, title, {**asked, "owner": found}, due)
        written = work.add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


@command.command("decide")
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


@command.command("close")
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


@command.command("reopen")
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


@command.command("handover")
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


def _casework(home: "Home") -> "Casework":
    from detente.node.casework import Casework
    from detente.node.clock import now
    from detente.node.responding import Responder

    responder = Responder(home, now=now)
    responder.bring_up()
    return Casework(responder)


def _sharing(home: "Home", sharing: dict[str, object]) -> list[str] | str:
    members = sharing["members"]
    if isinstance(members, tuple) and members:
        return list(find_members(home, members))
    return "unit" if sharing["share"] else ""


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
        written = _casework(home).add(case, act, body, private=private)
    say_written(written, as_json=as_json, what="entry")


def _described(home: "Home", name: str) -> "dict[str, JsonValue]":
    from detente.node.casework import describe_case
    from detente.node.clock import now

    work = _casework(home)
    whole: WholeCase = work.read(name)
    return describe_case(
        whole,
        me=home.identity.member,
        names=labels(home),
        statements=work.statements(whole),
        now=now(),
    )


def _say_case(document: "dict[str, JsonValue]") -> None:
    for name in ("id", "title", "kind", "level", "state"):
        say(f"{name}: {document[name]}")
    if document["waiting"]:
        say(
            coloured(f"{document['waiting']} entries that others name were never shown here", "red")
        )
    hypotheses, tasks, timeline = (document[name] for name in ("hypotheses", "tasks", "timeline"))
    if not (isinstance(hypotheses, list) and isinstance(tasks, list)):
        raise InputError("this is no case")
    for each in hypotheses:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        mark = "innocent" if each["innocent"] else "hostile"
        say(f"hypothesis {str(each['entry'])[:12]} ({mark}): {each['words']}")
    for each in tasks:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        late = " OVERDUE" if each["overdue"] else ""
        say(f"task {str(each['entry'])[:12]} [{each['state']}{late}] {each['title']} {each['due']}")
    for each in timeline if isinstance(timeline, list) else []:
        assert isinstance(each, dict)  # noqa: S101 - made by describe_case
        own = " (private)" if each["private"] else ""
        says = each["says"]
        words = says.get("words") or says.get("title") or "" if isinstance(says, dict) else ""
        say(f"{each['at']} {each['by']} {each['act']}{own} {str(each['entry'])[:12]}: {words}")
