"""`detente elections systems`: what single lines of a public system's logs cannot say."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import EXIT_GOOD, EXIT_WRONG, json_option, print_json, say, wants_json

if TYPE_CHECKING:
    from detente.node.system_logs import Placed

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("systems")
def command() -> None:
    """Read web and mail logs of the office as a whole, beside the rules of the watch."""


@command.command("scan")
@click.option("--events", multiple=True, required=True, metavar="PATH", help="Logs, or folders.")
@click.option("--trusted", type=_FILE, help="Names and the domains that are theirs, as JSON.")
@json_option
def scan(events: tuple[str, ...], trusted: Path | None, as_json: bool) -> int:
    """Look for what shows only over many lines: campaigns, floods, walks, false senders.

    Each log is read by itself, each finding says its window, its innocent
    cause and what would settle it. Exit status 1 if there is any. Single
    lines are what rules find: `detente watch scan`.

    \b
    Example:
      detente elections systems scan --events /var/log/apache2/access.log
    """
    from detente.node.clock import now
    from detente.node.system_logs import Read, scan_systems

    read = Read()
    found = list(scan_systems(events, read, now=now().timestamp(), trusted=trusted))
    if wants_json(as_json):
        counts = {
            "requests": read.requests,
            "letters": read.letters,
            "others": read.others,
            "bad": read.bad,
        }
        rows = [_row(each) for each in found]
        print_json({"findings": rows, "read": counts, "unreadable": read.unreadable})
    if not as_json:
        for each in found:
            finding = each.finding
            say(f"{each.place}: {finding.sign.value}, {_when(finding.start)} to "
                f"{_when(finding.end)}: {finding.said}")  # fmt: skip
            say(f"  Innocent: {finding.innocent} Settled by: {finding.settled_by}")
        say(f"{read.requests} requests and {read.letters} letters read, {len(found)} findings, "
            f"{read.bad} lines left out")  # fmt: skip
        for reason in read.unreadable:
            say(f"  left out: {reason}")
    return EXIT_WRONG if found else EXIT_GOOD


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}Z"


def _row(placed: "Placed") -> dict[str, object]:
    finding = placed.finding
    return {
        "sign": finding.sign.value,
        "place": placed.place,
        "start": finding.start,
        "end": finding.end,
        "count": finding.count,
        "lines": list(finding.lines),
        "sources": list(finding.sources),
        "attachments": list(finding.attachments),
        "said": finding.said,
        "innocent": finding.innocent,
        "settled_by": finding.settled_by,
    }
