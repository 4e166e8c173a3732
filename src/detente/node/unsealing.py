"""The keys of contents: what was sealed to this member opens by whichever key it was sealed to."""

from detente.node.author import own_key_info
from detente.node.home import Home
from detente.signing import Role
from detente.statements import (
    Content,
    SealingError,
    Statement,
    read_content,
    readers_of,
    wrap_info,
)
from detente.storage.errors import MissingBlob


def content_key(
    home: Home, statement: Statement, wrap_digest: str, wrap: bytes | None = None
) -> bytes:
    """Open the content key of a statement that was sealed to this member.

    Args:
        home: open.
        statement: whose.
        wrap_digest: of the wrap addressed to this member.
        wrap: its bytes where they were read already.

    Raises:
        SealingError: none of its sealing keys opens it.
        StorageFault: the disk refused.
    """
    info = wrap_info(statement.header.position, statement.sealed.commitment, home.identity.member)
    try:
        return open_for_us(home, info, home.blobs.get(wrap_digest) if wrap is None else wrap)
    except (SealingError, MissingBlob):
        # Delivered again after a complaint, and kept as the keys of own contents are.
        kept = home.content_keys.get(statement.sealed.ciphertext)
        if kept is None:
            raise
        return open_for_us(home, own_key_info(statement.sealed.ciphertext), kept)


def own_content_key(home: Home, statement: Statement) -> bytes | None:
    """Return the key of a content this member said itself, None where it was erased.

    Raises:
        SealingError: none of its sealing keys opens it.
        StorageFault: the disk or the database refused.
    """
    ciphertext = statement.sealed.ciphertext
    kept = home.content_keys.get(ciphertext)
    return None if kept is None else open_for_us(home, own_key_info(ciphertext), kept)


def wrap_for_us(home: Home, statement: Statement) -> str | None:
    """Return the digest of the wrap that is addressed to this member, None for none."""
    chain = home.chain
    charter = None if chain is None else chain.charter(statement.header.charter)
    if charter is None:
        return None
    readers = readers_of(statement.header, tuple(charter.member_ids))
    me = home.identity.member
    return statement.sealed.wraps[readers.index(me)] if me in readers else None


def open_received(home: Home, statement: Statement) -> Content | None:
    """Open another member's content once more; None where it is not for us, or not here.

    Raises:
        SealingError, ContentError: it does not open to what was committed to.
        StorageFault: the disk refused.
    """
    wrap, ciphertext = wrap_for_us(home, statement), statement.sealed.ciphertext
    if wrap is None or not home.blobs.holds(ciphertext):
        return None
    if not home.blobs.holds(wrap) and home.content_keys.get(ciphertext) is None:
        return None
    key = content_key(home, statement, wrap)
    return read_content(statement.header, key=key, ciphertext=home.blobs.get(ciphertext))


def open_for_us(home: Home, info: bytes, sealed: bytes) -> bytes:
    """Open what was sealed to this member: try every sealing key it ever had, the newest first.

    Raises:
        SealingError: none opens it.
        StorageFault: the disk refused.
    """
    held = [each for each in home.keys.headers() if each.role is Role.SEALING]
    failure = SealingError("this node holds no sealing key")
    for header in sorted(held, key=lambda each: -each.generation):
        try:
            return home.keys.opener_of(header.public_key).open(info=info, sealed=sealed)
        except SealingError as error:
            failure = error
    raise failure
