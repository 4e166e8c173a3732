"""Playbooks of this program and of files."""

from importlib.resources import files
from pathlib import Path

from detente.errors import InputError
from detente.response.cacao import PLAYBOOK_BYTES_MAX, Playbook, parse_playbook
from detente.storage.disk import read_capped

_FOLDER = "playbooks"


def shipped_playbooks() -> dict[str, Playbook]:
    """Return the playbooks of this program by their short names."""
    folder = files("detente.response") / _FOLDER
    return {
        each.name.removesuffix(".json"): parse_playbook(each.read_bytes())
        for each in sorted(folder.iterdir(), key=lambda file: file.name)
        if each.name.endswith(".json")
    }


def find_playbook(name: str) -> Playbook:
    """Return a playbook of this program, or the one in a file.

    Raises:
        InputError: neither is called so.
        PlaybookError: the file holds none.
        StorageFault: it cannot be read.
    """
    shipped = shipped_playbooks()
    if name in shipped:
        return shipped[name]
    path = Path(name)
    if not path.is_file():
        raise InputError(
            f"no playbook is called {name!r}",
            remedy="`detente playbook list` names those of this program; or name a file",
        )
    return parse_playbook(read_capped(path, bytes_max=PLAYBOOK_BYTES_MAX))
