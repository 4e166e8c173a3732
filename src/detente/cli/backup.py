"""`detente backup`: everything a node holds, in one file."""

from pathlib import Path

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import json_option, plain, print_json, say, wants_json


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@node_option
@json_option
def command(target: Path, directory: Path, as_json: bool) -> None:
    """Write a node's state, log, contents and sealed keys into FILE, a new tar file.

    \b
    Example:
      detente backup /mnt/stick/office.tar --node office

    What unlocks the keys is left out: keep unlock.key and recovery.key elsewhere.
    """
    from detente.node.keeping import back_up_home

    with open_home(directory) as home:
        report = back_up_home(home, target)
    if wants_json(as_json):
        print_json(
            {
                "file": plain(target),
                "files": report.files,
                "bytes": report.total_bytes,
                "sums": report.sums,
            }
        )
    if not as_json:
        say(f"{target}: {report.files} files, {report.total_bytes} bytes")
