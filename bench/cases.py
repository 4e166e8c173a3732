"""How soon a case opens and a list comes, with 10,000 cases of 1,000,000 entries.

Run `python bench/cases.py [--json FILE]`. Each figure is the median of many calls in one
process, with the lowest and highest; reading, ordering, folding and describing are in it.
Bars: open 50 ms, list 50 ms, and the resident set grows by less than 64 MB (10^6 bytes)
while 2,000 cases are opened. The last row is one case of 8,000 entries, for the spread.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from detente.node.casework import Casework, describe_case
from detente.node.clock import now
from detente.node.home import Home
from detente.node.responding import Responder
from detente.response import Entry, Sort
from detente.signing import JsonValue
from detente.storage.threads import EntryRow, ThreadRow, ThreadShelf

CASES = 10_000
ENTRIES = 100
LARGE = 8_000
OPENED = 2_000
OPEN_MS_MOST = 50.0
LIST_MS_MOST = 50.0
GROWN_MB_MOST = 64.0
_AT_ONCE = 100
_NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


def entries_of(members: list[str], number: int, count: int) -> list[Entry]:
    """Return one case: members in turn, each entry after the two before it."""
    body: dict[str, JsonValue] = {
        "title": f"Case {number}",
        "kind": "cyber",
        "level": "medium",
        "tlp": "amber",
        "with": "unit",
        "nonce": f"{number:064x}",
    }
    root = Entry("", "", members[0], 0, (), Sort.CASE, "open", body, _NOON)
    thread, heads, found = root.digest, [root.digest], [root]
    turns = dict.fromkeys(members, 0) | {members[0]: 1}
    for at in range(1, count):
        author = members[at % len(members)]
        act, said = _said(at, heads[-1])
        parents = tuple(sorted(set(heads[-2:])))
        entry = Entry("", thread, author, turns[author], parents, Sort.CASE, act, said, _NOON)
        turns[author] += 1
        heads = [heads[-1], entry.digest]
        found.append(entry)
    return found


def _said(at: int, before: str) -> tuple[str, dict[str, JsonValue]]:
    match at % 10:
        case 1:
            return "task", {"title": f"task {at}"}
        case 2:
            return "progress", {"of": before, "state": "taken"}
        case 3:
            return "hypothesis", {"words": "a scan by the provider", "innocent": "yes"}
        case _:
            return "note", {"words": f"entry {at}: what was seen, by whom, and what follows " * 3}


def fill(shelf: ThreadShelf, members: list[str]) -> list[str]:
    """Keep every case; return the ids of the threads, the large one last."""
    ids: list[str] = []
    rows: list[EntryRow] = []
    for number in range(CASES + 1):
        count = ENTRIES if number < CASES else LARGE
        made = entries_of(members, number, count)
        thread = made[0].digest
        ids.append(thread)
        rows += [
            EntryRow(thread, each.digest, each.author, each.turn, each.to_bytes(), statement=thread)
            for each in made
        ]
        if len(ids) % _AT_ONCE == 0 or number == CASES:
            shelf.add(rows)
            shelf.put(_rows(ids[-_AT_ONCE:], members[0]))
            rows = []
    return ids


def _rows(ids: list[str], author: str) -> Iterator[ThreadRow]:
    for each in ids:
        yield ThreadRow(each, "case", "Case", "open", "medium", author, entries=ENTRIES)


def timed(work: Callable[[str], object], over: list[str]) -> dict[str, float]:
    """Return milliseconds: the median with the lowest and the highest."""
    taken = []
    for each in over:
        begin = time.perf_counter()
        work(each)
        taken.append((time.perf_counter() - begin) * 1_000)
    return {"median": statistics.median(taken), "low": min(taken), "high": max(taken)}


def resident_mb() -> float:
    """Return the resident set of this process."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1_024 / 1e6


def measure(folder: Path) -> dict[str, object]:
    """Fill a node and measure it."""
    with Home.create(folder / "office", name="Aurel") as home:
        responder = Responder(home, now=now)
        members = [responder.me, "b2" * 32, "c3" * 32]
        begin = time.perf_counter()
        ids = fill(responder.shelf, members)
        filled = time.perf_counter() - begin
        work = Casework(responder)

        def open_case(name: str) -> None:
            whole = work.read(name)
            statements = work.statements(whole)
            describe_case(whole, me=responder.me, names={}, statements=statements, now=_NOON)

        chosen = Random(7).sample(ids[:-1], OPENED)  # noqa: S311 - a sample, no secret
        timed(open_case, chosen[:50])
        before = resident_mb()
        opened = timed(open_case, chosen)
        grown = resident_mb() - before
        listed = timed(lambda _: work.listed(state="open", limit=100), chosen[:200])
        paged = timed(lambda at: work.listed(before=int(at), limit=100), ["5000"] * 50)
        large = timed(open_case, ids[-1:] * 3)
    return {
        "cases": CASES,
        "entries": CASES * ENTRIES,
        "fill_s": filled,
        "open_ms": opened,
        "list_ms": listed,
        "list_older_ms": paged,
        "grown_mb": grown,
        "resident_mb": resident_mb(),
        f"open_{LARGE}_entries_ms": large,
    }


def main() -> None:
    """Measure and print; exit status 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder))
    if asked.json:
        asked.json.write_text(json.dumps(found, indent=1))
    print(json.dumps(found, indent=1))  # noqa: T201 - what a benchmark is for
    opened, listed, grown = found["open_ms"], found["list_ms"], found["grown_mb"]
    assert isinstance(opened, dict) and isinstance(listed, dict) and isinstance(grown, float)  # noqa: S101, PT018 - made above
    missed = [
        name
        for name, value, most in (
            ("open", opened["median"], OPEN_MS_MOST),
            ("list", listed["median"], LIST_MS_MOST),
            ("memory", grown, GROWN_MB_MOST),
        )
        if value > most
    ]
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
