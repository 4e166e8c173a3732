"""From what a person typed to the entry of a case that it makes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from detente.errors import InputError
from detente.node.casework import Casework
from detente.signing import JsonValue, format_time
from detente.storage.errors import storage_faults

Typed = tuple[str, dict[str, JsonValue]]


def timeline_entry(work: Casework, case: str, words: str, said: Mapping[str, object]) -> Typed:
    """Return a note, a correction, or evidence of which the hash is taken here.

    Raises:
        InputError: a time that is none, or an entry that is not there.
        StorageFault: the file cannot be read.
    """
    about = said.get("about")
    ids: list[JsonValue] = sorted(about) if isinstance(about, tuple) else []
    if said.get("evidence"):
        body = _evidence(Path(str(said["evidence"])), words)
        return "evidence", body | ({"statement": ids[0]} if ids else {})
    if said.get("corrects"):
        of = work.entry_named(work.read(case), str(said["corrects"]))
        return "correct", {"of": of, "words": words}
    note: dict[str, JsonValue] = {"words": words}
    if said.get("when"):
        note["when"] = _moment(str(said["when"]))
    return "note", note | ({"about": ids} if ids else {})


def hypothesis_entry(
    work: Casework, case: str, words: str, weighing: Mapping[str, object]
) -> Typed:
    """Return a hypothesis, or what one is weighed; raises as `timeline_entry`."""
    if not weighing.get("weigh"):
        if not words:
            raise InputError("a hypothesis of no words", remedy="Say what may have happened")
        said: dict[str, JsonValue] = {"words": words}
        return "hypothesis", said | {"innocent": "yes" if weighing["innocent"] else "no"}
    if not weighing.get("likelihood"):
        raise InputError("how likely is it?", remedy="Say it with --likelihood")
    of = work.entry_named(work.read(case), str(weighing["weigh"]))
    body: dict[str, JsonValue] = {"of": of, "likelihood": str(weighing["likelihood"])}
    return "weigh", body | ({"words": words} if words else {})


def task_entry(
    work: Casework, case: str, title: str, asked: Mapping[str, object], due: datetime | None
) -> Typed:
    """Return a task, or its next state; raises as `timeline_entry`."""
    if asked.get("task"):
        of = work.entry_named(work.read(case), str(asked["task"]))
        state = str(asked.get("state") or "done")
        progress: dict[str, JsonValue] = {"of": of, "state": state}
        return "progress", progress | ({"words": title} if title else {})
    body: dict[str, JsonValue] = {"title": title}
    for name in ("owner", "person"):
        if asked.get(name):
            body[name] = str(asked[name])
    return "task", body | ({"due": format_time(due)} if due else {})


def _evidence(path: Path, words: str) -> dict[str, JsonValue]:
    with storage_faults(doing="reading evidence", where=str(path)), path.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
        size = stream.tell()
    return {"name": path.name[:200], "hash": digest, "size": size, "words": words}


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text[:40]!r} is no time", remedy="Write 2026-11-03T18:00Z") from None
    return format_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
