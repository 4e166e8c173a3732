"""`detente elections audit`: the statistics of a risk-limiting audit."""

from pathlib import Path

import click

from detente.cli.elections.audit_batches import audit_batches
from detente.cli.elections.audit_steps import STEPS
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    read_file,
    say,
    say_table,
    wants_json,
)
from detente.errors import InputError

_FILE = click.Path(path_type=Path, dir_okay=False)
_records_option = click.option(
    "--records",
    type=_FILE,
    required=True,
    help="Cast vote records: RAIRE's format, or card,choice.",
)
_assertions_option = click.option(
    "--assertions", type=_FILE, help="RAIRE's assertions; without them plurality, one winner."
)
_limit_option = click.option(
    "--risk-limit",
    type=float,
    default=0.05,
    show_default=True,
    help="The chance a wrong one passes.",
)
_pending_option = click.option(
    "--pending", type=click.IntRange(0), default=0, help="Ballots not counted yet; for the loser."
)
_file_argument = click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)


@click.group("audit")
def command() -> None:
    """Plan, draw and judge a risk-limiting audit; recompute anybody's figures."""


command.add_command(audit_batches)
for _step in STEPS:
    command.add_command(_step)


@command.command("compute")
@_file_argument
@json_option
def compute(file: Path, as_json: bool) -> int:
    """Compute rows of audit statistics: ALPHA, Kaplan-Markov, BRAVO, MACRO and the rest.

    FILE holds objects with "id", "method" and "inputs", one a line, or one
    JSON list of them. The answer has the same form, with "id" and "value".

    \b
    Example:
      echo '{"id": "a", "method": "bravo_asn", "inputs": {"winner": 600,
        "loser": 400, "alpha": 0.1}}' | detente elections audit compute /dev/stdin --json

    A row that cannot be computed ends the command with its line and reason,
    exit status 2; nothing is printed then.
    """
    from detente.node.auditing import compute_rows

    answer = compute_rows(read_file(file), file)
    if wants_json(as_json):
        for document in answer.documents():
            print_json(document)
    if not as_json:
        rows = [{"id": row.id, "value": str(row.value)} for row in answer.rows]
        say_table(rows, ("id", "value"))
    return EXIT_GOOD


@command.command("plan")
@_records_option
@_assertions_option
@_limit_option
@_pending_option
@click.option("--one-vote-rate", type=float, default=0.001, show_default=True)
@click.option("--two-vote-rate", type=float, default=0.0, show_default=True)
@json_option
def plan(records: Path, assertions: Path | None, as_json: bool, **numbers: float) -> int:
    """Say how many cards to pull: margins, clean and with errors at stated rates.

    \b
    Example:
      detente elections audit plan --records cvr.raire.gz --assertions raire.json
    """
    from detente.node.auditing import describe_plan

    answer = describe_plan(records, assertions, numbers)
    table = answer.pop("table")
    if wants_json(as_json):
        print_json(answer)
    if not as_json:
        columns = ("assertion", "margin", "clean", "80%", "90%")
        say_table(table, columns)
        say(answer["line"])
    return EXIT_GOOD


@command.command("sample")
@click.option("--manifest", type=_FILE, required=True, help="Card ids, one a line, or records.")
@click.option("--seed", required=True, metavar="DIGITS", help="Thrown in public; at least twenty.")
@click.option("--cards", type=click.IntRange(1), required=True, help="How many to draw.")
@click.option("--manifest-sha256", metavar="HEX", help="What was committed before the seed.")
@click.option("--commitment", type=_FILE, help="The same, as `audit commit` wrote it.")
@click.option("--thrown", metavar="TIME", help="When the seed was; with --commitment.")
@json_option
def sample(
    manifest: Path,
    seed: str,
    cards: int,
    manifest_sha256: str | None,
    commitment: Path | None,
    thrown: str | None,
    as_json: bool,
) -> int:
    """Draw cards with a public seed; anybody draws the same from the same files.

    Commit the manifest's SHA-256 to your log before the seed exists, and give
    it here: a manifest that changed since is refused, and so is a seed that
    was thrown before the commitment.

    \b
    Example:
      detente elections audit sample --manifest cards.txt --cards 200
        --seed 53417960661093690826 --json
    """
    from detente.node.auditing import draw_sample

    if commitment is not None:
        _require_committed(manifest, commitment, thrown)
    drawn = draw_sample(manifest, seed, cards, committed=manifest_sha256)
    if wants_json(as_json):
        print_json(drawn)
    if not as_json:
        rows = [{"number": str(n), "card": card} for n, card in enumerate(drawn["cards"], 1)]
        say_table(rows, ("number", "card"))
        say(f"manifest SHA-256 {drawn['manifest_sha256']}")
    return EXIT_GOOD


def _require_committed(manifest: Path, commitment: Path, thrown: str | None) -> None:
    from detente.node.audits.commitment import parse_commitment, require_before
    from detente.node.cvr_files import digest
    from detente.signing import parse_time

    if thrown is None:
        raise InputError("when was the seed thrown?", remedy="Say it with --thrown")
    require_before(
        parse_commitment(read_file(commitment), commitment),
        sha256=digest(manifest),
        thrown=parse_time(thrown),
        file=str(manifest),
    )


@command.command("risk")
@_records_option
@_assertions_option
@click.option("--pulled", type=_FILE, required=True, help="The cards in hand, as JSON ballots.")
@click.option("--seed", metavar="DIGITS", help="Cards in the order of their tickets under it.")
@_limit_option
@_pending_option
@json_option
def risk(
    records: Path,
    assertions: Path | None,
    pulled: Path,
    seed: str | None,
    as_json: bool,
    **numbers: float,
) -> int:
    """Judge the cards pulled so far: the risk of each assertion, and the discrepancies.

    A card that was not found counts against every winner. Exit status 1 while
    the limit is not met: pull more cards, or count them all.

    \b
    Example:
      detente elections audit risk --records cvr.raire.gz
        --assertions raire.json --pulled round1.json
    """
    from detente.node.auditing import describe_risk

    answer = describe_risk(records, assertions, pulled, seed=seed, numbers=numbers)
    table = answer.pop("table")
    if wants_json(as_json):
        print_json(answer)
    if not as_json:
        say_table(table, ("assertion", "risk", "over 2", "over 1", "under 1", "under 2"))
        say(answer["line"])
    return EXIT_GOOD if answer["met"] else EXIT_WRONG
