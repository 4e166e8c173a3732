"""What a person types, and what comes back: `detente` in this process, or in one of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from detente.cli.main import main


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    status: int
    out: bytes
    err: str

    @property
    def document(self):
        """The one JSON document on standard output, and nothing else there."""
        (line,) = self.out.splitlines()
        return json.loads(line)


class Terminal:
    """Types commands into the entry point itself, without the price of a process."""

    def __init__(self, monkeypatch, capture):
        self._monkeypatch = monkeypatch
        self._capture = capture

    def __call__(self, *words):
        self._monkeypatch.setattr(sys, "argv", ["detente", *map(str, words)])
        self._capture.readouterr()
        try:
            main()
        except SystemExit as end:
            out, err = self._capture.readouterr()
            return Answer(int(end.code or 0), out, err.decode())
        raise AssertionError("main returned")


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8", "NO_COLOR": "1"} | more


def process(*words, cwd=None, env=None, **options):
    """Run `detente` as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "detente", *map(str, words)],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
        **options,
    )
    return Answer(done.returncode, done.stdout, done.stderr.decode())
