"""One comparison as a function of a value.

Source: STIX 2.1, 9.6.1. Values of different kinds are never equal and never in
order; NOT negates what came out. Text and bytes compare where all the text lies
below U+0100. LIKE and MATCHES read NFC; MATCHES is RE2, so that no expression
can take more than linear time.
"""

from collections.abc import Callable
from typing import Any
from unicodedata import normalize

from detente.statements.errors import PatternError
from detente.statements.expressions import Comparison, Constant, ConstantKind, Operator
from detente.watch.patterns.errors import ObservationError
from detente.watch.patterns.moments import parse_moment
from detente.watch.values import network_of

Predicate = Callable[[object], bool]
# What a value is compared as: numbers with numbers, text and bytes with each other.
Family = tuple[str, Any]

_LATIN = 256
_FAMILIES = {
    ConstantKind.STRING: "text",
    ConstantKind.HEX: "bytes",
    ConstantKind.BINARY: "bytes",
    ConstantKind.INTEGER: "number",
    ConstantKind.FLOAT: "number",
    ConstantKind.BOOLEAN: "truth",
    ConstantKind.TIMESTAMP: "time",
}


def predicate_of(comparison: Comparison) -> Predicate:
    """Return the test of one value; of EXISTS, whether there is one.

    Raises:
        PatternError: an expression that RE2 refuses, a time or network that is none,
            or a set of different kinds.
    """
    operator = comparison.operator
    if operator is Operator.EXISTS:
        return lambda value: value is not None
    plain = _plain(Operator.EQ if operator is Operator.NE else operator, comparison.constants)
    if comparison.negated is (operator is Operator.NE):
        return plain
    return lambda value: not plain(value)


def _plain(operator: Operator, constants: tuple[Constant, ...]) -> Predicate:
    match operator:
        case Operator.EQ | Operator.IN:
            return _is_one_of(constants)
        case Operator.LIKE:
            return _like(str(constants[0].value))
        case Operator.MATCHES:
            return _searched(str(constants[0].value))
        case Operator.ISSUBSET | Operator.ISSUPERSET:
            inside = operator is Operator.ISSUBSET
            return _within(str(constants[0].value), value_is_inside=inside)
        case _:
            return _ordered(operator, constants[0])


def _is_one_of(constants: tuple[Constant, ...]) -> Predicate:
    families = {_FAMILIES[each.kind] for each in constants}
    if len(families) > 1:
        raise PatternError(f"a set holds values of one kind, this one {' and '.join(families)}")
    wanted = frozenset(_constant(each) for each in constants)
    if families == {"time"}:
        return lambda value: _timed(value) in wanted
    return lambda value: _family(value) in wanted


def _ordered(operator: Operator, constant: Constant) -> Predicate:
    family, wanted = _constant(constant)
    is_bytes = _FAMILIES[constant.kind] == "bytes"
    read = _timed if family == "time" else _family
    compare = _ORDERS[operator]

    def test(value: object) -> bool:
        kind, seen = read(value)
        if kind != family or kind == "truth":
            return False
        if kind == "text" and isinstance(value, bytes) != is_bytes and not _fits(seen, wanted):
            return False
        return compare(seen, wanted)

    return test


_ORDERS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.LT: lambda a, b: a < b,
    Operator.LE: lambda a, b: a <= b,
    Operator.GT: lambda a, b: a > b,
    Operator.GE: lambda a, b: a >= b,
}


def _fits(*texts: str) -> bool:
    return all(ord(sign) < _LATIN for text in texts for sign in text)


def _family(value: object) -> Family:
    """Return a value with what it can be compared with; bytes as the text of their codes."""
    match value:
        case bool():
            return "truth", value
        case int() | float():
            return "number", value
        case str():
            return "text", value
        case bytes():
            return "text", value.decode("latin-1")
        case _:
            return "nothing", None


def _timed(value: object) -> Family:
    if not isinstance(value, str):
        return _family(value)
    moment = parse_moment(value)
    if moment is None:
        raise ObservationError(f"compared with a time, but no STIX timestamp: {value!r:.60}")
    return "time", moment


def _constant(constant: Constant) -> Family:
    if constant.kind is not ConstantKind.TIMESTAMP:
        return _family(constant.value)
    moment = parse_moment(str(constant.value))
    if moment is None:
        raise PatternError(f"{constant.text[:60]} is no time there is")
    return "time", moment


def _like(mask: str) -> Predicate:
    signs = {"%": "(?s:.*)", "_": "(?s:.)"}
    escaped = "".join(signs.get(sign) or _escape(sign) for sign in normalize("NFC", mask))
    return _expression(f"^(?:{escaped})$", mask)


def _escape(sign: str) -> str:
    return sign if sign.isalnum() or ord(sign) >= _LATIN // 2 else f"\\x{{{ord(sign):x}}}"


def _searched(expression: str) -> Predicate:
    return _expression(normalize("NFC", expression), expression)


def _expression(text: str, written: str) -> Predicate:
    search = _compiled(text, latin=False, written=written)
    is_latin = _fits(text)
    search_bytes = _compiled(text, latin=True, written=written) if is_latin else None

    def test(value: object) -> bool:
        match value:
            case str():
                return search(normalize("NFC", value).encode("utf-8", "replace")) is not None
            case bytes():
                return search_bytes is not None and search_bytes(value) is not None
            case _:
                return False

    return test


def _compiled(text: str, *, latin: bool, written: str) -> Callable[[bytes], object]:
    import re2

    options = re2.Options()
    options.log_errors = False
    if latin:
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        data = text.encode("latin-1" if latin else "utf-8")
        search: Callable[[bytes], object] = re2.compile(data, options).search
    except (re2.error, UnicodeEncodeError) as refused:
        why = refused.args[0] if refused.args else refused
        why = why.decode("utf-8", "replace") if isinstance(why, bytes) else why
        raise PatternError(
            f"not an expression that is searched in linear time: {written[:80]!r} ({why})",
            remedy="Look-around and back-references have no such expression; name the text itself",
        ) from None
    return search


def _within(text: str, *, value_is_inside: bool) -> Predicate:
    wanted = network_of(text)
    if wanted is None:
        raise PatternError(f"not an address or network: {text[:60]!r}")

    def test(value: object) -> bool:
        seen = network_of(value) if isinstance(value, str) else None
        if seen is None or seen.version != wanted.version:
            return False
        inner, outer = (seen, wanted) if value_is_inside else (wanted, seen)
        return outer.prefixlen <= inner.prefixlen and inner.network_address in outer

    return test
