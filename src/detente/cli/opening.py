"""How a command opens a node: by unlock file, passphrase file, or by asking a person."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.forwarding import forward_command, lent_home
from detente.cli.output import is_text, read_file
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.node.home import Home
    from detente.node.layout import Layout
    from detente.storage.keyfiles import Passphrase, Unlock

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
def open_home(directory: Path) -> Iterator["Home"]:
    """Lend the node in `directory`. Where it runs, the running process does the command.

    Raises:
        InputError: no node is there, nothing opens its keys, or a typed word is no text.
        click.exceptions.Exit: the running process did it and said what there was to say.
    """
    lent = lent_home()
    if lent is not None:
        yield lent
        return
    _require_text(click.get_current_context().params.values())
    forward_command(directory)
    with _open_here(directory) as home:
        yield home


def _require_text(values: Iterable[object]) -> None:
    """Refuse words that are no text: Python carries their bytes as lone surrogates."""
    for value in values:
        if isinstance(value, tuple):
            _require_text(value)
        elif isinstance(value, str) and not is_text(value):
            raise InputError(f"not UTF-8: {ascii(value)[:80]}", remedy="Type it as UTF-8 text")


def _open_here(directory: Path) -> "Home":
    from detente.node.catching_up import open_node
    from detente.node.identity import load_identity
    from detente.node.layout import Layout

    load_identity(Layout(directory).identity)
    return open_node(directory, find_unlock(Layout.of(directory)))


def find_unlock(layout: "Layout") -> "Unlock":
    """Return what opens the key ring: its unlock file, or a passphrase.

    A passphrase comes from the file that DETENTE_PASSPHRASE_FILE names, or from the person
    at the terminal, unseen.

    Raises:
        InputError: a passphrase is needed, and nobody can be asked.
        KeyFileError, StorageFault: there is no key ring, or a damaged one.
    """
    from detente.storage.keyfiles import ByUnlockFile, Passphrase, UnlockFile
    from detente.storage.keys import read_protection

    if isinstance(read_protection(layout.keys), ByUnlockFile):
        return UnlockFile(layout.unlock)
    return _named_passphrase() or Passphrase(_ask("Passphrase", twice=False))


def new_passphrase() -> "Passphrase":
    """Return the passphrase for a new node, asked for twice where a person types it.

    Raises:
        InputError: nobody can be asked, or the file named in the environment is empty.
    """
    from detente.storage.keyfiles import Passphrase

    return _named_passphrase() or Passphrase(_ask("New passphrase", twice=True))


def _named_passphrase() -> "Passphrase | None":
    named = os.environ.get(_UNLOCK_VARIABLE)
    if not named:
        return None
    from detente.storage.keyfiles import Passphrase

    data = read_file(Path(named), size_bytes_max=_PASSPHRASE_BYTES_MAX)
    text = data.decode(errors="surrogateescape").rstrip("\r\n")
    if not text:
        raise InputError("holds no passphrase", file=named, remedy=f"See {_UNLOCK_VARIABLE}")
    return Passphrase(text)


def _ask(question: str, *, twice: bool) -> str:
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(
            "a passphrase is needed, and nobody is there to be asked",
            remedy=f"Name a file that holds it in {_UNLOCK_VARIABLE}",
        )
    return str(click.prompt(question, hide_input=True, confirmation_prompt=twice, err=True))
