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


def test_sealed_bytes_leave_only_in_a_parcel_that_shows_its_permission():
    makers = {
        inside(path)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and called(node) == "Parcel"
    }
    assert makers == {"node/outward.py"}
    ports = parsed(PACKAGE / "exchange" / "ports.py")
    (parcel,) = [n for n in ast.walk(ports) if getattr(n, "name", "") == "Parcel"]
    (permission,) = [
        field
        for field in parcel.body
        if getattr(getattr(field, "target", None), "id", "") == "cleared"
    ]
    assert (permission.annotation.id, permission.value) == ("Cleared", None)


def test_the_room_that_sends_opens_no_store_of_content():
    held = {"BlobStore", "ContentKeys", "KeyRing", "Home"}
    found = {
        inside(path)
        for path in MODULES
        if inside(path).startswith("exchange/")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.alias) and node.name in held
    }
    assert found == set()
