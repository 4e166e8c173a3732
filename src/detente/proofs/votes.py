"""Double votes: two ballots that no honest member casts in one version and round."""

from detente.charter.ballots import Ballot
from detente.charter.tally import double_vote, parse_ballot
from detente.proofs.chain import CharterChain
from detente.proofs.errors import ProofRefused
from detente.proofs.file import ProofFile, ProofKind
from detente.proofs.judged import Judged, judge_entry
from detente.proofs.model import Shown
from detente.signing import Role
from detente.statements import spoken


def prove_double_vote(first: bytes, second: bytes) -> ProofFile:
    """Put two ballots into a file; the order does not matter."""
    return ProofFile(ProofKind.DOUBLE_VOTE, {"first": first, "second": second})


def check_double_vote(proof: ProofFile, chain: CharterChain) -> Shown:
    """Check that one governance key cast two ballots that exclude each other.

    What excludes what is `charter.tally.double_vote`; a ballot sent twice does not.

    Raises:
        UnitError: it is not shown.
    """
    first, second = judge_entry(proof.one("first"), chain), judge_entry(proof.one("second"), chain)
    for each in (first, second):
        if each.statement.envelope.role is not Role.GOVERNANCE:
            raise ProofRefused("ballots are signed by governance keys")
    if first.issuer != second.issuer or first.key != second.key:
        raise ProofRefused("two members or two keys signed them, not one")
    what = double_vote(
        spoken(first.statement, key=first.key), spoken(second.statement, key=second.key)
    )
    if what is None:
        raise ProofRefused("an honest member may cast both of these ballots")
    version = _ballot(first).version
    return Shown(first.issuer, f"{what}, version {version}{first.remark}")


def _ballot(judged: Judged) -> Ballot:
    return parse_ballot(spoken(judged.statement, key=judged.key))
