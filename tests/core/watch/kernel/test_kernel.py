"""The quick way finds what the slow way finds: no memo, no index changes an answer. (ADR 0060)"""

import copy
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sigma.rule import SigmaRule

from detente.watch.kernel import Budget, Kernel
from detente.watch.sigma.compiling import Wanted, compile_rules
from detente.watch.sigma.logsources import Reading
from tests.core.watch.kernel import makers
from tests.core.watch.kernel.naive import fires, texts
from tests.shared import scaled

TINY = Budget(values=5, characters=40, answers=3, sets=4, routes=2)


def compiled(rules):
    made = compile_rules([makers.as_file(rules)])
    return made.program, {refused.rule for refused in made.refused}


def naive_hits(rules, refused, events):
    parsed = [
        SigmaRule.from_dict(copy.deepcopy(rule)) for rule in rules if rule["id"] not in refused
    ]
    return [sorted(str(rule.id) for rule in parsed if fires(rule, event)) for event in events]


def kernel_hits(kernel, events, raws=None):
    hits = [[] for _ in events]
    for match in kernel.match(events, raws):
        hits[match.event] = sorted(kernel.program.rules[number].id for number in match.rules)
    return hits


some_rules = st.integers(1, 4).flatmap(
    lambda count: st.tuples(*(makers.rules(number) for number in range(count)))
)


@settings(max_examples=scaled(400, 100_000), deadline=None)
@given(rules=some_rules, events=st.lists(makers.events, min_size=1, max_size=6))
def test_the_kernel_agrees_with_asking_every_rule_of_every_event(rules, events):
    program, refused = compiled(rules)
    wanted = naive_hits(rules, refused, events)
    tagged = [{**event, "_ls": makers.SOURCE} for event in events]
    kernel = Kernel(program)
    assert kernel_hits(kernel, tagged) == wanted
    assert kernel_hits(kernel, tagged) == wanted, "what is remembered gives another answer"


@settings(max_examples=scaled(100, 20_000), deadline=None)
@given(rules=some_rules, events=st.lists(makers.events, min_size=1, max_size=12))
def test_memos_that_forget_change_no_answer(rules, events):
    program, _ = compiled(rules)
    tagged = [{**event, "_ls": makers.SOURCE} for event in events]
    small = Kernel(program, budget=TINY)
    one_by_one = [kernel_hits(small, [event])[0] for event in tagged]
    assert one_by_one == kernel_hits(Kernel(program), tagged)


@settings(max_examples=scaled(150, 50_000), deadline=None)
@given(rules=some_rules, events=st.lists(makers.events, min_size=1, max_size=6), data=st.data())
def test_a_look_at_the_json_changes_no_answer_however_it_is_escaped(rules, events, data):
    program, _ = compiled(rules)
    tagged = [{**event, "_ls": makers.SOURCE} for event in events]
    escaped = data.draw(st.frozensets(st.sampled_from("abAk-/İK"), max_size=3))
    raws = [spelled(event, escaped).encode() for event in tagged]
    assert [orjson.loads(raw) for raw in raws] == tagged
    assert kernel_hits(Kernel(program), tagged, raws) == kernel_hits(Kernel(program), tagged)


def spelled(value, escaped):
    """Return JSON in which these letters are written as escapes."""
    match value:
        case dict():
            pairs = (f"{spelled(k, escaped)}:{spelled(v, escaped)}" for k, v in value.items())
            return "{" + ",".join(pairs) + "}"
        case list():
            return "[" + ",".join(spelled(item, escaped) for item in value) + "]"
        case str():
            letters = (
                f"\\u{ord(letter):04x}"
                if letter in escaped
                else orjson.dumps(letter).decode()[1:-1]
                for letter in value
            )
            return '"' + "".join(letters) + '"'
    return orjson.dumps(value).decode()


@pytest.mark.parametrize("value", ["Kiwi Legit", "\u212aIWI LEGIT", "x kiwi legit y", "kiwi/legit"])
@pytest.mark.parametrize("escaped", ["", "k", "K", "\u212a", "Ww", "/ "])
def test_a_keyword_is_found_however_json_writes_it(value, escaped):
    rule = keyword_rule()
    rule["detection"]["k"] = [value.lower().replace("x ", "").replace(" y", "")]
    program, _ = compiled([rule])
    event = {"Channel": "Security", "EventID": 1, "Message": value}
    raw = spelled(event, escaped).encode()
    assert [match.rules for match in Kernel(program).match([event], [raw])] == [(0,)]


def test_json_without_a_trace_of_a_keyword_is_not_read_value_by_value():
    program, _ = compiled([keyword_rule()])
    kernel = Kernel(program)
    event = {"Channel": "Security", "EventID": 1, "Message": "nothing of note"}
    kernel.match([event], [orjson.dumps(event)])
    assert kernel.scans == 0
    kernel.match([event])
    assert kernel.scans > 0


CHANNELS = ("Security", "security", "System", "Microsoft-Windows-Sysmon/Operational", "Other")
LOGSOURCES = {
    "security": ({"product": "windows", "service": "security"}, {"security"}, None),
    "created": (
        {"product": "windows", "category": "process_creation"},
        {"microsoft-windows-sysmon/operational"},
        {"1"},
    ),
    "any": ({"product": "windows"}, None, None),
}
windows_events = st.builds(
    lambda event, names: {**event, **names},
    makers.events,
    st.fixed_dictionaries(
        {},
        optional={
            "Channel": st.sampled_from([*CHANNELS, ["Security", "Other"], None]),
            "EventID": st.sampled_from([1, "1", 4688, True, 1.0, [1, 4688], None]),
            "channel": st.sampled_from(CHANNELS),
        },
    ),
)


@settings(max_examples=scaled(200, 50_000), deadline=None)
@given(data=st.data(), events=st.lists(windows_events, min_size=1, max_size=6))
def test_a_windows_rule_meets_only_its_channel_and_number(data, events):
    rules, routes = [], []
    for number, name in enumerate(data.draw(st.lists(st.sampled_from([*LOGSOURCES]), min_size=1))):
        logsource, channels, event_ids = LOGSOURCES[name]
        rule = data.draw(makers.rules(number, logsource))
        if data.draw(st.booleans()):
            rule["detection"]["sel_a"] = {"EventID": data.draw(st.sampled_from([1, [1, 4688]]))}
            rule["detection"]["condition"] = "sel_a and not sel_b"
        rules.append(rule)
        routes.append((channels, event_ids))
    made = compile_rules([makers.as_file(rules)], Wanted(readings=(Reading.SYSMON,)))
    refused = {each.rule for each in made.refused}
    wanted = [
        sorted(
            rule["id"]
            for rule, (channels, event_ids) in zip(rules, routes, strict=True)
            if rule["id"] not in refused
            and is_there(event, "channel", channels)
            and is_there(event, "eventid", event_ids)
            and texts(event, "channel")
            and fires(SigmaRule.from_dict(copy.deepcopy(rule)), event)
        )
        for event in events
    ]
    assert kernel_hits(Kernel(made.program), events) == wanted


def is_there(event, name, wanted):
    return wanted is None or not wanted.isdisjoint(text.lower() for text in texts(event, name))


def test_one_rule_fires_once_for_an_event_whatever_ways_there_are():
    rule = {
        "title": "Twice",
        "id": "00000000-0000-4000-8000-000000000001",
        "logsource": makers.SOURCE,
        "detection": {"a": {"Image": "x"}, "b": {"Image|contains": "x"}, "condition": ["a", "b"]},
    }
    program, _ = compiled([rule])
    (match,) = Kernel(program).match([{"Image": "X", "_ls": makers.SOURCE}])
    assert match.rules == (0,)


def test_the_fields_shown_are_those_that_hold_what_was_looked_for():
    rule = {
        "title": "Shown",
        "id": "00000000-0000-4000-8000-000000000001",
        "logsource": makers.SOURCE,
        "detection": {
            "a": {"Image|endswith": r"\x.exe", "User": "root"},
            "b": {"Parent": "init"},
            "condition": "a and not b",
        },
    }
    program, _ = compiled([rule])
    event = {"image": r"C:\x.exe", "User": "root", "Parent": "bash", "_ls": makers.SOURCE}
    shown = Kernel(program).matched_fields(event, 0)
    assert shown == {"image": r"C:\x.exe", "User": "root"}, "as this log spells them"


def test_what_is_remembered_stays_within_its_budget_when_every_value_is_new():
    program, _ = compiled([keyword_rule()])
    budget = Budget(values=1_000, characters=20_000, answers=100, sets=100, routes=50)
    kernel = Kernel(program, budget=budget)
    for start in range(0, 20_000, 500):
        kernel.match(
            [
                {"Image": f"v{n}", "Channel": "Security", "EventID": n, f"name {n}": "x"}
                for n in range(start, start + 500)
            ]
        )
    assert 0 < kernel.remembered <= budget.values + budget.answers + budget.routes + 2_000


def keyword_rule():
    return {
        "title": "Words",
        "id": "00000000-0000-4000-8000-000000000002",
        "logsource": {"product": "windows"},
        "detection": {"a": {"Image|contains": "v1"}, "k": ["evil"], "condition": "a or k"},
    }


SLOW_FOR_OTHERS = ("(a+)+$", "(a|aa)+$", "(.*)*b", "a{1,500}a{1,500}$", "(x+x+)+y")


@pytest.mark.parametrize("pattern", SLOW_FOR_OTHERS)
def test_an_expression_made_to_be_slow_costs_nothing_here(pattern):
    rule = keyword_rule()
    rule["logsource"] = makers.SOURCE
    rule["detection"] = {"a": {"Image|re": pattern}, "condition": "a"}
    program, refused = compiled([rule])
    assert refused == set()
    event = {"Image": "a" * 30_000 + "!", "_ls": makers.SOURCE}
    assert Kernel(program).match([event]) == [] or re.search(pattern, "a" * 12 + "!")


def test_half_a_surrogate_pair_is_no_reason_to_fall():
    program, _ = compiled([keyword_rule()])
    events = [{"Image": "v1 \ud800", "Channel": "Security", "EventID": 1}]
    assert [match.rules for match in Kernel(program).match(events)] == [(0,)]
