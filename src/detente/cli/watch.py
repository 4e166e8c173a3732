"""`detente watch`: rules and indicators over events, detections out."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detente.cli.detection_forms import FORMS, write_told
from detente.cli.output import (
    EXIT_GOOD,
    json_option,
    print_json,
    say,
    say_table,
    wants_json,
    write_file,
)
from detente.cli.rule_options import FORMATS, ManyPaths, rule_options
from detente.cli.watch_coverage import show_coverage
from detente.cli.watch_running import run_watch, say_sight, show_alarms

if TYPE_CHECKING:
    from datetime import datetime

    from detente.node.rulesets import Loaded, RuleChoice
    from detente.node.scanning import Summary
    from detente.node.seeking import IndicatorWatcher

_SHOWN = 10
_LOW = ("informational", "low")


@click.group("watch")
def command() -> None:
    """Rules and indicators over events: detections out."""


command.add_command(show_coverage)
command.add_command(run_watch)
command.add_command(show_alarms)
command.add_command(say_sight)


@command.command("scan", cls=ManyPaths)
@rule_options
@click.option(
    "--events",
    multiple=True,
    required=True,
    metavar="PATH...",
    help="Events: files (plain, gzip, zstd), folders, - for standard input.",
)
@click.option(
    "--indicators",
    multiple=True,
    metavar="PATH...",
    help="Values and patterns to look for: lists, CSV, STIX, MISP events; .gz, .zip, folders.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="The form of the events.",
)
@click.option("--jobs", type=click.IntRange(1, 64), help="Processes; one a core where not said.")
@click.option(
    "--as", "told_as", type=click.Choice(FORMS), default="ndjson", help="Form of the answer."
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it there, not to standard output.",
)
@json_option
def scan_events(
    *,
    choice: "RuleChoice",
    events: tuple[str, ...],
    indicators: tuple[str, ...],
    form: str,
    jobs: int | None,
    told_as: str,
    output: Path | None,
    as_json: bool,
) -> int:
    """Match a pile of events: one row for each rule that fires, or indicator named, in an event.

    \b
    Example:
      detente watch scan --rules sigma.zip --events logs/ --min-level medium
      detente watch scan --rules sigma.zip --indicators bad.txt --events logs/
      detente watch scan --rules sigma.zip --events logs/ --as html --output report.html
    """
    from detente.node.clock import now
    from detente.node.memory import settle
    from detente.node.rulesets import load_rules
    from detente.node.scanning import Scan, Summary, scan
    from detente.watch.reading import Format

    moment = now()
    loaded = load_rules(choice, today=moment.date())
    settle()
    _say_loaded(loaded)
    summary = Summary()
    seeking = _seeking(indicators, moment)
    jobs = 1 if seeking and seeking.needs_order else jobs
    what = Scan(loaded, events, Format(form), watchers=(seeking,) if seeking else (), jobs=jobs)
    found = scan(what, summary, now=moment.timestamp())
    rows = (each.row() for each in found)
    if told_as != "ndjson":
        from detente.node.detection_outputs import told_of_scan

        write_told(map(told_of_scan, found), told_as, output=output, as_json=as_json)
    elif output is not None:
        import orjson

        write_file(output, b"".join(orjson.dumps(row) + b"\n" for row in rows))
    elif wants_json(as_json):
        for row in rows:
            print_json(row)
    else:
        _say_rows(rows)
    _say_summary(summary)
    for indicator, reason in seeking.dropped.items() if seeking else ():
        say(f"{indicator}: not looked for any further: {reason}")
    return EXIT_GOOD


def _seeking(paths: tuple[str, ...], now: "datetime") -> "IndicatorWatcher | None":
    if not paths:
        return None
    from detente.node.seeking import IndicatorWatcher
    from detente.node.watchlists import load_watchlists

    lists = load_watchlists(map(Path, paths), now=now)
    say(f"{len(lists.sealed)} values and {len(lists.patterns)} patterns to look for")
    if lists.refused_count:
        say(f"{lists.refused_count} indicators cannot be looked for:")
    for refused in lists.refused[:_SHOWN]:
        say(f"  {refused.file}: {refused.what}: {refused.reason}")
    return IndicatorWatcher(lists, now=now.timestamp())


def _say_loaded(loaded: "Loaded") -> None:
    rules = loaded.rules
    known = ", compiled at an earlier start" if loaded.was_kept else ""
    say(f"{len(loaded.wanted)} rules run, {loaded.left_out} left out by level or status{known}")
    for note in rules.notes:
        say(f"note: {note}")
    if rules.refused:
        say(f"{len(rules.refused)} rules refused:")
    for refused in rules.refused[:_SHOWN]:
        say(f"  {refused.file}:{refused.line}: {refused.reason}")
    if len(rules.refused) > _SHOWN:
        say(f"  and {len(rules.refused) - _SHOWN} more")


def _say_rows(rows: Iterable[dict[str, Any]]) -> None:
    shown = [
        {
            "place": f"{row['input']}:{row['line']}",
            "level": row["level"],
            "title": row["title"],
        }
        for row in rows
    ]
    say_table(shown, ("place", "level", "title"))


def _say_summary(summary: "Summary") -> None:
    for name, bad in summary.shown[:_SHOWN]:
        say(f"{name}:{bad.position}: set aside: {bad.reason}")
    if summary.bad:
        say(f"{summary.bad} lines could not be read")
    for _, reason in summary.unread[:_SHOWN]:
        say(f"passed over: {reason}")
    if len(summary.unread) > _SHOWN:
        say(f"and {len(summary.unread) - _SHOWN} more files passed over")
    lost = summary.lost
    if lost.groups or lost.entries:
        say(f"correlations had no room for {lost.groups} groups and {lost.entries} matches")
    if lost.ungrouped:
        say(f"correlations could not group {lost.ungrouped} matches: a field is missing")
    told = ", ".join(f"{count} {level or 'without level'}" for level, count in _by_level(summary))
    say(f"{summary.events} events, detections: {told or 'none'}")
    if few := sum(summary.detections[level] for level in _LOW):
        say(f"{few} of them are low or informational: `--min-level medium` leaves them out")


def _by_level(summary: "Summary") -> list[tuple[str, int]]:
    return sorted(summary.detections.items())
