"""`detente elections names`: names that look like the office's own."""

from pathlib import Path

import click

from detente.cli.output import EXIT_GOOD, json_option, print_json, say, wants_json

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("names")
def command() -> None:
    """Find names that a voter would mistake for the office's own."""


@command.command("scan")
@click.option("--protect", type=_FILE, required=True, help="The office's names.")
@click.option("--observed", type=_FILE, required=True, help="Names seen; gzip is read too.")
@click.option("--known", type=_FILE, help="Names known to be good; left out.")
@json_option
def scan(protect: Path, observed: Path, known: Path | None, as_json: bool) -> int:
    """Compare observed names with the office's own, each in a handful of look-ups.

    Observed names come from a look-up log, a certificate stream, a zone list
    or mail senders: one a line, a table with a column "name", or JSON lines.
    A likeness is no proof of harm: look at who registered it, and since when.

    \b
    Example:
      detente elections names scan --protect ours.txt --observed seen.txt.gz
    """
    from detente.elections.names import WORDS
    from detente.node.look_alikes import Count, scan_names

    count, found = Count(), 0
    machine = wants_json(as_json)
    for row in scan_names(protect, observed, count, known=known):
        found += 1
        if machine:
            print_json(
                {
                    "observed": row.observed,
                    "protects": row.protects,
                    "class": row.likeness.value,
                    "score": row.score,
                }
            )
        if not as_json:
            say(f"{row.observed}  is like {row.protects}: {WORDS[row.likeness]}")
    if not as_json:
        say(f"{count.names} names seen, {found} like one of ours, {count.refusals} rows left out")
        for reason in count.refused:
            say(f"  left out: {reason}")
    return EXIT_GOOD
