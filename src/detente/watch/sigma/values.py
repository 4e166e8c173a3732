"""Values of Sigma to atoms: what pySigma made of a value and its modifiers."""

from typing import Any

from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from detente.watch.errors import WatchError
from detente.watch.kernel import Op, check_expression, text_of
from detente.watch.kernel.patterns import ANY_ONE, ANY_RUN

Atom = tuple[Op, Any]

TEXT_CHARACTERS_MAX = 64 * 1024
_COMPARISONS = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
    CompareOperators.NEQ: "ne",
}
_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_CASED = {
    Op.IS: Op.CASED_IS,
    Op.CONTAINS: Op.CASED_CONTAINS,
    Op.STARTS: Op.CASED_STARTS,
    Op.ENDS: Op.CASED_ENDS,
    Op.GLOB: Op.CASED_GLOB,
}


def field_atom(value: SigmaType) -> Atom:
    """Return what a value asks of a field.

    Raises:
        WatchError: the kernel has no question of this kind.
    """
    match value:
        case SigmaString():
            return _text_atom(_parts(value), cased=isinstance(value, SigmaCasedString))
        case SigmaTimestampPart():
            return Op.TIME, [value.timestamp_part.name.lower(), "eq", value.number]
        case SigmaNumber():
            return Op.IS, str(value.number)
        case SigmaCompareExpression():
            return _comparison(value)
        case SigmaRegularExpression():
            return Op.REGEX, _expression(value)
        case _:
            return _special_atom(value)


def _special_atom(value: SigmaType) -> Atom:
    match value:
        case SigmaBool():
            return Op.IS, text_of(value.boolean)
        case SigmaNull():
            return Op.MISSING, None
        case SigmaCIDRExpression():
            return Op.NETWORK, str(value.network)
        case SigmaExists():
            return (Op.EXISTS if value.exists else Op.MISSING), None
        case SigmaFieldReference():
            return Op.FIELD, [value.field, _reference_kind(value)]
        case _:
            raise WatchError(f"a value of kind {type(value).__name__} is not carried")


def keyword_atom(value: SigmaType) -> Atom:
    """Return what a value without a field asks of every field.

    Raises:
        WatchError: it makes no sense without a field.
    """
    match value:
        case SigmaString():
            cased = isinstance(value, SigmaCasedString)
            return _text_atom([ANY_RUN, *_parts(value), ANY_RUN], cased=cased)
        case SigmaTimestampPart():
            raise WatchError("a part of a time is asked of a field")
        case SigmaNumber():
            return Op.CONTAINS, str(value.number)
        case SigmaBool():
            return Op.CONTAINS, text_of(value.boolean)
        case SigmaRegularExpression() | SigmaCIDRExpression():
            return field_atom(value)
        case _:
            raise WatchError(f"{type(value).__name__} is asked of a field, and none is named")


def _parts(value: SigmaString) -> list[str | int]:
    parts: list[str | int] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise WatchError(
                f"the placeholder %{part.name}% has no values here",
                remedy="Give them by a pipeline with value placeholders",
            )
        if isinstance(part, SpecialChars):
            parts.append(ANY_RUN if part is SpecialChars.WILDCARD_MULTI else ANY_ONE)
        else:
            parts.append(part)
    return parts


def _text_atom(parts: list[str | int], *, cased: bool) -> Atom:
    if sum(len(part) for part in parts if isinstance(part, str)) > TEXT_CHARACTERS_MAX:
        raise WatchError(f"a value of more than {TEXT_CHARACTERS_MAX} characters")
    whole = _joined(parts)
    if not cased:
        whole = [part.lower() if isinstance(part, str) else part for part in whole]
    op, value = _simplest(whole)
    return _CASED.get(op, op) if cased else op, value


def _joined(parts: list[str | int]) -> list[str | int]:
    """Join neighbouring texts, and runs of `*`."""
    whole: list[str | int] = []
    for part in parts:
        last = whole[-1] if whole else None
        if isinstance(part, str) and isinstance(last, str):
            whole[-1] = last + part
        elif part != "" and not (part is last is ANY_RUN):
            whole.append(part)
    return whole


def _simplest(parts: list[str | int]) -> Atom:
    match parts:
        case [] | [str()]:
            return Op.IS, "".join(str(part) for part in parts)
        case [0]:
            return Op.EXISTS, None
        case [0, str(text), 0]:
            return Op.CONTAINS, text
        case [0, str(text)]:
            return Op.ENDS, text
        case [str(text), 0]:
            return Op.STARTS, text
        case _:
            return Op.GLOB, parts


def _expression(value: SigmaRegularExpression) -> str:
    if value.contains_placeholder():
        raise WatchError("an expression with a placeholder that has no values here")
    flags = "".join(sorted(_FLAGS[flag] for flag in value.flags))
    pattern = (f"(?{flags})" if flags else "") + str(value.regexp)
    check_expression(pattern)
    return pattern


def _comparison(value: SigmaCompareExpression) -> Atom:
    comparison = _COMPARISONS[value.op]
    if isinstance(value.number, SigmaTimestampPart):
        unit = value.number.timestamp_part.name.lower()
        return Op.TIME, [unit, comparison, value.number.number]
    return Op.NUMBER, [comparison, value.number.number]


def _reference_kind(value: SigmaFieldReference) -> str:
    match value.starts_with, value.ends_with:
        case True, True:
            return "contains"
        case True, False:
            return "starts"
        case False, True:
            return "ends"
        case _:
            return "is"
