"""The passphrase of an office's key: from a file, or asked for."""

import sys
from pathlib import Path

import click

from detente.cli.output import read_file
from detente.errors import InputError

_BYTES_MAX = 4096


def passphrase(file: Path | None, *, twice: bool) -> str:
    """What opens the key; raises InputError where nobody can be asked."""
    if file is not None:
        text = read_file(file, size_bytes_max=_BYTES_MAX).decode("utf-8", "replace")
        return text.rstrip("\r\n")
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError(
            "a passphrase is needed, and nobody is there to be asked",
            remedy="Name a file that holds it with --passphrase-file",
        )
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=twice, err=True))
