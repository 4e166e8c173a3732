"""Machine output on standard output, words for people on standard error."""

import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

import click
import orjson

from detente.errors import EnvironmentFault, InputError, UnitError

EXIT_GOOD = 0
EXIT_WRONG = 1
EXIT_USAGE = 2
EXIT_ENVIRONMENT = 3
READ_BYTES_MAX = 64 * 1024 * 1024
_ABOUT_THE_PATH = frozenset(
    (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
)

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
    if elsewhere is not None:
        return as_json or not elsewhere.is_watched
    return as_json or (sys.stdout is not None and not is_watched())


def is_watched() -> bool:
    """Say whether a person looks at this process's standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def print_json(document: object) -> None:
    """Print one JSON document and a line end on standard output.

    Raises:
        EnvironmentFault: there is no standard output, or it takes nothing more.
    """
    elsewhere = _ELSEWHERE.get()
    data = orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    if is_watched() if elsewhere is None else elsewhere.is_watched:
        data = _for_a_terminal(data)
    if elsewhere is not None:
        elsewhere.out.write(data)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except (OSError, AttributeError) as error:
        # Python would try once more at its end, and end with a status of its own.
        sys.stdout = None  # as Python itself has it where none is open
        reason = getattr(error, "strerror", None) or "there is none"
        raise EnvironmentFault(
            f"standard output cannot be written: {reason}", remedy="What was asked for was done"
        ) from error


def _for_a_terminal(data: bytes) -> bytes:
    """Return the same JSON in which nothing acts on a terminal or reorders what it shows."""
    text = json.dumps(json.loads(data), ensure_ascii=True, separators=(",", ":"))
    return text.replace("\x7f", "\\u007f").encode("ascii") + b"\n"


def say(text: str) -> None:
    """Tell a person something, on standard error, control characters made visible."""
    elsewhere = _ELSEWHERE.get()
    click.echo(visible(text), err=True, file=None if elsewhere is None else elsewhere.err)


def say_error(error: UnitError) -> None:
    """Tell a person what failed and what to do."""
    elsewhere = _ELSEWHERE.get()
    file = None if elsewhere is None else elsewhere.err
    mark = coloured("error: ", "red")
    click.echo(mark + visible(error.message), err=True, file=file)
    if error.remedy:
        click.echo("  " + visible(error.remedy), err=True, file=file)


def coloured(text: str, colour: str) -> str:
    """Return a text in bold colour, unless the person asked for none (https://no-color.org)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return click.style(text, fg=colour, bold=True) if wanted else text


def visible(text: str) -> str:
    """Show what a hostile text would hide: control, bidirectional and other unprintable marks.

    Line ends too: a name must not write a line of its own.
    """
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def is_text(value: str) -> bool:
    """Say whether a typed word is text and not other bytes, which Python carries as surrogates."""
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


def plain(path: Path) -> str:
    """Return a path as JSON can carry it, whatever bytes are in its name."""
    return os.fsencode(path).decode(errors="backslashreplace")


@contextmanager
def naming(path: Path, what: str) -> Iterator[None]:
    """Let errors about the content of a file that the operator named say which file.

    Raises:
        InputError: for any other `UnitError` but a fault of the environment.
    """
    try:
        yield
    except EnvironmentFault:
        raise
    except InputError as error:
        if error.file:
            raise
        raise _named(path, what, error) from None
    except UnitError as error:
        raise _named(path, what, error) from None


def _named(path: Path, what: str, error: UnitError) -> InputError:
    return InputError(f"{what}: {error.message}", file=str(path), remedy=error.remedy)


def say_table(rows: Sequence[Mapping[str, str]], columns: Sequence[str]) -> None:
    """Show rows in aligned columns on standard error."""
    widths = {name: max([len(name), *(len(row[name]) for row in rows)]) for name in columns}
    say("  ".join(name.upper().ljust(widths[name]) for name in columns).rstrip())
    for row in rows:
        say("  ".join(row[name].ljust(widths[name]) for name in columns).rstrip())


def require_file(path: Path) -> None:
    """Refuse a file the operator named that is not there or cannot be read; as `read_file`."""
    with _reading(path), path.open("rb"):
        pass


def read_file(path: Path, *, size_bytes_max: int = READ_BYTES_MAX) -> bytes:
    """Read a file the operator named, up to a limit.

    Raises:
        InputError: missing, a directory, or larger than the limit.
        EnvironmentFault: the machine will not let us read it.
    """
    with _reading(path), path.open("rb") as stream:
        data = stream.read(size_bytes_max + 1)
    if len(data) > size_bytes_max:
        raise InputError(
            f"larger than {size_bytes_max} bytes",
            file=str(path),
            remedy="Check that it is the file you mean",
        )
    return data


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ABOUT_THE_PATH:
            raise InputError(
                f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
            ) from error
        raise EnvironmentFault(
            f"{path} cannot be read: {error.strerror}",
            remedy="Give the user who runs detente the right to read it"
            if isinstance(error, PermissionError)
            else "Look at the system's log for that disk, then try again",
        ) from error


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a file the operator named, whole or not at all; an earlier one is replaced.

    Raises:
        InputError: it is one of a node's own files.
        EnvironmentFault: the machine will not let us write it.
    """
    if path.exists() and (path.absolute().parent / "identity.json").exists():
        raise InputError(
            "this is one of a node's own files, and is not replaced",
            file=str(path),
            remedy="Name a file outside the node's directory",
        )
    temporary = path.with_name(f".{path.name[:100]}.{token_hex(4)}.part")
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)  # a device or pipe that was named on purpose
            return
        temporary.write_bytes(data)
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise EnvironmentFault(
            f"{path} cannot be written: {error.strerror}", remedy="Choose another place"
        ) from error
