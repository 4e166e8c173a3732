"""Nothing leaves but through the gate: only it grants permission to send. (docs/adr/0003)"""

import ast

from tests.architecture.source import MODULES, PACKAGE, called, parsed


def inside(path):
    return path.relative_to(PACKAGE).as_posix()


def test_only_the_gate_grants_permission_to_send():
    makers = {
        inside(path)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and called(node) == "Cleared"
    }
    assert makers == {"release/gate.py"}


def test_permission_to_send_has_one_name_and_no_heirs():
    other_names = {
        inside(path)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.alias) and node.name == "Cleared" and node.asname
    }
    heirs = {
        inside(path)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        if any(getattr(base, "id", getattr(base, "attr", "")) == "Cleared" for base in node.bases)
    }
    assert (other_names, heirs) == (set(), set())
