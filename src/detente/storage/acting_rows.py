"""What acting keeps, to and from the rows of the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Row

from detente.watch import Basis, Claim, Decision, Item, Level, Mark, Said


@dataclass(frozen=True, slots=True)
class TakenClaim:
    """One claim as it is kept; the statement comes from its row.

    Attributes:
        leaf: of the object.
        subject: its STIX id.
        version: a text by which versions of one id sort.
        item: the value.
        basis: what it rests on.
        source: who outside said it, for an import.
        handshake: True where a completed handshake was seen.
        since: valid_from.
        until: valid_until, None where it is open.
        revoked: True where it takes the object back.
    """

    leaf: int
    subject: str
    version: str
    item: Item
    basis: Basis
    source: str
    handshake: bool
    since: datetime
    until: datetime | None
    revoked: bool

    @classmethod
    def of(cls, claim: Claim) -> "TakenClaim":
        """Return what is kept of a claim."""
        return cls(
            leaf=claim.leaf,
            subject=claim.subject,
            version=" ".join(claim.version),
            item=claim.item,
            basis=claim.basis,
            source=claim.source,
            handshake=claim.handshake,
            since=claim.since,
            until=claim.until,
            revoked=claim.revoked,
        )


@dataclass(frozen=True, slots=True)
class TakenRule:
    """A received rule as it is kept.

    Attributes:
        leaf: of the object.
        subject: its STIX id.
        language: pattern_type.
        standing: where it stands.
        findings: what is wrong with it: check and words.
    """

    leaf: int
    subject: str
    language: str
    standing: str
    findings: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class TakenObjection:
    """An objection as it is kept.

    Attributes:
        about: payload hash of the statement it names.
        stance: what it says.
        items: the values of that statement it is about; empty for all of them.
    """

    about: str
    stance: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenStatement:
    """What acting takes from one verified statement.

    Attributes:
        number: in the index of statements.
        issuer: hex member id.
        readers: members it was addressed to.
        taken: when its header says it was said.
        claims: what it claims.
        objections: what it says against other statements.
        rules: received rules in it.
    """

    number: int
    issuer: str
    readers: frozenset[str]
    taken: datetime
    claims: tuple[TakenClaim, ...] = ()
    objections: tuple[TakenObjection, ...] = ()
    rules: tuple[TakenRule, ...] = ()


@dataclass(frozen=True, slots=True)
class ItemState:
    """What a value does now.

    Attributes:
        number: of the value, for paging.
        item: the value.
        level: what it does.
        changed: since when.
        decision: as JSON: reasons, origins, needed, prevalence.
    """

    number: int
    item: Item
    level: Level
    changed: datetime
    decision: Mapping[str, Any]


def item_key(item: Item) -> bytes:
    """Return what a value is found by."""
    text = f"{item.path}\0{item.value}"
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def item_state(row: Row[Any]) -> ItemState:
    """Return a row of the values."""
    return ItemState(
        number=row.number,
        item=Item(row.path, row.value),
        level=Level(row.level),
        changed=datetime.fromtimestamp(row.changed_at, UTC),
        decision=orjson.loads(row.decision),
    )


def state_values(decision: Decision) -> dict[str, object]:
    """Return what a decision changes in the row of its value."""
    return {
        "level": int(decision.level),
        "due_at": None if decision.due is None else int(decision.due.timestamp()),
        "decision": orjson.dumps(decision_json(decision)).decode(),
    }


def decision_json(decision: Decision) -> dict[str, object]:
    """Return a decision as people and tools read it."""
    return {
        "level": decision.level.name.lower(),
        "reasons": _reasons(decision),
        "origins": list(decision.origins),
        "needed": decision.needed,
        "prevalence": decision.prevalence,
    }


def change_rows(
    decided: Sequence[tuple[int, Decision, tuple[Mark, ...]]],
    before: Mapping[int, Level],
    now: datetime,
) -> Iterator[dict[str, object]]:
    """Yield a row for each value whose level changed, with all the reasons of that moment."""
    for number, decision, _ in decided:
        if decision.level is not before.get(number):
            yield {
                "item": number,
                "at": int(now.timestamp()),
                "level_before": int(before.get(number, Level.NOTED)),
                "level_after": int(decision.level),
                "words": orjson.dumps(_reasons(decision)).decode(),
            }


def claim_body(claim: TakenClaim) -> str:
    """Return the JSON that a claim is kept as."""
    return orjson.dumps(
        {
            "version": claim.version,
            "basis": claim.basis.value,
            "source": claim.source,
            "handshake": claim.handshake,
            "since": claim.since.isoformat(),
            "until": None if claim.until is None else claim.until.isoformat(),
            "revoked": claim.revoked,
        }
    ).decode()


def read_claim(row: Row[Any], item: Item, said: Said) -> Claim:
    """Return a claim from its row."""
    body = _read_body(row.body)
    return Claim(
        said=said,
        leaf=row.leaf,
        subject=row.subject,
        version=body.version,
        item=item,
        basis=body.basis,
        source=body.source,
        handshake=body.handshake,
        since=body.since,
        until=body.until,
        revoked=body.revoked,
    )


@dataclass(frozen=True, slots=True)
class _Body:
    version: tuple[str, str]
    basis: Basis
    source: str
    handshake: bool
    since: datetime
    until: datetime | None
    revoked: bool


@lru_cache(maxsize=512)
def _read_body(text: str) -> _Body:
    """Read what one claim rests on; a statement says the same of most of its values."""
    body = orjson.loads(text)
    return _Body(
        version=version_of(body["version"]),
        basis=Basis(body["basis"]),
        source=body["source"],
        handshake=body["handshake"],
        since=datetime.fromisoformat(body["since"]),
        until=None if body["until"] is None else datetime.fromisoformat(body["until"]),
        revoked=body["revoked"],
    )


def version_of(text: str) -> tuple[str, str]:
    """Return the key that a version is kept as."""
    whole, _, fraction = text.partition(" ")
    return whole, fraction


def said_of(row: Row[Any], shown: Mapping[str, datetime], *, me: str) -> Said:
    """Return a statement from its row.

    Args:
        row: of the statement and of what acting needs of it.
        shown: cosigner -> when it first showed this entry covered; a member's mirror by its
            id, everybody else with a "/" or ":" in the name.
        me: this node's member id.
    """
    taken = datetime.fromtimestamp(row.taken_at, UTC)
    issuer = row.issuer.hex()
    others = [at for cosigner, at in shown.items() if cosigner.partition("/")[0] != issuer]
    mirrors = {who: at for who, at in shown.items() if "/" not in who and ":" not in who}
    return Said(
        statement=row.payload_hash.hex(),
        issuer=issuer,
        readers=frozenset(row.readers.split()),
        taken=taken,
        committed=taken if issuer == me else min(others, default=None),
        held={who: at for who, at in mirrors.items() if who != issuer},
        items=row.item_count,
    )


def _reasons(decision: Decision) -> list[dict[str, object]]:
    return [
        {
            "rule": reason.rule.value,
            "words": reason.words,
            "statements": list(reason.statements),
            "withholds": reason.ceiling < Level.ACTIONABLE,
        }
        for reason in decision.reasons
    ]
