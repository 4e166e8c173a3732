"""`detente restore`: a node from its back-up."""

from pathlib import Path

import click

from detente.cli.output import json_option, plain, print_json, require_file, say, wants_json


@click.command("restore")
@click.argument("archive", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), metavar="DIR")
@click.option(
    "--database",
    default="",
    metavar="URL",
    help="Put its state into this empty PostgreSQL database instead of a file in DIR.",
)
@json_option
def command(archive: Path, directory: Path, database: str, as_json: bool) -> None:
    """Put the back-up FILE into DIR, which must be empty; every sum is checked.

    \b
    Example:
      detente restore /mnt/stick/office.tar office

    The restored node reads, and signs nothing until its state was compared with
    what others hold then: signing on from an old state would fork its own log.
    """
    from detente.node.keeping import restore_home

    require_file(archive)
    report = restore_home(archive, directory, database=database)
    if wants_json(as_json):
        print_json(
            {
                "directory": plain(directory),
                "files": report.files,
                "bytes": report.total_bytes,
                "sums": report.sums,
            }
        )
    if not as_json:
        say(f"{directory}: {report.files} files, {report.total_bytes} bytes")
        say("Put unlock.key back. Let f + 1 of the others say now what they hold of this log")
        say("(`detente keys vouch`), and compare with `detente keys confirm`: then it signs again.")
