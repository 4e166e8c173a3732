"""Every command is in the manual, says what it does and shows how. (docs/cli.md)"""

import re
from collections.abc import Iterator

import click
import pytest

from detente.cli.main import root
from tests.shared import ROOT

MANUAL = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(group: click.Group, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that a person can type, with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, f"{' '.join(path)} lists {name} and does not have it"
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


@pytest.fixture(scope="module")
def every_command():
    found = dict(commands(root, ("detente",)))
    assert len(found) >= 15
    return found


def manual_commands():
    """Return what the manual's table names: `detente noun a\\|b` is two commands."""
    for noun, verbs in re.findall(r"^\| `detente (\w+)(?: ([a-z]+(?:\\\|[a-z]+)*))?", MANUAL, re.M):
        yield from (f"detente {noun} {verb}".strip() for verb in verbs.split("\\|"))


def test_the_manual_names_every_command_and_no_other(every_command):
    assert sorted(manual_commands()) == sorted(every_command)


def test_every_command_says_what_it_does_and_shows_an_example(every_command):
    without = [words for words, c in every_command.items() if "Example" not in (c.help or "")]
    assert without == []
