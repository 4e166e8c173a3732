"""What a case begins with: a detection of the watch, or a warning that a member said.

The hash of the evidence and where it stands are noted by the program, so that nobody copies
them by hand. What only this office needs to know stays with it where the case is shared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from detente.errors import InputError
from detente.node.casework import Evidence, Opened
from detente.node.home import Home
from detente.node.reading import Said, entry_of, read_said, receipt_for
from detente.signing import JsonError, JsonValue, format_time, parse_strict
from detente.statements import Content, Sealed
from detente.storage.detections import AlarmRow, DetectionRow, DetectionShelf
from detente.storage.handling import Handling, HandlingShelf
from detente.tlog import Checkpoint, SignedNote

PREFIX_LEAST = 8
_LINE_MAX = 120
_LEVELS = {"critical", "high", "medium", "low"}
_TITLES_MAX = 5


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is proposed of a case; a person may say another title, kind or level.

    Attributes:
        title: one line, for this office.
        kind: of incident.
        level: low, medium, high or critical.
        words: for this office.
        evidence: None where none is kept any more.
        about: statements it begins with.
        alarm: id of the alarm it is of; "" for none.
        private_because: why it cannot be shared at once; "" where it can.
    """

    title: str
    kind: str
    level: str
    words: str = ""
    evidence: Evidence | None = None
    about: tuple[str, ...] = ()
    alarm: str = ""
    private_because: str = ""

    def asked(self) -> Opened:
        """Return the private case that it makes as it is."""
        return Opened(
            title=self.title,
            kind=self.kind,
            level=self.level,
            tlp="amber",
            words=self.words,
            about=self.about,
            evidence=self.evidence,
        )


def from_detection(home: Home, name: str) -> Beginning:
    """Return what a case of a kept detection begins with.

    Args:
        home: open.
        name: id of the detection, or of an alarm for its newest one; eight digits or more.

    Raises:
        InputError: none, or more than one, is kept whose id begins so.
        StorageFault: the database refused.
    """
    shelf, wanted = DetectionShelf(home.database), name.lower()
    found = shelf.detection(wanted) if len(wanted) >= PREFIX_LEAST else None
    alarm = shelf.alarm(found.alarm if found else wanted) if len(wanted) >= PREFIX_LEAST else None
    if alarm is None:
        raise InputError(
            f"no one detection or alarm is kept whose id begins with {name[:64]!r}",
            remedy=f"`detente watch alarms` shows them; write {PREFIX_LEAST} digits or more",
        )
    return from_alarm(alarm, found or shelf.newest(alarm.alarm.id))


def from_alarm(row: AlarmRow, found: DetectionRow | None) -> Beginning:
    """Return what a case of an alarm begins with.

    Args:
        row: the alarm.
        found: the detection that stands for it; None where none is kept any more.
    """
    key = row.alarm.key
    return Beginning(
        title=one_line(row.title),
        kind="cyber",
        level=row.level if row.level in _LEVELS else "low",
        words=f"Alarm {row.alarm.id[:16]}: {row.alarm.count} times at {one_line(key.source)}, "
        f"about {one_line(key.entity)}.",
        evidence=None if found is None else _detected(row, found),
        alarm=row.alarm.id,
    )


def note_case(home: Home, alarm: str, case: str, now: datetime) -> None:
    """Keep with an alarm which case was made of it, where none was before.

    Raises:
        StorageFault: the database refused.
    """
    shelf = HandlingShelf(home.database)
    was = shelf.of([alarm]).get(alarm, Handling(alarm))
    if not was.case:
        shelf.keep(replace(was, case=case, changed=int(now.timestamp())))


def from_warning(home: Home, name: str, names: Mapping[str, str]) -> Beginning:
    """Return what a case of a statement begins with: who said it, where, and who saw it.

    Args:
        home: open.
        name: id of the statement, or what it begins with.
        names: member id -> label.

    Raises:
        InputError: no such statement, or one without a content.
        StorageFault, MirrorError, TileError: the log's files are missing or damaged.
        ContentError, SealingError: the kept content is not what was committed to.
    """
    said = read_said(home, name)
    header, row = said.statement.header, said.stored.row
    if not isinstance(header.says, Sealed):
        raise InputError(
            f"statement {row.payload_hash[:16]}… warns of nothing: it is of the charter",
            remedy="`detente statement list` shows what was said",
        )
    label = one_line(names.get(row.issuer, row.issuer[:16]))
    entry = entry_of(home, said.stored)
    titles = _titles(said.content)
    evidence = Evidence(
        name=f"Statement {row.payload_hash[:16]} of {label}",
        hash=sha256(entry).hexdigest(),
        size=len(entry),
        words=f"The log entry that {label} signed at {format_time(row.said_at)}, as it claims: "
        f"entry {row.seq} of log {row.origin}. {_seen(home, said)}",
        own="; ".join(titles),
        statement=row.payload_hash,
    )
    return Beginning(
        title=one_line(f"{label}: {titles[0]}") if titles else evidence.name,
        kind="cyber",
        level="medium",
        evidence=evidence,
        about=(row.payload_hash,),
    )


def one_line(text: str, *, most: int = _LINE_MAX) -> str:
    """Return text of a stranger as one short line of characters that can be seen."""
    shown = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(shown.split())[:most] or "(no name)"


def _detected(row: AlarmRow, found: DetectionRow) -> Evidence:
    moment = found.found if found.event_at is None else found.event_at
    at = format_time(datetime.fromtimestamp(int(moment), UTC))
    kept = "" if found.evidence is not None else " The raw event is no longer kept, its hash is."
    return Evidence(
        name=f"Event of detection {found.id[:16]}",
        hash=found.event_hash.hex(),
        size=0 if found.evidence is None else len(found.evidence),
        words=f"Rule {one_line(found.rule)} ({one_line(row.title)}) named it at {at}.{kept}",
        own=f"Detection {found.id} of alarm {found.alarm}, source {one_line(found.source)}, "
        f"position {one_line(found.position)}.",
    )


def _seen(home: Home, said: Said) -> str:
    """Say under which tree a receipt of it stands, in words that any later receipt can answer."""
    try:
        receipt, seen = receipt_for(home, said.stored.row.payload_hash)
    except InputError as error:
        return f"No receipt yet: {error.message}."
    tree = Checkpoint.parse(SignedNote.parse(receipt.checkpoint).text)
    state = "settled" if seen.settled else "not settled yet"
    return f"Its receipt: tree of {tree.size} entries, root {tree.root.hex()}, {seen}, {state}."


def _titles(content: Content | None) -> list[str]:
    leaves = () if content is None else content.leaves[1 : 1 + _TITLES_MAX]
    return [title for leaf in leaves if (title := _title(leaf.data))]


def _title(data: bytes) -> str:
    try:
        value: JsonValue = parse_strict(data)
    except JsonError:
        return ""
    named = value.get("name") or value.get("content") if isinstance(value, dict) else ""
    return one_line(named) if isinstance(named, str) and named.strip() else ""
