"""Playbooks: CACAO 2.0 read and shown as check lists. Nothing in them is ever executed.

Follows: OASIS CACAO Security Playbooks 2.0, sections 3 (playbooks), 4 (workflow steps)
and 5 (commands). A command that a machine should run is shown as words for a person.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detente.response.errors import PlaybookError
from detente.signing import JsonError, parse_strict
from detente.signing.canonical import JsonValue

PLAYBOOK_BYTES_MAX = 2**20
STEPS_MAX = 1_024
_COMMANDS_MAX = 64
_WORDS_MAX = 2_000
_ID = re.compile(r"playbook--[0-9a-f-]{36}", re.ASCII)
_STEP_TYPES = frozenset(
    (
        "start",
        "end",
        "action",
        "playbook-action",
        "parallel",
        "if-condition",
        "while-condition",
        "switch-condition",
    )
)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a check list.

    Attributes:
        step: id of the workflow step.
        words: what a person does.
        condition: when it is done, "" for always.
        automatic: kinds of commands that a machine would run; here a person decides.
    """

    step: str
    words: str
    condition: str = ""
    automatic: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook.

    Attributes:
        id: as CACAO names it.
        name: one line.
        description: in words.
        labels: short names.
        items: the check list, in reading order.
        unreached: steps that no way leads to.
    """

    id: str
    name: str
    description: str
    labels: tuple[str, ...]
    items: tuple[Item, ...]
    unreached: int


def parse_playbook(data: bytes) -> Playbook:
    """Read a CACAO 2.0 playbook.

    Raises:
        PlaybookError: no such document, too long, or steps that lead nowhere.
    """
    if len(data) > PLAYBOOK_BYTES_MAX:
        raise PlaybookError(f"a playbook has at most {PLAYBOOK_BYTES_MAX} bytes")
    try:
        value = parse_strict(data)
    except JsonError as error:
        raise PlaybookError(f"this is no playbook: {error}") from None
    if not isinstance(value, dict) or value.get("type") != "playbook":
        raise PlaybookError("a playbook is a JSON object of the type playbook")
    if value.get("spec_version") not in ("cacao-2.0", "2.0"):
        raise PlaybookError(f"CACAO 2.0 is read, not {str(value.get('spec_version'))[:40]!r}")
    identifier, start = value.get("id"), value.get("workflow_start")
    if not isinstance(identifier, str) or _ID.fullmatch(identifier) is None:
        raise PlaybookError("a playbook has an id playbook--UUID")
    steps = _steps(value.get("workflow"))
    if not isinstance(start, str) or start not in steps:
        raise PlaybookError("workflow_start names no step of the workflow")
    walked = list(_walk(steps, start))
    labels = value.get("labels")
    return Playbook(
        id=identifier,
        name=_words(value.get("name")) or identifier,
        description=_words(value.get("description")),
        labels=tuple(map(_words, labels)) if isinstance(labels, list) else (),
        items=tuple(each for step, when in walked for each in _items(step, steps[step], when)),
        unreached=len(steps) - len(walked),
    )


def _steps(workflow: JsonValue) -> dict[str, Mapping[str, JsonValue]]:
    if not isinstance(workflow, dict) or not 0 < len(workflow) <= STEPS_MAX:
        raise PlaybookError(f"a workflow has 1 to {STEPS_MAX} steps")
    steps: dict[str, Mapping[str, JsonValue]] = {}
    for name, step in workflow.items():
        if not isinstance(step, dict) or step.get("type") not in _STEP_TYPES:
            raise PlaybookError(f"{name[:80]!r} is no workflow step of CACAO 2.0")
        steps[name] = step
    return steps


def _walk(steps: Mapping[str, Mapping[str, JsonValue]], start: str) -> Iterator[tuple[str, str]]:
    """Yield each step once with its condition: a branch whole before what follows all branches."""
    waiting, seen = [(start, "")], set[str]()
    while waiting:
        name, when = waiting.pop()
        if name in seen:
            continue
        if name not in steps:
            raise PlaybookError(f"a step goes on to {name[:80]!r}, which is not there")
        seen.add(name)
        yield name, when
        waiting += reversed(list(_following(steps[name], when)))


def _following(step: Mapping[str, JsonValue], when: str) -> Iterator[tuple[str, str]]:
    asked = _words(step.get("condition") or step.get("switch"))
    branches = step.get("next_steps")
    if isinstance(branches, list):
        yield from ((each, when) for each in branches if isinstance(each, str))
    cases = step.get("cases")
    for case, follows in cases.items() if isinstance(cases, dict) else ():
        if isinstance(follows, str):
            yield follows, f"if {asked} is {case}"[:_WORDS_MAX]
    for way in ("on_true", "on_false", "on_success", "on_failure", "on_completion"):
        follows = step.get(way)
        if isinstance(follows, str):
            yield follows, _condition(way, asked, when)


def _condition(way: str, asked: str, when: str) -> str:
    match way:
        case "on_true":
            return f"if {asked}"
        case "on_false":
            return f"if not {asked}"
        case "on_failure":
            return "if that failed"
        case _:
            return when


def _items(name: str, step: Mapping[str, JsonValue], when: str) -> Iterator[Item]:
    if step["type"] in ("start", "end"):
        return
    given = step.get("commands")
    commands = given[:_COMMANDS_MAX] if isinstance(given, list) else []
    found = [each for each in commands if isinstance(each, dict)]
    manual = [_words(each.get("command")) for each in found if each.get("type") == "manual"]
    automatic = tuple(_words(each.get("type")) for each in found if each.get("type") != "manual")
    title = _words(step.get("name")) or _words(step.get("description"))
    details = [each for each in manual if each and each != title]
    asked = _words(step.get("condition") or step.get("switch"))
    words = ": ".join(each for each in (title or asked or name, "; ".join(details)) if each)
    yield Item(step=name, words=words, condition=when, automatic=automatic)


def _words(value: JsonValue) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(sign if sign.isprintable() else " " for sign in value)[:_WORDS_MAX]
