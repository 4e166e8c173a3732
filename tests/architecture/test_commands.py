"""Every command is in the manual, says what it does and shows how. (docs/cli.md)"""

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


def in_the_manual(words):
    _, noun, *verb = words.split()
    lines = [line for line in MANUAL.splitlines() if f"`detente {noun}" in line]
    return bool(lines) and all(word in lines[0] for word in verb)


def test_every_command_is_in_the_manual(every_command):
    assert [words for words in every_command if not in_the_manual(words)] == []


def test_every_command_says_what_it_does_and_shows_an_example(every_command):
    without = [words for words, c in every_command.items() if "Example" not in (c.help or "")]
    assert without == []
