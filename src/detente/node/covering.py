"""What rules can see in a pile of events: every input read once, nothing matched."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from detente.errors import InputError
from detente.node.event_files import EventInput, event_inputs, read_events
from detente.node.rulesets import Loaded
from detente.watch.coverage import (
    Coverage,
    CoverageFacts,
    RuleCoverage,
    SourceCoverage,
    cover,
    navigator_layer,
    techniques_of,
)
from detente.watch.kernel import Rule
from detente.watch.reading import Format


@dataclass(frozen=True, slots=True)
class Covered:
    """What rules can see in some inputs.

    Attributes:
        loaded: the rules.
        coverage: what can be said of each.
        events: how many were read.
        bad: how many lines were set aside.
        unread: files in folders that are no events, with the reason.
    """

    loaded: Loaded
    coverage: Coverage
    events: int = 0
    bad: int = 0
    unread: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def count(self) -> int:
        """How many rules there are, the refused ones included."""
        return len(self.coverage.rules) + len(self.loaded.rules.refused)

    def document(self) -> dict[str, Any]:
        """Return it as the command line prints it."""
        rules, coverage = self.loaded.rules, self.coverage
        refused = [
            {"rule": e.rule, "title": e.title, "file": e.file, "line": e.line, "reason": e.reason}
            for e in rules.refused
        ]
        return {
            "rules": self.count,
            "can_fire": len(coverage.firing),
            "refused": refused,
            "unseen_fields": list(self._unseen_fields()),
            "cannot_fire": [
                self._named(each) | {"reason": self.why(each)}
                for each in coverage.rules
                if not each.can_fire
            ],
            "silent_sources": [_source_row(e) for e in coverage.sources if not e.events],
            "sources": [_source_row(e) for e in coverage.sources if e.events],
            "left_out": self.loaded.left_out,
            "events": self.events,
            "events_no_rule_looks_at": coverage.unmet,
            "set_aside": self.bad,
        }

    def layer(self) -> dict[str, Any]:
        """Return an ATT&CK Navigator layer of the rules that can fire, and of no others."""
        firing = [self.rule(each) for each in self.coverage.rules if each.can_fire]
        return navigator_layer(
            "Covered by rules that can fire",
            f"{len(firing)} of {self.count} rules can fire on {self.events} events; "
            "the score is how many of them name the technique",
            techniques_of(firing),
        )

    def rule(self, each: RuleCoverage) -> Rule:
        """Return what is told of a rule."""
        return self.loaded.rules.program.rules[each.rule]

    def why(self, each: RuleCoverage) -> str:
        """Say why a rule cannot fire."""
        if not each.is_met:
            events = self.coverage.events_of(self.rule(each).source)
            return (
                "its log source was seen, but no event with its Channel and EventID"
                if events
                else "no event of its log source was seen"
            )
        if each.needed:
            return f"never seen in its log source: {', '.join(each.needed)}"
        if each.unseen:
            return f"no way is left without {', '.join(each.unseen)}"
        return "its condition can never hold"

    def _named(self, each: RuleCoverage) -> dict[str, Any]:
        rule = self.rule(each)
        return {"rule": rule.id, "title": rule.title, "level": rule.level}

    def _unseen_fields(self) -> Iterator[dict[str, Any]]:
        for each in self.coverage.rules:
            for name in each.unseen:
                yield {
                    "rule": self.rule(each).id,
                    "field": name,
                    "needed": name in each.needed,
                    "can_fire": each.can_fire,
                }


def cover_inputs(
    loaded: Loaded, names: Sequence[str], *, form: Format = Format.AUTO, now: float
) -> Covered:
    """Read all inputs once and say what the wanted rules can see there.

    Args:
        loaded: the rules.
        names: files, folders or `-` for standard input.
        form: format of them all.
        now: seconds since 1970; for times that name no year.

    Raises:
        InputError: an input is missing, or not of a format known here.
        EnvironmentFault: it cannot be read.
    """
    facts = CoverageFacts(loaded.rules.program, loaded.wanted)
    events = bad = 0
    unread: list[tuple[str, str]] = []
    for name in event_inputs(names):
        try:
            for batch in read_events(EventInput(name, form), now=now):
                facts.observe(batch.events)
                events += len(batch.events)
                bad += len(batch.bad)
        except InputError as error:
            if name in names:
                raise
            # A folder holds what it holds; only what was named must be events.
            unread.append((name, error.message))
    return Covered(loaded, cover(loaded.rules, loaded.wanted, facts), events, bad, unread)


def _source_row(each: SourceCoverage) -> dict[str, Any]:
    category, product, service = each.source
    return {
        "category": category,
        "product": product,
        "service": service,
        "rules": each.rules,
        "can_fire": each.can_fire,
        "events": each.events,
    }
