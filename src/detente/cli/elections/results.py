"""`detente elections results`: figures from tape to public page."""

from collections.abc import Sequence
from pathlib import Path

import click

from detente.cli.elections.moment import moment_option
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    print_json,
    say,
    wants_json,
    write_file,
)

_SHOWN = 50
_FILE = click.Path(path_type=Path, dir_okay=False)
_trust_option = click.option(
    "--trust", type=_FILE, multiple=True, help="An office's .public key; repeat for more."
)
_passphrase_option = click.option(
    "--passphrase-file", type=_FILE, help="Holds the passphrase of the key; asked for otherwise."
)


@click.group("results")
def command() -> None:
    """Compare published figures along the chain, in plain words; convert and sign them."""


@command.command("check")
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@_trust_option
@moment_option
@json_option
def check(folder: Path, trust: Sequence[Path], at: str | None, as_json: bool) -> int:
    """Check the figures in DIR from tape to precinct, county, state and public page.

    Files are tables (CSV, OpenElections' columns or a map in columns.json),
    Clarity's detail.xml, NIST SP 1500-100 JSON or XML, and SP 1500-101 logs,
    gzip or not. A name that holds "tape" or "public" says where a file stands;
    two public files are two vantage points; expected.csv lists who must report
    (county, precinct, telephone, closes, extended, devices); before.csv holds
    the last election.

    \b
    Example:
      detente elections results check night/ --trust arden.key.public

    A difference is no attack: each says what would explain it innocently and
    what would settle it. Exit status 1 if there is any.
    """
    from detente.cli.elections.moment import as_given
    from detente.node.result_files import check_results
    from detente.node.signed_figures import trusted

    checked = check_results(folder, offices=trusted(trust), at=as_given(at))
    rows = [
        {
            "check": each.check.value,
            "place": each.place,
            "difference": each.difference,
            "can_change_winner": each.can_change_winner,
            "weight": each.weight.name.lower(),
            "explanation": each.explanation,
        }
        for each in checked.differences
    ]
    if wants_json(as_json):
        print_json(
            {
                "findings": rows,
                "line": checked.line,
                "notes": list(checked.notes),
                "rehearsal": checked.is_rehearsal,
            }
        )
    if not as_json:
        say(checked.line)
        for each in checked.differences[:_SHOWN]:
            say(f"{each.check.value}: {each.place}: {each.difference:+d}. {each.explanation}")
        for note in checked.notes[:_SHOWN]:
            say(f"note: {note}")
    return EXIT_WRONG if rows else EXIT_GOOD


@command.command("convert")
@click.argument("file", type=_FILE, metavar="FILE")
@click.option(
    "--to",
    "form",
    type=click.Choice(["1500-100", "1500-101", "csv", "raire", "raire-json"]),
    required=True,
    help="The format to write.",
)
@click.option("--out", type=_FILE, required=True, help="The file to write.")
@click.option("--contest", help="Only this contest.")
@click.option("--columns", type=_FILE, help="A map of columns, for tables with other names.")
@click.option("--issuer", default="not said", help="Whose figures they are.")
@click.option("--election", default="Election", help="What the election is called.")
@click.option("--day", default="1970-01-01", help="Its day, YYYY-MM-DD.")
@json_option
def convert_file(
    file: Path,
    form: str,
    out: Path,
    contest: str | None,
    columns: Path | None,
    as_json: bool,
    **said: str,
) -> int:
    """Write FILE in another format: figures, records of cards, or an event log.

    Reads what `results check` and `audit` read: tables, Clarity, SP 1500-100,
    -101 and -103, Dominion CSV and JSON, RAIRE. A file with bad rows is not
    written at all: every one of them is told, with its line and what may have
    been meant. What a format cannot hold is told as left out.

    \b
    Example:
      detente elections results convert detail.xml --to 1500-100
        --out county.json --issuer "Arden County" --day 2026-11-03
    """
    from detente.node.clock import now
    from detente.node.result_converting import Form, convert, heading_of

    heading = heading_of(said["issuer"], said["election"], said["day"], now())
    done = convert(file, Form(form), heading, contest=contest, columns=columns)
    write_file(out, b"".join(done.pieces))
    if wants_json(as_json):
        print_json({"file": str(out), "holds": done.what, "left_out": list(done.left_out)})
    if not as_json:
        say(f"{out}: {done.what}")
        for what in done.left_out[:_SHOWN]:
            say(f"left out: {what}")
    return EXIT_GOOD


@command.command("key")
@click.option("--office", required=True, help="Whose key it is.")
@click.option("--out", type=_FILE, required=True, help="The key's file; .public goes beside it.")
@_passphrase_option
@json_option
def key(office: str, out: Path, passphrase_file: Path | None, as_json: bool) -> int:
    """Make a key with which an office signs its figures, sealed by a passphrase.

    Give the .public file away by hand, and keep the other.

    \b
    Example:
      detente elections results key --office "Arden County" --out arden.key
    """
    from detente.cli.elections.passphrases import passphrase
    from detente.node.signing_figures import make_key

    made = make_key(office, out, passphrase(passphrase_file, twice=True))
    if wants_json(as_json):
        print_json(made)
    if not as_json:
        say(f"key {made['key']} (keep it), {made['public']} (give it away)")
    return EXIT_GOOD


@command.command("sign")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--key", "key_file", type=_FILE, required=True, help="The office's key.")
@click.option("--rehearsal", is_flag=True, help="Sign as a rehearsal: never taken for real.")
@_passphrase_option
@json_option
def sign(
    files: Sequence[Path],
    key_file: Path,
    rehearsal: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> int:
    """Sign files of figures; the signature goes beside each, as FILE.sig.json.

    \b
    Example:
      detente elections results sign county.csv --key arden.key
    """
    from detente.cli.elections.passphrases import passphrase
    from detente.node.signing_figures import sign_files

    words = passphrase(passphrase_file, twice=False)
    signed = sign_files(files, key_file, words, is_rehearsal=rehearsal)
    if wants_json(as_json):
        print_json(signed)
    if not as_json:
        say(f"{len(files)} files signed as {signed['type']} of {signed['office']}")
    return EXIT_GOOD


@command.command("verify")
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@_trust_option
@json_option
def verify(files: Sequence[Path], trust: Sequence[Path], as_json: bool) -> int:
    """Say who signed each file, by the keys that are trusted; or that nobody did.

    Exit status 1 if a file is unsigned, or changed since it was signed.

    \b
    Example:
      detente elections results verify county.csv --trust arden.key.public
    """
    from detente.node.signed_figures import sealed_by, trusted
    from detente.node.signing_figures import describe_seal

    offices = trusted(trust)
    rows = [describe_seal(file, sealed_by(file, offices)) for file in files]
    if wants_json(as_json):
        print_json(rows)
    if not as_json:
        for row in rows:
            say(f"{row['file']}: {row['said']}")
    return EXIT_GOOD if all(row["good"] for row in rows) else EXIT_WRONG


@command.command("signer")
@click.option("--out", type=_FILE, required=True, help="The file to write, such as on a stick.")
@json_option
def signer(out: Path, as_json: bool) -> int:
    """Write the offline signer: one Python file that makes keys, signs and verifies.

    It needs Python and the package `cryptography`, and no network.

    \b
    Example:
      detente elections results signer --out sign_figures.py
    """
    from detente.node.signing_figures import signer_source

    write_file(out, signer_source())
    if wants_json(as_json):
        print_json({"file": str(out)})
    if not as_json:
        say(f"{out}: the offline signer; python {out.name} --help")
    return EXIT_GOOD
