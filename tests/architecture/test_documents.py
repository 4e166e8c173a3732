"""The documents keep step with the code: named tests exist, decisions stay short. (docs/)"""

import ast
import re
import tomllib

import pytest

from tests.architecture.source import shown
from tests.shared import ROOT

DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
ADRS = sorted((DOCS / "adr").glob("[0-9]*.md"))
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
SCREEN_LINES = 60
TEXT = {page: page.read_text(encoding="utf-8") for page in PAGES}


def table_rows(name):
    """Return the rows of the first table of a page, without its two head lines."""
    lines = [line for line in TEXT[DOCS / name].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_the_pages_a_newcomer_needs_are_there():
    wanted = {"README", "CHANGELOG", "CONTRIBUTING", "SECURITY"}
    wanted |= {"origin", "architecture", "trust", "threats", "divergences", "dependencies"}
    assert wanted <= {page.stem for page in PAGES}


NAMED = sorted({found for text in TEXT.values() for found in NAMED_TEST.findall(text)})


def test_the_threats_name_tests():
    assert len([1 for _ in NAMED_TEST.finditer(TEXT[DOCS / "threats.md"])]) > 30


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[f"{f}::{n}" for f, n in NAMED])
def test_each_test_named_in_the_documents_exists(file, name):
    path = ROOT / file
    assert path.is_file(), f"{file} is named in the documents and is not there"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    machines = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert name in functions | machines


def test_each_threat_says_who_what_how_and_what_remains():
    rows = table_rows("threats.md")
    assert len(rows) > 20
    for row in rows:
        assert len(row) == 6, f"six cells wanted: {row}"
        assert all(row), f"an empty cell: {row}"


def test_each_divergence_says_where_what_and_why():
    for row in table_rows("divergences.md"):
        assert len(row) == 4, f"four cells wanted: {row}"
        assert all(row), f"an empty cell: {row}"


def test_there_are_decisions():
    numbers = [int(page.name[:4]) for page in ADRS]
    assert len(numbers) >= 9
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("page", ADRS, ids=shown)
def test_a_decision_fits_one_screen_and_says_how_it_would_be_known_to_be_wrong(page):
    assert len(TEXT[page].splitlines()) <= SCREEN_LINES
    headings = [line for line in TEXT[page].splitlines() if line.startswith("**")]
    for word in ("Context", "Options", "Decision", "Cost", "Wrong if"):
        assert any(line.startswith(f"**{word}") for line in headings), f"no {word} in {shown(page)}"


def test_each_dependency_has_its_line():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {
        re.split(r"[<>=~ ;\[]", requirement)[0]
        for requirement in (*project["dependencies"], *project["optional-dependencies"]["dev"])
    }
    named = {row[0].strip("`") for row in table_rows("dependencies.md")}
    assert wanted
    assert wanted == named


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_a_link_leads_somewhere(page):
    for target, _ in LINK.findall(TEXT[page]):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{shown(page)} links to {target}"
