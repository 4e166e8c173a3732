"""Invented members and what they say about reserved values, for the tests of acting."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from detente.charter import AssetKind, RegisteredAsset
from detente.watch import (
    Assets,
    Basis,
    Claim,
    Dossier,
    Item,
    Listed,
    Objection,
    Owners,
    Rules,
    Said,
    Stance,
    marks_of,
    tally,
)

AUREL, BOREA, CEDAR, DUNE = sorted(sha256(name).hexdigest() for name in (b"a", b"b", b"c", b"d"))
MEMBERS = (AUREL, BOREA, CEDAR, DUNE)
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW = START + timedelta(hours=1)
ADDRESS = Item("ipv4-addr:value", "198.51.100.7")
FILE = Item("file:hashes.SHA-256", "ab" * 32)
OWNERS = Owners(of_member={member: member for member in MEMBERS}, me=CEDAR)
RULES = Rules(f=1, owners=OWNERS)


class Lists:
    """Implements `BenignLookup`."""

    def __init__(self, **listed):
        self._listed = listed

    def lists_of(self, item):
        return tuple(
            Listed(name, is_hint) for name, (value, is_hint) in self._listed.items()
            if value == item.value
        )  # fmt: skip


def said(issuer, minute=0, *, name="", readers=MEMBERS, cosigned=True, held=None, items=1):
    """A statement, shown by others at `minute` after START."""
    moment = START + timedelta(minutes=minute)
    digest = sha256(f"{issuer}{minute}{name}".encode()).hexdigest()
    return Said(
        statement=digest,
        issuer=issuer,
        readers=frozenset(readers) - {issuer},
        taken=moment,
        committed=moment if cosigned else None,
        held={reader: START + timedelta(minutes=at) for reader, at in (held or {}).items()},
        items=items,
    )


def claim(issuer, minute=0, *, item=ADDRESS, basis=Basis.DETECTION, name="", **more):
    """A detection with a completed handshake unless it is told otherwise."""
    fields = {"source": "", "handshake": True, "until": None, "revoked": False}
    about = {each: more.pop(each) for each in list(more) if each not in (*fields, "version")}
    made = said(issuer, minute, name=name, **about)
    version = more.pop("version", (made.moment.strftime("%Y-%m-%dT%H:%M:%S"), ""))
    return Claim(
        said=made,
        leaf=1,
        subject=f"indicator--{issuer[:8]}-{name}",
        version=version,
        item=item,
        basis=basis,
        since=made.moment,
        **(fields | more),
    )


def objection(issuer, about, *, stance=Stance.DISPUTE, minute=30, name=""):
    return Objection(
        said=said(issuer, minute, name=f"{stance}{about.said.statement}{name}"),
        stance=stance,
        about=about.said.statement,
    )


def dossier(*claims, objections=(), item=None):
    newest = {}
    for each in claims:
        key = (each.said.issuer, each.subject)
        newest[key] = max(each.version, newest.get(key, each.version))
    return Dossier(
        item=item or claims[0].item,
        claims=tuple(claims),
        objections=tuple(objections),
        newest=newest,
    )


def registered(owner, value, kind=AssetKind.IPV4):
    return {owner: Assets.registered([RegisteredAsset(owner=owner, kind=kind, value=value)], owner)}


def judged(dossiers, rules=RULES):
    """Return the rules with the ledger that these dossiers give."""
    marks = [mark for each in dossiers for mark in marks_of(each, rules)]
    return replace(rules, ledger=tally(marks))
