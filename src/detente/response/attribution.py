"""Who did it: what a named member holds, on which evidence, beside every denial, undecided.

Nothing here adds words up or says who is right. Words of likelihood and confidence:
ICD 203; grades of source and information: the Admiralty system (NATO AJP-2.1).
"""

from dataclasses import dataclass

from detente.response.threads import Placed, Thread

UNDECIDED = "undecided: a signature shows who says it, not that it is true"


@dataclass(frozen=True, slots=True)
class Attribution:
    """A claim about who did it, and what stands beside it.

    Attributes:
        claim: its entry: actor, words, likelihood, confidence, grades, evidence.
        beside: support, doubt and denial of others, in order.
        is_withdrawn: by who made it.
    """

    claim: Placed
    beside: tuple[Placed, ...]
    is_withdrawn: bool

    @property
    def standing(self) -> str:
        """The same whatever stands beside it; withdrawn where its author took it back."""
        return "withdrawn" if self.is_withdrawn else UNDECIDED

    @property
    def grade(self) -> str:
        """Admiralty grade, as B2."""
        return self.claim.entry.text("source") + self.claim.entry.text("content")


def attribution_of(thread: Thread) -> Attribution:
    """Return what a thread of the sort `attribution` comes to."""
    author = thread.opening.author
    return Attribution(
        claim=thread.placed[0],
        beside=tuple(
            each for each in thread.placed if each.entry.act in ("support", "doubt", "deny")
        ),
        is_withdrawn=any(
            each.entry.act == "withdraw" and each.entry.author == author for each in thread.placed
        ),
    )
