"""Machine output on standard output, words for people on standard error."""

import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import click
import orjson

from detente.errors import EnvironmentFault, InputError, UnitError

EXIT_GOOD = 0
EXIT_WRONG = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
READ_BYTES_MAX = 64 * 1024 * 1024

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document on standard output."
)
node_argument = click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False), metavar="DIR"
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What a command says that is done here for somebody who typed it elsewhere.

    Attributes:
        is_watched: whether a person looks at the standard output there.
        out: for its standard output.
        err: for its standard error.
    """

    is_watched: bool
    out: io.BytesIO = field(default_factory=io.BytesIO)
    err: io.StringIO = field(default_factory=io.StringIO)


_ELSEWHERE: ContextVar[Elsewhere | None] = ContextVar("elsewhere", default=None)


@contextmanager
def said_elsewhere(elsewhere: Elsewhere) -> Iterator[None]:
    """Collect what is said in this context instead of printing it here."""
    token = _ELSEWHERE.set(elsewhere)
    try:
        yield
    finally:
        _ELSEWHERE.reset(token)


def wants_json(as_json: bool) -> bool:
    """Say whether to print JSON: asked for, or nobody is looking at standard output."""
    elsewhere = _ELSEWHERE.get()
    return as_json or not (sys.stdout.isatty() if elsewhere is None else elsewhere.is_watched)


def print_json(document: object) -> None:
    """Print one JSON document and a line end on standard output."""
    elsewhere = _ELSEWHERE.get()
    out = sys.stdout.buffer if elsewhere is None else elsewhere.out
    out.write(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE))
    out.flush()


def say(text: str) -> None:
    """Tell a person something, on standard error, control characters made visible."""
    elsewhere = _ELSEWHERE.get()
    click.echo(visible(text), err=True, file=None if elsewhere is None else elsewhere.err)


def say_error(error: UnitError) -> None:
    """Tell a person what failed and what to do."""
    elsewhere = _ELSEWHERE.get()
    file = None if elsewhere is None else elsewhere.err
    mark = click.style("error: ", fg="red", bold=True)
    click.echo(mark + visible(error.message), err=True, file=file)
    if error.remedy:
        click.echo("  " + visible(error.remedy), err=True, file=file)


def visible(text: str) -> str:
    """Show what a hostile text would hide: control, bidirectional and other unprintable marks."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else f"\\u{ord(sign):04x}" for sign in text
    )


def say_table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> None:
    """Show rows in aligned columns on standard error."""
    widths = {name: max([len(name), *(len(row[name]) for row in rows)]) for name in columns}
    say("  ".join(name.upper().ljust(widths[name]) for name in columns).rstrip())
    for row in rows:
        say("  ".join(row[name].ljust(widths[name]) for name in columns).rstrip())


def read_file(path: Path, *, size_bytes_max: int = READ_BYTES_MAX) -> bytes:
    """Read a file the operator named, up to a limit.

    Raises:
        InputError: missing, a directory, or larger than the limit.
        EnvironmentFault: the machine will not let us read it.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(size_bytes_max + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
        ) from error
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > size_bytes_max:
        raise InputError(f"larger than {size_bytes_max} bytes", file=str(path))
    return data


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file the operator named.

    Raises:
        EnvironmentFault: the machine will not let us write it.
    """
    try:
        path.write_bytes(data)
        path.chmod(mode)
    except OSError as error:
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}", remedy="Choose another place"
        ) from error
