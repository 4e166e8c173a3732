"""How many must agree: for a log entry to be settled, and for a charter to change.

Both are intersections. Any two quorums share more than f members, so at least
one honest member stands in both and would not sign two incompatible things.
Source: trust.md, sections 3 and 4 (both tables are computed here).
"""

from dataclasses import dataclass

from detente.charter.errors import UnsafeUnit
from detente.charter.model import Charter

IMPOSSIBLE = "\u00d7"  # multiplication sign
_NO_REMOVAL = "\u2212"  # minus sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """When an entry of one member's log is settled.

    Attributes:
        n: members.
        f: hostile members to bear.
        outside: outside witnesses in the charter.
        q: cosignatures needed among the eligible.
        member_mirrors: how many of those must be members' mirror cosignatures.
    """

    n: int
    f: int
    outside: int
    q: int
    member_mirrors: int

    @property
    def eligible(self) -> int:
        """Cosigners that may count: the other members and the outside witnesses (w)."""
        return self.n - 1 + self.outside

    @property
    def safe(self) -> bool:
        """True where the quorum can be reached at all; two of them share an honest cosigner."""
        return self.q <= self.eligible

    @property
    def live(self) -> bool:
        """True where q cosigners remain when f eligible ones are silent (the table's L)."""
        return self.q <= self.eligible - self.f

    @property
    def mirrors_live(self) -> bool:
        """True where enough member mirrors remain when f *members* are silent."""
        return self.member_mirrors <= self.n - 1 - self.f

    @property
    def cell(self) -> str:
        """The table's cell: q and L or S, or IMPOSSIBLE."""
        if not self.safe:
            return IMPOSSIBLE
        return f"{self.q}{'L' if self.live else 'S'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """What binds a charter's members to a new version.

    Attributes:
        n: members.
        f: hostile members to bear.
        q: ballots of one kind needed.
    """

    n: int
    f: int
    q: int

    @property
    def safe(self) -> bool:
        """True where the quorum can be reached at all."""
        return self.q <= self.n

    @property
    def live(self) -> bool:
        """True where q members remain when f are silent."""
        return self.q <= self.n - self.f

    @property
    def can_remove(self) -> bool:
        """True where q can be reached without the accused."""
        return self.q <= self.n - 1

    @property
    def cell(self) -> str:
        """The table's cell: q, L or S, and + where removal is possible; or IMPOSSIBLE."""
        if not self.safe:
            return IMPOSSIBLE
        return f"{self.q}{'L' if self.live else 'S'}{'+' if self.can_remove else _NO_REMOVAL}"


def settlement(*, n: int, f: int, outside: int) -> Settlement:
    """Return the least q with 2q - w > f over the w eligible cosigners, and the mirrors needed."""
    eligible = n - 1 + outside
    return Settlement(
        n=n, f=f, outside=outside, q=(eligible + f) // 2 + 1, member_mirrors=min(f + 1, n - 1)
    )


def governance(*, n: int, f: int) -> Governance:
    """Return the least q with q > (n + f) / 2."""
    return Governance(n=n, f=f, q=(n + f) // 2 + 1)


def settlement_of(charter: Charter) -> Settlement:
    """Return the settlement rule of a charter; the same for every member's log."""
    return settlement(n=len(charter.members), f=charter.f, outside=len(charter.witnesses))


def governance_of(charter: Charter) -> Governance:
    """Return the rule by which a charter's members change it."""
    return governance(n=len(charter.members), f=charter.f)


def settlement_row(n: int, f: int) -> str:
    """Return one member count's row of the settlement table, for 0 to 3 outside witnesses."""
    cells = (f"{m} outside: {settlement(n=n, f=f, outside=m).cell}" for m in range(4))
    return f"n = {n}, f = {f}: " + ", ".join(cells)


def governance_row(n: int) -> str:
    """Return one member count's row of the charter table, for f = 0, 1, 2."""
    cells = " / ".join(governance(n=n, f=f).cell for f in range(3))
    return f"n = {n}: q at f = 0 / 1 / 2 is {cells}"


def require_safe(charter: Charter) -> None:
    """Refuse a unit that could not be safe for the f it asks.

    Raises:
        UnsafeUnit: either quorum is impossible; the text carries that table's row.
    """
    rule = governance_of(charter)
    if not rule.safe:
        raise UnsafeUnit(
            f"{rule.n} members cannot bear f = {rule.f}: a charter needs {rule.q} ballots"
            f" ({governance_row(rule.n)})",
            remedy="Ask for a smaller f or admit more members",
        )
    settled = settlement_of(charter)
    if not settled.safe:
        raise UnsafeUnit(
            f"{settled.n} members and {settled.outside} outside witnesses cannot bear"
            f" f = {settled.f}: settlement needs {settled.q} of {settled.eligible} cosigners"
            f" ({settlement_row(settled.n, settled.f)})",
            remedy="Name more outside witnesses or ask for a smaller f",
        )
