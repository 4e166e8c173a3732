"""Who would see what, and by which rule, before anything leaves: the gate asked in advance.

Nothing is stored, sealed or said here. The gate decides once more when the warning is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from detente.charter import Charter
from detente.node.author import Audience
from detente.node.circle import circle_of
from detente.node.entropy import SystemEntropy
from detente.node.home import Home
from detente.node.provenance import origins_of
from detente.release import (
    Cleared,
    ClientReader,
    Full,
    MemberReader,
    PublicReader,
    Reader,
    Use,
    Withheld,
    addressees,
    decide,
    draft,
)
from detente.release.held import Held
from detente.signing import canonical
from detente.statements import UNIT, Handling, StixObject
from detente.statements.content import make_content

ALL, ENTRY, NOTHING = "all of it", "that it was said, and to whom", "nothing"
_OTHERS: tuple[tuple[str, bool], ...] = (
    ("Our own tools, by a token", True),
    ("Organisations we serve, by a token", False),
)
EVERYBODY = "Everybody else"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one reader would see.

    Attributes:
        who: name of the member or sort of reader.
        sees: all of it, only that it was said, or nothing.
        rule: by which rule, in words.
        is_refused: it is addressed and may not have it, so that nothing can be said.
    """

    who: str
    sees: str
    rule: str
    is_refused: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """Who would see what.

    Attributes:
        sights: members by name, then other sorts of readers.
        digest: hex; whoever releases says by it what was looked at.
    """

    sights: tuple[Sight, ...]
    digest: str

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be said like that."""
        return any(each.is_refused for each in self.sights)


def preview(
    home: Home,
    charter: Charter,
    objects: Sequence[StixObject],
    handling: Handling,
    audience: Audience,
) -> Preview:
    """Return who would see what, were this said now.

    Raises:
        ContentError: no object, too many, or one that is too long.
        StorageFault: the disk or the database refused.
    """
    said = [each.raw for each in objects]
    content = make_content(said, handling.to_bytes(), SystemEntropy())
    held = draft(
        content,
        issuer=home.identity.member,
        charter=charter.digest,
        audience=audience,
        origins=origins_of(home, objects),
    )
    sights = tuple(_sights(home, charter, held))
    seen = sha256(b"detente preview v1")
    for data in (*said, handling.to_bytes()):
        seen.update(sha256(data).digest())
    seen.update(canonical([[each.who, each.sees, each.rule] for each in sights]))
    return Preview(sights, seen.hexdigest())


def _sights(home: Home, charter: Charter, held: Held) -> Iterator[Sight]:
    circle, me = circle_of(home), home.identity.member
    addressed = addressees(held, circle)
    for member in sorted(charter.members, key=lambda each: (each.name, each.id)):
        if member.id != me:
            answer = decide(held, MemberReader(member.id), circle=circle)
            yield _member_sight(
                held,
                member.name,
                answer,
                is_addressed=member.id in addressed,
                is_active=circle.is_active(member.id),
            )
    for who, is_own in _OTHERS:
        reader = ClientReader(me, client="", is_own=is_own, use=Use.PASSIVE)
        yield _other_sight(who, decide(held, reader, circle=circle))
    yield _other_sight(EVERYBODY, decide(held, _everybody(), circle=circle))


def _everybody() -> Reader:
    return PublicReader()


def _member_sight(
    held: Held, name: str, answer: Cleared | Withheld, *, is_addressed: bool, is_active: bool
) -> Sight:
    if isinstance(answer, Cleared) and isinstance(answer.form, Full):
        how = "with the whole unit" if held.audience == UNIT else "by name"
        return Sight(name, ALL, f"addressed {how}; {_onward(answer)}")
    rule = answer.rule if isinstance(answer, Withheld) else "part of it came under stricter terms"
    if is_addressed:
        # Who left or was suspended is passed over where the unit is addressed, and stops
        # what is addressed to it by name.
        return Sight(name, NOTHING, rule, is_refused=held.audience != UNIT or is_active)
    return Sight(name, ENTRY, "not addressed; every member mirrors the log")


def _other_sight(who: str, answer: Cleared | Withheld) -> Sight:
    if isinstance(answer, Withheld):
        return Sight(who, NOTHING, answer.rule)
    return Sight(who, ALL, _onward(answer))


def _onward(answer: Cleared) -> str:
    onward = answer.onward
    if onward is None:
        return "the label lets it through"
    return f"TLP:{onward.tlp.value.upper()} reaches it; passed on to {onward.scope}"
