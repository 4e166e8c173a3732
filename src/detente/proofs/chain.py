"""A charter chain: one file from which a stranger learns who the members are, and their keys.

Version 1 with every founder's acceptance; each later version with the certificate
and ballots that made it binding; and what members said about their own keys. The
digest of version 1 pins it all: who takes the file for a policy compares that
digest, the unit's id, with the one known from elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detente.charter import CHARTER_BYTES_MAX, Charter, parse_charter
from detente.proofs.errors import ChainError
from detente.proofs.file import Part, fields, print_members, read_members, read_parts
from detente.proofs.keyring import Keyring
from detente.proofs.ledger import Avowal
from detente.proofs.lineage import ReceivedBallot, ReceivedCertificate, read_lineage
from detente.statements import parse_entry

_MARK = "detente-charter-chain"
_PARTS = fields(
    many=(
        "charters",
        "acceptances",
        "certificates",
        "removed",
        "ballots",
        "receipts",
        "avowals",
        "seen",
    )
)
VERSIONS_MAX = 1_024
ENTRIES_MAX = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFile:
    """The bytes of a chain, before anything is believed.

    Attributes:
        charters: documents, version 1 first.
        acceptances: of the founders, and of whoever joined later.
        certificates: entries, one for each version from 2.
        removed: for each certificate that removes a member a cosigned checkpoint note of that
            member's log, at which its keys end; empty for any other certificate.
        ballots: entries: the confirms and consents that the certificates name.
        receipts: for each ballot its settled tlog-proof.
        avowals: entries: suspensions, rotations, recoveries, objections, departures, in the
            order they were received.
        seen: for each avowal a cosigned checkpoint note of its issuer's log, that shows how
            far the log was seen when it came, or a tlog-proof of it under such a note; empty
            where there is none.
    """

    charters: tuple[bytes, ...]
    acceptances: tuple[bytes, ...]
    certificates: tuple[bytes, ...] = ()
    removed: tuple[bytes, ...] = ()
    ballots: tuple[bytes, ...] = ()
    receipts: tuple[bytes, ...] = ()
    avowals: tuple[bytes, ...] = ()
    seen: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, data: bytes) -> "ChainFile":
        """Read the file; exactly what `to_bytes` writes is one.

        Raises:
            ProofFileError: over 64 MiB, not canonical, other parts.
            ChainError: too many versions or entries.
        """
        parts = read_parts(read_members(data, mark=_MARK), _PARTS)
        lists = {name: part for name, part in parts.items() if isinstance(part, tuple)}
        file = cls(**lists)
        file.check_caps()
        return file

    def check_caps(self) -> None:
        """Refuse what is too long before anything in it is read.

        Raises:
            ChainError: no version, too many versions or entries, a charter above 2 MiB.
        """
        if not 1 <= len(self.charters) <= VERSIONS_MAX:
            raise ChainError(f"a chain has 1 to {VERSIONS_MAX} charters, not {len(self.charters)}")
        if any(len(charter) > CHARTER_BYTES_MAX for charter in self.charters):
            raise ChainError(f"a charter has at most {CHARTER_BYTES_MAX} bytes")
        total = sum(map(len, (self.acceptances, self.certificates, self.ballots, self.avowals)))
        beside = (
            (self.seen, self.avowals),
            (self.receipts, self.ballots),
            (self.removed, self.certificates),
        )
        if any(len(evidence) != len(entries) for evidence, entries in beside):
            raise ChainError(
                "every ballot, avowal and certificate has its evidence beside it, or an empty part"
            )
        if total > ENTRIES_MAX:
            raise ChainError(f"a chain has at most {ENTRIES_MAX} entries, this one {total}")

    def to_bytes(self) -> bytes:
        """Return the file."""
        parts: dict[str, Part] = {
            "charters": self.charters,
            "acceptances": self.acceptances,
            "certificates": self.certificates,
            "removed": self.removed,
            "ballots": self.ballots,
            "receipts": self.receipts,
            "avowals": self.avowals,
            "seen": self.seen,
        }
        return print_members({_MARK: "v1"}, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterChain:
    """A chain that was verified from its bytes: made by `parse_chain` alone.

    Attributes:
        unit: hex id: the digest of version 1, which whoever relies on it compares.
        charters: every version, oldest first.
        keyring: every member's keys, with where they ended.
        recoveries: member id -> hashes of the recovery keys that were ever open.
        epochs: member id -> the newest epoch of its log that the chain knows.
        decided: digest of each version from 2 -> when its last ballot was settled, in seconds.
        file: what it was read from.
    """

    unit: str
    charters: tuple[Charter, ...]
    keyring: Keyring
    recoveries: Mapping[str, frozenset[str]]
    epochs: Mapping[str, int]
    decided: Mapping[str, int]
    file: ChainFile = field(repr=False)

    @property
    def latest(self) -> Charter:
        """The newest version."""
        return self.charters[-1]

    def charter(self, digest: str) -> Charter | None:
        """Return the version with that digest."""
        return next((each for each in self.charters if each.digest == digest), None)

    def recovery_hashes(self, member: str) -> frozenset[str]:
        """Return the hashes of every recovery key a member ever left open."""
        return self.recoveries.get(member, frozenset())

    def epoch_of(self, member: str) -> int:
        """Return the newest epoch of a member's log that the chain knows; 0 for a stranger."""
        return self.epochs.get(member, 0)


def parse_chain(data: bytes) -> CharterChain:
    """Read a chain and verify it from its bytes, version by version.

    Raises:
        ProofFileError, ChainError: not a chain file.
        CharterError: a charter, acceptance, certificate or avowal that does not hold.
        EnvelopeError, StatementError, SignatureError: an entry that was not signed so.
    """
    return verify_chain(ChainFile.parse(data))


def verify_chain(file: ChainFile) -> CharterChain:
    """Verify a chain version by version; raises as `parse_chain`."""
    file.check_caps()
    charters = tuple(parse_charter(each) for each in file.charters)
    ledger = read_lineage(
        charters,
        acceptances=file.acceptances,
        certificates=[
            ReceivedCertificate(parse_entry(entry), removed)
            for entry, removed in zip(file.certificates, file.removed, strict=True)
        ],
        ballots=[
            ReceivedBallot(parse_entry(entry), receipt)
            for entry, receipt in zip(file.ballots, file.receipts, strict=True)
        ],
        avowals=[
            Avowal(parse_entry(entry), seen)
            for entry, seen in zip(file.avowals, file.seen, strict=True)
        ],
    )
    return CharterChain(
        unit=charters[0].unit_id,
        charters=charters,
        keyring=ledger.keyring(),
        recoveries=ledger.recoveries(),
        epochs=ledger.epochs(),
        decided=ledger.decided(),
        file=file,
    )


def chain_of(
    charters: Sequence[Charter],
    *,
    acceptances: Sequence[bytes],
    certificates: Sequence[bytes] = (),
    removed: Sequence[bytes] | None = None,
    ballots: Sequence[tuple[bytes, bytes]] = (),
    avowals: Sequence[tuple[bytes, bytes]] = (),
) -> CharterChain:
    """Make and verify a chain from what a node keeps; raises as `parse_chain`.

    Args:
        charters: every version, oldest first.
        acceptances: envelopes of the founders, and of whoever joined later.
        certificates: entries, one for each version from 2.
        removed: for each certificate the removed member's cosigned checkpoint note, or
            nothing; None where no certificate removes anybody.
        ballots: (entry, settled tlog-proof) that the certificates name.
        avowals: (entry, cosigned checkpoint note or nothing) in the order received.
    """
    file = ChainFile(
        charters=tuple(charter.to_bytes() for charter in charters),
        acceptances=tuple(acceptances),
        certificates=tuple(certificates),
        removed=tuple(removed) if removed is not None else (b"",) * len(certificates),
        ballots=tuple(entry for entry, _ in ballots),
        receipts=tuple(receipt for _, receipt in ballots),
        avowals=tuple(entry for entry, _ in avowals),
        seen=tuple(note for _, note in avowals),
    )
    return verify_chain(file)
