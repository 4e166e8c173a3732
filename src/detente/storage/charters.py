"""The chain of charters this node knows, and which of them it adopted.

TRUSTED for the adopted version: an older one would let keys speak that were
taken away since. Charters lie among the blobs under their digest, so a changed
one cannot be read; the chain and its certificates are in the database.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from detente.charter import CHARTER_BYTES_MAX
from detente.storage.blobs import BlobStore
from detente.storage.database import Database
from detente.storage.errors import CharterConflict
from detente.storage.schema import charter_version


@dataclass(frozen=True, slots=True)
class KeptCharter:
    """One version of a unit's charter.

    Attributes:
        unit: hex unit id: the digest of version 1.
        version: from 1.
        digest: hex SHA-256 of the document.
        certificate: what made it follow its predecessor; None for version 1.
        adopted_at: when this node adopted it, None while it has not.
    """

    unit: str
    version: int
    digest: str
    certificate: bytes | None
    adopted_at: datetime | None


class CharterShelf:
    """Keeps charters of the units this node belongs to."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs

    def found(self, document: bytes) -> KeptCharter:
        """Keep version 1 of a unit; its digest is the unit's id. Twice is the same as once.

        Raises:
            StorageFault: the disk or the database refused.
        """
        unit = hashlib.sha256(document).hexdigest()
        return self._keep(KeptCharter(unit, 1, unit, None, None), document)

    def follow(
        self, unit: str, *, version: int, document: bytes, certificate: bytes
    ) -> KeptCharter:
        """Keep the next version of a known unit. Who calls has verified the certificate.

        Raises:
            CharterConflict: another charter is kept as this version, or the one
                before it is not known here.
            StorageFault: the disk or the database refused.
        """
        digest = hashlib.sha256(document).hexdigest()
        return self._keep(KeptCharter(unit, version, digest, certificate, None), document)

    def adopt(self, unit: str, *, version: int, at: datetime) -> None:
        """Record that this node binds itself to a version; the first record stands.

        Raises:
            CharterConflict: the version is not known here, or a later one was adopted.
            StorageFault: the database refused.
        """
        with self._database.writing("adopting a charter") as connection:
            here = _of(unit) & (charter_version.c.version == version)
            row = connection.execute(select(charter_version).where(here)).first()
            later = _of(unit) & (charter_version.c.version > version)
            adopted_later = later & charter_version.c.adopted_at.is_not(None)
            if row is None:
                raise CharterConflict(f"version {version} of unit {unit} is not known here")
            if connection.execute(select(charter_version).where(adopted_later)).first():
                raise CharterConflict(f"a charter after version {version} is adopted already")
            if row.adopted_at is None:
                moment = int(at.timestamp())
                connection.execute(update(charter_version).where(here).values(adopted_at=moment))

    def adopted(self, unit: str) -> KeptCharter | None:
        """Return the newest version this node adopted, None before the first.

        Raises:
            StorageFault: the database refused.
        """
        adopted = [kept for kept in self.chain(unit) if kept.adopted_at is not None]
        return adopted[-1] if adopted else None

    def chain(self, unit: str) -> list[KeptCharter]:
        """Return every version known, from 1, without a gap.

        Raises:
            StorageFault: the database refused.
        """
        query = select(charter_version).where(_of(unit)).order_by(charter_version.c.version)
        with self._database.reading("reading the charters") as connection:
            return [_kept(row) for row in connection.execute(query)]

    def units(self) -> list[str]:
        """Return the units of which a charter is kept, in ascending order.

        Raises:
            StorageFault: the database refused.
        """
        first = select(charter_version.c.unit).where(charter_version.c.version == 1)
        with self._database.reading("reading the charters") as connection:
            return [unit.hex() for unit in connection.execute(first.order_by("unit")).scalars()]

    def document(self, digest: str) -> bytes:
        """Return the bytes of a charter, checked against its digest.

        Raises:
            MissingBlob, DamagedBlob, StorageFault: fetch it again from a member.
        """
        return self._blobs.get(digest, bytes_max=CHARTER_BYTES_MAX)

    def _keep(self, charter: KeptCharter, document: bytes) -> KeptCharter:
        # The document first: a row never points at what is not there.
        self._blobs.put(document)
        with self._database.writing("keeping a charter") as connection:
            chain = _versions(connection, charter.unit)
            known = chain.get(charter.version)
            if known is not None and known.digest == charter.digest:
                return known
            if known is not None:
                raise CharterConflict(
                    f"version {charter.version} of unit {charter.unit} is {known.digest} here,"
                    f" not {charter.digest}",
                    remedy="Keep both certificates: two for one version prove a double vote",
                )
            if charter.version != len(chain) + 1:
                raise CharterConflict(
                    f"version {charter.version} of unit {charter.unit} cannot follow"
                    f" version {len(chain)}",
                    remedy="Fetch the versions between from a member",
                )
            row = {
                "unit": bytes.fromhex(charter.unit),
                "version": charter.version,
                "digest": bytes.fromhex(charter.digest),
                "certificate": charter.certificate,
            }
            connection.execute(insert(charter_version).values(row))
        return charter


def _of(unit: str) -> ColumnElement[bool]:
    return charter_version.c.unit == bytes.fromhex(unit)


def _versions(connection: Connection, unit: str) -> dict[int, KeptCharter]:
    rows = connection.execute(select(charter_version).where(_of(unit)))
    return {row.version: _kept(row) for row in rows}


def _kept(row: Row[Any]) -> KeptCharter:
    adopted = row.adopted_at
    return KeptCharter(
        unit=row.unit.hex(),
        version=row.version,
        digest=row.digest.hex(),
        certificate=row.certificate,
        adopted_at=None if adopted is None else datetime.fromtimestamp(adopted, UTC),
    )
