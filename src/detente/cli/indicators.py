"""`detente indicators`: what values do here and why, what goes to tools, what comes from feeds."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    json_option,
    print_json,
    read_file,
    say,
    say_table,
    wants_json,
    write_file,
)

if TYPE_CHECKING:
    from detente.node.acting import Acting
    from detente.node.home import Home

_TLP = ("clear", "green", "amber", "amber+strict", "red")
_tlp_option = click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)


@click.group("indicators")
def command() -> None:
    """What values do at this node, and why; lists for tools, feeds of others."""


@command.command("detected")
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@click.option("--handshake", is_flag=True, help="A completed handshake was seen.")
@_tlp_option
@node_option
@json_option
def detected(
    values: tuple[str, ...], handshake: bool, tlp: str, directory: Path, as_json: bool
) -> None:
    """Say that this office itself detected harm by these values: an origin.

    An address counts as one only with --handshake: anybody can forge a sender.

    \b
    Example:
      detente indicators detected 198.51.100.7 --handshake --node office
    """
    from detente.node.clock import now
    from detente.node.detecting import say_detected
    from detente.statements import Tlp

    with open_home(directory) as home:
        said = say_detected(home, values, handshake=handshake, tlp=Tlp(tlp), now=now)
        _acting(home).bring_up()
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "index": said.seq})
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


@command.command("list")
@click.option(
    "--level",
    type=click.Choice(("alerting", "actionable")),
    default="alerting",
    show_default=True,
    help="At least this.",
)
@click.option("--limit", type=click.IntRange(1, 1_000), default=100, show_default=True)
@node_option
@json_option
def list_indicators(level: str, limit: int, directory: Path, as_json: bool) -> None:
    """List the values that alert or act.

    \b
    Example:
      detente indicators list --level actionable --node office
    """
    from detente.node.reporting import describe_state
    from detente.watch import Level

    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        states = acting.shelf.at_level(Level[level.upper()], limit=limit)
        rows = [describe_state(each) for each in states]
    if wants_json(as_json):
        print_json({"indicators": rows})
    if not as_json:
        shown = [{name: str(row[name]) for name in ("value", "level", "since")} for row in rows]
        say_table(shown, ("value", "level", "since"))


@command.command("why")
@click.argument("value")
@node_option
@json_option
def why(value: str, directory: Path, as_json: bool) -> None:
    """Say what one value does, for which reasons, and what became of it over time.

    \b
    Example:
      detente indicators why 198.51.100.7 --node office
    """
    from detente.node.reporting import why as explain

    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        told = explain(acting, value)
    if wants_json(as_json):
        print_json(told)
    if not as_json:
        say(f"{told['value']}: {told['level']} since {told['since']}")
        reasons = told["reasons"]
        for reason in reasons if isinstance(reasons, list) else []:
            say(f"  {reason['words']}")


@command.command("report")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@node_option
@json_option
def report(file: Path, directory: Path, as_json: bool) -> None:
    """Say of every row of a list or table what its value does here, and why.

    \b
    Example:
      detente indicators report grizzly-steppe.csv --json --node office
    """
    from detente.node.reporting import report_file

    data = read_file(file)
    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        told = report_file(acting, file, data)
    if wants_json(as_json):
        print_json({"rows": told.rows, "counts": told.counts})
    if not as_json:
        for level, count in told.counts.items():
            say(f"{count} rows {level}")


@command.command("export")
@click.option(
    "--format",
    "form",
    type=click.Choice(("list", "csv", "stix", "misp", "rpz", "suricata")),
    required=True,
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Made if absent.",
)
@click.option("--level", type=click.Choice(("alerting", "actionable")), default="alerting")
@click.option("--action", type=click.Choice(("alert", "block")), default="alert")
@node_option
@json_option
def export(
    form: str, folder: Path, level: str, action: str, directory: Path, as_json: bool
) -> None:
    """Write what alerts or acts for a tool of this office; each line leads to its receipts.

    The action is to alert. Blocking is this office's own choice, takes only what
    is actionable, and is never for voters.

    \b
    Example:
      detente indicators export --format misp --to feed --node office
    """
    from detente.exchange.outputs import Action
    from detente.node.clock import now
    from detente.node.exporting import Format
    from detente.node.exporting import export as export_files
    from detente.watch import Level

    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        made = export_files(
            home,
            acting.shelf,
            Format(form),
            least=Level[level.upper()],
            action=Action(action),
            now=now,
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.files.items():
        write_file(folder / name, data)
    if wants_json(as_json):
        print_json({"files": [*made.files], "lines": made.lines, "withheld": made.withheld})
    if not as_json:
        say(f"{made.lines} values in {len(made.files)} files; {made.withheld} withheld by the gate")


@command.command("accept")
@click.argument("value")
@click.option("--by", required=True, help="Who of this office decided it.")
@node_option
@json_option
def accept(value: str, by: str, directory: Path, as_json: bool) -> None:
    """Let a value act that many share (a VPN exit, a cloud), by a person's choice.

    It still needs its origins, and what is common and benign never acts.

    \b
    Example:
      detente indicators accept 198.51.100.7 --by "A. Clerk" --node office
    """
    from detente.node.reporting import describe_state, find_value

    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        told = describe_state(acting.accept(find_value(acting, value).item, by=by))
    if wants_json(as_json):
        print_json(told)
    if not as_json:
        say(f"{told['value']}: {told['level']}")


@command.command("rules")
@node_option
@json_option
def rules(directory: Path, as_json: bool) -> None:
    """List received Sigma and YARA rules and where they stand in quarantine.

    \b
    Example:
      detente indicators rules --node office
    """
    with open_home(directory) as home:
        acting = _acting(home)
        acting.bring_up()
        found = acting.shelf.rules()
    if wants_json(as_json):
        print_json({"rules": found})
    if not as_json:
        shown = [
            {name: str(row[name]) for name in ("rule", "language", "standing")} for row in found
        ]
        say_table(shown, ("rule", "language", "standing"))


@command.command("feed")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option("--source", required=True, help="What this feed is called here.")
@_tlp_option
@node_option
@json_option
def feed(folder: Path, source: str, tlp: str, directory: Path, as_json: bool) -> None:
    """Say what is new in a MISP feed that lies in DIR (a mirror of it, or a share).

    What was read is remembered: the same again says nothing.

    \b
    Example:
      detente indicators feed misp-feed --source circl --tlp green --node office
    """
    from detente.node.clock import now
    from detente.node.feeding import folder_of, read_feed
    from detente.statements import Tlp

    with open_home(directory) as home:
        read = read_feed(home, _acting(home), source, folder_of(folder), now=now, least=Tlp(tlp))
    refused = [{"event": uuid, "reason": reason} for uuid, reason in read.refused]
    if wants_json(as_json):
        print_json({"said": list(read.said), "unchanged": read.unchanged, "refused": refused})
    if not as_json:
        say(f"{len(read.said)} events said, {read.unchanged} read before, {len(refused)} refused")


def _acting(home: "Home") -> "Acting":
    from detente.node.acting import Acting
    from detente.node.clock import now

    return Acting(home, now=now)
