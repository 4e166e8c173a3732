"""Every command is in the manual, says what it does and shows how. (docs/cli.md)"""

import ast
import re
from collections.abc import Iterator

import click
import pytest

from detente.cli.main import root
from tests.architecture.source import MODULES, parsed, shown
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
    row = r"^\| `detente ((?:[a-z]+ )*?)([a-z]+(?:\\\|[a-z]+)*)(?=`| [^a-z])"
    for words, verbs in re.findall(row, MANUAL, re.M):
        yield from (f"detente {words}{verb}" for verb in verbs.split("\\|"))


def test_the_manual_names_every_command_and_no_other(every_command):
    assert sorted(manual_commands()) == sorted(every_command)


def test_every_command_says_what_it_does_and_shows_an_example(every_command):
    without = [words for words, c in every_command.items() if "Example" not in (c.help or "")]
    assert without == []


def spoken_commands(text: str) -> Iterator[str]:
    """Return the commands that a text names: in backquotes, or on a line of an example."""
    quoted = re.findall(r"`detente( [^`]*)?`", text)
    # What a signature is for stands in backquotes too, and is versioned: `detente NAME v1`.
    yield from (words for words in quoted if not re.search(r" v[0-9]+$", words))
    yield from re.findall(r"^ +detente( .*)$", text, re.M)


def is_a_command(words: str) -> bool:
    """Say whether `detente` takes these words; a noun by itself stands for all its verbs."""
    command: click.Command = root
    for word in words.split():
        if not isinstance(command, click.Group):
            return True  # what follows are its arguments
        if word.startswith("-") or word.isupper():
            return True
        found = command.get_command(click.Context(command), word.rstrip(".,;:"))
        if found is None:
            return False
        command = found
    return True


def texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return every string of a module, the fixed parts of one that is put together as one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (each.value if isinstance(each, ast.Constant) else "X" for each in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_every_command_that_a_remedy_or_a_help_text_names_exists():
    named, wrong = set(), []
    for path in MODULES:
        for line, text in texts(parsed(path)):
            for words in spoken_commands(text):
                named.add(words)
                if not is_a_command(words):
                    wrong.append(f"{shown(path)}:{line}: `detente{words}`")
    assert not wrong, "\n".join(wrong)
    assert len(named) >= 30


@pytest.mark.parametrize("words", [" charter purpose", " leave", " keys vouchsafe X", " chart"])
def test_a_command_that_does_not_exist_is_noticed(words):
    (found,) = spoken_commands(f"Renew it with `detente{words}`; then go on")
    assert not is_a_command(found)
