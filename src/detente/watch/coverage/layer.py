"""ATT&CK Navigator layers, format 4.5: techniques with a score and what it stands for."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from detente.watch.kernel import Rule

LAYER_FORMAT = "4.5"
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_TITLES_MAX = 10
_TITLE_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Technique:
    """A technique and what speaks for it.

    Attributes:
        id: `T1059` or `T1059.001`.
        score: how many.
        comment: for a person.
    """

    id: str
    score: int
    comment: str


def techniques_of(rules: Iterable[Rule]) -> list[Technique]:
    """Return the techniques that rules are tagged with: how many rules, and the first by name."""
    titles: dict[str, list[str]] = {}
    for rule in rules:
        found = (_TECHNIQUE.fullmatch(tag) for tag in rule.tags)
        for technique in {match[1].upper() for match in found if match}:
            titles.setdefault(technique, []).append(rule.title[:_TITLE_CHARACTERS])
    return [
        Technique(technique, len(those), _comment(sorted(those)))
        for technique, those in sorted(titles.items())
    ]


def _comment(titles: list[str]) -> str:
    more = len(titles) - _TITLES_MAX
    return "; ".join(titles[:_TITLES_MAX]) + (f"; and {more} more" if more > 0 else "")


def navigator_layer(name: str, description: str, techniques: Iterable[Technique]) -> dict[str, Any]:
    """Return a layer that ATT&CK Navigator opens."""
    shown = list(techniques)
    return {
        "name": name,
        "versions": {"layer": LAYER_FORMAT},
        "domain": "enterprise-attack",
        "description": description,
        "sorting": 3,  # by score, the highest first
        "hideDisabled": False,
        "techniques": [
            {"techniqueID": each.id, "score": each.score, "comment": each.comment, "enabled": True}
            for each in shown
        ],
        "gradient": {
            "colors": ["#e5f2ff", "#1f5fa8"],
            "minValue": 0,
            "maxValue": max((each.score for each in shown), default=1),
        },
    }
