"""The certificate: what makes version N+1 binding, checked from its ballots alone.

Old and new quorums both: q of the old members confirmed in one round, and a quorum of
the new members consented to this digest by yes ballots or acceptances (docs/adr/0010).
"""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from detente.charter.ballots import Certificate, Confirm, Yes
from detente.charter.errors import BallotError, CertificateError
from detente.charter.model import Charter, Refused, Spoken
from detente.charter.quorum import governance_of
from detente.charter.rounds import Candidate, Election, Highest, View, is_certified
from detente.charter.succession import candidate_of
from detente.charter.tally import GovernanceKey, check_ballot, shown_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """A charter with the members whose ballots made it binding."""

    charter: Charter
    round: int
    confirmed_by: frozenset[str]
    consented_by: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a certificate points to, as its checker holds it.

    Attributes:
        ballots: by payload hash; signatures checked by who made them.
        settled: payload hashes whose settled receipts were verified. Without them an old
            stolen key could grow a second chain in private.
        accepted: members whose acceptance of the new charter was verified.
        governance_key: of a member at a place of its log.
    """

    ballots: Mapping[str, Spoken]
    settled: Set[str]
    accepted: Set[str]
    governance_key: GovernanceKey


def check_certificate(
    certificate: Certificate, *, old: Charter, new: Charter, record: Record
) -> Certified:
    """Check that `new` follows `old` by the quorums of both.

    Whether `new` has itself expired meanwhile is no concern here: the chain must be
    able to pass through it (docs/adr/0011).

    Raises:
        CertificateError: other documents, a ballot absent, unsettled, twice by one member,
            for another digest or round, or too few.
        SuccessionError, CharterFormatError, NameRefused, UnsafeUnit: `new` may not follow.
    """
    if (certificate.version, certificate.digest) != (new.version, new.digest):
        raise CertificateError(
            f"the certificate is for version {certificate.version}"
            f" {certificate.digest[:16]}…, the document is version {new.version}"
        )
    candidate = candidate_of(old, new, record.accepted)
    confirmed = _confirmed(certificate, candidate, old, record)
    consented = _consented(certificate, candidate, old, record)
    needed = governance_of(old).q
    if len(confirmed) < needed:
        raise CertificateError(
            f"{len(confirmed)} of the old members confirmed version {new.version},"
            f" {needed} are needed"
        )
    if len(consented) < candidate.consents_needed:
        raise CertificateError(
            f"{len(consented)} of the new members consented to version {new.version},"
            f" {candidate.consents_needed} are needed"
        )
    return Certified(
        charter=new,
        round=certificate.round,
        confirmed_by=confirmed,
        consented_by=consented,
    )


def draw_up(
    election: Election, view: View, *, round: int, digest: str, acceptances: Iterable[str] = ()
) -> Certificate | Refused:
    """Return the certificate a view holds for a digest in one round, or that it holds none.

    Args:
        election: of this version.
        view: ballots that count.
        round: in which the confirms stand.
        digest: of the new charter.
        acceptances: payload hashes of the envelopes by which joiners accepted it.
    """
    if not is_certified(election, view, round=round, digest=digest):
        return Refused(f"{digest[:16]}… has not its quorums in round {round}")
    candidate = election.candidates[digest]
    confirms = {
        cast.member: cast.hash
        for cast in sorted(view, key=lambda cast: cast.hash)
        if cast.kind == "confirm" and (cast.round, cast.digest) == (round, digest)
    }
    consents = shown_set(view, Highest(round, digest)).yes
    return Certificate(
        version=election.version,
        digest=digest,
        round=round,
        confirms=tuple(sorted(confirms[each] for each in confirms.keys() & candidate.voters)),
        consents=tuple(
            sorted(c.hash for c in view if c.hash in consents and c.member in candidate.members)
        ),
        acceptances=tuple(sorted(acceptances)),
    )


def _confirmed(
    certificate: Certificate, candidate: Candidate, old: Charter, record: Record
) -> frozenset[str]:
    members: set[str] = set()
    for payload_hash in certificate.confirms:
        spoken = _settled(payload_hash, record)
        ballot = _checked(spoken, old, record)
        if not isinstance(ballot, Confirm) or ballot.round != certificate.round:
            raise CertificateError(f"{payload_hash[:16]}… is no confirm of that round")
        _count(members, spoken, ballot.digest, candidate, candidate.voters)
    return frozenset(members)


def _consented(
    certificate: Certificate, candidate: Candidate, old: Charter, record: Record
) -> frozenset[str]:
    members = set(candidate.accepted)
    by_ballot: set[str] = set()
    for payload_hash in certificate.consents:
        spoken = _settled(payload_hash, record)
        ballot = _checked(spoken, old, record)
        if not isinstance(ballot, Yes) or ballot.round > certificate.round:
            raise CertificateError(f"{payload_hash[:16]}… is no yes up to that round")
        _count(by_ballot, spoken, ballot.digest, candidate, candidate.members)
    return frozenset(members | by_ballot)


def _settled(payload_hash: str, record: Record) -> Spoken:
    spoken = record.ballots.get(payload_hash)
    if spoken is None:
        raise CertificateError(f"the ballot {payload_hash[:16]}… is not at hand")
    if payload_hash not in record.settled:
        raise CertificateError(f"the ballot {payload_hash[:16]}… has no settled receipt")
    return spoken


def _checked(spoken: Spoken, old: Charter, record: Record) -> object:
    try:
        return check_ballot(spoken, old, record.governance_key)
    except BallotError as error:
        raise CertificateError(error.message) from None


def _count(
    members: set[str],
    spoken: Spoken,
    digest: str,
    candidate: Candidate,
    entitled: frozenset[str],
) -> None:
    if digest != candidate.digest:
        raise CertificateError(f"{spoken.payload_hash[:16]}… is for another charter")
    if spoken.issuer not in entitled:
        raise CertificateError(
            f"{spoken.issuer[:16]}… does not vote here: not a member, or on its own removal"
        )
    if spoken.issuer in members:
        raise CertificateError(f"{spoken.issuer[:16]}… is counted twice")
    members.add(spoken.issuer)
