"""Commands of response typed beside a running node without starting a process for each."""

import orjson

from detente.errors import EnvironmentFault
from detente.node.control import Document, ask_running
from detente.node.exercise.network import NetworkUnit

# What a command takes where nothing is typed; the program's own defaults, as it hands them on.
_SHARED: Document = {"members": [], "tlp": "amber"}
_DEFAULTS: dict[str, Document] = {
    "statement publish": {
        "tlp": "green",
        "readers": [],
        "pap": "amber",
        "kind": None,
        "licence": "NOASSERTION",
    },
    "case open": {
        **_SHARED,
        "kind": "cyber",
        "level": "medium",
        "words": "",
        "about": [],
        "share": False,
    },
    "case add": {
        "private": False,
        "when": None,
        "about": [],
        "evidence": None,
        "corrects": None,
    },
    "case task": {
        "title": "",
        "owner": None,
        "person": None,
        "due": None,
        "task": None,
        "state": None,
        "private": False,
    },
    "case decide": {"private": False},
    "case report": {"shared_only": False},
    "accord propose": {
        "classes": [],
        "techniques": [],
        "observers": [],
        "zone": "UTC",
        "judges": "quorum",
        "notice_hours": 72,
        "tlp": "amber",
    },
    "accord sign": {"words": ""},
    "accord allege": {"due": "3d", "evidence": []},
    "accord reply": {"evidence": []},
    "accord report": {"words": "Counted from its entries."},
}


def typed(unit: NetworkUnit, name: str, command: str, /, **values: object) -> dict[str, object]:
    """Return what one running node answers to a command, as JSON.

    Raises:
        EnvironmentFault: nobody answers there, or it refused.
    """
    directory = unit.directory(name)
    given = _DEFAULTS.get(command, {}) | values
    given |= {"directory": {"path": str(directory)}, "as_json": True}
    asked: Document = {"words": command.split(), "values": given, "watched": False}
    answer = ask_running(directory, asked)
    if answer is None or answer["status"] != 0:
        told = "nobody answers" if answer is None else str(answer["err"]).strip()
        raise EnvironmentFault(f"{name}: detente {command}: {told}")
    found = orjson.loads(str(answer["out"]))
    return found if isinstance(found, dict) else {}


def rows(document: dict[str, object], name: str) -> list[dict[str, object]]:
    """Return the rows of an answer."""
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
