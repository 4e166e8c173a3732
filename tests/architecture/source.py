"""What the architecture tests read: the modules of the project and the files it tracks."""

import ast
import subprocess
from functools import cache
from pathlib import Path

from tests.shared import ROOT

PACKAGE = ROOT / "src" / "detente"
MODULES = sorted(PACKAGE.rglob("*.py"))
PACKAGES = sorted(path.parent for path in MODULES if path.name == "__init__.py")


def shown(path: Path) -> str:
    """Return a path as a person would write it from the root of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of one module."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=shown(path))


def called(node: ast.Call) -> str:
    """Return the name a call is made by: `f(...)` and `m.f(...)` are both `f`."""
    return getattr(node.func, "id", getattr(node.func, "attr", ""))


@cache
def tracked_files() -> list[Path]:
    """Return every file of the repository that git tracks, and still is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
