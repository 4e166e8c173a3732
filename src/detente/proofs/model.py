"""What a proof of misbehaviour comes to, in words that claim no more than it shows."""

from dataclasses import dataclass

# The sentence every text about a proof carries (trust.md, section 5).
WHAT_IT_SHOWS = (
    "one key signed two incompatible things; this does not show who held the key, "
    "nor why (theft, a restored back-up)"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proof showed.

    Attributes:
        accused: hex member id under a charter chain, the name in a tlog-policy otherwise.
        what: the two things, in words.
    """

    accused: str
    what: str

    @property
    def reason(self) -> str:
        """The text for people: what was signed, and what that does not show."""
        return f"{self.what}: {WHAT_IT_SHOWS}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about one proof file; `detente proof verify` prints it.

    Attributes:
        valid: whether the file shows what it claims, under the policy given.
        kind: what it claims to show; "" where the file cannot be read.
        accused: whose key it is about; "" unless valid.
        reason: what was shown, or at which step it failed.
    """

    valid: bool
    kind: str
    accused: str
    reason: str
