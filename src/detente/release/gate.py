"""The gate: may this leave the node, towards this reader, and in which form?

A pure and total decision. It reads no clock, disk or network, so every answer
can be repeated from the log and explained to the member whose data it concerns.
Every rule only ever takes away: where two of them differ, the stricter binds.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from detente.release.held import Held
from detente.release.model import (
    Circle,
    ClientReader,
    MemberReader,
    Onward,
    Origin,
    PublicReader,
    Reader,
    Use,
)
from detente.release.reach import (
    Relation,
    loudest_use,
    onward_scope,
    pap_permits,
    tlp_reaches,
)
from detente.release.terms import Terms
from detente.statements import UNIT, Handling, giving_away

RELABELLED = "a re-shared object keeps at least the label it came with"


@dataclass(frozen=True, slots=True)
class Full:
    """The whole content: the sealed bytes as logged, and a wrap of their key for the reader."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A copy in the open of some leaves; the others are proved by their hashes alone.

    Attributes:
        shown: indices of the leaves, ascending, the handling first.
        copies: the exact bytes that may leave: openings, the handling in each.
    """

    shown: tuple[int, ...]
    copies: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class HeaderOnly:
    """The log entry, which every member mirrors, and nothing of its content."""


Form = Full | Redacted | HeaderOnly


@dataclass(frozen=True, slots=True)
class Cleared:
    """Permission to send. Only this module makes one; `exchange` sends nothing else.

    Attributes:
        statement: hex payload hash; "" for a draft.
        reader: to whom, and to nobody else.
        entry: the log entry, which goes with every form.
        form: what of the content may go.
        onward: what the reader may do next; None where it gets no content.
    """

    statement: str
    reader: Reader
    entry: bytes
    form: Form
    onward: Onward | None


@dataclass(frozen=True, slots=True)
class Withheld:
    """A refusal, with the rule that caused it in words an operator can read.

    Attributes:
        statement: hex payload hash; "" for a draft.
        reader: who does not get it.
        rule: the rule that refused.
    """

    statement: str
    reader: Reader
    rule: str


def decide(held: Held, reader: Reader, *, circle: Circle) -> Cleared | Withheld:
    """Decide what of one statement one reader may get from this node.

    Args:
        held: the statement as this node holds it.
        reader: who asks, or whom the author would address.
        circle: the unit as this node knows it.
    """
    addressed = addressees(held, circle)
    rule = _why_not_at_all(held, reader, circle, addressed)
    if rule is not None:
        return Withheld(held.statement, reader, rule)
    relation = _relation(held, reader, addressed)
    if relation is None or held.handling is None:
        return _header_only(held, reader, "its content is not addressed to this reader")
    reached = [
        each for each in held.terms if _reaches(each, reader, relation, held.handling, circle)
    ]
    gone = giving_away(held.objects, {each.index for each in held.terms} - _indices(reached))
    shown = [each for each in reached if each.index not in gone]
    if len(shown) < 2 or shown[0].index != 0:  # noqa: PLR2004  the handling and an object
        return _header_only(held, reader, _why_nothing(held, reader, relation))
    onward = _onward(held, shown, relation)
    indices = tuple(each.index for each in shown)
    if isinstance(reader, MemberReader) and held.is_whole(indices):
        return Cleared(held.statement, reader, held.entry, Full(), onward)
    form = Redacted(shown=indices, copies=held.copies(indices))
    return Cleared(held.statement, reader, held.entry, form, onward)


def decide_audience(draft: Held, *, circle: Circle) -> tuple[Cleared | Withheld, ...]:
    """Decide, before anything is sealed or signed, for everybody a draft is addressed to.

    A content key opens the whole content, so who may not have all of it gets no wrap:
    only a `Full` answer is one. Answers stand in ascending order of member id.
    """
    answers: list[Cleared | Withheld] = []
    for member in sorted(addressees(draft, circle) - {draft.issuer}):
        answer = decide(draft, MemberReader(member), circle=circle)
        if isinstance(answer, Cleared) and not isinstance(answer.form, Full):
            rule = "part of it came under terms that do not reach this reader"
            answer = Withheld(draft.statement, answer.reader, rule)
        answers.append(answer)
    return tuple(answers)


def addressees(held: Held, circle: Circle) -> frozenset[str]:
    """Return whom the author addressed: "unit" means the members of the charter it names."""
    roster = circle.rosters.get(held.charter, frozenset())
    return roster if held.audience == UNIT else roster & frozenset(held.audience)


def _why_not_at_all(
    held: Held, reader: Reader, circle: Circle, addressed: frozenset[str]
) -> str | None:
    """Return the rule by which this reader gets not even the entry, None where it may."""
    if (rule := _why_reader_gets_nothing(held, reader, circle)) is not None:
        return rule
    if not _holds_lawfully(held, circle.holder, addressed) and held.terms:
        return "this node has content that was neither addressed nor granted to it"
    if held.issuer == circle.holder:
        for each in held.terms:
            if (lowered := _lowered(each, held.issuer)) is not None:
                return lowered
    return None


def _why_reader_gets_nothing(held: Held, reader: Reader, circle: Circle) -> str | None:
    match reader:
        case PublicReader():
            return None if held.is_published else "its issuer has not published it"
        case ClientReader():
            if reader.member != circle.holder:
                return "a token counts only at the node of the member that gave it"
            member = reader.member
        case MemberReader():
            member = reader.member
        case _:
            assert_never(reader)
    if circle.is_active(member):
        return None
    standing = circle.standings.get(member)
    seen = "is no member" if standing is None else f"is {standing.value}"
    return f"member {member[:16]}… {seen}, and gets nothing new"


def _lowered(terms: Terms, issuer: str) -> str | None:
    """Refuse what we say ourselves under less than it came with (attack A37)."""
    for origin in terms.origins:
        if origin.issuer != issuer and terms.own_tlp < origin.tlp:
            return (
                f"{terms.object_id} came as TLP:{origin.tlp.value.upper()} and goes as "
                f"TLP:{terms.own_tlp.value.upper()}; {RELABELLED}"
            )
    return None


def _holds_lawfully(held: Held, member: str, addressed: frozenset[str]) -> bool:
    return member == held.issuer or member in addressed or _granter(held, member, addressed) != ""


def _granter(held: Held, member: str, addressed: frozenset[str]) -> str:
    """Return who lawfully granted the content to a member, "" where nobody did."""
    granter = held.grants.get(member, "")
    return granter if granter == held.issuer or granter in addressed else ""


def _relation(held: Held, reader: Reader, addressed: frozenset[str]) -> Relation | None:
    """Return how a reader stands to the statement; None where the author left it out."""
    match reader:
        case PublicReader():
            return Relation.OUTSIDE
        case MemberReader():
            return _member_relation(held, reader.member, addressed)
        case ClientReader():
            near = _member_relation(held, reader.member, addressed)
            return None if near is None else _client_relation(near, is_own=reader.is_own)
        case _:
            assert_never(reader)


def _member_relation(held: Held, member: str, addressed: frozenset[str]) -> Relation | None:
    if member == held.issuer:
        return Relation.ISSUER
    granter = _granter(held, member, addressed)
    if member in addressed or granter == held.issuer:
        return Relation.ADDRESSEE
    # Who was addressed may let others of the unit read, as far as the label goes.
    return Relation.COMMUNITY if granter else None


def _client_relation(member: Relation, *, is_own: bool) -> Relation:
    if member is Relation.COMMUNITY or (is_own and member is Relation.ISSUER):
        return member
    return Relation.OWN_TOOL if is_own else Relation.CLIENT


def _reaches(
    terms: Terms, reader: Reader, relation: Relation, handling: Handling, circle: Circle
) -> bool:
    if not tlp_reaches(terms.own_tlp, relation):
        return False
    if not all(tlp_reaches(each.tlp, _to_origin(each, reader)) for each in terms.origins):
        return False
    match reader:
        case MemberReader():
            return True  # a member is bound by the PAP; see `Onward`
        case ClientReader():
            return pap_permits(terms.pap, reader.use)
        case PublicReader():
            licences = {handling.licence, *(each.licence for each in terms.origins)}
            return pap_permits(terms.pap, Use.ANY) and licences <= circle.open_licences
        case _:
            assert_never(reader)


def _to_origin(origin: Origin, reader: Reader) -> Relation:
    """Return how a reader stands to the statement an object came in."""
    if isinstance(reader, PublicReader):
        return Relation.OUTSIDE
    if reader.member == origin.issuer:
        near = Relation.ISSUER
    elif reader.member in origin.addressed:
        near = Relation.ADDRESSEE
    else:
        near = Relation.COMMUNITY
    return (
        near if isinstance(reader, MemberReader) else _client_relation(near, is_own=reader.is_own)
    )


def _header_only(held: Held, reader: Reader, rule: str) -> Cleared | Withheld:
    if isinstance(reader, MemberReader) and held.entry:
        return Cleared(held.statement, reader, held.entry, HeaderOnly(), None)
    return Withheld(held.statement, reader, rule)


def _why_nothing(held: Held, reader: Reader, relation: Relation) -> str:
    if held.handling is None or len(held.terms) < 2:  # noqa: PLR2004  the handling and an object
        return "its content is erased"
    label = held.handling.tlp
    if not tlp_reaches(label, relation):
        near = relation.name.lower().replace("_", " ")
        return f"TLP:{label.value.upper()} does not reach a reader who is {near} to it"
    if not isinstance(reader, MemberReader):
        return f"PAP:{held.handling.pap.value.upper()}, markings or licence keep it from this use"
    return "every object in it came under terms that do not reach this reader"


def _onward(held: Held, shown: Iterable[Terms], relation: Relation) -> Onward:
    seen = list(shown)
    tlp = max(each.tlp for each in seen)
    pap = max(each.pap for each in seen)
    licence = held.handling.licence if held.handling else ""
    return Onward(
        tlp=tlp,
        pap=pap,
        scope=onward_scope(tlp, relation),
        use=loudest_use(pap),
        licence=licence,
    )


def _indices(terms: Iterable[Terms]) -> set[int]:
    return {each.index for each in terms}
