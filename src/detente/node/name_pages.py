"""Saved pages and what is known of names, from files; nothing is fetched."""

from pathlib import Path

import orjson

from detente.elections import ElectionsError
from detente.elections.names import Drift, Facts, link_drift, parse_facts
from detente.errors import EnvironmentFault, InputError
from detente.node.look_alikes import Count, read_names

FILE_BYTES_MAX = 64 * 1024 * 1024


def read_facts(path: Path) -> dict[str, Facts]:
    """Facts by name, from a JSON file.

    Raises:
        InputError: it cannot be read as that.
    """
    try:
        return parse_facts(orjson.loads(_read(path)))
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", file=str(path), line=error.lineno) from None
    except ElectionsError as error:
        raise InputError(error.message, file=str(path), remedy=error.remedy) from None


def compare_links(before: Path, after: Path, protect: Path | None) -> list[Drift]:
    """Where a page leads now and did not.

    Raises:
        InputError: a file that cannot be read as a page or a list of names.
    """
    names = [name for _, name in read_names(protect, Count())] if protect else []
    old, new = (_read(path).decode("utf-8", "replace") for path in (before, after))
    try:
        return link_drift(old, new, names)
    except ElectionsError as error:
        raise InputError(error.message, file=str(after), remedy=error.remedy) from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(FILE_BYTES_MAX + 1)
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="Check the path"
        ) from None
    except OSError as error:
        raise EnvironmentFault(f"{path} cannot be read: {error.strerror}") from error
    if len(data) > FILE_BYTES_MAX:
        raise InputError(f"larger than {FILE_BYTES_MAX} bytes", file=str(path))
    return data
