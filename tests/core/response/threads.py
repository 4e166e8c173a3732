"""Entries for tests: invented members who write in one thread."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from detente.response import Entry, Sort

NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)
UNIT_ID = "0a" * 32
AUREL, BOREA, CANTOR = ("a1" * 32, "b2" * 32, "c3" * 32)
NONCE = "9f" * 32


def opening(sort=Sort.CASE, author=AUREL, **more):
    body = {"title": "Probes", "with": "unit", "tlp": "amber", "nonce": NONCE}
    if sort is Sort.CASE:
        body |= {"kind": "cyber", "level": "medium"}
    return Entry(
        unit=UNIT_ID,
        thread="",
        author=author,
        turn=0,
        parents=(),
        sort=sort,
        act="open",
        body=body | more,
        at=NOON,
    )


def added(thread, author, turn, parents, act="note", **body):
    if act == "note" and not body:
        body = {"words": f"turn {turn}"}
    return Entry(
        unit=thread.unit,
        thread=thread.digest,
        author=author,
        turn=turn,
        parents=tuple(sorted(parents)),
        sort=thread.sort,
        act=act,
        body=body,
        at=NOON,
    )


@st.composite
def histories(draw, size=12):
    """What two or three members write, each seeing some of what was written before."""
    root = opening()
    entries, turns, seen = [], {AUREL: 1, BOREA: 0, CANTOR: 0}, {}
    for _ in range(draw(st.integers(0, size))):
        author = draw(st.sampled_from(sorted(turns)))
        known = [root.digest, *(each.digest for each in entries)]
        parents = draw(st.sets(st.sampled_from(known), min_size=1, max_size=3))
        if author in seen:
            parents.add(seen[author])
        entry = draw(said(root, author, turns[author], parents, entries))
        entries.append(entry)
        turns[author] += 1
        seen[author] = entry.digest
    return root, entries


@st.composite
def said(draw, root, author, turn, parents, entries):
    tasks = [each.digest for each in entries if each.act == "task"]
    act = draw(
        st.sampled_from(
            ["note", "task", "level", "close", "reopen", "hypothesis"] + ["progress"] * 2
        )
    )
    match act:
        case "task":
            body = {"title": "call", "owner": draw(st.sampled_from([AUREL, BOREA]))}
        case "progress" if tasks:
            state = draw(st.sampled_from(["taken", "done", "dropped", "open"]))
            body = {"of": draw(st.sampled_from(tasks)), "state": state}
        case "level":
            body = {"level": draw(st.sampled_from(["low", "high", "critical"]))}
        case "close" | "reopen":
            body = {"words": "so"}
        case "hypothesis":
            body = {"words": "a scan", "innocent": draw(st.sampled_from(["yes", "no"]))}
        case _:
            act, body = "note", {"words": draw(st.text("abc", min_size=1, max_size=5))}
    return added(root, author, turn, parents, act, **body)
