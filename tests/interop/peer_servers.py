"""OpenTAXII and medallion as they come from PyPI, each in a process of its own, for tests."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.shared import ROOT

PYTHON = ROOT / ".venv-peers" / "bin" / "python"
NAMES = ("opentaxii", "medallion")


@dataclass(frozen=True)
class Peer:
    """A running server with one collection that accounts A and B may read and write."""

    name: str
    url: str
    accounts: dict[str, str]


@contextmanager
def peer(name, folder):
    """Run a server until the block ends; skip where the peers are not installed."""
    if not PYTHON.exists():
        pytest.skip("the servers of others are not installed: scripts/peers.sh makes .venv-peers")
    script = ROOT / "tests" / "interop" / "peers" / f"serve_{name}.py"
    process = subprocess.Popen(
        [PYTHON, script, folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        told = process.stdout.readline()
        assert told, f"{name} did not start"
        yield Peer(name, **json.loads(told))
    finally:
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
