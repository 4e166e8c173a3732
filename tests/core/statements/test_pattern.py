"""Patterns mean one thing and cannot be used to stall a node. (docs/threats.md: A10, A07)"""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stix2patterns.validator import validate

from detente.statements import PatternError, parse_pattern
from detente.statements.expressions import (
    AnyElement,
    Combined,
    Comparison,
    Compound,
    ConstantKind,
    Joint,
    Observation,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Within,
)
from detente.statements.pattern import single_equality
from detente.statements.pattern_grammar import parse_by_grammar

MD5 = "79054025255fb1a26e4bc422aef54eb4"
SINGLES = [
    "[file:name = 'x']",
    "[ipv4-addr:value='198.51.100.1']",
    "[ domain-name:value  =  'a.example' ]",
    f"[file:hashes.MD5 = '{MD5}']",
    f"[file:hashes.'SHA-256' = '{MD5}{MD5}']",
    "[process:extensions.'windows-service-ext'.service_name = 'x y']",
    "[x-usb-device:usbdrive.serial_number = '575833314133343231313937']",
    "[a:b = '']",
]


def test_a_single_comparison_is_read_as_what_it_says():
    pattern = parse_pattern("[file:hashes.'SHA-256' = '" + "ab" * 32 + "']")
    (comparison,) = pattern.comparisons()
    assert pattern.expression == Observation(comparison)
    assert comparison.path.object_type == "file"
    assert comparison.path.steps == ("hashes", "SHA-256")
    assert comparison.path.key == "file:hashes.SHA-256"
    assert (comparison.operator, comparison.negated) == (Operator.EQ, False)
    assert comparison.constants[0].value == "ab" * 32


@pytest.mark.parametrize("text", SINGLES)
def test_the_fast_path_gives_what_the_grammar_gives(text):
    assert parse_pattern(text).expression == parse_by_grammar(text)
    (comparison,) = parse_pattern(text).comparisons()
    assert single_equality(text) == (comparison.path.key, comparison.constants[0].value)


characters = "[]()'\\ =!<>abAtrueINORANDhashes:.,*-0159h/\t\n\u00a0\u2028é_"


@given(data=st.data())
def test_a_mutated_pattern_gets_the_verdict_of_the_reference(data):
    text = data.draw(st.sampled_from([*SINGLES, *LONGER]))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 1))
        text = text[:place] + data.draw(st.text(characters, max_size=2)) + text[place + cut :]
    try:
        parse_pattern(text)
        taken = True
    except PatternError:
        taken = False
    assert taken == validate(text, stix_version="2.1") or "hashes" in text


@given(junk=st.text(max_size=60) | st.text(characters, max_size=60))
def test_junk_is_refused_without_a_traceback(junk):
    try:
        parse_pattern(junk)
    except PatternError:
        return
    assert "[" in junk


LONGER = [
    "[a:b = 1 AND c:d != 'x' OR e:f > 2.5]",
    "([a:b = 1] FOLLOWEDBY [c:d IN (1, 2)]) WITHIN 5 SECONDS",
    "[a:b NOT LIKE 'x%'] REPEATS 2 TIMES OR [EXISTS a:b]",
    "[a:b = t'2024-01-15T12:30:45Z'] START t'2024-01-01T00:00:00Z' STOP t'2024-12-31T23:59:59Z'",
]


def test_and_binds_closer_than_or_within_an_observation():
    (observation,) = [parse_pattern("[a:b = 1 OR a:c = 2 AND a:d = 3]").expression]
    assert isinstance(observation, Observation)
    assert isinstance(observation.test, Compound)
    assert observation.test.joint is Joint.OR
    first, second = observation.test.parts
    assert isinstance(first, Comparison)
    assert isinstance(second, Compound)
    assert second.joint is Joint.AND


def test_and_binds_closer_than_or_and_or_closer_than_followedby():
    expression = parse_pattern(
        "[a:b = 1] FOLLOWEDBY [a:b = 2] OR [a:b = 3] AND [a:b = 4]"
    ).expression
    assert isinstance(expression, Combined)
    assert expression.joint is Joint.FOLLOWEDBY
    either = expression.parts[1]
    assert isinstance(either, Combined)
    assert either.joint is Joint.OR
    assert isinstance(either.parts[1], Combined)
    assert either.parts[1].joint is Joint.AND


def test_brackets_overrule_precedence():
    observation = parse_pattern("[(a:b = 1 OR a:c = 2) AND a:d = 3]").expression
    assert isinstance(observation, Observation)
    assert isinstance(observation.test, Compound)
    assert observation.test.joint is Joint.AND


def test_a_qualifier_belongs_to_the_observation_before_it():
    expression = parse_pattern("[a:b = 1] AND [a:b = 2] WITHIN 5 SECONDS").expression
    assert isinstance(expression, Combined)
    assert isinstance(expression.parts[0], Observation)
    assert expression.parts[1] == Qualified(
        parse_pattern("[a:b = 2]").expression, Within(seconds=5.0)
    )


def test_qualifiers_are_read_from_the_inside_out():
    start, stop = "2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"
    text = f"[a:b = 1] REPEATS 5 TIMES WITHIN 1.5 SECONDS START t'{start}' STOP t'{stop}'"
    outer = parse_pattern(text).expression
    assert isinstance(outer, Qualified)
    assert outer.qualifier == StartStop(start=start, stop=stop)
    assert isinstance(outer.expression, Qualified)
    assert outer.expression.qualifier == Within(seconds=1.5)
    assert isinstance(outer.expression.expression, Qualified)
    assert outer.expression.expression.qualifier == Repeats(times=5)


@pytest.mark.parametrize(
    ("literal", "kind", "value"),
    [
        ("'it\\'s \\\\ x'", ConstantKind.STRING, "it's \\ x"),
        ("-5", ConstantKind.INTEGER, -5),
        ("7.0", ConstantKind.FLOAT, 7.0),
        ("true", ConstantKind.BOOLEAN, True),
        ("h'ffd8'", ConstantKind.HEX, b"\xff\xd8"),
        ("b'dGVzdA=='", ConstantKind.BINARY, b"test"),
        ("t'2024-02-30T12:00:00Z'", ConstantKind.TIMESTAMP, "2024-02-30T12:00:00Z"),
    ],
)
def test_constants_are_read_by_the_way_they_are_written(literal, kind, value):
    (comparison,) = parse_pattern(f"[a:b = {literal}]").comparisons()
    (constant,) = comparison.constants
    assert (constant.kind, constant.value, constant.text) == (kind, value, literal)


def test_paths_may_hold_indices_stars_and_quoted_names():
    (comparison,) = parse_pattern("[a-b:c.d[*][1].'e-f' NOT ISSUPERSET '1.2.3.4/16']").comparisons()
    assert comparison.path.steps == ("c", "d", AnyElement.ANY, 1, "e-f")
    assert comparison.path.key == "a-b:c.d.[*].[1].e-f"
    assert comparison.negated


def test_comparisons_come_from_left_to_right():
    text = "[a:b = 1 AND (a:c = 2 OR a:d = 3)] FOLLOWEDBY ([a:e = 4] OR [a:f = 5])"
    names = [comparison.path.steps[0] for comparison in parse_pattern(text).comparisons()]
    assert names == ["b", "c", "d", "e", "f"]


@pytest.mark.parametrize("operator", ["=", "!=", "<", ">="])
def test_a_hash_that_cannot_be_one_is_refused(operator):
    with pytest.raises(PatternError, match="valid MD5"):
        parse_pattern(f"[file:hashes.MD5 {operator} 'f00']")


@pytest.mark.parametrize("test", [f"IN ('{MD5}', '{MD5[::-1]}')", "LIKE '7905%'", "MATCHES '^79'"])
def test_lists_and_parts_of_hashes_may_be_asked_for(test):
    """docs/divergences.md: the reference compares the whole list, or the mask, to a hash."""
    parse_pattern(f"[file:hashes.MD5 {test}]")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 33 + "[a:b=1]" + ")" * 33,
        "[" + "(" * 32 + "a:b=1" + ")" * 32 + "]",
        "[a:b = 1]" + " " * 32_760,
        "[a:b = " + "1" * 400 + "]",
    ],
    ids=["deep", "deep inside", "long", "huge number"],
)
def test_what_is_beyond_the_limits_is_refused(text):
    with pytest.raises(PatternError):
        parse_pattern(text)


@pytest.mark.parametrize(
    "text",
    [
        "\\'" * 16_000,
        "'" * 32_000,
        "/*" * 16_000,
        "[" * 32 + "a" * 30_000,
        "[a:b IN (" + "1," * 15_000 + "1)]",
        "[" + "a:b=1 AND " * 3_000,
        "[a:b" + "[*]" * 10_000 + "=1]",
        "([a:b=1]) " + "WITHIN 1 SECONDS " * 1_800,
    ],
    ids=["escapes", "quotes", "comments", "name", "set", "chain", "path", "qualifiers"],
)
def test_no_pattern_within_the_limits_takes_long(text):
    """ANTLR's lexer alone needed 200 s for the first of these."""
    begin = time.perf_counter()
    with suppress(PatternError):
        parse_pattern(text)
    assert time.perf_counter() - begin < 60


def test_a_thousand_alternatives_are_a_flat_list():
    text = "[" + " OR ".join(f"a:b = '{number}'" for number in range(1_500)) + "]"
    expression = parse_pattern(text).expression
    assert isinstance(expression, Observation)
    assert isinstance(expression.test, Compound)
    assert len(expression.test.parts) == 1_500
