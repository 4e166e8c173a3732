"""What a rule names and the data never carries is told, rule by rule. (issue 4, section 5)"""

import orjson
import pytest

from detente.watch.coverage import CoverageFacts, cover, navigator_layer, techniques_of
from detente.watch.coverage.report import AUDIT_WORDS
from detente.watch.sigma.compiling import compile_rules
from detente.watch.sigma.model import RuleFile

SYSMON = "Microsoft-Windows-Sysmon/Operational"
LINUX = {"product": "linux", "category": "process_creation"}
WINDOWS = {"product": "windows", "category": "process_creation"}


def rule(number, selection, *, source=None, condition="sel", **more):
    return {
        "title": f"Rule {number}",
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "logsource": source or LINUX,
        "detection": {"sel": selection, **more.pop("others", {}), "condition": condition},
        **more,
    }


def covered(rules, events):
    text = b"\n---\n".join(orjson.dumps(each) for each in rules)
    made = compile_rules([RuleFile("rules.yml", text)])
    assert not made.refused, made.refused
    facts = CoverageFacts(made.program)
    facts.observe(events)
    return made, cover(made, frozenset(range(len(made.program.rules))), facts)


def one(rules, events):
    _, coverage = covered(rules, events)
    return coverage.rules[0]


def linux(**fields):
    return {"_ls": LINUX, **fields}


def test_a_field_that_never_comes_is_named_and_said_to_be_needed():
    found = one([rule(1, {"Image": "x", "Ghost": "y"})], [linux(Image="a")])
    assert (found.can_fire, found.unseen, found.needed) == (False, ("Ghost",), ("Ghost",))


def test_a_field_that_is_only_null_or_empty_was_never_seen():
    events = [linux(Image=None), linux(Image=[None, None]), linux(Image=[])]
    assert one([rule(1, {"Image": "x"})], events).unseen == ("Image",)
    assert one([rule(1, {"Image": "x"})], [*events, linux(IMAGE="")]).can_fire


def test_one_way_that_is_open_is_enough_and_the_closed_one_is_told():
    selection = [{"Image": "x"}, {"Ghost": "y"}]
    found = one([rule(1, selection)], [linux(Image="a")])
    assert (found.can_fire, found.unseen, found.needed) == (True, ("Ghost",), ())


def test_a_filter_on_a_field_that_never_comes_is_told_and_stops_nothing():
    made = rule(1, {"Image": "x"}, others={"no": {"Ghost": "y"}}, condition="sel and not no")
    found = one([made], [linux(Image="a")])
    assert (found.can_fire, found.unseen) == (True, ("Ghost",))


def test_of_two_ways_that_are_both_closed_neither_alone_is_needed():
    found = one([rule(1, [{"Here": "x"}, {"Ghost": "y"}])], [linux(Image="a")])
    assert (found.can_fire, found.unseen, found.needed) == (False, ("Ghost", "Here"), ())


def test_a_rule_whose_log_source_never_comes_looks_at_nothing():
    other = rule(2, {"Image": "x"}, source={"product": "macos"})
    _, coverage = covered([rule(1, {"Image": "x"}), other], [linux(Image="x"), {"a": 1}])
    assert [each.is_met for each in coverage.rules] == [True, False]
    assert [(each.source[1], each.events) for each in coverage.sources] == [
        ("macos", 0),
        ("linux", 1),
    ]
    assert coverage.unmet == 1


def test_the_number_of_an_event_is_part_of_where_a_rule_looks():
    made = rule(1, {"EventID": 4625}, source={"product": "windows", "service": "security"})
    assert not one([made], [{"Channel": "Security", "EventID": 4624}]).is_met
    assert one([made], [{"channel": "SECURITY", "Event ID": "4625"}]).can_fire


def test_what_auditing_calls_by_another_name_was_seen():
    made = rule(1, {"Image|endswith": "x", "ParentImage": "y"}, source=WINDOWS)
    audited = {"Channel": "Security", "EventID": 4688, "NewProcessName": "a"}
    assert one([made], [audited]).unseen == ("ParentImage",)
    full = {**audited, "ParentProcessName": "b"}
    assert one([made], [full]).can_fire
    sysmon = {"Channel": SYSMON, "EventID": 1, "Image": "a", "ParentImage": "b"}
    assert one([made], [audited, sysmon]).unseen == ()


def test_the_words_of_auditing_are_those_the_rules_are_compiled_with():
    for word, others in AUDIT_WORDS.items():
        for category in ("process_creation", "registry_event"):
            source = {"product": "windows", "category": category}
            text = orjson.dumps(rule(1, {word: "x"}, source=source))
            program = compile_rules([RuleFile("rules.yml", text)]).program
            names = {each.name.lower() for each in program.fields} - {word, "operationtype"}
            assert names <= set(others), names


def test_a_contradiction_never_fires_whatever_comes():
    made = rule(1, {"Image": None}, others={"b": {"Image": "x"}}, condition="sel and b")
    found = one([made], [linux(Image="x")])
    assert (found.can_fire, found.unseen) == (False, ())


@pytest.mark.parametrize(("kind", "can"), [("event_count", True), ("temporal", False)])
def test_a_correlation_needs_one_rule_or_all_of_them_as_its_kind_says(kind, can):
    rules = [
        rule(1, {"Image": "x"}, name="seen"),
        rule(2, {"Ghost": "x"}, name="blind"),
        {
            "title": "Both",
            "id": "00000000-0000-4000-8000-000000000009",
            "correlation": {
                "type": kind,
                "rules": ["seen", "blind"],
                "group-by": ["Image"],
                "timespan": "5m",
                **({"condition": {"gte": 3}} if kind == "event_count" else {}),
            },
        },
    ]
    made, coverage = covered(rules, [linux(Image="a")])
    number = made.correlations[0].rule
    assert (number in coverage.firing) is can


def test_hostile_names_and_numbers_cost_no_memory_and_hide_nothing():
    made = rule(1, {"EventID": 7, "Image": "x"}, source={"product": "windows", "service": "system"})
    events = [{"Channel": f"C{number}", "EventID": number} for number in range(25_000)]
    events += [{"Channel": "System", "EventID": 7, f"Name{n}": n} for n in range(6_000)]
    events += [{"Channel": ["System", "Other"], "EventID": 7, "Image": "x"}]
    found = one([made], events)
    assert found.can_fire


def test_a_layer_scores_only_the_techniques_of_the_rules_it_is_given():
    tags = ["attack.t1059.001", "attack.T1003", "attack.execution", "cve.2020-1", "attack.t1"]
    made, _ = covered(
        [rule(1, {"Image": "x"}, tags=tags), rule(2, {"Image": "y"}, tags=tags[:1])], []
    )
    layer = navigator_layer("n", "d", techniques_of(made.program.rules))
    assert layer["versions"]["layer"] == "4.5"
    assert layer["domain"] == "enterprise-attack"
    assert {each["techniqueID"]: each["score"] for each in layer["techniques"]} == {
        "T1003": 1,
        "T1059.001": 2,
    }
