"""Where the published test vectors and the sample data lie, and how long a test may run.

They live beside the repository, not in it. A test that needs one is skipped
with the reason where the file is absent; the core suite does not depend on them.
"""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SOAK = os.environ.get("DETENTE_SOAK") == "1"


def shared_path(*parts: str) -> Path:
    """Return a file or folder of the shared material, or skip the calling test.

    `DETENTE_SHARED` names the folder; without it, `shared` beside the repository.
    """
    folder = Path(os.environ.get("DETENTE_SHARED") or ROOT.parent / "shared")
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(
            f"shared/{'/'.join(parts)} is absent (set DETENTE_SHARED to the folder that holds it)"
        )
    return path


def scaled(check: int, soak: int) -> int:
    """Return how many cases to run: few in `make check`, many in `make soak`."""
    return soak if SOAK else check
