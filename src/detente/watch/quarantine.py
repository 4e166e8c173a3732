"""Received Sigma and YARA rules: kept apart, read as data, and shown what is wrong with them.

Nothing here runs a rule. A rule that passes stays in quarantine until it ran
against this node's own benign history; rules never act alone (A10 to A13).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from detente.watch.assets import Assets
from detente.watch.values import ascii_name, network_of

RULE_BYTES_MAX = 32_768
EXPRESSION_CHARS_MAX = 1_024
REPEAT_MAX = 1_000
LINES_MAX = 4_096

# A group that repeats and whose inside repeats: the time of a backtracking engine doubles
# with every character. An engine that is linear takes it too; it is shown all the same.
_NESTED = re.compile(r"\([^()]*[*+}][^()]*\)\s*[*+{]")
_BOUNDED = re.compile(r"\{(\d+)?(?:,(\d+)?)?\}")
_BACK_REFERENCE = re.compile(r"\\[1-9]|\(\?P=|\(\?[=!<]")
_MATCHES_ALL = re.compile(r"\^?(?:\.|\[[^\]]*\]|\\w|\\S)[*+]\$?")
# Comments, strings and expressions of YARA, in one pass: a quote in a comment hides nothing.
_YARA_TOKEN = re.compile(
    r'/\*.*?(?:\*/|\Z)|//[^\n]*|"(?:[^"\\\n]|\\.)*"|/((?:[^/\\\n]|\\.)+)/', re.DOTALL
)
_YARA_OUTSIDE = re.compile(r"\b(include|import|external)\b")
_YARA_NOT = re.compile(r"\bnot\b")
_SIGMA_REGEX = re.compile(r"""(?:-\s*)?['"]?[^|'":]*\|re(?:\|\w+)*['"]?:(.*)""")
_SIGMA_ITEM = re.compile(r"-(.+)")
_SIGMA_KEY = re.compile(r"([ ]*)([\w.|-]+):")
_NEGATED_NAME = re.compile(r"\bnot (?:\d+ of |all of )?\(?(?: )?([\w*]+)", re.IGNORECASE)
_WORD = re.compile(r"[0-9A-Za-z_.:/-]{4,255}")


class Standing(StrEnum):
    """Where a received rule stands."""

    QUARANTINED = "quarantined"  # passed what can be seen without running it
    FLAGGED = "flagged"  # a person, and a second one, must look first
    REFUSED = "refused"  # never runs here


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a rule.

    Attributes:
        check: for machines: size, outside, backtracking, too-broad, exempts-issuer, language.
        words: for people.
        standing: the best a rule with this finding can have.
    """

    check: str
    words: str
    standing: Standing


def examine_rule(
    language: str, text: str, issuer_assets: Assets
) -> tuple[Standing, tuple[Finding, ...]]:
    """Look at a rule without running it.

    Args:
        language: STIX pattern_type: sigma, yara; anything else is refused.
        text: the rule.
        issuer_assets: what the charter registers for its issuer: a rule that looks away
            there is flagged (A12).
    """
    findings = tuple(dict.fromkeys(_findings(language, text, issuer_assets)))
    standings = {each.standing for each in findings}
    if Standing.REFUSED in standings:
        return Standing.REFUSED, findings
    return (Standing.FLAGGED if standings else Standing.QUARANTINED), findings


def _findings(language: str, text: str, assets: Assets) -> Iterator[Finding]:
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > RULE_BYTES_MAX or text.count("\n") > LINES_MAX:
        words = f"{size} bytes; {RULE_BYTES_MAX} bytes and {LINES_MAX} lines are read"
        yield Finding("size", words, Standing.REFUSED)
        return
    match language:
        case "yara":
            yield from _yara(text, assets)
        case "sigma":
            yield from _sigma(text, assets)
        case _:
            words = f"rules in {language[:40]!r} are not read here"
            yield Finding("language", words, Standing.REFUSED)


def _yara(text: str, assets: Assets) -> Iterator[Finding]:
    plain = _YARA_TOKEN.sub(" ", text)
    for found in _YARA_OUTSIDE.finditer(plain):
        yield Finding("outside", f"`{found[1]}` reaches outside the rule", Standing.REFUSED)
    yield from _expressions(found[1] for found in _YARA_TOKEN.finditer(text) if found[1])
    if _YARA_NOT.search(plain):
        yield from _exempting(text, assets)


def _sigma(text: str, assets: Assets) -> Iterator[Finding]:
    yield from _expressions(_sigma_expressions(text.splitlines()))
    excluded = _negated_sections(text)
    yield from _exempting("\n".join(excluded), assets)


def _sigma_expressions(lines: Iterable[str]) -> Iterator[str]:
    inside = False
    for line in map(str.strip, lines):
        found = _SIGMA_REGEX.match(line)
        item = _SIGMA_ITEM.match(line)
        if found is not None:
            inside = not found[1].strip()
            yield from [] if inside else [found[1]]
        elif inside and item is not None:
            yield item[1]
        else:
            inside = False


def _negated_sections(text: str) -> list[str]:
    """Return the lines of the selections that the condition negates."""
    lines = text.splitlines()
    conditions = " ".join(" ".join(_sections(lines, ["condition"])).split())
    negated = [name.rstrip("*") for name in _NEGATED_NAME.findall(conditions)]
    return _sections(lines, [name for name in negated if name])


def _sections(lines: Iterable[str], begins: list[str]) -> list[str]:
    """Return the lines under every key that begins like one of these, its own line included."""
    kept: list[str] = []
    depth = -1
    for line in lines:
        key = _SIGMA_KEY.match(line)
        if key is not None and (depth < 0 or len(key[1]) <= depth):
            depth = len(key[1]) if key[2].startswith(tuple(begins)) else -1
        if depth >= 0:
            kept.append(line)
    return kept


def _expressions(expressions: Iterable[str]) -> Iterator[Finding]:
    for written in expressions:
        expression = written.strip().strip("'\"")
        if why := _why_risky(expression):
            words = f"{expression[:80]!r} {why}"
            yield Finding("backtracking", words, Standing.FLAGGED)
        if _MATCHES_ALL.fullmatch(expression):
            words = f"{expression[:80]!r} matches nearly everything"
            yield Finding("too-broad", words, Standing.FLAGGED)


def _why_risky(expression: str) -> str:
    if len(expression) > EXPRESSION_CHARS_MAX:
        return f"is longer than {EXPRESSION_CHARS_MAX} characters"
    if _NESTED.search(expression):
        return "repeats what repeats"
    if _BACK_REFERENCE.search(expression):
        return "refers back or looks around, which no linear engine does"
    bounds = [int(each) for found in _BOUNDED.findall(expression) for each in found if each]
    if any(bound > REPEAT_MAX for bound in bounds):
        return f"repeats more than {REPEAT_MAX} times"
    return ""


def _exempting(text: str, assets: Assets) -> Iterator[Finding]:
    """Flag what a rule looks away from, where that belongs to its issuer."""
    for word in dict.fromkeys(_WORD.findall(text)):
        if touched := _touches(word.strip("./:-"), assets):
            words = f"it looks away from {word[:80]}, which touches its issuer's {touched}"
            yield Finding("exempts-issuer", words, Standing.FLAGGED)


def _touches(word: str, assets: Assets) -> str:
    net = network_of(word)
    if net is not None:
        for own in assets.networks:
            if own.version == net.version and own.overlaps(net):
                return f"network {own}"
    name = ascii_name(word)
    for domain in sorted(assets.domains):
        if name == domain or name.endswith(f".{domain}"):
            return f"domain {domain}"
    return ""
