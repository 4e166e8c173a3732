"""Speaking: from objects or a clear body to a signed entry at its place in the log.

What does not depend on the place (salts, encryption) is done beforehand; the
sequencer then calls `Author.sign` at the moment the position is known, because
commitment, wraps and header name it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from detente.charter import Charter
from detente.node.errors import SigningRefused
from detente.release import (
    Circle,
    Cleared,
    Origin,
    ReleaseError,
    Standing,
    Terms,
    Withheld,
    decide_audience,
    draft,
    seal_cleared,
)
from detente.signing import Envelope, Role, Signer
from detente.statements import (
    Clear,
    Content,
    Entropy,
    Header,
    Position,
    Sealed,
    Sealer,
    make_content,
    pad_content,
    sign_statement,
)
from detente.statements.encryption import encrypt_content
from detente.statements.handling import Handling, check_handling
from detente.statements.sealing import wrap_hashes
from detente.storage.blobs import BlobStore
from detente.storage.content_keys import ContentKeys

Audience = Literal["unit"] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """What is to be said.

    Attributes:
        objects: RFC 8785 bytes of STIX objects, checked by the caller.
        handling: leaf 0.
        audience: "unit" or member ids, ascending.
        origins: STIX id -> the terms it came under, for what others gave us.
    """

    objects: Sequence[bytes]
    handling: Handling
    audience: Audience
    origins: Mapping[str, Sequence[Origin]] | None = None


@dataclass(frozen=True, slots=True)
class ContentDraft:
    """Content ready to be said: salted and encrypted, its place still unknown.

    Attributes:
        content: the leaves.
        terms: of each leaf, as the gate read them.
        cleared: what the gate said of everybody it is addressed to; each got a yes for all of it.
        key: the content key; never leaves the node but in wraps.
        ciphertext: hex hash of the encrypted content, already stored.
        size: padded, in bytes.
        audience: "unit" or member ids, ascending.
    """

    content: Content
    terms: tuple[Terms, ...]
    cleared: tuple[Cleared | Withheld, ...]
    key: bytes
    ciphertext: str
    size: int
    audience: Audience


@dataclass(frozen=True, slots=True)
class ClearDraft:
    """A governance statement: everybody reads it.

    Attributes:
        says: kind and body.
        role: which key signs it.
    """

    says: Clear
    role: Role = Role.GOVERNANCE


Draft = ContentDraft | ClearDraft


def own_key_info(ciphertext: str) -> bytes:
    """Return the HPKE info under which a member seals a content key to itself."""
    return b"detente own key v1" + bytes.fromhex(ciphertext)


@dataclass(frozen=True, slots=True)
class AuthorKeys:
    """With which keys a member speaks, and to which it seals.

    Attributes:
        signers: by role, who signs.
        sealing: member id -> the raw sealing key it has now; who suspended its own is missing.
    """

    signers: Mapping[Role, Signer]
    sealing: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class ContentStores:
    """Where what travels beside an entry is kept.

    Attributes:
        blobs: ciphertexts and wraps.
        keys: the member's own content keys, sealed to itself.
    """

    blobs: BlobStore
    keys: ContentKeys


class Author:
    """Builds and signs this member's statements under one charter.

    Args:
        charter: the one this member is bound to.
        member: its own id.
        keys: its own, and those it seals to.
        stores: where content goes before the entry that names it.
        standings: where each member stands; who is not active gets nothing new.
        sealer: seals content keys.
        entropy: salts and content keys.
        now: the clock.
    """

    def __init__(
        self,
        *,
        charter: Charter,
        member: str,
        keys: AuthorKeys,
        stores: ContentStores,
        standings: Mapping[str, Standing],
        sealer: Sealer,
        entropy: Entropy,
        now: Callable[[], datetime],
    ) -> None:
        self._charter = charter
        self._digest = charter.digest
        self._unit = charter.unit_id
        self._member = member
        self._signers = dict(keys.signers)
        self._blobs = stores.blobs
        self._own_keys = stores.keys
        self._sealer = sealer
        self._entropy = entropy
        self._now = now
        self._sealing_keys = dict(keys.sealing)
        self._circle = Circle(
            holder=member,
            standings=dict(standings),
            rosters={self._digest: charter.member_ids},
        )

    def draft(
        self,
        objects: Sequence[bytes],
        handling: Handling,
        audience: Audience,
        *,
        origins: Mapping[str, Sequence[Origin]] | None = None,
    ) -> ContentDraft:
        """Salt, encrypt and store one content; as `draft_all`."""
        return self.draft_all([Wording(objects, handling, audience, origins)])[0]

    def draft_all(self, wordings: Sequence[Wording]) -> list[ContentDraft]:
        """Salt, encrypt and store contents, durable together; nothing is said yet.

        Raises:
            ReleaseError: the gate withholds it from somebody it is addressed to.
            ContentError: no object, too many, or one that is too long.
            SigningRefused: the own sealing key is suspended.
            StorageFault: the disk refused.
        """
        own_key = self._sealing_keys.get(self._member)
        if own_key is None:
            raise SigningRefused(
                "the sealing key of this member is suspended: it could not read its own words",
                remedy="`detente keys rotate sealing` puts another in its place",
            )
        made = [self._encrypted(each) for each in wordings]
        self._blobs.put_own([ciphertext for _, ciphertext in made])
        # Sealed to ourselves before anything is said, so that we can always read what we said.
        self._own_keys.keep(
            {
                each.ciphertext: self._sealer.seal(
                    public_key=own_key,
                    info=own_key_info(each.ciphertext),
                    plaintext=each.key,
                )
                for each, _ in made
            }
        )
        return [each for each, _ in made]

    def _encrypted(self, wording: Wording) -> tuple[ContentDraft, bytes]:
        check_handling(wording.handling)
        content = make_content(wording.objects, wording.handling.to_bytes(), self._entropy)
        held = draft(
            content,
            issuer=self._member,
            charter=self._digest,
            audience=wording.audience,
            origins=wording.origins,
        )
        cleared = decide_audience(held, circle=self._circle)
        for answer in cleared:
            if isinstance(answer, Withheld):
                raise ReleaseError(
                    f"not said: {answer.rule}",
                    remedy="Address fewer members, or change the label or the content",
                )
        padded = pad_content(content.to_bytes())
        key = self._entropy.draw(32)
        ciphertext = encrypt_content(key, padded)
        made = ContentDraft(
            content=content,
            terms=held.terms,
            cleared=cleared,
            key=key,
            ciphertext=sha256(ciphertext).hexdigest(),
            size=len(padded),
            audience=wording.audience,
        )
        return made, ciphertext

    def sign(self, said: Draft, epoch: int, seq: int) -> Envelope:
        """Sign a draft at its place (the sequencer's `sign`).

        Raises:
            StatementError: a header nobody would accept.
            SigningRefused: the key for it is suspended or lies off line.
            SealingError: a reader's sealing key is none.
            StorageFault: the wraps could not be stored.
        """
        position = Position(unit=self._unit, issuer=self._member, epoch=epoch, seq=seq)
        match said:
            case ClearDraft(says=says, role=role):
                return self._entry(position, says, role)
            case ContentDraft():
                return self._entry(position, self._seal(said, position), Role.STATEMENT)

    def _seal(self, said: ContentDraft, position: Position) -> Sealed:
        commitment = said.content.commitment(position)
        wraps = seal_cleared(
            said.cleared,
            self._sealing_keys,
            key=said.key,
            position=position,
            commitment=commitment,
            sealer=self._sealer,
        )
        self._blobs.put_own(list(wraps.values()))
        return Sealed(
            audience=said.audience,
            commitment=commitment,
            ciphertext=said.ciphertext,
            size=said.size,
            wraps=wrap_hashes(wraps),
        )

    def _entry(self, position: Position, says: Sealed | Clear, role: Role) -> Envelope:
        signer = self._signers.get(role)
        if signer is None:
            raise SigningRefused(
                f"no {role.value} key of this member is at hand",
                remedy="It is suspended or lies off line: `detente keys show` tells which",
            )
        header = header_at(self._digest, position, says, self._now())
        return sign_statement(header, signer, role).envelope


def header_at(charter: str, position: Position, says: Sealed | Clear, time: datetime) -> Header:
    """Return the header of what is said at one place under the charter with this digest."""
    return Header(
        unit=position.unit,
        charter=charter,
        issuer=position.issuer,
        epoch=position.epoch,
        seq=position.seq,
        time=time,
        says=says,
    )
