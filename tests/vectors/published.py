"""Reading the published vectors."""

import json
from functools import cache
from typing import Any

from tests.shared import shared_path


def cases(*parts: str) -> list[dict[str, Any]]:
    """Return the cases of one file, or skip the test where it is absent."""
    found: list[dict[str, Any]] = document(*parts)["cases"]
    assert len(found) == document(*parts)["count"]
    return found


@cache
def document(*parts: str) -> Any:
    """Return one file."""
    return json.loads(shared_path("vectors", *parts).read_text(encoding="utf-8"))
