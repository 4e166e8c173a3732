"""`detente elections rolls`: two snapshots of a roll and what happened between them."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    is_watched,
    json_option,
    print_json,
    say,
    say_table,
    wants_json,
    write_file,
)

if TYPE_CHECKING:
    from detente.elections.rolls.power import Curve
    from detente.node.roll_files import RollFiles

_FILE = click.Path(path_type=Path, dir_okay=False)
_TLP = ("clear", "green", "amber", "amber+strict", "red")


@click.group("rolls")
def command() -> None:
    """Compare a roll with itself a month ago; no row leaves the office."""


@command.command("compare")
@click.argument("before", type=_FILE, metavar="A")
@click.argument("after", type=_FILE, metavar="B")
@click.option("--layout", type=_FILE, required=True, help="Which column is what, as JSON.")
@click.option("--log", type=_FILE, help="The transaction log of the time between.")
@click.option("--look-ups", type=_FILE, help="Requests of the look-up page.")
@click.option("--peers", type=_FILE, help="Counts by county and week.")
@click.option("--county", default="", help="Which county of --peers this is.  [default: the first]")
@click.option("--election", type=click.DateTime(["%Y-%m-%d"]), help="Its day; a quiet period ends.")
@click.option("--show-voters", type=_FILE, help="Write ids of voters there; mode 0600, recorded.")
@json_option
def compare(show_voters: Path | None, as_json: bool, **given: object) -> int:
    """Compare the snapshots A and B and read the log between them.

    A may be what `keep` wrote: then no earlier row is at hand, and what only
    such a row shows (changed columns, selection, duplicates) is not said.
    Without --log nothing can be called silent. Every signal says what would
    explain it innocently and what would settle it. Exit status 1 if any fired.

    \b
    Example:
      detente elections rolls compare august.tsv october.tsv
        --layout layout.json --log transactions.tsv --election 2026-11-03
    """
    from detente.node.roll_files import compare_rolls, write_voters
    from detente.node.roll_keeping import compare_with_kept, is_kept

    files = _files(given)
    report = compare_with_kept(files) if is_kept(files.before) else compare_rolls(files)
    if show_voters is not None:
        write_voters(show_voters, report)
    rows = [
        {"signal": f.signal.value, "count": f.count, "explanation": f.explanation}
        for f in report.findings
    ]
    sizes = report.comparison
    if wants_json(as_json):
        counts = {
            "before": sizes.size_before,
            "after": sizes.size_after,
            "removed": len(sizes.removed),
            "added": len(sizes.added),
            "changed": len(sizes.changed),
        }
        print_json({"signals": rows, "rows": counts, "columns": report.columns})
    if not as_json:
        say(f"{sizes.size_before} rows, then {sizes.size_after}: {len(sizes.removed)} removed, "
            f"{len(sizes.added)} added, {len(sizes.changed)} changed")  # fmt: skip
        table = [{"signal": f.signal.value, "count": str(f.count)} for f in report.findings]
        say_table(table, ("signal", "count"))
        for row in rows:
            say(f"{row['signal']}: {row['explanation']}")
    return EXIT_WRONG if rows else EXIT_GOOD


@command.command("keep")
@click.argument("snapshot", type=_FILE)
@click.option("--layout", type=_FILE, required=True, help="Which column is what, as JSON.")
@click.option("--out", type=_FILE, required=True, help="Where the hashes go; the key beside them.")
@json_option
def keep(snapshot: Path, layout: Path, out: Path, as_json: bool) -> None:
    """Keep keyed hashes of SNAPSHOT instead of its rows, for a later comparison.

    Each keeping draws a key of its own. Both files are for this user alone and
    never leave the office: hashes of voters are personal data.

    \b
    Example:
      detente elections rolls keep august.tsv --layout layout.json --out august.kept
    """
    from detente.node.roll_keeping import keep_roll, key_file

    rows = keep_roll(snapshot, layout, out)
    if wants_json(as_json):
        print_json({"rows": rows, "hashes": str(out), "key": str(key_file(out))})
    if not as_json:
        say(f"{rows} rows kept as hashes in {out}, their key in {key_file(out)}")


@command.command("share")
@click.argument("report", type=_FILE)
@click.option("--from", "first", required=True, metavar="DAY", help="First day of the period.")
@click.option("--to", "last", required=True, metavar="DAY", help="Last day of the period.")
@click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)
@node_option
@json_option
def share(report: Path, first: str, last: str, tlp: str, directory: Path, as_json: bool) -> None:
    """Say the counts of REPORT to the unit: what `compare --json` printed.

    Only counts of ten and more, rounded to tens, and each day once: the
    difference of two releases would tell what both keep back. No row, no id.

    \b
    Example:
      detente elections rolls share report.json --from 2026-09-01 --to 2026-09-30 --node office
    """
    from detente.node.clock import now
    from detente.node.roll_sharing import read_period, share_counts
    from detente.statements import Tlp

    period = read_period(first, last)
    with open_home(directory) as home:
        said = share_counts(home, report, period, tlp=Tlp(tlp), now=now)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "index": said.seq})
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


@command.command("power")
@click.argument("roll", type=_FILE)
@click.option("--layout", type=_FILE, required=True, help="Which column is what, as JSON.")
@click.option("--log", type=_FILE, help="A log of one period: its churn is taken.")
@click.option("--periods", type=click.IntRange(5, 10_000), default=40, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--svg", type=_FILE, help="Draw the curves there.")
@json_option
def power(svg: Path | None, as_json: bool, periods: int, seed: int, **files: Path | None) -> None:
    """Say which tampering with ROLL the checks would see, by its size and kind.

    Made periods with the roll's own rows and churn: tampering of 0.01 % to 2 %
    of them, and none at all for the false alarms. Nothing is written but --svg,
    and no row stands in it.

    \b
    Example:
      detente elections rolls power august.tsv --layout layout.json --svg power.svg
    """
    from detente.elections.rolls.power import picture
    from detente.node.roll_power import power_curves, town_of

    roll, layout = cast("Path", files["roll"]), cast("Path", files["layout"])
    town = town_of(roll, layout, files["log"])
    watch = _show_progress if is_watched() else str
    curves = power_curves(town, periods=periods, seed=seed, watch=watch)
    if svg is not None:
        title = f"Tampering with a roll of {town.size:,} records: what the checks see"
        write_file(svg, picture(curves, title=title).encode())
    if wants_json(as_json):
        print_json({"records": town.size, "periods": periods, "curves": list(map(_curve, curves))})
    if not as_json:
        shares = [f"{point.share:.2%}" for point in curves[0].points]
        table = [
            {"way": each.name, "none": f"{each.clean.rate:.0%}"}
            | {s: f"{p.rate:.0%}" for s, p in zip(shares, each.points, strict=True)}
            for each in curves
        ]
        say_table(table, ("way", "none", *shares))


def _show_progress(name: str) -> None:
    click.echo(f"\r\x1b[Ktrying {name}", nl=False, err=True)


def _curve(each: "Curve") -> dict[str, object]:
    points = [
        {
            "share": point.share,
            "records": point.records,
            "detected": point.rate,
            "interval": list(point.interval),
        }
        for point in each.points
    ]
    return {"class": each.name, "false_alarms": each.clean.rate, "points": points}


def _files(given: Mapping[str, object]) -> "RollFiles":
    """What was given on the command line, as the flow takes it."""
    from detente.node.roll_files import RollFiles

    election = cast("datetime | None", given["election"])
    return RollFiles(
        before=cast("Path", given["before"]),
        after=cast("Path", given["after"]),
        layout=cast("Path", given["layout"]),
        log=cast("Path | None", given["log"]),
        look_ups=cast("Path | None", given["look_ups"]),
        peers=cast("Path | None", given["peers"]),
        county=str(given["county"]),
        election=election.date() if election else None,
    )
