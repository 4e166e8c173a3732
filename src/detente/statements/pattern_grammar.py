"""Patterns by the OASIS grammar: the slow way, and the one that decides.

stix2-patterns (OASIS, BSD-3-Clause) parses; this module turns its tree into
our values. A chain of a thousand ORs is a thousand levels deep in ANTLR's
tree, so chains are walked in a loop; only brackets recurse, and they are capped.
"""

import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any, TypeVar

from antlr4 import BailErrorStrategy, CommonTokenStream, InputStream
from antlr4.error.Errors import ParseCancellationException
from stix2patterns.v21.grammars.STIXPatternLexer import STIXPatternLexer
from stix2patterns.v21.grammars.STIXPatternParser import STIXPatternParser as Grammar
from stix2patterns.v21.object_validator import HASHES_REGEX

from detente.statements.errors import PatternError
from detente.statements.expressions import (
    AnyElement,
    Combined,
    Comparison,
    Compound,
    Constant,
    ConstantKind,
    Expression,
    Joint,
    ObjectPath,
    Observation,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Step,
    Test,
    Within,
)

# ANTLR's contexts carry no types; each function here takes one and returns a value of ours.
Context = Any

Number = TypeVar("Number", int, float)

_ESCAPED = re.compile(r"\\(['\\])")
_DIGITS_MAX = 300
_TOKEN_KINDS = {
    Grammar.IntNegLiteral: ConstantKind.INTEGER,
    Grammar.IntPosLiteral: ConstantKind.INTEGER,
    Grammar.FloatNegLiteral: ConstantKind.FLOAT,
    Grammar.FloatPosLiteral: ConstantKind.FLOAT,
    Grammar.HexLiteral: ConstantKind.HEX,
    Grammar.BinaryLiteral: ConstantKind.BINARY,
    Grammar.StringLiteral: ConstantKind.STRING,
    Grammar.BoolLiteral: ConstantKind.BOOLEAN,
    Grammar.TimestampLiteral: ConstantKind.TIMESTAMP,
}
_OPERATORS = {
    Grammar.EQ: Operator.EQ,
    Grammar.NEQ: Operator.NE,
    Grammar.GT: Operator.GT,
    Grammar.LT: Operator.LT,
    Grammar.GE: Operator.GE,
    Grammar.LE: Operator.LE,
    Grammar.IN: Operator.IN,
    Grammar.LIKE: Operator.LIKE,
    Grammar.MATCHES: Operator.MATCHES,
    Grammar.ISSUBSET: Operator.ISSUBSET,
    Grammar.ISSUPERSET: Operator.ISSUPERSET,
    Grammar.EXISTS: Operator.EXISTS,
}

# A hash is compared whole by these; LIKE and MATCHES may hold a part of one.
_HASH_OPERATORS = frozenset(
    (Operator.EQ, Operator.NE, Operator.IN, Operator.LT, Operator.LE, Operator.GT, Operator.GE)
)


def parse_by_grammar(text: str) -> Expression:
    """Parse with the OASIS grammar and its two checks of meaning (hashes, qualifiers).

    Raises:
        PatternError: refused by either.
    """
    try:
        return _joined_observations(_tree(text).observationExpressions())
    except RecursionError:
        raise PatternError("the pattern is nested too deeply") from None
    except ValueError as error:  # base64 of a binary constant
        raise PatternError(f"a constant that cannot be read: {error}") from None


def _tree(text: str) -> Context:
    lexer = STIXPatternLexer(InputStream(text))
    lexer.removeErrorListeners()
    parser = Grammar(CommonTokenStream(lexer))
    parser.removeErrorListeners()
    # The default strategy repairs and goes on; ANTLR offers no public way to choose another.
    parser._errHandler = BailErrorStrategy()
    try:
        return parser.pattern()
    except ParseCancellationException as cancelled:
        token = getattr(cancelled.args[0], "offendingToken", None)
        place = f"{token.line}:{token.column}" if token is not None else "1:0"
        seen = repr(token.text[:40]) if token is not None else "nothing"
        raise PatternError(f"not a STIX pattern: unexpected {seen} at {place}") from None


def _chain(context: Context, level: str) -> tuple[list[Context], bool]:
    """Unroll a left-recursive rule: the operands one level down, and whether there are several."""
    waiting, operands = [context], []
    while waiting:
        node = waiting.pop()
        sides = getattr(node, level)()
        if sides:
            waiting += reversed(sides)
        else:
            operands.append(node)
    return operands, len(operands) > 1


def _joined_observations(context: Context) -> Expression:
    operands, several = _chain(context, "observationExpressions")
    parts = tuple(_any_observation(each.observationExpressionOr()) for each in operands)
    return Combined(Joint.FOLLOWEDBY, parts) if several else parts[0]


def _any_observation(context: Context) -> Expression:
    operands, several = _chain(context, "observationExpressionOr")
    parts = tuple(_all_observations(each.observationExpressionAnd()) for each in operands)
    return Combined(Joint.OR, parts) if several else parts[0]


def _all_observations(context: Context) -> Expression:
    operands, several = _chain(context, "observationExpressionAnd")
    parts = tuple(_observation(each.observationExpression()) for each in operands)
    return Combined(Joint.AND, parts) if several else parts[0]


def _observation(context: Context) -> Expression:
    qualifiers: list[Within | Repeats | StartStop] = []
    while (qualifier := _qualifier(context)) is not None:
        qualifiers.append(qualifier)
        context = context.observationExpression()
    expression: Expression
    if isinstance(context, Grammar.ObservationExpressionCompoundContext):
        expression = _joined_observations(context.observationExpressions())
    else:
        # Of the same observation one thing cannot be asked twice; of a group it can.
        if len({type(each) for each in qualifiers}) != len(qualifiers):
            raise PatternError("a qualifier stands twice on one observation")
        expression = Observation(_any_test(context.comparisonExpression()))
    for each in reversed(qualifiers):
        expression = Qualified(expression=expression, qualifier=each)
    return expression


def _qualifier(context: Context) -> Within | Repeats | StartStop | None:
    match context:
        case Grammar.ObservationExpressionWithinContext():
            within = context.withinQualifier()
            seconds = within.IntPosLiteral() or within.FloatPosLiteral()
            return Within(seconds=_number(seconds.getText(), float))
        case Grammar.ObservationExpressionRepeatedContext():
            times = context.repeatedQualifier().IntPosLiteral()
            return Repeats(times=_number(times.getText(), int))
        case Grammar.ObservationExpressionStartStopContext():
            start, stop = context.startStopQualifier().TimestampLiteral()
            return StartStop(start=start.getText()[2:-1], stop=stop.getText()[2:-1])
        case _:
            return None


def _any_test(context: Context) -> Test:
    operands, several = _chain(context, "comparisonExpression")
    parts = tuple(_all_tests(each.comparisonExpressionAnd()) for each in operands)
    return Compound(Joint.OR, parts) if several else parts[0]


def _all_tests(context: Context) -> Test:
    operands, several = _chain(context, "comparisonExpressionAnd")
    parts = tuple(_test(each.propTest()) for each in operands)
    return Compound(Joint.AND, parts) if several else parts[0]


def _test(context: Context) -> Test:
    if isinstance(context, Grammar.PropTestParenContext):
        return _any_test(context.comparisonExpression())
    path = _path(context.objectPath())
    operator, constants = Operator.EXISTS, tuple[Constant, ...]()
    for child in context.children:
        token = getattr(child, "symbol", None)
        if token is None:
            constants += _constants(child)
        elif token.type == Grammar.StringLiteral:
            constants += (_constant(token),)
        elif token.type != Grammar.NOT:
            operator = _OPERATORS[token.type]
    comparison = Comparison(
        path=path, operator=operator, negated=context.NOT() is not None, constants=constants
    )
    _check_hash(comparison)
    return comparison


def _path(context: Context) -> ObjectPath:
    steps: list[Step] = [_name(context.firstPathComponent())]
    operands: list[Context] = []
    waiting = [context.objectPathComponent()] if context.objectPathComponent() else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Grammar.PathStepContext):
            waiting += reversed(node.objectPathComponent())
        else:
            operands.append(node)
    steps += map(_step, operands)
    return ObjectPath(object_type=context.objectType().getText(), steps=tuple(steps))


def _step(context: Context) -> Step:
    if isinstance(context, Grammar.IndexPathStepContext):
        if context.ASTERISK() is not None:
            return AnyElement.ANY
        return _number(context.IntPosLiteral().getText(), int)
    return _name(context)


def _name(context: Context) -> str:
    literal = context.StringLiteral()
    if literal is not None:
        return _unquote(literal.getText())
    text: str = context.IdentifierWithoutHyphen().getText()
    return text


def _constants(context: Context) -> tuple[Constant, ...]:
    """Return the constants below a literal context, in their order; none below a path."""
    if isinstance(context, Grammar.ObjectPathContext):
        return ()
    if isinstance(context, Grammar.SetLiteralContext):
        return tuple(_constant(_first_token(each)) for each in context.primitiveLiteral())
    return (_constant(_first_token(context)),)


def _first_token(context: Context) -> Context:
    while not hasattr(context, "symbol"):
        context = context.getChild(0)
    return context.symbol


def _constant(token: Context) -> Constant:
    text: str = token.text
    kind = _TOKEN_KINDS[token.type]
    value: str | int | float | bool | bytes
    match kind:
        case ConstantKind.STRING:
            value = _unquote(text)
        case ConstantKind.INTEGER:
            value = _number(text, int)
        case ConstantKind.FLOAT:
            value = _number(text, float)
        case ConstantKind.BOOLEAN:
            value = text == "true"
        case ConstantKind.HEX:
            value = bytes.fromhex(text[2:-1])
        case ConstantKind.BINARY:
            value = b64decode(text[2:-1])
        case ConstantKind.TIMESTAMP:
            value = text[2:-1]
    return Constant(kind=kind, value=value, text=text)


def _number(text: str, read: Callable[[str], Number]) -> Number:
    if len(text) > _DIGITS_MAX:
        raise PatternError(f"a number of {len(text)} digits")
    return read(text)


def _unquote(literal: str) -> str:
    return _ESCAPED.sub(r"\1", literal[1:-1])


def _check_hash(comparison: Comparison) -> None:
    steps = comparison.path.steps
    algorithm = steps[-1]
    if "hashes" not in steps or not isinstance(algorithm, str):
        return
    if comparison.operator not in _HASH_OPERATORS:
        return
    form = HASHES_REGEX.get(algorithm.upper().replace("-", ""))
    for constant in comparison.constants if form else ():
        if re.match(form[0], str(constant.value)) is None:
            raise PatternError(f"{constant.text[:80]} is not a valid {algorithm} hash")
