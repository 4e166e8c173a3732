"""A node that does not use a library does not load it; the first help comes at once. (cli.md)"""

import subprocess
import sys

import pytest

HEAVY = (
    "alembic",
    "antlr4",
    "confusable_homoglyphs",
    "cryptography.hazmat.primitives.hpke",
    "rich",
    "sqlalchemy",
    "stix2patterns",
)
LOADED = "import sys, detente.{room}; print(*sorted(sys.modules))"


def loaded_by(room):
    done = subprocess.run(
        [sys.executable, "-c", LOADED.format(room=room)], capture_output=True, check=True, text=True
    )
    return set(done.stdout.split())


def test_the_command_line_loads_nothing_heavy():
    modules = loaded_by("cli")
    assert "detente.cli" in modules
    assert {name for name in HEAVY if name in modules} == set()


@pytest.mark.parametrize("room", ["signing", "charter", "tlog", "statements", "proofs", "release"])
def test_the_core_loads_no_library_for_storage_or_grammar(room):
    modules = loaded_by(room)
    assert f"detente.{room}" in modules
    assert {name for name in HEAVY if name in modules} == set()


def test_formats_of_others_are_read_without_a_web_server():
    modules = loaded_by("exchange.misp")
    assert "detente.exchange.misp" in modules
    assert {name for name in (*HEAVY, "litestar", "httpx", "psycopg") if name in modules} == set()


def test_help_is_given():
    done = subprocess.run(
        [sys.executable, "-m", "detente", "--help"], capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    for verb in ("doctor", "exercise", "receipt", "proof"):
        assert verb in done.stdout
