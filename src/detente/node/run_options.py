"""How a node runs: where it is called, whom it calls."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a node runs.

    Attributes:
        listen: HOST:PORT, port 0 for any; empty where nobody calls this node.
        public_url: of a web server in front of it, or empty.
        peers: member name or id -> URL.
        witnesses: name of an outside witness -> submission prefix.
        static: folder to keep in step with the outward face, for a web server; None for none.
    """

    listen: str = ""
    public_url: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    witnesses: Mapping[str, str] = field(default_factory=dict)
    static: Path | None = None
