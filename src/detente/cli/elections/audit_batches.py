"""`detente elections audit batches`: whole batches counted by hand, from Arlo's files."""

from dataclasses import asdict
from pathlib import Path

import click

from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    say,
    wants_json,
)

_FILE = click.Path(path_type=Path, dir_okay=False)
_LIMIT = click.FloatRange(0, 1, min_open=True, max_open=True)


@click.command("batches")
@click.argument("manifest", type=_FILE)
@click.argument("totals", type=_FILE)
@click.option("--counted", type=_FILE, help="What people found, in the form of TOTALS.")
@click.option("--winners", type=click.IntRange(1), default=1, help="How many win.")
@click.option("--seed", help="Public digits, at least twenty, thrown after TOTALS are fixed.")
@click.option("--draws", type=click.IntRange(1), help="Draw so many, not what the limit needs.")
@click.option("--risk-limit", type=_LIMIT, default=0.05, show_default=True)
@json_option
def audit_batches(
    *,
    manifest: Path,
    totals: Path,
    counted: Path | None,
    winners: int,
    seed: str | None,
    draws: int | None,
    risk_limit: float,
    as_json: bool,
) -> int:
    """Plan, draw and judge an audit in which whole batches are counted by hand (MACRO).

    MANIFEST has Batch Name and Number of Ballots, TOTALS has Batch Name and
    a column for each choice, as Arlo takes them. Without --seed it is said
    how many batches to draw; with it, which; with --counted, the risk so
    far. Exit status 1 while the risk limit is not met.

    \b
    Example:
      detente elections audit batches manifest.csv totals.csv
      detente elections audit batches manifest.csv totals.csv --seed 31415926535897932384
      detente elections audit batches manifest.csv totals.csv \\
        --seed 31415926535897932384 --counted found.csv
    """
    from detente.node.auditing_batches import BatchFiles
    from detente.node.auditing_batches import audit_batches as audit

    found = audit(
        BatchFiles(
            manifest=manifest,
            totals=totals,
            counted=counted,
            winners=winners,
            seed=seed,
            draws=draws,
            risk_limit=risk_limit,
        )
    )
    is_met = found.risk is not None and found.risk <= risk_limit
    status = EXIT_GOOD if found.risk is None or is_met else EXIT_WRONG
    if wants_json(as_json):
        print_json({**asdict(found), "risk_limit": risk_limit, "is_met": is_met})
        return status
    say(f"{', '.join(found.winners)}: smallest margin {found.margin} votes")
    say(f"{found.draws} draws of batches; a batch may come more than once")
    for name in dict.fromkeys(found.drawn):
        say(f"  {name}: {found.drawn.count(name)}")
    if found.risk is not None:
        said = "met" if is_met else "not met: draw more, or count all of it by hand"
        say(f"risk {found.risk:.4f}, limit {risk_limit}: {said}")
    return status
