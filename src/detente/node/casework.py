"""Cases at a node: opened in seconds, private until shared, shown as one history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detente.errors import InputError
from detente.node.responding import Responder, Written
from detente.response import Case, Placed, Sort, case_of
from detente.signing import JsonValue, format_time
from detente.storage.threads import ThreadRow

# The harmless explanation that is written down before any other, by kind of incident.
INNOCENT = {
    "cyber": "A scanner, a test or a fault of our own, or of a supplier.",
    "outage": "A failure, works or a load that nobody meant.",
    "bomb-threat": "A hoax, or words that were not meant as a threat.",
    "court-order": "An order that is not for this office, or no order at all.",
    "names": "A name that somebody has for reasons of its own.",
    "rolls": "A list process of the office: duplicates, moves, deaths, a batch run twice.",
    "results": "A slip of entry, a late count or figures of a rehearsal.",
    "narratives": "People who say the same because they read the same.",
    "other": "An accident or a misunderstanding.",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a case begins with: the hash of it, and where it stands.

    Attributes:
        name: one line.
        hash: hex SHA-256.
        size: bytes; 0 where only the hash is kept.
        words: what it is, for everybody who reads the case.
        own: more of it, for this office alone.
        statement: id of the statement it is; "" where it is none.
    """

    name: str
    hash: str
    size: int
    words: str
    own: str = ""
    statement: str = ""

    def body(self, *, shared: bool) -> dict[str, JsonValue]:
        """Return the entry of a case that says it."""
        said = self.words if shared or not self.own else f"{self.words}\n{self.own}"
        body: dict[str, JsonValue] = {
            "name": self.name,
            "hash": self.hash,
            "size": self.size,
            "words": said,
        }
        return body | ({"statement": self.statement} if self.statement else {})


@dataclass(frozen=True, slots=True)
class Opened:
    """What is asked of a new case.

    Attributes:
        title: one line.
        kind: of incident; see `INNOCENT`.
        level: low, medium, high or critical.
        tlp: the label of what is shared of it.
        words: what is known.
        about: statements it begins with.
        evidence: what it begins with; None for a case that a person opens by hand.
    """

    title: str
    kind: str
    level: str
    tlp: str
    words: str = ""
    about: Sequence[str] = ()
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class WholeCase:
    """A case as its node sees it: what is shared, and what is its own.

    Attributes:
        row: of the thread it was asked for by.
        shared: None while it is private.
        own: the private part that a shared one continues; None where there is none.
    """

    row: ThreadRow
    shared: Case | None
    own: Case | None

    @property
    def case(self) -> Case:
        """What counts: the shared one where there is one."""
        found = self.shared or self.own
        assert found is not None  # noqa: S101 - one of them was read
        return found


class Casework:
    """The cases of one node.

    Args:
        responder: of the node.
    """

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    def open(self, asked: Opened, *, readers: Sequence[str] | str = "") -> Written:
        """Open a case: its evidence first, then the innocent explanation before any other.

        Args:
            asked: what it is.
            readers: "unit" or member ids to share it with at once; "" for a private one.

        Raises:
            As `Responder.open`.
        """
        body = _opening(asked, readers or "unit")
        written = self._responder.open(Sort.CASE, body, private=not readers)
        if asked.evidence is not None:
            self._begin_with(written.thread, asked.evidence, shared=bool(readers))
        innocent = INNOCENT.get(asked.kind, INNOCENT["other"])
        self._responder.add(written.thread, "hypothesis", {"words": innocent, "innocent": "yes"})
        return written

    def share(self, name: str, *, readers: Sequence[str] | str, asked: Opened) -> Written:
        """Open the shared part of a private case; nothing that was written goes along.

        Raises:
            InputError: it is shared already.
        """
        row = self._responder.find(Sort.CASE, name)
        if not row.private or row.shared:
            raise InputError(f"case {row.id[:16]}… is shared already")
        body = _opening(asked, readers)
        return self._responder.open(Sort.CASE, body, continues=row.id)

    def add(
        self, name: str, act: str, body: Mapping[str, JsonValue], *, private: bool = False
    ) -> Written:
        """Add an entry: to the shared part where there is one, unless it is private.

        Raises:
            As `Responder.add`.
        """
        row = self._responder.find(Sort.CASE, name)
        if row.shared and not private:
            return self._responder.add(row.shared, act, body)
        if row.continues and private:
            return self._responder.add(row.continues, act, body)
        return self._responder.add(row.id, act, body, private=private)

    def read(self, name: str) -> WholeCase:
        """Return a case with its private part; raises as `Responder.find`."""
        row = self._responder.find(Sort.CASE, name)
        if row.private and not row.shared:
            return WholeCase(row, None, self._case(row.id))
        shared = row.shared or row.id
        own = row.id if row.shared else row.continues
        return WholeCase(row, self._case(shared), self._case(own) if own else None)

    def entry_named(self, whole: WholeCase, name: str) -> str:
        """Return the digest of the only entry of a case that begins so.

        Raises:
            InputError: none, or more than one.
        """
        cases = [each for each in (whole.shared, whole.own) if each is not None]
        digests = {placed.digest for case in cases for placed in case.thread.placed}
        found = sorted(each for each in digests if each.startswith(name.lower()))
        if len(found) != 1:
            raise InputError(
                f"{len(found) or 'no'} entries of it begin with {name[:64]!r}",
                remedy="`detente case show` names every entry",
            )
        return found[0]

    def listed(
        self, *, state: str = "", limit: int = 100, before: int | None = None
    ) -> list[ThreadRow]:
        """Return cases, the last changed first; the private part of a shared one is no row."""
        rows = self._responder.shelf.threads(
            Sort.CASE.value, state=state, before=before, limit=limit
        )
        return [row for row in rows if not row.shared]

    def statements(self, whole: WholeCase) -> dict[str, str]:
        """Return entry -> the statement that carries it, of every shared entry."""
        parts = [each for each in (whole.shared, whole.own) if each is not None]
        found: dict[str, str] = {}
        for part in parts:
            found |= self._responder.statement_of(part.thread.id)
        return {entry: statement for entry, statement in found.items() if statement}

    def _begin_with(self, thread: str, evidence: Evidence, *, shared: bool) -> None:
        self._responder.add(thread, "evidence", evidence.body(shared=shared))
        if shared and evidence.own:
            self._responder.add(thread, "note", {"words": evidence.own}, private=True)

    def _case(self, thread: str) -> Case:
        return case_of(self._responder.read(thread))


def describe_case(
    whole: WholeCase,
    *,
    me: str,
    names: Mapping[str, str],
    statements: Mapping[str, str],
    now: datetime,
) -> dict[str, JsonValue]:
    """Return a case as a JSON document, every entry in its order.

    Args:
        whole: the case.
        me: whose node this is.
        names: member id -> label.
        statements: entry -> the statement that carries it.
        now: for what is overdue.
    """
    case = whole.case
    timeline: list[JsonValue] = []
    for part in (whole.shared, whole.own):
        if part is not None:
            timeline += [_row(each, part, names, statements) for each in part.thread.placed]
    return {
        "id": case.thread.id,
        "private": whole.shared is None,
        "title": case.title,
        "kind": case.kind,
        "level": case.level.value,
        "state": "closed" if case.is_closed_for(me) else "open",
        "closed_by": [names.get(each, each) for each in sorted(case.closed_by)],
        "open_at": [names.get(each, each) for each in sorted(case.open_at)],
        "hypotheses": [
            {
                "entry": each.digest,
                "innocent": each.innocent,
                "words": each.words,
                "by": names.get(each.author, each.author),
                "weighed": {names.get(who, who): word for who, word in each.weighed.items()},
            }
            for part in _parts(whole)
            for each in part.hypotheses
        ],
        "tasks": _tasks(whole, names, now),
        "waiting": sum(each.missing for part in _parts(whole) for each in part.thread.placed),
        "left_out": case.thread.strangers + case.thread.surplus,
        "timeline": timeline,
    }


def _parts(whole: WholeCase) -> list[Case]:
    return [each for each in (whole.shared, whole.own) if each is not None]


def _tasks(whole: WholeCase, names: Mapping[str, str], now: datetime) -> list[JsonValue]:
    return [
        {
            "entry": each.digest,
            "title": each.title,
            "owner": names.get(each.owner, each.owner),
            "person": each.person,
            "due": format_time(each.due) if each.due else "",
            "state": each.state,
            "overdue": bool(each.is_open and each.due and each.due < now),
        }
        for part in _parts(whole)
        for each in part.tasks
    ]


def _row(
    placed: Placed, case: Case, names: Mapping[str, str], statements: Mapping[str, str]
) -> dict[str, JsonValue]:
    entry = placed.entry
    return {
        "entry": placed.digest,
        "by": names.get(entry.author, entry.author),
        "at": format_time(entry.at),
        "act": entry.act,
        "says": {name: value for name, value in entry.body.items() if name != "nonce"},
        "private": placed.private or case.thread.placed[0].digest not in statements,
        "statement": statements.get(placed.digest, ""),
        "missing": placed.missing,
        "said_twice": placed.doubled,
        "without_effect": placed.digest in case.without_effect,
    }


def _opening(asked: Opened, readers: Sequence[str] | str) -> dict[str, JsonValue]:
    body: dict[str, JsonValue] = {
        "title": asked.title,
        "kind": asked.kind,
        "level": asked.level,
        "tlp": asked.tlp,
        "with": readers if isinstance(readers, str) else list(readers),
    }
    if asked.words:
        body["words"] = asked.words
    if asked.about:
        body["about"] = [*sorted(set(asked.about))]
    return body
