"""Warnings made of alarms: an analyst writes, a releaser looks at who would see it, and releases.

A draft is never changed: it is dropped, and another written. So what was looked at is what
leaves, or nothing is.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from detente.errors import InputError
from detente.node.author import Audience
from detente.node.handling_alarms import AlarmWork
from detente.node.home import Home
from detente.node.importing import import_file
from detente.node.log import Acknowledged
from detente.node.observables import PATHS
from detente.node.offices import Office, Who
from detente.node.previewing import Preview, preview
from detente.node.publishing import Clock, guess_kind, publish, require_charter
from detente.signing import canonical, parse_strict
from detente.signing.canonical import JsonValue
from detente.statements import UNIT, Handling, Pap, StixObject, Tlp, encode_object, identity_of
from detente.statements.stix import name_uuid
from detente.storage.detections import DetectionShelf
from detente.storage.handling import DraftRow, HandlingShelf
from detente.watch.indicators.objects import objects_of

VALUES_MAX = 200
WORDS_MAX = 5_000
_LOOKED_AT = 20
_NAMESPACE = bytes.fromhex("6c0f4d2ab17e5a9983d2e6b04f58c917")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a warning is to say.

    Attributes:
        words: for its readers.
        values: one a line: a type, a blank, the value; such as `ipv4-addr 198.51.100.7`.
        tlp: how far it may travel.
        pap: what may be done with it.
        licence: SPDX identifier.
        readers: "unit" or member ids.
    """

    words: str
    values: str
    tlp: Tlp
    pap: Pap
    licence: str
    readers: Audience


class Drafter:
    """The drafts of an open node. Safe for threads of one process.

    Args:
        home: open.
        office: its people, who keep the trail.
        now: the clock.
    """

    def __init__(self, home: Home, office: Office, *, now: Clock) -> None:
        self._home = home
        self._office = office
        self._now = now
        self._shelf = HandlingShelf(home.database)
        self._alarms = AlarmWork(home, office, now=now)

    def write(self, alarm: str, asked: Asked, *, by: Who) -> str:
        """Keep a draft; return its id. Nothing leaves.

        Raises:
            InputError: no such alarm, nothing said, values that are none, or no charter.
            StorageFault: the database refused.
        """
        self._alarms.require(alarm)
        charter = require_charter(self._home, self._now())
        others = charter.member_ids - {self._home.identity.member}
        if not asked.readers or (asked.readers != UNIT and set(asked.readers) - others):
            raise InputError("a reader is another member of the unit", remedy="Choose readers")
        objects = self._objects(asked)
        handling = Handling(
            kind=guess_kind(objects),
            tlp=asked.tlp,
            pap=asked.pap,
            licence=asked.licence,
            count=len(objects),
        )
        readers = asked.readers
        row = DraftRow(
            id=token_hex(8),
            alarm=alarm,
            author=by.id,
            author_name=by.name,
            made=int(self._now().timestamp()),
            handling=handling.to_bytes(),
            audience=UNIT if readers == UNIT else " ".join(sorted(set(readers))),
            objects=canonical([dict(each.properties) for each in objects]),
        )
        self._look(row)  # refuses what no gate could decide about
        self._shelf.add_draft(row)
        self._office.record(by, "draft warning", row.id, detail=f"of alarm {alarm}")
        return row.id

    def require(self, identifier: str) -> DraftRow:
        """Return a draft.

        Raises:
            InputError: there is none.
            StorageFault: the database refused.
        """
        row = self._shelf.draft(identifier)
        if row is None:
            raise InputError("there is no such draft")
        return row

    def listed(self, *, limit: int) -> list[DraftRow]:
        """Return drafts, the newest first; raises StorageFault."""
        return self._shelf.drafts(limit=limit)

    def preview(self, identifier: str) -> Preview:
        """Return who would see a draft, were it released now.

        Raises:
            InputError: no such draft, or no charter.
            StorageFault: the disk or the database refused.
        """
        return self._look(self.require(identifier))

    def drop(self, identifier: str, *, by: Who) -> None:
        """Give a draft up.

        Raises:
            InputError: there is none that waits.
            StorageFault: the database refused.
        """
        self._move(self.require(identifier), before="draft", after="dropped")
        self._office.record(by, "drop warning", identifier)

    def release(self, identifier: str, *, looked_at: str, by: Who) -> Acknowledged:
        """Say a draft, to those who were shown to whoever releases it.

        Args:
            identifier: of the draft.
            looked_at: digest of the preview that was looked at.
            by: who releases.

        Raises:
            InputError: none that waits, or who would see it has changed meanwhile.
            ReleaseError, SigningRefused, StorageFault: as `publish`; the draft waits on.
        """
        row = self.require(identifier)
        if self._look(row).digest != looked_at:
            raise InputError(
                "who would see it, or by which rule, is not what was looked at",
                remedy="Load the page anew and look again",
            )
        self._move(row, before="draft", after="leaving")
        try:
            handling, readers = Handling.parse(row.handling), _audience(row)
            said = publish(self._home, _objects_of(row), handling, audience=readers, now=self._now)
        except BaseException:
            self._shelf.move_draft(row.id, before="leaving", after="draft")
            raise
        self._move(row, before="leaving", after="released", statement=said.payload_hash)
        label = f"TLP:{handling.tlp.value.upper()} to {row.audience}"
        detail = f"draft {row.id} of {row.author_name}; {label}"
        self._office.record(by, "release warning", said.payload_hash, detail=detail)
        return said

    def _look(self, row: DraftRow) -> Preview:
        charter = require_charter(self._home, self._now())
        handling = Handling.parse(row.handling)
        return preview(self._home, charter, _objects_of(row), handling, _audience(row))

    def _move(self, row: DraftRow, *, before: str, after: str, statement: str = "") -> None:
        if not self._shelf.move_draft(row.id, before=before, after=after, statement=statement):
            raise InputError("this draft waits no more", remedy="Load the page anew")

    def _objects(self, asked: Asked) -> Sequence[StixObject]:
        member, now = self._home.identity.member, self._now()
        table = _table(asked.values)
        made: list[StixObject] = []
        if table:
            file = Path("values.csv")
            made += import_file(file, table, member=member, now=now).objects
        if words := asked.words.strip():
            made.append(_note(words[:WORDS_MAX], made, member, self._now))
        if not made:
            raise InputError("a warning says something", remedy="Write words, or values")
        return made


def suggested_values(home: Home, alarm: str) -> list[str]:
    """Return the values that stand in an alarm's events, as lines of a draft.

    Raises:
        StorageFault: the database refused.
    """
    found: dict[str, None] = {}
    for _, row in DetectionShelf(home.database).detections(alarm=alarm, limit=_LOOKED_AT):
        fields = parse_strict(row.fields.encode())
        for node in objects_of(fields).values() if isinstance(fields, dict) else ():
            value = str(node.get("value", ""))
            if node["type"] in PATHS and value.isprintable():
                found[f"{node['type']} {value}"] = None
    return list(found)[:VALUES_MAX]


def objects_shown(row: DraftRow) -> list[JsonValue]:
    """Return what a draft says, for people to read."""
    objects = parse_strict(row.objects)
    return objects if isinstance(objects, list) else []


def _table(values: str) -> bytes:
    lines = [line.split(None, 1) for line in values.splitlines() if line.strip()]
    if len(lines) > VALUES_MAX:
        raise InputError(f"at most {VALUES_MAX} values stand in one warning, here {len(lines)}")
    if wrong := next((line for line in lines if len(line) != 2), None):  # noqa: PLR2004
        raise InputError(
            f"{wrong[0][:80]!r} is no type and value", remedy="Such as: ipv4-addr 198.51.100.7"
        )
    out = io.StringIO()
    csv.writer(out).writerows([("type", "value"), *lines])
    return out.getvalue().encode() if lines else b""


def _note(words: str, about: Sequence[StixObject], member: str, now: Clock) -> StixObject:
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made: dict[str, JsonValue] = {
        "type": "note",
        "spec_version": "2.1",
        "id": f"note--{name_uuid(_NAMESPACE, f'{moment}{words}')}",
        "created_by_ref": identity_of(member),
        "created": moment,
        "modified": moment,
        "content": words,
        "object_refs": [each.id for each in about] or [identity_of(member)],
    }
    return encode_object(made)


def _objects_of(row: DraftRow) -> list[StixObject]:
    return [encode_object(each) for each in objects_shown(row) if isinstance(each, dict)]


def _audience(row: DraftRow) -> Audience:
    return UNIT if row.audience == UNIT else tuple(row.audience.split())
