"""What a node holds of one statement: what it could let out, and how it came by it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from detente.release.errors import ReleaseError
from detente.release.model import Origin
from detente.release.terms import Terms, read_terms
from detente.statements import (
    Content,
    Handling,
    Leaf,
    Opening,
    ShownLeaf,
    Statement,
    check_commitment,
    giving_away,
    verify_opening,
)
from detente.tlog import TreeHashes, prove_inclusion

COPY_LEAVES_MAX = 4_096  # what one opening shows; a longer copy is several of them
Origins = Mapping[str, Sequence[Origin]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One statement with sealed content, as the releasing node holds it.

    Made by `hold` and `draft`, which check what the gate relies on.

    Attributes:
        statement: hex payload hash; "" for a draft that is not signed yet.
        entry: the log entry; empty for a draft.
        issuer: hex member id.
        charter: hex digest of the charter it is said under.
        audience: as the header says it.
        source: the whole content, what remains of it, or None where nothing is held.
        handling: leaf 0; None without content.
        leaves: what is at hand, by index.
        terms: of the leaves at hand, by ascending index.
        grants: reader -> the member who logged a grant for it.
        is_published: True where the issuer said in its log that anybody may see it.
    """

    statement: str
    entry: bytes
    issuer: str
    charter: str
    audience: Literal["unit"] | tuple[str, ...]
    source: Content | Opening | None = None
    handling: Handling | None = None
    leaves: Mapping[int, Leaf] = field(default_factory=dict)
    terms: tuple[Terms, ...] = ()
    grants: Mapping[str, str] = field(default_factory=dict)
    is_published: bool = False

    @property
    def objects(self) -> dict[int, bytes]:
        """The bytes of the leaves at hand, without their salts."""
        return {index: leaf.data for index, leaf in self.leaves.items()}

    def is_whole(self, shown: Collection[int]) -> bool:
        """Say whether these leaves are all that was ever committed to."""
        return isinstance(self.source, Content) and len(shown) == len(self.source.leaves)

    def copies(self, shown: Sequence[int]) -> tuple[bytes, ...]:
        """Return openings of these leaves, the handling in each; the rest only as hashes.

        Args:
            shown: ascending, the handling (0) first.
        """
        opening = _opening(self.source, shown)
        head, rest = opening.shown[0], opening.shown[1:]
        step = COPY_LEAVES_MAX - 1
        pages = (rest[at : at + step] for at in range(0, len(rest), step))
        return tuple(replace(opening, shown=(head, *page)).to_bytes() for page in pages)


def hold(
    statement: Statement,
    source: Content | Opening | None,
    *,
    origins: Origins | None = None,
    grants: Mapping[str, str] | None = None,
    is_published: bool = False,
) -> Held:
    """Take up a verified statement with what is held of its content.

    Args:
        statement: signature and place checked by the caller.
        source: checked here against the commitment.
        origins: STIX id -> the terms the object came under, where it is not the issuer's own.
        grants: reader -> the member who logged a grant for it.
        is_published: whether the issuer logged its publication.

    Raises:
        StatementError: a clear statement: it has no content, and every member reads it.
        ContentError: other content than the header commits to, or no handling.
    """
    sealed, header = statement.sealed, statement.header
    held = Held(
        statement=statement.payload_hash,
        entry=statement.to_entry(),
        issuer=header.issuer,
        charter=header.charter,
        audience=sealed.audience,
        grants=dict(grants or {}),
        is_published=is_published,
    )
    match source:
        case None:
            return held
        case Content():
            check_commitment(source, sealed, header.position)
        case Opening():
            verify_opening(source, sealed, header.position)
    return _with_source(held, source, origins or {})


def draft(
    content: Content,
    *,
    issuer: str,
    charter: str,
    audience: Literal["unit"] | tuple[str, ...],
    origins: Origins | None = None,
) -> Held:
    """Take up content that is not sealed or signed yet, for `decide_audience`.

    Raises:
        ContentError: its first leaf is no handling.
    """
    held = Held(statement="", entry=b"", issuer=issuer, charter=charter, audience=audience)
    return _with_source(held, content, origins or {})


def forget(held: Held, erased: Collection[int]) -> Held:
    """Return what remains after an erasure: an opening without these leaves or what tells them.

    The commitment stays provable by the remaining hashes. Leaf 0 goes only with all others.
    """
    gone = giving_away(held.objects, erased)
    kept = [index for index in sorted(held.leaves) if index == 0 or index not in gone]
    if held.source is None or kept == [0]:
        return replace(held, source=None, handling=None, leaves={}, terms=())
    return replace(
        held,
        source=_opening(held.source, kept),
        leaves={index: held.leaves[index] for index in kept},
        terms=tuple(each for each in held.terms if each.index == 0 or each.index not in gone),
    )


def _with_source(held: Held, source: Content | Opening, origins: Origins) -> Held:
    if isinstance(source, Content):
        leaves = dict(enumerate(source.leaves))
    else:
        leaves = {shown.index: shown.leaf for shown in source.shown}
    handling = Handling.parse(leaves[0].data)
    terms = read_terms(handling, leaves, origins)
    return replace(held, source=source, handling=handling, leaves=leaves, terms=terms)


def _opening(source: Content | Opening | None, shown: Sequence[int]) -> Opening:
    match source:
        case None:
            raise ReleaseError("nothing of the content is held: there is nothing to copy")
        case Content():
            hashes = TreeHashes([leaf.hash for leaf in source.leaves])
            count = len(source.leaves)
            leaves = tuple(
                ShownLeaf(
                    index=index,
                    leaf=source.leaves[index],
                    path=tuple(prove_inclusion(hashes, index=index, size=count)),
                )
                for index in shown
            )
            return Opening(salt=source.salt, count=count, root=hashes.root, shown=leaves)
        case Opening():
            wanted = frozenset(shown)
            leaves = tuple(each for each in source.shown if each.index in wanted)
            return replace(source, shown=leaves)
