"""The content keys of what this member said, sealed to its own sealing key.

UNTRUSTED for secrecy (what is here opens only with the member's sealing key),
TRUSTED for availability: without it the member cannot read its own old contents,
answer a complaint or let a later reader in. Erasure takes the key away for good.
"""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select

from detente.storage.database import Database
from detente.storage.schema import content_key, statement


class ContentKeys:
    """Sealed content keys by the hash of their ciphertext, in the node's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, sealed: Mapping[str, bytes]) -> None:
        """Keep the sealed keys of some ciphertexts, durable together.

        Raises:
            StorageFault: the database refused.
        """
        rows = [{"ciphertext": bytes.fromhex(name), "sealed": key} for name, key in sealed.items()]
        if not rows:
            return
        with self._database.writing("keeping content keys") as connection:
            connection.execute(insert(content_key), rows)

    def get(self, ciphertext: str) -> bytes | None:
        """Return the sealed key, None where there is none or it was erased.

        Raises:
            StorageFault: the database refused.
        """
        wanted = select(content_key.c.sealed).where(
            content_key.c.ciphertext == bytes.fromhex(ciphertext)
        )
        with self._database.reading("reading a content key") as connection:
            return connection.execute(wanted).scalar_one_or_none()

    def unsaid(self) -> list[str]:
        """Return the ciphertexts that no statement in the index names.

        Raises:
            StorageFault: the database refused.
        """
        said = select(statement.c.ciphertext).where(statement.c.ciphertext.is_not(None))
        query = select(content_key.c.ciphertext).except_(said)
        with self._database.reading("looking for what was never said") as connection:
            return sorted(each.hex() for each in connection.execute(query).scalars())

    def erase(self, ciphertext: str) -> None:
        """Forget the key of one ciphertext.

        Raises:
            StorageFault: the database refused.
        """
        gone = delete(content_key).where(content_key.c.ciphertext == bytes.fromhex(ciphertext))
        with self._database.writing("erasing a content key") as connection:
            connection.execute(gone)
