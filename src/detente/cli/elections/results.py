"""`detente elections results`: figures from tape to public page."""

from pathlib import Path

import click

from detente.cli.output import EXIT_GOOD, EXIT_WRONG, json_option, print_json, say, wants_json

_SHOWN = 50


@click.group("results")
def command() -> None:
    """Compare published figures along the chain, in plain words."""


@command.command("check")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@json_option
def check(folder: Path, as_json: bool) -> int:
    """Check the figures in DIR from tape to precinct, county, state and public page.

    Files are tables (CSV, OpenElections' columns or a map in columns.json),
    Clarity's detail.xml, or NIST SP 1500-100 JSON, gzip or not. A name that
    holds "tape" or "public" says where a file stands; two public files are two
    vantage points; expected.csv lists who must report, with telephone.

    \b
    Example:
      detente elections results check night/

    A difference is no attack: each says what would explain it innocently and
    what would settle it. Exit status 1 if there is any.
    """
    from detente.node.result_files import check_results

    checked = check_results(folder)
    rows = [
        {
            "check": each.check.value,
            "place": each.place,
            "difference": each.difference,
            "can_change_winner": each.can_change_winner,
            "explanation": each.explanation,
        }
        for each in checked.differences
    ]
    if wants_json(as_json):
        print_json({"findings": rows, "line": checked.line, "notes": list(checked.notes)})
    if not as_json:
        say(checked.line)
        for each in checked.differences[:_SHOWN]:
            say(f"{each.check.value}: {each.place}: {each.difference:+d}. {each.explanation}")
        for note in checked.notes[:_SHOWN]:
            say(f"note: {note}")
    return EXIT_WRONG if rows else EXIT_GOOD
