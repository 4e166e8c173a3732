"""What others did wrong, for people: proofs, kept faults, what is held back, and the replies.

The words are those of trust.md, section 5: what a key did, not who held it, nor why. What the
accused says to it is a statement of its own and stands beside, undecided.
"""

import re
from dataclasses import dataclass

from detente.errors import InputError, UnitError
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.publishing import Clock, publish
from detente.node.reading import read_said
from detente.proofs import WHAT_IT_SHOWS, verify
from detente.signing import JsonValue, format_time, parse_strict
from detente.statements import UNIT, Handling, Kind, Pap, Tlp
from detente.statements.stix import encode_object, identity_of, name_uuid
from detente.storage.acting_objects import ActingObjects
from detente.storage.evidence import EvidenceShelf, KeptEvidence, Sort
from detente.storage.following import FollowedLogs
from detente.storage.model import StoredStatement

_REPLIES = "replies"
_AT_ONCE = 500
_ID_DIGITS = 64
_PREFIX = re.compile(r"[0-9a-f]{4,64}", re.ASCII)
_NAMESPACE = bytes.fromhex("7c0b86f2d94e5a61a2f03c58be71d496")
FAULT_SHOWS = (
    "bytes that broke a rule came from this member's node or stand in its log; this does not "
    "show who made them, nor why (a mistake, a fault of the machine, theft)"
)


def list_kept(home: Home, *, limit: int) -> dict[str, JsonValue]:
    """Return the newest proofs, who broke rules how often, and which logs are held back.

    Raises:
        StorageFault: the database refused.
    """
    take_up_replies(home)
    shelf = EvidenceShelf(home.database)
    proofs = [kept for digest in shelf.newest_proofs(limit=limit) for kept in shelf.find(digest)]
    return {
        "proofs": [
            _head(home, each) | {"replies": len(_replies(home, each))}
            for each in proofs
            if each.sort is Sort.PROOF
        ],
        "faults": [
            _named(home, newest.peer)
            | {
                "count": count,
                "newest": newest.digest,
                "rule": newest.rule,
                "kept_at": format_time(newest.kept_at),
            }
            for count, newest in shelf.newest_faults(limit=limit)
        ],
        "held_back": _held_back(home),
        "shows": WHAT_IT_SHOWS,
    }


def show_kept(home: Home, name: str) -> tuple[dict[str, JsonValue], bytes]:
    """Return one proof or fault as a document, with every reply, and its bytes as far as kept.

    Raises:
        InputError: none, or more than one, has this id.
        StorageFault: the database refused.
    """
    take_up_replies(home)
    kept = find_kept(home, name)
    data = EvidenceShelf(home.database).read(kept)
    document = _head(home, kept) | {"bytes": kept.size, "kept_bytes": kept.kept_bytes}
    if kept.sort is Sort.PROOF and home.chain is not None:
        verdict = verify(data, home.chain)
        document |= {"valid": verdict.valid, "shown": verdict.reason, "shows": WHAT_IT_SHOWS}
    elif kept.sort is Sort.FAULT:
        document |= {"rule": kept.rule, "shows": FAULT_SHOWS}
    return document | {"replies": [each.to_json() for each in _replies(home, kept)]}, data


def find_kept(home: Home, name: str) -> KeptEvidence:
    """Return the proof or fault with this id, or the only one whose id begins so.

    Raises:
        InputError: none, or more than one.
        StorageFault: the database refused.
    """
    wanted = name.lower()
    if not _PREFIX.fullmatch(wanted):
        raise InputError(
            f"{name[:80]!r} is no id: 4 to 64 hex digits",
            remedy="`detente proof list` shows the ids",
        )
    found = EvidenceShelf(home.database).beginning(wanted, limit=3)
    digests = {each.digest for each in found}
    if len(digests) != 1:
        raise InputError(
            f"{'no' if not found else 'more than one'} proof or fault has the id {wanted}",
            remedy="`detente proof list` shows the ids",
        )
    return min(found, key=lambda each: each.sort is not Sort.PROOF)


def reply(home: Home, name: str, *, words: str, now: Clock) -> Acknowledged:
    """Say to the whole unit what this member answers to a proof or fault about itself.

    Args:
        home: the node.
        name: id of the proof, or its beginning where it is kept here.
        words: a sentence or more.
        now: the clock.

    Raises:
        InputError: nothing with that id is kept here, or it is about somebody else.
        StixError: words that no note takes.
    """
    wanted, me = name.lower(), home.identity.member
    if len(wanted) != _ID_DIGITS or EvidenceShelf(home.database).beginning(wanted, limit=1):
        kept = find_kept(home, name)
        wanted = kept.digest
        if kept.peer != me:
            raise InputError(
                f"{wanted[:16]}… is about {_named(home, kept.peer)['name'] or kept.peer[:16]}",
                remedy="Who is accused replies; `detente statement publish` says anything else",
            )
    elif not _PREFIX.fullmatch(wanted):
        find_kept(home, name)
    moment = now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
    note = encode_object(
        {
            "type": "note",
            "spec_version": "2.1",
            "id": f"note--{name_uuid(_NAMESPACE, f'{wanted}{moment}{words}')}",
            "created_by_ref": identity_of(me),
            "created": moment,
            "modified": moment,
            "content": words,
            "object_refs": [identity_of(me)],
        }
    )
    handling = Handling(
        kind=Kind.NOTE, tlp=Tlp.AMBER, pap=Pap.AMBER, licence="NOASSERTION", count=1,
        about=(wanted,),
    )  # fmt: skip
    return publish(home, [note], handling, audience=UNIT, now=now)


def take_up_replies(home: Home) -> None:
    """Note which notes answer a proof or fault; each once, whenever this is called.

    Raises:
        StorageFault: the database refused.
    """
    done, shelf = ActingObjects(home.database), EvidenceShelf(home.database)
    after = done.done(_REPLIES)
    kind = Kind.NOTE.value
    while page := home.index.statements(kind=kind, after=after, limit=_AT_ONCE):
        for stored in page:
            for name in _about(home, stored):
                said = bytes.fromhex(stored.row.payload_hash)
                if home.index.statement(name) is None:  # else it is about a statement
                    shelf.keep_reply(said, by=stored.row.issuer, about=name, now=stored.row.said_at)
        after = page[-1].number
        done.advance(_REPLIES, after)


def _about(home: Home, stored: StoredStatement) -> tuple[str, ...]:
    try:
        content = read_said(home, stored.row.payload_hash).content
    except UnitError:
        return ()  # erased meanwhile
    return () if content is None else Handling.parse(content.leaves[0].data).about


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the accused says to a proof."""

    by: str
    name: str
    time: str
    statement: str
    words: str

    def to_json(self) -> dict[str, JsonValue]:
        return {
            "by": self.by,
            "name": self.name,
            "time": self.time,
            "statement": self.statement,
            "words": self.words,
        }


def _replies(home: Home, kept: KeptEvidence) -> list[_Reply]:
    """Return what whom it is about says to it, oldest first."""
    shelf, found = EvidenceShelf(home.database), list[_Reply]()
    for each in shelf.replies(kept.digest):
        if each.peer != kept.peer:
            continue
        statement = shelf.read(each).hex()
        words = "(erased by its author)"
        try:
            said = read_said(home, statement)
        except UnitError:
            continue
        if said.content is not None:
            spoken = parse_strict(said.content.leaves[1].data)
            words = str(spoken.get("content", "")) if isinstance(spoken, dict) else ""
        who = str(_named(home, each.peer)["name"])
        time = format_time(said.statement.header.time)
        found.append(_Reply(each.peer, who, time, statement, words))
    return found


def _head(home: Home, kept: KeptEvidence) -> dict[str, JsonValue]:
    is_proof = kept.sort is Sort.PROOF
    return {
        "id": kept.digest,
        "sort": kept.sort.value,
        "kind": kept.rule if is_proof else "",
        **_named(home, kept.peer),
        "kept_at": format_time(kept.kept_at),
    }


def _named(home: Home, peer: str) -> dict[str, JsonValue]:
    chain = home.chain
    charters = () if chain is None else reversed(chain.charters)
    members = (member for charter in charters for member in charter.members)
    name = next((member.name for member in members if member.id == peer), "")
    return {"accused": peer, "name": name}


def _held_back(home: Home) -> list[JsonValue]:
    chain, following = home.chain, FollowedLogs(home.database)
    found: list[JsonValue] = []
    for origin in following.origins():
        row = following.read(origin)
        owner = None if chain is None else chain.keyring.owner_of_log(origin)
        if row is not None and row.forked is not None:
            found.append(
                {
                    "log": origin,
                    **_named(home, "" if owner is None else owner[0]),
                    "from": row.forked,
                    "why": "it was shown in two versions; what was said before stays",
                }
            )
    return found
