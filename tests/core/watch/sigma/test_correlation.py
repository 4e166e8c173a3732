"""Several matches together: by the time events say, in bounded memory, and told once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.watch.kernel import Kernel
from detente.watch.sigma.compiling import compile_rules
from detente.watch.sigma.correlation import Bounds, Correlator
from detente.watch.sigma.model import RuleFile
from tests.shared import scaled

SOURCE = {"product": "linux", "category": "process_creation"}
BASES = """\
title: {0}
name: {0}
id: 11111111-1111-4111-8111-1111111111{1}
logsource: {{product: linux, category: process_creation}}
detection: {{s: {{Act: {0}}}, condition: s}}
"""
HEAD = """\
title: {0}
name: {0}
id: 22222222-2222-4222-8222-2222222222{1}
correlation:
"""


def correlation(name="corr", number=10, **said):
    lines = "".join(f"  {key.replace('_', '-')}: {value}\n" for key, value in said.items())
    return HEAD.format(name, number) + lines


def compiled(*documents):
    bases = [BASES.format(name, 10 + at) for at, name in enumerate(("fail", "login", "drop"))]
    data = "---\n".join((*bases, *documents)).encode()
    made = compile_rules([RuleFile("rules.yml", data)])
    assert made.refused == []
    return made


def told(made, events, *, bounds=None):
    """Feed events `(time, act, fields)`; return titles with the places that completed them."""
    kernel = Kernel(made.program)
    correlator = Correlator(made.correlations, bounds or Bounds())
    found = []
    for at, (time, act, fields) in enumerate(events):
        event = {"Act": act, "_ls": SOURCE, **fields}
        found += correlator.take(("log", at), time, event, kernel.fire(event))
    found += correlator.close()
    return [(made.program.rules[each.rule].title, each.place[1], each.group) for each in found]


def fails(*times, user="ada"):
    return [(time, "fail", {"User": user}) for time in times]


COUNT = correlation(
    type="event_count", rules="[fail]", group_by="[User]", timespan="1m", condition="{gte: 3}"
)


def test_so_many_events_of_one_group_within_the_span_are_told_once():
    made = compiled(COUNT)
    assert told(made, fails(0, 30, 60, 61, 62)) == [("corr", 2, {"User": "ada"})]


def test_events_of_several_groups_are_not_counted_together():
    made = compiled(COUNT)
    events = fails(0, 1) + fails(2, 3, user="bo")
    assert told(made, events) == []


def test_what_is_further_apart_than_the_span_is_not_counted_together():
    assert told(compiled(COUNT), fails(0, 30, 61)) == []


def test_a_second_storm_after_a_pause_is_told_again():
    found = told(compiled(COUNT), fails(0, 1, 2, 500, 501, 502))
    assert [place for _, place, _ in found] == [2, 5]


def test_an_event_that_comes_late_completes_what_happened_then():
    assert told(compiled(COUNT), fails(0, 70, 20, 50))[0][:2] == ("corr", 3)


@settings(max_examples=scaled(200, 50_000), deadline=None)
@given(
    times=st.lists(st.integers(0, 100), min_size=1, max_size=12),
    data=st.data(),
)
def test_whether_a_group_is_told_depends_on_times_and_not_on_the_order_of_coming(times, data):
    made = compiled(COUNT)
    ordered = sorted(times)
    wanted = any(late - early <= 60 for early, late in zip(ordered, ordered[2:], strict=False))
    shuffled = data.draw(st.permutations(times))
    assert bool(told(made, fails(*ordered))) == wanted
    assert bool(told(made, fails(*shuffled))) == wanted


def test_the_rules_that_feed_a_correlation_are_silent_unless_it_says_generate():
    for more, is_told in (({}, False), ({"generate": "true"}, True)):
        made = compiled(
            correlation(
                type="event_count", rules="[fail]", timespan="1m", condition="{gte: 2}", **more
            )
        )
        by_title = {rule.title: rule.is_told for rule in made.program.rules}
        assert by_title == {"fail": is_told, "login": True, "drop": True, "corr": True}


def test_distinct_values_are_counted_once_each():
    made = compiled(
        correlation(
            type="value_count", rules="[fail]", group_by="[Host]", timespan="1m",
            condition="{field: User, gte: 3}",
        )
    )  # fmt: skip
    users = ["a", "a", "b", "b", "c"]
    events = [(at, "fail", {"User": user, "Host": "h"}) for at, user in enumerate(users)]
    assert told(made, events) == [("corr", 4, {"Host": "h"})]


def temporal(kind, **more):
    return correlation(type=kind, rules="[fail, login]", group_by="[User]", timespan="1m", **more)


def act(time, name, user="ada"):
    return (time, name, {"User": user})


def test_different_rules_within_the_span_are_told_in_whatever_order():
    made = compiled(temporal("temporal"))
    assert len(told(made, [act(0, "login"), act(30, "fail")])) == 1
    assert told(made, [act(0, "login"), act(30, "login")]) == []
    assert told(made, [act(0, "login"), act(61, "fail")]) == []


def test_an_ordered_one_is_told_only_in_order_by_the_time_of_the_events():
    made = compiled(temporal("temporal_ordered"))
    assert told(made, [act(0, "login"), act(30, "fail")]) == []
    assert len(told(made, [act(0, "fail"), act(30, "login")])) == 1
    assert len(told(made, [act(30, "login"), act(0, "fail")])) == 1, "came late"


def test_an_extended_condition_joins_rules_and_denies_them_when_the_window_is_over():
    made = compiled(
        correlation(
            type="temporal", rules="[fail, login, drop]", group_by="[User]", timespan="1m",
            condition="fail and login and not drop",
        )
    )  # fmt: skip
    quiet = [act(0, "fail"), act(10, "login")]
    assert [each[0] for each in told(made, quiet)] == ["corr"]
    assert told(made, [*quiet, act(20, "drop")]) == []


@pytest.mark.parametrize(
    ("kind", "condition", "values", "is_told"),
    [
        ("value_sum", "{field: Bytes, gte: 100}", [40, 60], True),
        ("value_sum", "{field: Bytes, gte: 100}", [40, 59], False),
        ("value_avg", "{field: Bytes, gt: 50}", [100, 1], True),
        ("value_avg", "{field: Bytes, gt: 50}", [100, 0], False),
        ("value_median", "{field: Bytes, gte: 10}", [1, 10, 99], True),
        ("value_median", "{field: Bytes, lt: 10}", [1, 2, 99], True),
        ("value_percentile", "{field: Bytes, gte: 99, percentile: 100}", [1, 10, 99], True),
        ("value_percentile", "{field: Bytes, gte: 99, percentile: 50}", [1, 10, 99], False),
        ("event_count", "{eq: 2}", [1, 1], True),
        ("event_count", "{eq: 2}", [1, 1, 1], False),
        ("event_count", "{neq: 2}", [1, 1], False),
        ("event_count", "{lt: 3}", [1, 1], True),
        ("event_count", "{lte: 1}", [1, 1], False),
    ],
)
def test_every_type_and_comparison_is_judged_over_its_window(kind, condition, values, is_told):
    made = compiled(correlation(type=kind, rules="[fail]", timespan="1m", condition=condition))
    events = [(at, "fail", {"Bytes": value}) for at, value in enumerate(values)]
    assert bool(told(made, events)) == is_told


def test_matches_of_a_window_that_waits_for_late_ones_are_not_forgotten_meanwhile():
    made = compiled(
        correlation(
            type="event_count", rules="[fail]", group_by="[User]", timespan="10s",
            condition="{eq: 3}",
        )
    )  # fmt: skip
    events = fails(0, 1, 2, 30, 35, 69)
    assert [place for _, place, _ in told(made, events)] == [2]


def test_an_alias_joins_fields_of_different_names():
    made = compiled(
        correlation(
            type="temporal", rules="[fail, login]", group_by="[who]", timespan="1m",
            aliases="{who: {fail: User, login: Account}}",
        )
    )  # fmt: skip
    fail, login = (0, "fail", {"User": "ada"}), (1, "login", {"Account": "ada"})
    other = (1, "login", {"Account": "bo", "User": "ada"})
    assert told(made, [fail, login]) == [("corr", 1, {"who": "ada"})]
    assert told(made, [fail, other]) == []


def test_a_correlation_of_correlations_is_told_whichever_stands_first_in_the_file():
    inner = correlation(
        "inner", 20, type="event_count", rules="[fail]", group_by="[User]", timespan="1m",
        condition="{gte: 2}",
    )  # fmt: skip
    outer = correlation(
        "outer", 21, type="temporal_ordered", rules="[inner, login]", group_by="[User]",
        timespan="5m",
    )  # fmt: skip
    events = [*fails(0, 1), act(100, "login")]
    for documents in ((inner, outer), (outer, inner)):
        found = told(compiled(*documents), events)
        assert ("outer", 2, {"User": "ada"}) in found


@pytest.mark.parametrize(
    "said",
    [
        {"rules": "[nosuch]", "timespan": "1m", "condition": "{gte: 2}"},
        {"rules": "[fail]", "timespan": "1x", "condition": "{gte: 2}"},
        {"rules": "[fail]", "timespan": "99y", "condition": "{gte: 2}"},
        {"rules": "[corr]", "timespan": "1m", "condition": "{gte: 2}"},
        {"rules": "[fail]", "timespan": "1m"},
    ],
    ids=["no such rule", "no such unit", "longer than any log", "itself", "no condition"],
)
def test_a_correlation_that_cannot_run_is_refused_with_its_reason(said):
    text = BASES.format("fail", 10) + "---\n" + correlation(type="event_count", **said)
    made = compile_rules([RuleFile("rules.yml", text.encode())])
    (refused,) = made.refused
    assert refused.title == "corr"
    assert refused.line > 1
    assert made.correlations == []


def test_groups_and_matches_stay_within_bounds_and_what_was_lost_is_counted():
    made = compiled(COUNT)
    kernel = Kernel(made.program)
    correlator = Correlator(made.correlations, Bounds(groups=10, entries=4))
    for at in range(1_000):
        event = {"Act": "fail", "User": f"u{at % 100}", "_ls": SOURCE}
        correlator.take(("log", at), at / 1_000, event, kernel.fire(event))
    assert correlator.held_groups <= 10
    assert correlator.lost.groups > 0


def test_a_match_without_the_field_of_its_group_belongs_to_none_and_is_counted():
    made = compiled(COUNT)
    kernel = Kernel(made.program)
    correlator = Correlator(made.correlations)
    event = {"Act": "fail", "_ls": SOURCE}
    for at in range(5):
        assert correlator.take(("log", at), float(at), event, kernel.fire(event)) == []
    assert correlator.lost.ungrouped == 5
