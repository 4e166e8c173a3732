"""No bytes become code, and no file ties the project to one machine. (docs/threats.md, parsers)"""

import ast
import re

import pytest

from tests.architecture.source import MODULES, called, parsed, shown, tracked_files

CODE_FROM_BYTES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "yaml"}
CODE_FROM_TEXT = {"eval", "exec", "compile", "__import__"}

# Spelled in pieces, so that this file passes its own test.
MACHINE_PLACES = [
    r"(?<![\w.])/" + place + r"(?=[/\s`'\")]|$)"
    for place in ("work", "root", r"home/[a-z]\w*", "Users")
]
REGISTRY_HOSTS = [
    re.escape(".".join(parts))
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
        ("sum", "golang", "org"),
        ("static", "crates", "io"),
        ("deb", "debian", "org"),
        ("repo1", "maven", "org"),
    )
]
FOREIGN = re.compile("|".join(MACHINE_PLACES + REGISTRY_HOSTS), re.MULTILINE)


def imported(node):
    match node:
        case ast.Import():
            return {alias.name.split(".")[0] for alias in node.names}
        case ast.ImportFrom():
            return {(node.module or "").split(".")[0]}
        case _:
            return set()


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_no_module_turns_bytes_or_text_into_code(path):
    nodes = list(ast.walk(parsed(path)))
    assert not CODE_FROM_BYTES & set().union(*(imported(node) for node in nodes))
    bare_calls = {n.func.id for n in nodes if isinstance(n, ast.Call) and hasattr(n.func, "id")}
    assert not CODE_FROM_TEXT & bare_calls
    assert not [n for n in nodes if isinstance(n, ast.Call) and called(n) == "literal_eval"]


def test_no_tracked_file_names_a_place_of_one_machine_or_a_registry():
    files = tracked_files()
    assert len(files) > 20
    found = [
        f"{shown(path)}: {match.group()}"
        for path in files
        if (match := FOREIGN.search(path.read_bytes().decode("utf-8", errors="replace")))
    ]
    assert found == []


@pytest.mark.parametrize("line", ["cd /" + "work/main", "/" + "root", "at pypi." + "org/simple"])
def test_such_a_line_would_be_found(line):
    assert FOREIGN.search(line)


@pytest.mark.parametrize("line", ["tile/root", "https://a.example/work/x", "tiles/work/"])
def test_words_that_only_look_like_it_are_left_alone(line):
    assert not FOREIGN.search(line)
