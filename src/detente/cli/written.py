"""What came of adding to a thread, for people and machines."""

from typing import TYPE_CHECKING

from detente.cli.output import print_json, say, wants_json

if TYPE_CHECKING:
    from detente.node.responding import Written


def say_written(written: "Written", *, as_json: bool, what: str) -> None:
    """Tell what was kept, and where it was said."""
    said = written.said
    if wants_json(as_json):
        print_json(
            {
                "thread": written.thread,
                "entry": written.digest,
                "id": "" if said is None else said.payload_hash,
                "origin": "" if said is None else said.origin,
                "index": None if said is None else said.seq,
            }
        )
    if not as_json:
        where = "kept at this node" if said is None else f"said as {said.payload_hash}"
        say(f"{what} {written.digest[:16]} of {written.thread[:16]}: {where}")
