"""What the commands of response share: an open node brought up, labels, entries said."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from detente.cli.opening import open_home
from detente.cli.output import print_json, say_table, wants_json
from detente.cli.readers import find_readers, labels
from detente.cli.written import say_written

if TYPE_CHECKING:
    from datetime import datetime

    from detente.node.home import Home
    from detente.node.responding import Responder
    from detente.response import Sort
    from detente.signing import JsonValue

TLP = ("clear", "green", "amber", "amber+strict", "red")
with_option = click.option(
    "--with", "members", multiple=True, metavar="MEMBER", help="These alone; else the unit."
)
tlp_option = click.option("--tlp", type=click.Choice(TLP), default="amber", show_default=True)
Command = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Lent:
    """A node that responds.

    Attributes:
        home: open.
        responder: brought up.
        names: member id -> label.
        now: this moment.
    """

    home: "Home"
    responder: "Responder"
    names: Mapping[str, str]
    now: "datetime"

    def name(self, member: str) -> str:
        """Return a member's label, or its id."""
        return self.names.get(member, member)


@contextmanager
def responding(directory: Path) -> Iterator[Lent]:
    """Lend the node in `directory`, its threads brought up; raises as `open_home`."""
    from detente.node.clock import now
    from detente.node.responding import Responder

    with open_home(directory) as home:
        responder = Responder(home, now=now)
        responder.bring_up()
        yield Lent(home, responder, labels(home), now())


def begin(
    lent: Lent,
    sort: "Sort",
    body: "Mapping[str, JsonValue]",
    *,
    members: Sequence[str],
    tlp: str,
    as_json: bool,
) -> None:
    """Open a shared thread and say what came of it."""
    readers = find_readers(lent.home, members)
    named: JsonValue = readers if isinstance(readers, str) else [*readers]
    written = lent.responder.open(sort, {**body, "with": named, "tlp": tlp})
    say_written(written, as_json=as_json, what=sort.value)


def add_entry(
    directory: Path,
    sort: "Sort",
    name: str,
    act: str,
    body: "Mapping[str, JsonValue]",
    *,
    as_json: bool,
) -> None:
    """Add an entry to the shared thread that begins so, and say what came of it."""
    with responding(directory) as lent:
        row = lent.responder.find(sort, name)
        written = lent.responder.add(row.id, act, body)
    say_written(written, as_json=as_json, what="entry")


def entry_named(lent: Lent, thread: str, name: str) -> str:
    """Return the digest of the only entry of a thread that begins so.

    Raises:
        InputError: none, or more than one.
    """
    from detente.errors import InputError

    placed = lent.responder.read(thread).placed
    found = [each.digest for each in placed if each.digest.startswith(name.lower())]
    if len(found) != 1:
        raise InputError(f"{len(found) or 'no'} entries of it begin with {name[:64]!r}")
    return found[0]


def tell_rows(
    rows: "Sequence[Mapping[str, JsonValue]]", columns: Sequence[str], *, as_json: bool, what: str
) -> None:
    """Print rows as JSON, or some columns of them as a table."""
    if wants_json(as_json):
        print_json({what: list(rows)})
    if not as_json:
        short = {"id", "entry", "thread"}
        shown = [
            {name: str(row[name])[:16] if name in short else _cell(row[name]) for name in columns}
            for row in rows
        ]
        say_table(shown, columns)


def _cell(value: "JsonValue") -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value) if value != "" else "-"
