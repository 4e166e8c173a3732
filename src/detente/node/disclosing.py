"""Letting anybody read an own statement: the gate first, then a clear statement in the log.

A label says how far a thing may go, and sends it nowhere: what stands under TLP:CLEAR is public
when its issuer says so in its log, and not before. (docs/adr/0045)
"""

from collections.abc import Iterator
from contextlib import suppress

from detente.errors import InputError, UnitError
from detente.node.circle import circle_of
from detente.node.home import Home
from detente.node.log import Acknowledged
from detente.node.provenance import Origins, origins_of
from detente.node.publishing import Clock, require_charter, speak_clear
from detente.node.reading import Said, entry_at, read_said
from detente.release import Circle, Cleared, PublicReader, Withheld, decide, hold
from detente.signing import JsonError, Role
from detente.statements import (
    Content,
    Handling,
    Kind,
    Publication,
    StixError,
    StixObject,
    decode_object,
    parse_entry,
)
from detente.storage.objects import PAGE_MAX

_KIND = "publication"


def disclose(home: Home, name: str, *, now: Clock) -> Acknowledged:
    """Say in the log that anybody may read one own statement; said twice, it is the first.

    Args:
        home: the node.
        name: id of the statement, or the beginning of one.
        now: the clock.

    Raises:
        InputError: no such statement, another member's, one without content, or no charter.
        UnitError: the gate lets nothing of it out to everybody, with its rule.
        SigningRefused, StorageFault: the node must not or cannot write.
    """
    require_charter(home, now())
    said = read_said(home, name)
    answer = decide_public(home, said, circle=circle_of(home))
    if isinstance(answer, Withheld):
        raise UnitError(
            f"not published: {answer.rule}",
            remedy="Only what is under TLP:CLEAR, PAP:CLEAR and an open licence, such as "
            "CC0-1.0, may be; say it anew with `detente statement publish`",
        )
    for publication, wanted in _publications(home):
        if wanted == said.statement.payload_hash:
            return publication
    body = Publication(said.statement.payload_hash).to_clear().body
    assert isinstance(body, dict)  # noqa: S101 - as it was just made
    return speak_clear(home, _KIND, body, now=now, role=Role.STATEMENT)


def decide_public(home: Home, said: Said, *, circle: Circle) -> Cleared | Withheld:
    """Return what the gate lets everybody see of an own statement, once it is published.

    Raises:
        InputError: another member's statement, or one without content.
    """
    row = said.stored.row
    if row.issuer != home.identity.member:
        raise InputError(
            f"statement {row.payload_hash[:16]}… is another member's",
            remedy="Only its issuer makes a statement public",
        )
    if row.ciphertext is None or said.content is None:
        raise InputError(f"statement {row.payload_hash[:16]}… has no content to be read")
    origins = _origins(home, said.content)
    held = hold(said.statement, said.content, origins=origins, is_published=True)
    return decide(held, PublicReader(), circle=circle)


def published(home: Home) -> Iterator[str]:
    """Yield the ids of the own statements that were published, the newest publication first.

    Raises:
        StorageFault: the disk or the database refused.
    """
    for _, statement in reversed(list(_publications(home))):
        yield statement


def taken_back(home: Home) -> frozenset[str]:
    """Return the ids of the own statements that were retracted; the retraction removes nothing.

    Raises:
        StorageFault: the disk or the database refused.
    """
    after, me, found = 0, home.identity.member, set[str]()
    while page := home.index.statements(
        issuer=me, kind=Kind.RETRACTION, after=after, limit=PAGE_MAX
    ):
        after = page[-1].number
        for each in page:
            content = read_said(home, each.row.payload_hash).content
            if content is not None:
                found.update(Handling.parse(content.leaves[0].data).about)
    return frozenset(found)


def _publications(home: Home) -> Iterator[tuple[Acknowledged, str]]:
    after, me = 0, home.identity.member
    while page := home.index.statements(issuer=me, kind=_KIND, after=after, limit=PAGE_MAX):
        for each in page:
            row, after = each.row, each.number
            said = parse_entry(entry_at(home, row.origin, row.seq))
            at = Acknowledged(row.origin, said.header.epoch, row.seq, row.payload_hash)
            yield at, Publication.parse(said.clear).statement


def _origins(home: Home, content: Content) -> Origins:
    objects: list[StixObject] = []
    for leaf in content.leaves[1:]:
        with suppress(JsonError, StixError):  # to the gate it stands under the strictest label
            objects.append(decode_object(leaf.data))
    return origins_of(home, objects)
