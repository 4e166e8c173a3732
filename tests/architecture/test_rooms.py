"""Two people could carry this on: every room says what it is for. (CONTRIBUTING.md)"""

import ast

import pytest

from tests.architecture.source import MODULES, PACKAGE, PACKAGES, parsed, shown

ROOMS = [folder for folder in PACKAGES if folder.parent == PACKAGE]
# A flow is imported by its own module, so that a command loads no other flow's libraries.
BY_MODULE = {"node"}
VAGUE = {"utils", "util", "helpers", "helper", "base", "manager", "common", "misc"}
BELOW_THE_LINE = {
    "charter",
    "elections",
    "proofs",
    "release",
    "response",
    "signing",
    "statements",
    "tlog",
    "watch",
}


def test_there_are_rooms():
    assert {folder.name for folder in ROOMS} >= BELOW_THE_LINE | {"storage", "node", "cli"}


@pytest.mark.parametrize("folder", ROOMS, ids=shown)
def test_a_room_says_what_it_is_for_what_it_trusts_and_which_spec_it_follows(folder):
    said = ast.get_docstring(parsed(folder / "__init__.py")) or ""
    for word in ("For:", "Trusts:", "Follows:"):
        assert word in said, f"{shown(folder)}/__init__.py does not say '{word}'"


@pytest.mark.parametrize(
    "folder", [room for room in ROOMS if room.name not in BY_MODULE], ids=shown
)
def test_a_room_lists_its_public_names(folder):
    tree = parsed(folder / "__init__.py")
    assert any(
        isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
        for node in tree.body
    )


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_a_module_is_named_for_a_concept_and_says_what_it_holds(path):
    assert path.stem not in VAGUE
    assert ast.get_docstring(parsed(path))


PORTS = [path for path in MODULES if path.name == "ports.py"]


def test_there_are_ports():
    assert PORTS


@pytest.mark.parametrize("path", PORTS, ids=shown)
def test_a_port_says_whether_it_is_trusted_and_what_loss_means(path):
    ports = [
        node
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef)
        and any(getattr(base, "id", "") == "Protocol" for base in node.bases)
    ]
    assert ports
    for port in ports:
        said = ast.get_docstring(port) or ""
        assert "TRUSTED" in said, f"{shown(path)}: {port.name} says neither TRUSTED nor UNTRUSTED"
