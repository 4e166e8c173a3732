"""The rooms keep to their layers, and the core touches nothing outside. (architecture.md)"""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.architecture.source import PACKAGE
from tests.shared import ROOT

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {c["type"]: c for c in SETTINGS["tool"]["importlinter"]["contracts"]}
BELOW_THE_LINE = (
    "charter",
    "elections",
    "proofs",
    "release",
    "response",
    "signing",
    "statements",
    "tlog",
    "watch",
)


def test_every_import_contract_is_kept():
    lint_imports = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [lint_imports, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_a_folder_without_a_place_fails_the_build():
    layers = CONTRACTS["layers"]
    assert layers["exhaustive"] is True
    placed = {room.strip() for layer in layers["layers"] for room in layer.split("|")}
    present = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert present - {"__init__", "__pycache__", "py"} == placed


def test_each_room_below_the_line_is_kept_from_the_outside():
    forbidden = CONTRACTS["forbidden"]
    pure = sorted((*BELOW_THE_LINE, "exchange.protocol"))
    assert sorted(forbidden["source_modules"]) == [f"detente.{room}" for room in pure]
    for module in ("os", "time", "random", "secrets", "socket", "pathlib", "io", "sqlite3"):
        assert module in forbidden["forbidden_modules"]
