"""A command typed beside a running node is done by that node, and answers here.

The one who types parses; the running process calls the same function with the same
values on its open home. Files are read and written by it, as the same user.
"""

import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import (
    EXIT_ENVIRONMENT,
    EXIT_GOOD,
    EXIT_USAGE,
    Elsewhere,
    is_watched,
    said_elsewhere,
    say_error,
)
from detente.errors import EnvironmentFault, UnitError

if TYPE_CHECKING:
    from detente.node.control import Document
    from detente.node.home import Home

_LENT: ContextVar["Home | None"] = ContextVar("lent", default=None)
_PATH = "path"


def lent_home() -> "Home | None":
    """Return the open home of the running node that does this command, None elsewhere."""
    return _LENT.get()


def forward_command(directory: Path) -> None:
    """Let the node that runs in `directory` do the present command; return where none runs.

    Raises:
        click.exceptions.Exit: it was done, with its exit status.
        EnvironmentFault: the running node broke off.
    """
    from detente.node.control import ask_running

    context = click.get_current_context(silent=True)
    if context is None:
        return
    words: list[str] = []
    above: click.Context | None = context
    while above is not None and above.parent is not None:
        words.insert(0, above.info_name or "")
        above = above.parent
    asked: Document = {
        "words": words,
        "values": {name: _pack(value) for name, value in context.params.items()},
        "watched": is_watched(),
    }
    answer = ask_running(directory, asked)
    if answer is None:
        return
    sys.stdout.buffer.write(str(answer["out"]).encode())
    sys.stdout.buffer.flush()
    click.echo(str(answer["err"]), err=True, nl=False)
    raise click.exceptions.Exit(int(str(answer["status"])))


def do_for_owner(home: "Home") -> Callable[["Document"], "Document"]:
    """Return what a running node does with a forwarded command."""

    def answer(asked: "Document") -> "Document":
        elsewhere = Elsewhere(is_watched=bool(asked.get("watched")))
        token = _LENT.set(home)
        try:
            with said_elsewhere(elsewhere):
                status = _do(asked)
        finally:
            _LENT.reset(token)
        out = elsewhere.out.getvalue().decode(errors="replace")
        return {"status": status, "out": out, "err": elsewhere.err.getvalue()}

    return answer


def _do(asked: "Document") -> int:
    words, values = asked["words"], asked["values"]
    assert isinstance(words, list)  # noqa: S101 - written by `forward_command`
    assert isinstance(values, dict)  # noqa: S101
    try:
        function = _find(words).callback
        if function is None:
            return EXIT_USAGE
        status = function(**{name: _unpack(value) for name, value in values.items()})
    except EnvironmentFault as error:
        say_error(error)
        return EXIT_ENVIRONMENT
    except UnitError as error:
        say_error(error)
        return EXIT_USAGE
    return status if isinstance(status, int) else EXIT_GOOD


def _find(words: list[str]) -> click.Command:
    from detente.cli.main import root

    command: click.Command = root
    for word in words:
        found = None
        if isinstance(command, click.Group):
            found = command.get_command(click.Context(command), word)
        if found is None:
            raise UnitError(f"the running node knows no command {' '.join(words)!r}")
        command = found
    return command


def _pack(value: object) -> object:
    if isinstance(value, Path):
        # Names are understood where they were typed.
        return {_PATH: os.path.abspath(value)}
    if isinstance(value, tuple):
        return [_pack(each) for each in value]
    return value


def _unpack(value: object) -> object:
    if isinstance(value, dict):
        return Path(str(value[_PATH]))
    if isinstance(value, list):
        return tuple(_unpack(each) for each in value)
    return value
