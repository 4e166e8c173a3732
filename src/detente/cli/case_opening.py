"""`detente case open`: by hand, or of a detection, a file of findings, a warning."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.case_shown import casework_of
from detente.cli.case_writing import LEVELS
from detente.cli.opening import node_option, open_home
from detente.cli.output import json_option, naming, read_file
from detente.cli.readers import find_members, labels
from detente.cli.written import say_written
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.case_beginnings import Beginning
    from detente.node.casework import Opened
    from detente.node.home import Home

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
_TLP = ("clear", "green", "amber", "amber+strict", "red")
_SOURCES = ("detection", "finding", "warning")


@click.command("open")
@click.argument("title", metavar="TITLE", required=False, default="")
@click.option("--detection", metavar="ID", help="Of a detection of the watch, or an alarm.")
@click.option(
    "--finding",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Of what a check of `detente elections` printed with --json.",
)
@click.option("--warning", metavar="ID", help="Of a statement that a member said.")
@click.option("--kind", type=click.Choice(_KINDS), help="cyber where nothing else says it.")
@click.option("--level", type=click.Choice(LEVELS), help="medium where nothing else says it.")
@click.option("--words", default="", help="What is known.")
@click.option("--about", multiple=True, metavar="ID", help="A statement it begins with.")
@click.option("--share", is_flag=True, help="Share it with the unit at once.")
@click.option("--with", "members", multiple=True, metavar="MEMBER", help="Share it with these.")
@click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)
@node_option
@json_option
def open_case(title: str, directory: Path, as_json: bool, **asked: object) -> None:
    """Open a case; its innocent explanation is written down with it.

    Of a detection, a file or a warning, the timeline begins with the hash of that evidence
    and where it stands: source and position, or log, place and receipt. TITLE may then be
    left out where the case is private. Where it is shared, its readers get the hash; source,
    position and what was found stay at this node.

    \b
    Examples:
      detente case open "Web server slow" --kind outage --node office
      detente case open "Probes of the roll" --with Borea --tlp amber --node office
      detente case open --detection a24a01011ccb --node office
      detente case open --finding night.json --level high --node office
      detente case open "Phishing of clerks" --warning 5c9f --share --node office
    """
    from detente.node.clock import now

    _require_one_source(asked)
    with open_home(directory) as home:
        beginning = _beginning(home, asked)
        readers = _sharing(home, asked)
        opened = _opened(title, asked, beginning, is_shared=bool(readers))
        written = casework_of(home).open(opened, readers=readers)
        if beginning.alarm:
            from detente.node.case_beginnings import note_case

            note_case(home, beginning.alarm, written.thread, now())
    say_written(written, as_json=as_json, what="case")


def _require_one_source(asked: dict[str, object]) -> None:
    named = [f"--{name}" for name in _SOURCES if asked[name]]
    if len(named) > 1:
        raise InputError(
            f"a case begins with one piece of evidence, not with {' and '.join(named)}",
            remedy="Add the others with `detente case add`",
        )


def _beginning(home: "Home", asked: dict[str, object]) -> "Beginning":
    from detente.node.case_beginnings import Beginning, from_detection, from_warning

    if asked["detection"]:
        return from_detection(home, str(asked["detection"]))
    if asked["warning"]:
        return from_warning(home, str(asked["warning"]), labels(home))
    if asked["finding"]:
        from detente.node.case_findings import FILE_BYTES_MAX, from_finding

        path = Path(str(asked["finding"]))
        data = read_file(path, size_bytes_max=FILE_BYTES_MAX)
        with naming(path, "no finding"):
            return from_finding(path.name, data)
    return Beginning("", "cyber", "medium")


def _opened(
    title: str, asked: dict[str, object], beginning: "Beginning", *, is_shared: bool
) -> "Opened":
    from detente.node.casework import Opened

    if is_shared and beginning.private_because:
        raise InputError(
            f"not shared: {beginning.private_because}",
            remedy="Open it without --share and --with, then say with `detente case share` what "
            "the others shall know; `detente elections rolls share` says the counts",
        )
    if not title and (is_shared or not beginning.title):
        raise InputError("a case has a title", remedy="Write what its readers shall call it")
    about = asked["about"]
    ids = tuple(map(str, about)) if isinstance(about, tuple) else ()
    return Opened(
        title=title or beginning.title,
        kind=str(asked["kind"] or beginning.kind),
        level=str(asked["level"] or beginning.level),
        tlp=str(asked["tlp"]),
        words=str(asked["words"]) or ("" if is_shared else beginning.words),
        about=(*ids, *beginning.about),
        evidence=beginning.evidence,
    )


def _sharing(home: "Home", asked: dict[str, object]) -> list[str] | str:
    members = asked["members"]
    if isinstance(members, tuple) and members:
        return list(find_members(home, members))
    return "unit" if asked["share"] else ""
