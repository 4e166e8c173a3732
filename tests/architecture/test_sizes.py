"""A reader can hold each piece in mind: functions and modules stay small. (CONTRIBUTING.md)"""

import ast
import statistics

import pytest

from tests.architecture.source import MODULES, parsed, shown

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FUNCTION_LINES_P90 = 30
DATA_ONLY = {"src/detente/signing/words.py"}


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a body; a docstring explains and is not counted."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


FUNCTIONS = [
    (f"{shown(path)}:{node.lineno} {node.name}", body_lines(node))
    for path in MODULES
    for node in ast.walk(parsed(path))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]


def test_there_is_code_to_measure():
    assert len(MODULES) > 10
    assert len(FUNCTIONS) > 100


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_no_module_is_longer_than_four_hundred_lines(path):
    if shown(path) not in DATA_ONLY:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES_MAX


def test_no_function_body_is_longer_than_sixty_lines():
    assert [name for name, lines in FUNCTIONS if lines > FUNCTION_LINES_MAX] == []


def test_nine_function_bodies_in_ten_fit_thirty_lines():
    ninth_decile = statistics.quantiles([lines for _, lines in FUNCTIONS], n=10)[8]
    assert ninth_decile <= FUNCTION_LINES_P90
