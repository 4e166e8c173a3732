"""What an object is found by: (path, value) pairs, the paths written as in patterns."""

from detente.statements.expressions import ConstantKind, Operator
from detente.statements.pattern import parse_pattern, single_equality
from detente.statements.stix_types import Properties

Key = tuple[str, str]
KEYS_MAX = 256  # of one object; a pattern may list thousands of values

_NAMED_BY: dict[str, tuple[str, ...]] = {
    "artifact": ("url",),
    "autonomous-system": ("number",),
    "directory": ("path",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "email-message": ("subject", "message_id"),
    "file": ("name",),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "mac-addr": ("value",),
    "mutex": ("name",),
    "process": ("command_line",),
    "software": ("name",),
    "url": ("value",),
    "user-account": ("user_id", "account_login"),
    "windows-registry-key": ("key",),
    "x509-certificate": ("serial_number",),
}


def keys_of(object_type: str, value: Properties) -> tuple[Key, ...]:
    """Return what a checked object is found by; an object may have nothing to be found by."""
    if object_type == "indicator":
        return pattern_keys(str(value["pattern"])) if value["pattern_type"] == "stix" else ()
    named = _NAMED_BY.get(object_type)
    if named is None:
        return ()
    keys = [(f"{object_type}:{name}", str(value[name])) for name in named if name in value]
    hashes = value.get("hashes")
    if isinstance(hashes, dict):
        keys += [(f"{object_type}:hashes.{name}", str(digest)) for name, digest in hashes.items()]
    return tuple(keys[:KEYS_MAX])


def pattern_keys(text: str) -> tuple[Key, ...]:
    """Return the values a valid pattern asks for by equality, at most 256; a match is no verdict.

    Raises:
        PatternError: not a pattern.
    """
    single = single_equality(text)
    if single is not None:
        return (single,)
    keys: dict[Key, None] = {}
    for comparison in parse_pattern(text).comparisons():
        if comparison.negated or comparison.operator not in (Operator.EQ, Operator.IN):
            continue
        for constant in comparison.constants:
            if constant.kind in (ConstantKind.STRING, ConstantKind.INTEGER):
                keys[comparison.path.key, str(constant.value)] = None
    return tuple(keys)[:KEYS_MAX]
