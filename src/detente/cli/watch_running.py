"""`detente watch run`, `alarms`, `sight`: the continuous watch of a node, and what it found."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.detection_forms import FORMS, write_told
from detente.cli.opening import node_option
from detente.cli.output import EXIT_GOOD, json_option, print_json, say, wants_json
from detente.cli.rule_options import ManyPaths

if TYPE_CHECKING:
    from detente.node.home import Home
    from detente.node.watching_home import WatchPlan
    from detente.storage.detections import Taken

_LEVELS = ("informational", "low", "medium", "high", "critical")


@click.command("run", cls=ManyPaths)
@node_option
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME=ADDRESS...",
    help="A path to follow, or udp://, tcp://, tls://, http://, nats:// with HOST:PORT.",
)
@click.option("--rules", multiple=True, metavar="PATH...", help="Sigma rules.")
@click.option("--indicators", multiple=True, metavar="PATH...", help="Lists, CSV, STIX, MISP.")
@click.option(
    "--min-level",
    type=click.Choice(_LEVELS),
    help="Leave out rules below it; what detente.toml says, or medium, where not said.",
)
@json_option
def run_watch(
    directory: Path,
    *,
    sources: tuple[str, ...],
    rules: tuple[str, ...],
    indicators: tuple[str, ...],
    min_level: str | None,
    as_json: bool,
) -> None:
    """Watch without end: what is found is kept in the node, a row printed for each.

    What is not named here stands in DIR/detente.toml; `detente run` watches by itself what
    stands there. Ctrl-C stops it; a kill loses nothing that was kept, and finds nothing
    twice. Warnings of the unit that the node holds are looked for too.

    \b
    Example:
      detente watch run --node office --source web=/var/log/nginx/access.log --rules sigma/
    """
    from detente.cli.opening import find_unlock
    from detente.node.catching_up import open_node
    from detente.node.layout import Layout

    with open_node(directory, find_unlock(Layout.of(directory))) as home:
        plan = _plan(home, sources, rules, indicators, min_level)
        asyncio.run(_run(home, plan, as_json=wants_json(as_json)))


def _plan(
    home: "Home",
    sources: tuple[str, ...],
    rules: tuple[str, ...],
    indicators: tuple[str, ...],
    min_level: str | None,
) -> "WatchPlan":
    from dataclasses import replace

    from detente.errors import InputError
    from detente.node.watching_home import plan_of

    asked = home.settings
    plan = plan_of(
        replace(
            asked,
            watch_sources={**asked.watch_sources, **dict(map(_named, sources))},
            watch_rules={**asked.watch_rules, **{each: each for each in rules}},
            watch_indicators={**asked.watch_indicators, **{each: each for each in indicators}},
            watch_min_level=min_level or asked.watch_min_level,
        )
    )
    if plan is None:
        raise InputError(
            "no source of events is named",
            remedy="Name one with --source, or under [watch_sources] in detente.toml",
        )
    return plan


def _named(word: str) -> tuple[str, str]:
    name, separator, address = word.partition("=")
    return (name, address) if separator and "/" not in name else (Path(word).name, word)


async def _run(home: "Home", plan: "WatchPlan", *, as_json: bool) -> None:
    from detente.node.clock import now
    from detente.node.watching_home import HomeWatch

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    def told(taken: "Taken") -> None:
        _say_found(taken, as_json=as_json)

    async with HomeWatch(home, plan, now=now, report=say, told=told) as watch:
        addresses = watch.watching.addresses
        if as_json:
            print_json({"watching": {name: list(each) for name, each in addresses.items()}})
        places = "".join(f", {name} at {each[0]}:{each[1]}" for name, each in addresses.items())
        say(f"watching {len(plan.options.sources)} sources{places}")
        running = asyncio.create_task(watch.run())
        told_to_stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, told_to_stop}, return_when=asyncio.FIRST_COMPLETED)
        told_to_stop.cancel()
        if running.done():
            running.result()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    say("stopped; what was read was kept, the rest is read at the next start")


def _say_found(taken: "Taken", *, as_json: bool) -> None:
    from detente.node.detection_outputs import told_of

    alarms = {row.alarm.id: row for row in taken.alarms}
    for each in taken.detections:
        told = told_of(each, alarms[each.alarm])
        if as_json:
            print_json(told.row())
        else:
            say(f"{told.level or '-'}  {told.title}  ({told.source} {told.position})")


@click.command("alarms")
@node_option
@click.option("--since", metavar="TIME", default="7d", show_default=True, help="As for `hunt`.")
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
def show_alarms(
    directory: Path, *, since: str, form: str, output: Path | None, as_json: bool
) -> int:
    """Show what the watch found: rows and a page for people, or a form for other tools.

    An alarm stands for many detections; ndjson has a row for each alarm with its newest kept
    detection, the other forms all that are kept.

    \b
    Example:
      detente watch alarms --node office --since 24h --as html --output report.html
    """
    from detente.cli.moments import parse_moment
    from detente.node.alarm_lists import told_since
    from detente.node.clock import now
    from detente.node.layout import Layout
    from detente.storage.database import open_database
    from detente.storage.detections import DetectionShelf

    moment = parse_moment(since, now())
    database = open_database(Layout.of(directory).database)
    try:
        told = told_since(DetectionShelf(database), moment, each_alarm=form == "ndjson")
        write_told(told, form, output=output, as_json=as_json)
    finally:
        database.close()
    return EXIT_GOOD


@click.command("sight")
@node_option
@click.argument("alarm")
@click.option(
    "--tlp",
    type=click.Choice(("clear", "green", "amber", "amber+strict", "red")),
    default="amber",
    show_default=True,
    help="The label.",
)
@json_option
def say_sight(directory: Path, *, alarm: str, tlp: str, as_json: bool) -> int:
    """Answer a partner's warning: say to the unit that what it named was seen here.

    What is said: the partner's id, first and last time, and how often; nothing else of the
    events. `watch alarms` shows the ids of alarms.

    \b
    Example:
      detente watch sight a24a01011ccb --node office
    """
    from detente.cli.opening import open_home
    from detente.node.clock import now
    from detente.node.sighting_answers import say_sighted
    from detente.statements import Tlp

    with open_home(directory) as home:
        said = say_sighted(home, alarm, tlp=Tlp(tlp), now=now)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "seq": said.seq})
    say(f"said at {said.origin} {said.seq}")
    return EXIT_GOOD
