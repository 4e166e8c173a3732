"""What a statement with content is: the kinds of trust.md, section 2."""

from enum import StrEnum


class Kind(StrEnum):
    """The kind of a statement's content; it stands in the handling leaf."""

    INDICATOR = "indicator"
    RULE = "rule"
    SIGHTING = "sighting"
    OBSERVED_DATA = "observed-data"
    REPORT = "report"
    INCIDENT = "incident"
    CLAIM = "claim"
    DENIAL = "denial"
    QUESTION = "question"
    RETRACTION = "retraction"
    DISPUTE = "dispute"
    VETO = "veto"
    PROMISE = "promise"
    NOTE = "note"
    ACCORD = "accord"
    CASE = "case"
    TASK = "task"

    @property
    def names_statements(self) -> bool:
        """True where it means nothing without naming the statements it stands beside."""
        return self in _ABOUT_OTHERS


_ABOUT_OTHERS = frozenset((Kind.DENIAL, Kind.RETRACTION, Kind.DISPUTE))

# The STIX types of which at least one must be there; other objects may come along.
MAIN_TYPES: dict[Kind, frozenset[str]] = {
    Kind.INDICATOR: frozenset(("indicator",)),
    Kind.RULE: frozenset(("indicator",)),
    Kind.SIGHTING: frozenset(("sighting",)),
    Kind.OBSERVED_DATA: frozenset(("observed-data",)),
    Kind.REPORT: frozenset(("report", "grouping")),
    Kind.INCIDENT: frozenset(("incident",)),
}
