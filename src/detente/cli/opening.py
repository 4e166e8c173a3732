"""How a command opens a node: by unlock file, passphrase file, or by asking a person."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from detente.cli.forwarding import forward_command, lent_home
from detente.cli.output import read_file
from detente.errors import InputError
from detente.node.home import Home
from detente.node.layout import Layout
from detente.storage.keyfiles import Passphrase, Unlock, UnlockFile

_UNLOCK_VARIABLE = "DETENTE_PASSPHRASE_FILE"
_PASSPHRASE_BYTES_MAX = 4096

node_option = click.option(
    "--node",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DETENTE_NODE",
    default=Path(),
    metavar="DIR",
    help="The node's directory; DETENTE_NODE or the current one where not given.",
)


@contextmanager
def open_home(directory: Path) -> Iterator[Home]:
    """Lend the node in `directory`. Where it runs, the running process does the command.

    Raises:
        InputError: no node is there, or nothing opens its keys.
        click.exceptions.Exit: the running process did it and said what there was to say.
    """
    lent = lent_home()
    if lent is not None:
        yield lent
        return
    forward_command(directory)
    with _open_here(directory) as home:
        yield home


def _open_here(directory: Path) -> Home:
    layout = Layout(directory)
    if not layout.identity.exists():
        raise InputError(
            "no node is here",
            file=str(directory),
            remedy="Name it with --node or DETENTE_NODE; `detente init DIR` makes one",
        )
    return Home.open(directory, find_unlock(layout))


def find_unlock(layout: Layout) -> Unlock:
    """Return what opens the key ring: DIR/unlock.key, DETENTE_UNLOCK_VARIABLE, or a question."""
    if layout.unlock.exists():
        return UnlockFile(layout.unlock)
    if named := os.environ.get(_UNLOCK_VARIABLE):
        data = read_file(Path(named), size_bytes_max=_PASSPHRASE_BYTES_MAX)
        return Passphrase(data.decode(errors="surrogateescape").rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise InputError(
            "nothing opens the keys",
            file=str(layout.directory),
            remedy=f"Put the unlock file at {layout.unlock}, or name a file with the passphrase "
            f"in {_UNLOCK_VARIABLE}",
        )
    return Passphrase(click.prompt("Passphrase", hide_input=True, err=True))


def ask_new_passphrase() -> Passphrase:
    """Ask for a passphrase twice."""
    return Passphrase(
        click.prompt("New passphrase", hide_input=True, confirmation_prompt=True, err=True)
    )
