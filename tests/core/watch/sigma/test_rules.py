"""A rule is carried, or refused with file, line and reason; none is dropped silently."""

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import InputError
from detente.watch.kernel import Kernel
from detente.watch.sigma.compiling import Wanted, compile_rules
from detente.watch.sigma.logsources import Reading
from detente.watch.sigma.model import RuleFile
from detente.watch.sigma.pipelines import readings_named
from detente.watch.sigma.stored import from_bytes, key_of, to_bytes
from tests.shared import scaled

ID = "11111111-1111-4111-8111-11111111111{}"
RULE = """\
title: {title}
id: {id}
status: test
level: high
logsource:
  product: linux
  category: process_creation
detection:
  selection:
    {field}: {value}
  condition: {condition}
"""
SOURCE = {"product": "linux", "category": "process_creation"}


def rule(number=1, *, field="Image", value="x", condition="selection", title="A rule"):
    return RULE.format(
        id=ID.format(number), field=field, value=value, condition=condition, title=title
    )


def file(*documents, name="rules.yml"):
    return RuleFile(name, "---\n".join(documents).encode())


def fired(made, *events):
    kernel = Kernel(made.program)
    tagged = [{"_ls": SOURCE, **event} for event in events]
    return [
        sorted(made.program.rules[number].title for number in kernel.fire(event))
        for event in tagged
    ]


@pytest.mark.parametrize(
    ("document", "line", "said"),
    [
        (rule(field="Image|nosuch"), 1, "nosuch"),
        (rule(condition="selection and missing"), 1, "missing"),
        (rule(condition="selection and"), 1, "xpected"),
        (rule(condition="selection | count() > 5"), 1, "pipe"),
        (rule(field="Image|re", value="'a(?=b)'"), 1, "linear time"),
        (rule(field="Image|re", value=r"'(a)\1'"), 1, "linear time"),
        (rule(field="Image|re", value="'a('"), 1, "a("),
        (rule(field="Image|expand", value="'%admins%'"), 1, "%admins%"),
        (rule(field="Image|cidr", value="10.0.0.1/8"), 1, "CIDR"),
        (rule(field="Image|gt", value="x"), 1, "GreaterThan"),
        (rule(value="{a: b}"), 1, "dict"),
        (rule() + "id: " + ID.format(2), 1, "uplicate key"),
        (rule().replace(ID.format(1), "no-uuid"), 1, "UUID"),
        ("just text", 1, "mapping"),
        ("[1, 2", 2, "not YAML"),
        ("a: &a [*a]", 1, "values"),
        ("!!python/object/apply:os.system [id]", 1, "not YAML"),
        ("[" * 50_000, 1, "deeper"),
        ("- " * 50_000, 1, "deeper"),
        ("x: " + "y" * (1 << 20), 1, "larger"),
    ],
)
def test_what_cannot_be_carried_is_refused_with_its_place_and_reason(document, line, said):
    made = compile_rules([file(document, name="folder/bad.yml")])
    (refused,) = made.refused
    assert (refused.file, refused.line) == ("folder/bad.yml", line)
    assert said in refused.reason
    assert made.program.rules == []


def test_a_bad_rule_leaves_its_neighbours_and_says_its_line():
    first, second = rule(1, title="Good"), rule(2, field="Image|nosuch", title="Bad")
    made = compile_rules([file(first, second)])
    assert [each.title for each in made.program.rules] == ["Good"]
    (refused,) = made.refused
    assert (refused.rule, refused.title) == (ID.format(2), "Bad")
    assert refused.line == first.count("\n") + 2


def test_of_two_rules_with_one_id_the_second_is_refused_and_names_the_first():
    made = compile_rules([file(rule(1), name="a.yml"), file(rule(1), name="b.yml")])
    (refused,) = made.refused
    assert "a.yml:1" in refused.reason
    assert refused.file == "b.yml"


def test_every_alias_that_repeats_itself_is_counted_and_not_followed_for_ever():
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{name}: &{name} [*{before},*{before},*{before},*{before},*{before},*{before}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (refused,) = compile_rules([file(bomb)]).refused
    assert "more than" in refused.reason


def test_a_global_document_gives_to_those_after_it():
    shared = "action: global\nlogsource: {product: linux, category: process_creation}\nlevel: low\n"
    short = "title: {0}\nid: {1}\ndetection: {{s: {{Image: {0}}}, condition: s}}\n"
    made = compile_rules(
        [file(shared, short.format("one", ID.format(1)), short.format("two", ID.format(2)))]
    )
    assert made.refused == []
    assert fired(made, {"Image": "one"}, {"Image": "two"}) == [["one"], ["two"]]
    assert {each.level for each in made.program.rules} == {"low"}


@pytest.mark.parametrize(
    ("field", "value", "yes", "no"),
    [
        ("Image", "'*'", ["", "x"], []),
        ("Image", "''", [""], ["x"]),
        ("Image", r"'a\*b'", ["a*b"], ["axb"]),
        ("Image", r"'a\\*b'", ["a\\xyzb"], ["a*b"]),
        ("Image|endswith", r"'\cmd.exe'", ["C:\\CMD.EXE"], ["cmd.exe"]),
        ("Image|cased", "Ab", ["Ab"], ["ab"]),
        ("Image|contains|all", "[a, b]", ["xbxa"], ["a"]),
        ("Image|windash|contains", "' -e'", ["x /e", "x \u2014e", "x -e"], ["x e"]),
        ("Image|wide|base64offset|contains", "ab", ["YQBiA", "EAYg"], ["ab"]),
        ("Image|re|i", "'^AB.$'", ["abc"], ["xabc"]),
        ("Image|cidr", "[10.0.0.0/8, '2001:db8::/32']", ["10.9.9.9", "2001:db8::5"], ["11.0.0.1"]),
        ("Image|gte", "10", ["10", "11.5"], ["9", "x", "0x10"]),
        ("Image|neq", "a", ["b", ""], ["a", "A"]),
        ("Image|hour|gte", "22", ["2024-01-01T23:00:00Z"], ["2024-01-01T23:00:00+02:00", "x"]),
        ("Image|week", "9", ["2024-02-29 10:00:00"], ["2024-03-05 10:00:00"]),
        ("Image", "null", [None, [], [None]], ["", "x"]),
        ("Image|exists", "true", ["", 0, False], [None]),
        ("Image", "4688", [4688, "4688"], [4688.0, "04688"]),
        ("Image", "true", [True, "TRUE"], [1]),
        ("Image|utf16be|contains", "ab", ["\0a\0b"], ["ab"]),
    ],
)
def test_each_modifier_means_what_the_specification_says(field, value, yes, no):
    made = compile_rules([file(rule(field=field, value=value))])
    assert made.refused == []
    for seen in yes:
        assert fired(made, {"Image": seen}) == [["A rule"]], seen
    for seen in no:
        assert fired(made, {"Image": seen}) == [[]], seen


def test_not_on_a_missing_field_is_true_and_a_filter_on_it_filters_nothing():
    text = rule(condition="selection and not filter").replace(
        "  condition", "  filter:\n    Parent|endswith: init\n  condition"
    )
    made = compile_rules([file(text)])
    assert fired(made, {"Image": "x"}, {"Image": "x", "Parent": "/init"}) == [["A rule"], []]


def test_names_meet_whatever_their_case_and_spaces_but_underscores_stay():
    made = compile_rules([file(rule(field="Threat_Name"))])
    assert fired(made, {"threat_name": "x"}, {"Threat _Name": "x"}, {"ThreatName": "x"}) == [
        ["A rule"],
        ["A rule"],
        [],
    ]


FILTER = """\
title: Our scanner
logsource: {{product: linux, category: process_creation}}
{more}filter:
  rules: [{rule}]
  ours:
    User: scanner
  condition: not ours
"""
SIGNED = "reason: runs every night\nowner: Ada\nexpires: 2026-12-31\n"


def excluding(more, *, today=date(2026, 1, 1), about=None):
    text = FILTER.format(more=more, rule=about or ID.format(1))
    wanted = Wanted(exclusions=(file(text, name="ours.yml"),), today=today)
    return compile_rules([file(rule())], wanted)


def test_an_exclusion_hides_what_it_is_about_and_the_rule_says_so():
    made = excluding(SIGNED)
    hidden, shown = {"Image": "x", "User": "scanner"}, {"Image": "x", "User": "mallory"}
    assert fired(made, hidden, shown) == [[], ["A rule"]]
    assert made.program.rules[0].excluded_by == ("Our scanner",)


def test_an_exclusion_that_expired_hides_nothing_and_is_told():
    made = excluding(SIGNED, today=date(2027, 1, 1))
    assert fired(made, {"Image": "x", "User": "scanner"}) == [["A rule"]]
    assert "expired" in made.notes[0]


def test_an_exclusion_about_no_rule_is_told():
    made = excluding(SIGNED, about=ID.format(9))
    assert "no rule here" in made.notes[0]


@pytest.mark.parametrize("missing", ["reason", "owner", "expires"])
def test_an_exclusion_says_why_who_and_until_when_or_nothing_runs(missing):
    lines = [line for line in SIGNED.splitlines(keepends=True) if not line.startswith(missing)]
    with pytest.raises(InputError, match=missing):
        excluding("".join(lines))


def test_a_filter_among_the_rules_is_applied_without_being_signed():
    made = compile_rules([file(rule(), FILTER.format(more="", rule="any").replace("[any]", "any"))])
    assert fired(made, {"Image": "x", "User": "scanner"}) == [[]]


WINDOWS = rule().replace("product: linux", "product: windows")


def test_a_process_is_read_from_sysmon_and_by_default_from_security_auditing_too():
    sysmon = {"Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 1, "Image": "x"}
    audited = {"Channel": "Security", "EventID": 4688, "NewProcessName": "x"}
    for readings, wanted in (
        (readings_named(()), [(0,), (0,)]),
        (readings_named(("sysmon",)), [(0,), ()]),
        (readings_named(("windows-audit",)), [(), (0,)]),
    ):
        kernel = Kernel(compile_rules([file(WINDOWS)], Wanted(readings=readings)).program)
        assert [kernel.fire(event) for event in (sysmon, audited)] == wanted


def test_a_registry_value_is_read_from_auditing_only_where_it_was_modified():
    text = WINDOWS.replace("process_creation", "registry_set").replace("Image", "TargetObject")
    kernel = Kernel(compile_rules([file(text)]).program)
    event = {"Channel": "Security", "EventID": 4657, "ObjectName": "x"}
    modified = {**event, "OperationType": "Existing registry value modified"}
    created = {**event, "OperationType": "New registry value created"}
    assert [kernel.fire(each) for each in (modified, created)] == [(0,), ()]


def test_a_rule_whose_own_number_contradicts_its_category_is_refused():
    text = WINDOWS.replace("    Image: x", "    EventID: 5")
    (refused,) = compile_rules([file(text)], Wanted(readings=(Reading.SYSMON,))).refused
    assert "contradicts" in refused.reason


PIPELINE = """\
name: ours
transformations:
  - id: names
    type: field_name_mapping
    mapping: {Image: exe}
  - id: people
    type: value_placeholders
vars: {admins: [root, toor]}
"""


def test_a_pipeline_of_the_operators_own_renames_fields_and_fills_placeholders():
    rules = file(rule(1), rule(2, field="User|expand", value="'%admins%'", title="Admins"))
    made = compile_rules([rules], Wanted(pipelines=(RuleFile("p.yml", PIPELINE.encode()),)))
    assert made.refused == []
    assert fired(made, {"exe": "x"}, {"Image": "x"}, {"User": "toor"}) == [
        ["A rule"],
        [],
        ["Admins"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "transformations: [{id: a, type: command_placeholders, command: [id]}]",
        "transformations: [{id: a, type: file_placeholders, path: /etc/hostname}]",
        "transformations: [{id: a, type: nosuch}]",
        "[1",
        "- a",
    ],
)
def test_a_pipeline_that_runs_commands_or_reads_files_changes_nothing(text):
    pipeline = RuleFile("p.yml", text.encode())
    placeholder = rule(field="User|expand", value="'%admins%'")
    carried = []
    with suppress(InputError):
        carried = compile_rules([file(placeholder)], Wanted(pipelines=(pipeline,))).program.rules
    assert carried == []


def test_a_compiled_set_comes_back_as_it_was_and_a_damaged_one_does_not():
    made = compile_rules([file(rule(1), rule(2, field="Image|re", value="a+"), "bad")])
    data = to_bytes(made)
    assert from_bytes(data) == made
    assert from_bytes(data[:-1]) is None
    assert from_bytes(data.replace(b"A rule", b"B rule", 1)) is None
    assert from_bytes(b"") is None


def test_the_same_rules_compile_to_the_same_bytes():
    documents = [file(rule(number, value=str(number))) for number in range(9)]
    assert to_bytes(compile_rules(documents)) == to_bytes(compile_rules(documents))
    assert key_of(documents, "a") == key_of(documents, "a") != key_of(documents, "b")


wounds = st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=4)), min_size=1, max_size=4)


@settings(max_examples=scaled(1_000, 1_000_000), deadline=None)
@given(wounds=wounds)
def test_a_wounded_file_of_rules_is_carried_or_refused_and_never_a_crash(wounds):
    data = bytearray(rule(value="[a, '*b', 'c?']").encode())
    for at, inserted in wounds:
        data[at : at + 2] = inserted
    made = compile_rules([RuleFile("hostile.yml", bytes(data))])
    assert all(refused.reason for refused in made.refused)
    Kernel(made.program).fire({"Image": "ab", "_ls": SOURCE})
