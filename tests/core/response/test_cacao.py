"""Playbooks are read as check lists, and nothing in them runs. (A13: a rule with code)"""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detente.node.casework import INNOCENT
from detente.node.playbook_files import shipped_playbooks
from detente.response import PlaybookError
from detente.response.cacao import parse_playbook

ID = "playbook--00000000-0000-4000-8000-000000000000"


def book(workflow, start="start--1", **more):
    value = {"type": "playbook", "spec_version": "cacao-2.0", "id": ID, "name": "Probe"}
    return json.dumps(value | {"workflow_start": start, "workflow": workflow} | more).encode()


BRANCHED = {
    "start--1": {"type": "start", "on_completion": "if--1"},
    "if--1": {
        "type": "if-condition",
        "condition": "the page differs",
        "on_true": "a--1",
        "on_false": "a--2",
        "on_completion": "a--3",
    },
    "a--1": {
        "type": "action",
        "name": "Isolate",
        "commands": [
            {"type": "bash", "command": "rm -rf /"},
            {"type": "manual", "command": "Call"},
        ],
        "on_completion": "end--1",
    },
    "a--2": {"type": "action", "name": "Wait", "on_completion": "end--1"},
    "a--3": {"type": "action", "name": "Write it down", "on_completion": "end--1"},
    "end--1": {"type": "end"},
    "lost--1": {"type": "action", "name": "Never"},
}


def test_a_branch_says_when_it_is_taken_and_a_machines_command_is_no_step():
    found = parse_playbook(book(BRANCHED))
    assert [(each.words, each.condition) for each in found.items] == [
        ("the page differs", ""),
        ("Isolate: Call", "if the page differs"),
        ("Wait", "if not the page differs"),
        ("Write it down", ""),
    ]
    assert found.items[1].automatic == ("bash",)
    assert "rm" not in str(found)
    assert found.unreached == 1


def test_a_circle_ends():
    circle = {
        "start--1": {"type": "start", "on_completion": "a--1"},
        "a--1": {"type": "action", "name": "Look", "on_completion": "a--1"},
    }
    assert len(parse_playbook(book(circle)).items) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b"[]",
        b"\xff",
        book({}),
        book(BRANCHED, start="gone--1"),
        book({"start--1": {"type": "start", "on_completion": "gone--1"}}),
        book({"start--1": {"type": "bash"}}),
        book(BRANCHED, spec_version="cacao-1.0"),
        book(BRANCHED, id="x"),
        b" " * (2**20 + 1),
    ],
)
def test_what_is_no_playbook_is_refused_in_words(data):
    with pytest.raises(PlaybookError):
        parse_playbook(data)


@given(
    st.recursive(
        st.none() | st.text() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_anything_else_is_refused_without_a_traceback(value):
    workflow = value if isinstance(value, dict) else {"start--1": value}
    with pytest.raises(PlaybookError):
        parse_playbook(book(workflow, start="nowhere"))


def test_the_own_set_is_manual_whole_and_starts_with_a_case_or_with_people():
    shipped = shipped_playbooks()
    assert len(shipped) >= 10
    for found in shipped.values():
        assert found.unreached == 0
        assert len(found.items) >= 5
        assert not any(each.automatic for each in found.items)
    assert {"outage", "bomb-threat", "court-order"} <= set(shipped) & set(INNOCENT)
