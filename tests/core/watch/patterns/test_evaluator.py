"""A compound pattern holds exactly where drawing everything by hand says it does."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import UnitError
from detente.statements import PatternError
from detente.watch import ObservationError, compile_pattern, match_pattern
from tests.core.watch.patterns.observed import at, observation, slow_match
from tests.shared import scaled

LEAVES = st.one_of(
    st.builds("[x:v = {}]".format, st.integers(0, 3)),
    st.builds("[x:v > {}]".format, st.integers(0, 3)),
    st.builds("[x:v IN ({}, {})]".format, st.integers(0, 3), st.integers(0, 3)),
    st.builds("[x:v NOT = {} AND x:w = {}]".format, st.integers(0, 3), st.integers(0, 1)),
)


def joined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(("AND", "OR", "FOLLOWEDBY")), inner),
        st.builds("({}) WITHIN {} SECONDS".format, inner, st.integers(1, 6)),
        st.builds("({}) REPEATS {} TIMES".format, inner, st.integers(1, 3)),
        st.builds(
            lambda part, start, length: (
                f"({part}) START t'{at(start)}' STOP t'{at(start + length)}'"
            ),
            inner,
            st.integers(0, 8),
            st.integers(0, 8),
        ),
    )


PATTERNS = st.recursive(LEAVES, joined, max_leaves=4)
OBSERVED = st.lists(
    st.builds(
        lambda v, w, first, length, count: observation(
            {"type": "x", "v": v, "w": w}, first=first, last=first + length, count=count
        ),
        st.integers(0, 3),
        st.integers(0, 1),
        st.integers(0, 9),
        st.sampled_from((0, 0, 0, 1, 4)),
        st.sampled_from((1, 1, 1, 2)),
    ),
    max_size=5,
)


@given(PATTERNS, OBSERVED)
@settings(max_examples=scaled(600, 100_000))
def test_the_fast_evaluator_agrees_with_drawing_everything(
    pattern: str, data: list[dict[str, Any]]
) -> None:
    assert match_pattern(pattern, data) is slow_match(pattern, data)


def test_a_thing_observed_a_thousand_million_times_costs_no_more_than_once() -> None:
    data = [observation({"type": "x", "v": 1}, count=10**9)]
    assert match_pattern("[x:v = 1] REPEATS 1000000000 TIMES", data)
    assert not match_pattern("[x:v = 1] REPEATS 1000000001 TIMES", data)
    assert match_pattern("([x:v = 1] AND [x:v < 2]) REPEATS 500000000 TIMES", data)
    assert not match_pattern("([x:v = 1] AND [x:v < 2]) REPEATS 500000001 TIMES", data)


def test_order_and_length_of_time_among_thousands_of_observations_are_found() -> None:
    data = [observation({"type": "x", "v": n % 7}, first=n) for n in range(3_000)]
    assert match_pattern("([x:v = 6] FOLLOWEDBY [x:v = 0]) WITHIN 1 SECONDS", data)
    assert not match_pattern("([x:v = 1] FOLLOWEDBY [x:v = 0]) WITHIN 5 SECONDS", data)
    assert match_pattern(" FOLLOWEDBY ".join(["[x:v = 3]"] * 40), data)
    assert not match_pattern(" FOLLOWEDBY ".join(["[x:v = 3]"] * 430), data)


@pytest.mark.parametrize(
    "pattern",
    [
        "(([x:v = 1] FOLLOWEDBY [x:v = 0]) REPEATS 5 TIMES WITHIN 6 SECONDS) REPEATS 60 TIMES",
        "(" + " OR ".join(f"([x:v = {n}] AND [x:v = {n + 1}])" for n in range(6)) + ") REPEATS 900"
        " TIMES",
    ],
)
def test_a_pattern_that_asks_for_too_much_trying_is_answered_or_refused(pattern: str) -> None:
    data = [observation({"type": "x", "v": n % 7}, first=n // 2) for n in range(1_500)]
    assert answer(pattern, data) in (True, False, "combinations")


def test_an_expression_that_takes_others_for_ever_costs_nothing() -> None:
    text = "a" * 50_000 + "!"
    assert not match_pattern("[x:v MATCHES '^(a+)+$']", [observation({"type": "x", "v": text})])


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("[x:v MATCHES '(?=a)b']", "linear time"),
        ("[x:v MATCHES '(a)\\\\1']", "linear time"),
        ("[x:v IN (1, 'a')]", "one kind"),
        ("[x:v = 1] WITHIN 0 SECONDS", "WITHIN"),
        ("[x:v ISSUBSET '300.1.1.1/8']", "network"),
        ("[x:v = t'2026-02-30T00:00:00Z']", "no time"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_looked_at(
    pattern: str, why: str
) -> None:
    with pytest.raises(PatternError, match=why):
        compile_pattern(pattern)


@pytest.mark.parametrize(
    "data",
    [
        "text",
        [1],
        [{"type": "observed-data"}],
        [observation() | {"number_observed": 0}],
        [observation() | {"number_observed": True}],
        [observation(first=5, last=1)],
        [observation() | {"objects": 3}],
        [observation() | {"first_observed": "yesterday"}],
    ],
)
def test_data_that_is_not_observed_data_is_refused(data: Any) -> None:
    with pytest.raises(ObservationError):
        match_pattern("[x:v = 1]", data)


def test_references_are_followed_and_circles_of_them_end() -> None:
    people = [
        {"type": "p", "name": name, "knows_refs": [str(n) for n in range(4)] * 50}
        for name in "abcd"
    ]
    path = ".".join(["knows_refs[*]"] * 12)
    assert match_pattern(f"[p:{path}.name = 'c']", [observation(*people)])
    assert not match_pattern(f"[p:{path}.name = 'e']", [observation(*people)])


def test_exists_and_its_denial_ask_for_the_property_of_one_object() -> None:
    data = [observation({"type": "file", "name": "a"}, {"type": "url", "value": "b"})]
    assert match_pattern("[EXISTS file:name]", data)
    assert match_pattern("[NOT EXISTS file:size]", data)
    assert not match_pattern("[EXISTS file:size]", data)
    assert not match_pattern("[NOT EXISTS file:name]", data)


def test_networks_hold_addresses_of_their_own_version_only() -> None:
    data = [observation({"type": "ipv6-addr", "value": "2001:db8::7"})]
    assert match_pattern("[ipv6-addr:value ISSUBSET '2001:db8::/32']", data)
    assert not match_pattern("[ipv6-addr:value ISSUBSET '0.0.0.0/0']", data)
    assert match_pattern("[ipv6-addr:value ISSUPERSET '2001:db8::7']", data)


def test_random_patterns_over_random_data_give_an_answer_or_an_error_of_ours() -> None:
    random_ = random.Random(4)
    seeds = [
        "[file:hashes.'SHA-256' = 'ab' AND file:name LIKE '%.ex_'] WITHIN 5 SECONDS",
        "([a:b_ref.c[*] IN ('x', 'y')] FOLLOWEDBY [a:d > 1.5]) REPEATS 2 TIMES",
        "[ipv4-addr:value ISSUBSET '10.0.0.0/8'] START t'2026-01-01T00:00:00Z' STOP"
        " t'2026-01-02T00:00:00Z'",
        "[a:b MATCHES 'x+' OR NOT EXISTS a:c] AND [a:d != h'0102']",
    ]
    data = [
        observation({"type": "a", "b": "xx", "b_ref": "0", "c": ["x", {}], "d": 2}, count=2),
        observation({"type": "file", "name": "q.exe", "hashes": {"SHA-256": None}}, first=3),
    ]
    for _ in range(scaled(10_000, 10_000_000)):
        pattern, known = changed(random_.choice(seeds), random_), data
        if random_.random() < 0.2:
            known = [changed_json(each, random_) for each in data]
        assert answer(pattern, known) in (True, False, "combinations", "refused")


def answer(pattern: str, data: Any) -> bool | str:
    """Return the answer, or the kind of refusal; anything else is raised."""
    try:
        return match_pattern(pattern, data)
    except UnitError as refused:
        return "combinations" if "combinations" in refused.message else "refused"


def changed(text: str, random_: random.Random) -> str:
    for _ in range(random_.randint(0, 3)):
        place = random_.randrange(len(text))
        piece = random_.choice(
            ("", "'", "(", "]", "9", "NOT ", " AND ", ".", "[*]", "é", "\\", "0")
        )
        text = text[:place] + piece + text[place + random_.randint(0, 2) :]
    return text


def changed_json(value: dict[str, Any], random_: random.Random) -> Any:
    text = json.dumps(value)
    place = random_.randrange(len(text))
    try:
        return json.loads(text[:place] + random_.choice('19nul"{[') + text[place + 1 :])
    except ValueError:
        return value
