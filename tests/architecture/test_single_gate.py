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


def names_in(path, wanted):
    """Return the functions of a module that call a method of this name."""
    return {
        function.name
        for function in ast.walk(parsed(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and called(node) == wanted
    }


def test_objects_of_the_shelf_become_bytes_only_in_passages_that_carry_their_permission():
    taxii = [path for path in MODULES if inside(path).startswith("exchange/taxii/")]
    cutters = {(inside(path), name) for path in taxii for name in names_in(path, "slice")}
    assert cutters == {("exchange/taxii/envelope.py", "_bytes_of")}
    (cut,) = [
        node
        for node in ast.walk(parsed(PACKAGE / "exchange" / "taxii" / "envelope.py"))
        if isinstance(node, ast.FunctionDef) and node.name == "_bytes_of"
    ]
    assert [each.annotation.id for each in cut.args.args] == ["Passage"]
    clearing = parsed(PACKAGE / "exchange" / "taxii" / "clearing.py")
    (passage,) = [n for n in ast.walk(clearing) if getattr(n, "name", "") == "Passage"]
    first = next(field for field in passage.body if isinstance(field, ast.AnnAssign))
    assert (first.target.id, first.annotation.id, first.value) == ("cleared", "Cleared", None)


def test_what_is_told_of_objects_beside_their_bytes_comes_from_passages_too():
    envelope = PACKAGE / "exchange" / "taxii" / "envelope.py"
    parameters = {
        function.name: [getattr(each.annotation, "id", "") for each in function.args.args]
        for function in parsed(envelope).body
        if isinstance(function, ast.FunctionDef)
    }
    printing = {name: each for name, each in parameters.items() if name.startswith("print_")}
    assert printing
    assert all(each == ["Found"] for each in printing.values())
    outside = {
        inside(path)
        for path in MODULES
        if inside(path).startswith("exchange/taxii/")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr == "names"
    }
    # `reading` looks at names to choose places, and gives passages of them.
    assert outside == {"exchange/taxii/envelope.py", "exchange/taxii/reading.py"}


def test_passages_are_made_of_what_the_gate_permits_and_of_nothing_else():
    makers = {
        inside(path)
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and called(node) == "Passage"
    }
    assert makers == {"exchange/taxii/reading.py"}
    reading = parsed(PACKAGE / "exchange" / "taxii" / "reading.py")
    given = [
        each.value
        for each in ast.walk(reading)
        if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == "cleared"
    ]
    assert given
    for value in given:
        calls = {called(node) for node in ast.walk(value) if isinstance(node, ast.Call)}
        assert calls == {"permits"}
    for node in ast.walk(reading):
        if isinstance(node, ast.Call) and called(node) == "Passage":
            assert getattr(node.args[0], "id", "") == "cleared"


def test_lines_for_outside_tools_show_only_what_a_permission_opens():
    readers = [
        path
        for path in MODULES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ImportFrom) and node.module == "detente.exchange.lines"
    ]
    assert readers
    for name in ("Shown", "Line"):
        assert not any(names_in(path, name) for path in readers)
    lines = PACKAGE / "exchange" / "lines.py"
    assert names_in(lines, "Shown") == {"show"}
    (opens,) = [n for n in ast.walk(parsed(lines)) if getattr(n, "name", "") == "show"]
    assert [each.annotation.id for each in opens.args.args] == ["Cleared"]
