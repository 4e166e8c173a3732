"""`detente hunt`: rules and indicators over the events a node kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.detection_forms import FORMS, write_told
from detente.cli.moments import parse_moment
from detente.cli.opening import node_option
from detente.cli.output import EXIT_GOOD, is_watched, json_option, say
from detente.cli.rule_options import ManyPaths
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.detection_outputs import Told
    from detente.node.hunting import Hunt, HuntSummary
    from detente.storage.events import EventShelf

_LEVELS = ("informational", "low", "medium", "high", "critical")


@click.command("hunt", cls=ManyPaths)
@node_option
@click.option("--rules", multiple=True, metavar="PATH...", help="Sigma rules.")
@click.option("--indicators", multiple=True, metavar="PATH...", help="Lists, CSV, STIX, MISP.")
@click.option(
    "--since", metavar="TIME", help="2026-11-01, 2026-11-01T08:00:00Z, or 36h, 7d ago; all events."
)
@click.option("--until", metavar="TIME", help="The same; now where not said.")
@click.option(
    "--min-level",
    type=click.Choice(_LEVELS),
    default=_LEVELS[2],
    show_default=True,
    help="Leave out rules below it.",
)
@click.option(
    "--as", "form", type=click.Choice(FORMS), default="ndjson", help="Form of the answer."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there, not to standard output.",
)
@json_option
def command(  # noqa: PLR0913 - what click collects
    directory: Path,
    *,
    rules: tuple[str, ...],
    indicators: tuple[str, ...],
    since: str | None,
    until: str | None,
    min_level: str,
    form: str,
    output: Path | None,
    as_json: bool,
) -> int:
    """Look for something in the events that the watch of a node kept.

    Works beside a running node. What is found is judged by the same code as live events;
    Ctrl-C ends it, and nothing is changed by it.

    \b
    Example:
      detente hunt --node office --indicators warning.json --since 7d
    """
    from detente.node.clock import now
    from detente.node.hunting import HuntSummary, Span
    from detente.node.rulesets import RuleChoice
    from detente.node.watching_home import hunt_of

    if not rules and not indicators:
        raise InputError("nothing to look for", remedy="Name --rules or --indicators")
    moment = now()
    choice = RuleChoice(rules, min_level=min_level) if rules else None
    span = Span(
        parse_moment(since, moment) if since else 0.0,
        parse_moment(until, moment) if until else None,
    )
    what = hunt_of(choice, [Path(each) for each in indicators], span, now=moment)
    summary = HuntSummary()
    with _shelf(directory) as shelf:
        write_told(_told(shelf, what, summary), form, output=output, as_json=as_json)
    say(f"{summary.candidates} events judged, {summary.found} detections")
    return EXIT_GOOD


@contextmanager
def _shelf(directory: Path) -> Iterator["EventShelf"]:
    from detente.node.identity import load_identity
    from detente.node.layout import Layout
    from detente.node.watching import EVENTS_FOLDER
    from detente.storage.database import open_database
    from detente.storage.events import EventShelf

    layout = Layout.of(directory)
    load_identity(layout.identity)
    database = open_database(layout.database)
    try:
        yield EventShelf(database, layout.directory / EVENTS_FOLDER)
    finally:
        database.close()


def _told(shelf: "EventShelf", what: "Hunt", summary: "HuntSummary") -> Iterable["Told"]:
    from dataclasses import replace

    from detente.node.detection_outputs import told_of_found
    from detente.node.hunting import hunt

    progress = replace(what, progress=_show_progress) if is_watched() else what
    for found in hunt(shelf, progress, summary):
        yield told_of_found(found)


def _show_progress(done: int, files: int) -> None:
    click.echo(f"\r{done} of {files} files", err=True, nl=done == files)
