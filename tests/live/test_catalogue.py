"""Every row of the attack catalogue that the unit promises to stand live has a live test."""

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
THREATS = HERE.parent.parent / "docs" / "threats.md"


def rows(text):
    """Return the ids of a text like `A01-A03, A05`."""
    found = set()
    for first, last in re.findall(r"A(\d\d)(?:-A(\d\d))?", text):
        found |= {f"A{number:02}" for number in range(int(first), int(last or first) + 1)}
    return found


NAMED = rows(
    "A01-A03, A05-A14, A16, A18-A22, A24-A33, A35-A37, A45-A50, A53, A55, A57, A62, A67-A71"
)
BESIDE = {
    "copied commitment": "test_a_copied_commitment_opens_at_no_place_but_its_own",
    "garbage to one addressee": "test_garbage_to_one_addressee_is_seen_by_it",
    "vote yes twice": "test_a45_who_votes_yes_twice_is_shown_by_one_file",
    "removal short of quorum": "test_a_removal_short_of_the_quorum_removes_nobody",
    "veto for foreign assets": "test_a_veto_for_what_belongs_to_others",
    "imported object posing as an own sighting": "test_an_import_that_poses_as_an_own_sighting",
    "old back-up restored by a victim": "test_a21_a_node_restored_from_an_old_disk",
}
# Promised and not live yet; what stands meanwhile is in docs/threats.md. It only shrinks.
AWAITED = rows("")


def live_tests():
    found = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


def covered():
    """Return the ids in the names of live tests; `a10_to_a13` names all between."""
    names = " ".join(live_tests()).replace("_to_a", "-a").upper()
    return rows(names)


def test_every_promised_row_has_a_live_test():
    assert NAMED - AWAITED - covered() == set()
    assert AWAITED & covered() == set(), "these have a test now: take them off the list"


def test_every_attack_beside_the_catalogue_has_a_live_test():
    names = live_tests()
    for attack, test in BESIDE.items():
        assert any(name.startswith(test) for name in names), attack


def test_the_threats_name_a_live_test_for_every_row_that_has_one():
    text = THREATS.read_text()
    named = set(re.findall(r"tests/live/test_\w+\.py::(test_\w+)", text))
    missing = {
        row
        for row in NAMED - AWAITED
        if not any(row in rows(name.replace("_to_a", "-a").upper()) for name in named)
    }
    assert missing == set()
