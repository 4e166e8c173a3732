"""`detente hunt`: rules and indicators over the events a node kept."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.detection_forms import FORMS, write_told
from detente.cli.opening import node_option
from detente.cli.output import EXIT_GOOD, is_watched, json_option, say
from detente.cli.rule_options import ManyPaths
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.detection_outputs import Told
    from detente.node.hunting import Hunt, HuntSummary
    from detente.storage.events import EventShelf

_LEVELS = ("informational", "low", "medium", "high", "critical")
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_LONGEST_S = 200 * 366 * 86_400


@click.command("hunt", cls=ManyPaths)
@node_option
@click.option("--rules", multiple=True, metavar="PATH...", help="Sigma rules.")
@click.option("--indicators", multiple=True, metavar="PATH...", help="Lists, CSV, STIX, MISP.")
@click.option(
    "--since", metavar="TIME", help="2026-11-01, 2026-11-01T08:00:00Z, or 36h, 7d ago; all events."
)
@click.option("--until", metavar="TIME", help="The same; now where not said.")
@click.option(
    "--min-level", type=click.Choice(_LEVELS), default=_LEVELS[0], help="Leave out rules below it."
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
    span = Span(_moment(since, moment) if since else 0.0, _moment(until, moment) if until else None)
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


def _moment(text: str, now: datetime) -> float:
    number, unit = text[:-1], _UNITS.get(text[-1:])
    if unit is not None and number.isascii() and number.isdigit():
        ago = int(number[:15]) * unit
        if ago <= _LONGEST_S:
            return (now - timedelta(seconds=ago)).timestamp()
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text[:40]!r} is no time", remedy="Write 2026-11-01, 2026-11-01T08:00:00Z, 36h or 7d"
        ) from None
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
