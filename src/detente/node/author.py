"""Speaking: from objects or a clear body to a signed entry at its place in the log.

What does not depend on the place (salts, encryption) is done beforehand; the
sequencer then calls `Author.sign` at the moment the position is known, because
commitment, wraps and header name it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from detente.charter import Charter
from detente.signing import Envelope, Role, Signer
from detente.statements import (
    UNIT,
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
from detente.statements.handling import Handling
from detente.statements.sealing import seal_for, wrap_hashes
from detente.storage.blobs import BlobStore
from detente.storage.content_keys import ContentKeys

Audience = Literal["unit"] | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContentDraft:
    """Content ready to be said: salted and encrypted, its place still unknown.

    Attributes:
        content: the leaves.
        handling: leaf 0, read.
        key: the content key; never leaves the node but in wraps.
        ciphertext: hex hash of the encrypted content, already stored.
        size: padded, in bytes.
        audience: "unit" or member ids, ascending.
    """

    content: Content
    handling: Handling
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


class Author:
    """Builds and signs this member's statements under one charter.

    Args:
        charter: the one this member is bound to.
        member: its own id.
        signers: by role, who signs.
        blobs: where ciphertexts and wraps go, before the entry that names them.
        own_keys: where the member's own content keys go, sealed to itself.
        sealer: seals content keys.
        entropy: salts and content keys.
        now: the clock.
    """

    def __init__(
        self,
        *,
        charter: Charter,
        member: str,
        signers: Mapping[Role, Signer],
        blobs: BlobStore,
        own_keys: ContentKeys,
        sealer: Sealer,
        entropy: Entropy,
        now: Callable[[], datetime],
    ) -> None:
        self._charter = charter
        self._digest = charter.digest
        self._unit = charter.unit_id
        self._member = member
        self._signers = dict(signers)
        self._blobs = blobs
        self._own_keys = own_keys
        self._sealer = sealer
        self._entropy = entropy
        self._now = now
        self._sealing_keys = {each.id: each.keys.sealing for each in charter.members}

    def draft(
        self, objects: Sequence[bytes], handling: Handling, audience: Audience
    ) -> ContentDraft:
        """Salt, encrypt and store content; nothing is said yet.

        Args:
            objects: RFC 8785 bytes of STIX objects, checked by the caller.
            handling: leaf 0.
            audience: "unit" or member ids, ascending.

        Raises:
            ContentError: no object, too many, or one that is too long.
            StorageFault: the disk refused.
        """
        content = make_content(objects, handling.to_bytes(), self._entropy)
        padded = pad_content(content.to_bytes())
        key = self._entropy.draw(32)
        ciphertext = encrypt_content(key, padded)
        digest = self._blobs.put(ciphertext)
        # Sealed to ourselves before anything is said, so that we can always read what we said.
        self._own_keys.keep(
            digest,
            self._sealer.seal(
                public_key=self._sealing_keys[self._member],
                info=own_key_info(digest),
                plaintext=key,
            ),
        )
        return ContentDraft(
            content=content,
            handling=handling,
            key=key,
            ciphertext=digest,
            size=len(padded),
            audience=audience,
        )

    def sign(self, draft: Draft, epoch: int, seq: int) -> Envelope:
        """Sign a draft at its place (the sequencer's `sign`).

        Raises:
            StatementError: a header nobody would accept.
            SealingError: a reader's sealing key is none.
            StorageFault: the wraps could not be stored.
        """
        position = Position(unit=self._unit, issuer=self._member, epoch=epoch, seq=seq)
        match draft:
            case ClearDraft(says=says, role=role):
                return self._entry(position, says, role)
            case ContentDraft():
                return self._entry(position, self._seal(draft, position), Role.STATEMENT)

    def _seal(self, draft: ContentDraft, position: Position) -> Sealed:
        commitment = draft.content.commitment(position)
        wraps = seal_for(
            {reader: self._sealing_keys[reader] for reader in self._readers(draft.audience)},
            key=draft.key,
            position=position,
            commitment=commitment,
            sealer=self._sealer,
        )
        self._blobs.put_many(list(wraps.values()))
        return Sealed(
            audience=draft.audience,
            commitment=commitment,
            ciphertext=draft.ciphertext,
            size=draft.size,
            wraps=wrap_hashes(wraps),
        )

    def _readers(self, audience: Audience) -> tuple[str, ...]:
        if audience != UNIT:
            return audience
        return tuple(sorted(self._charter.member_ids - {self._member}))

    def _entry(self, position: Position, says: Sealed | Clear, role: Role) -> Envelope:
        header = Header(
            unit=position.unit,
            charter=self._digest,
            issuer=position.issuer,
            epoch=position.epoch,
            seq=position.seq,
            time=self._now(),
            says=says,
        )
        return sign_statement(header, self._signers[role], role).envelope
