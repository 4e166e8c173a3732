"""What an entry of each sort may say: the fields of every act, what each holds, and its limits.

One table, so that what a peer sent is checked before anything reads it, and a form that
nobody wrote down is refused. Nothing here decides; folds do.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from detente.signing import TimeError, parse_time
from detente.signing.canonical import JsonValue

LINE_CHARS_MAX = 200
WORDS_CHARS_MAX = 8_000
LIST_MAX = 64
FIGURES_MAX = 1_024
WHOLE_MAX = 2**53 - 1
UNIT = "unit"


class Sort(StrEnum):
    """What a thread is."""

    CASE = "case"
    QUESTION = "question"
    LINE = "line"
    ACCORD = "accord"
    HELP = "help"
    CAPABILITY = "capability"
    PLAN = "plan"
    ATTRIBUTION = "attribution"
    LEDGER = "ledger"
    SITUATION = "situation"
    PRESS = "press"


class Level(StrEnum):
    """How bad it is, ascending."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the lowest."""
        return tuple(Level).index(self)


LIKELIHOODS = (  # ICD 203, analytic standards, D.6.e(2)(a)
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)
CONFIDENCES = ("low", "moderate", "high")
SOURCE_GRADES = ("A", "B", "C", "D", "E", "F")  # Admiralty: reliability of the source
CONTENT_GRADES = ("1", "2", "3", "4", "5", "6")  # Admiralty: credibility of the information
_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])", re.ASCII)
_TLPS = ("clear", "green", "amber", "amber+strict", "red")


def _is_line(value: JsonValue) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= LINE_CHARS_MAX
        and value.isprintable()
        and bool(value.strip())
    )


def _is_words(value: JsonValue) -> bool:
    return isinstance(value, str) and len(value.strip()) > 0 and len(value) <= WORDS_CHARS_MAX


def _is_moment(value: JsonValue) -> bool:
    try:
        return isinstance(value, str) and parse_time(value) is not None
    except TimeError:
        return False


def _is_id(value: JsonValue) -> bool:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def _is_ids(value: JsonValue) -> bool:
    if not isinstance(value, list) or len(value) > LIST_MAX or not all(map(_is_id, value)):
        return False
    return all(str(here) < str(after) for here, after in pairwise(value))


def _is_some_ids(value: JsonValue) -> bool:
    return bool(value) and _is_ids(value)


def _is_audience(value: JsonValue) -> bool:
    return value == UNIT or _is_some_ids(value)


def _is_lines(value: JsonValue) -> bool:
    return isinstance(value, list) and len(value) <= LIST_MAX and all(map(_is_line, value))


def _is_clauses(value: JsonValue) -> bool:
    return isinstance(value, list) and 0 < len(value) <= LIST_MAX and all(map(_is_words, value))


def _is_whole(value: JsonValue) -> bool:
    return type(value) is int and 0 <= value <= WHOLE_MAX


def _is_figures(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= FIGURES_MAX
        and all(_is_line(name) and _is_whole(figure) for name, figure in value.items())
    )


def _is_traced(value: JsonValue) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= LIST_MAX
        and all(
            isinstance(each, dict)
            and set(each) == {"words", "about"}
            and _is_line(each["words"])
            and _is_ids(each["about"])
            for each in value
        )
    )


def _one_of(*choices: str) -> Callable[[JsonValue], bool]:
    return lambda value: isinstance(value, str) and value in choices


_CHECKS: Mapping[str, tuple[Callable[[JsonValue], bool], str]] = {
    "line": (_is_line, f"one line of at most {LINE_CHARS_MAX} characters"),
    "words": (_is_words, f"words, at most {WORDS_CHARS_MAX} characters"),
    "moment": (_is_moment, "a time as 2026-11-03T18:00:00Z"),
    "id": (_is_id, "64 hex digits"),
    "ids": (_is_ids, f"at most {LIST_MAX} ids, ascending"),
    "some ids": (_is_some_ids, f"1 to {LIST_MAX} ids, ascending"),
    "audience": (_is_audience, "`unit`, or member ids, ascending"),
    "lines": (_is_lines, f"at most {LIST_MAX} lines"),
    "clauses": (_is_clauses, f"1 to {LIST_MAX} clauses"),
    "whole": (_is_whole, "a whole number"),
    "figures": (_is_figures, "whole numbers by name"),
    "traced": (_is_traced, "lines, each with the statements it rests on"),
    "period": (
        lambda value: isinstance(value, str) and _PERIOD.fullmatch(value) is not None,
        "a month as 2026-11",
    ),
    "level": (_one_of(*Level), "low, medium, high or critical"),
    "tlp": (_one_of(*_TLPS), "a TLP label"),
    "yes or no": (_one_of("yes", "no"), "yes or no"),
    "likelihood": (_one_of(*LIKELIHOODS), "one of: " + ", ".join(LIKELIHOODS)),
    "confidence": (_one_of(*CONFIDENCES), "low, moderate or high"),
    "source grade": (_one_of(*SOURCE_GRADES), "A to F"),
    "content grade": (_one_of(*CONTENT_GRADES), "1 to 6"),
    "progress": (_one_of("open", "taken", "done", "dropped"), "open, taken, done or dropped"),
    "answer": (_one_of("yes", "no", "unsure", "cannot say"), "yes, no, unsure or cannot say"),
    "verdict": (_one_of("shown", "not shown", "undecided"), "shown, not shown or undecided"),
    "judges": (_one_of("quorum", "observers"), "quorum or observers"),
    "mode": (_one_of("at once", "by notice"), "at once or by notice"),
    "side": (_one_of("request", "offer"), "request or offer"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """What one act says.

    Attributes:
        required: name of a field -> what it holds.
        optional: the same, for fields that may be missing.
    """

    required: Mapping[str, str]
    optional: Mapping[str, str]


def _form(*, optional: Mapping[str, str] | None = None, **required: str) -> Form:
    return Form(required=required, optional=optional or {})


def _opening(*, optional: Mapping[str, str] | None = None, **more: str) -> Form:
    """Every thread begins alike: what it is called, who takes part, and how far it may travel."""
    fields = {"title": "line", "with": "audience", "tlp": "tlp", "nonce": "id", **more}
    return Form(required=fields, optional=optional or {})


_SAYS = _form(words="words")
_OF = _form(of="id", optional={"words": "words"})
_ACTS: Mapping[Sort, Mapping[str, Form]] = {
    Sort.CASE: {
        "open": _opening(kind="line", level="level", optional={"words": "words", "about": "ids"}),
        "note": _form(words="words", optional={"when": "moment", "about": "ids"}),
        "evidence": _form(
            name="line",
            hash="id",
            size="whole",
            optional={"words": "words", "statement": "id"},
        ),
        "hypothesis": _form(words="words", innocent="yes or no"),
        "weigh": _form(of="id", likelihood="likelihood", optional={"words": "words"}),
        "task": _form(title="line", optional={"owner": "id", "person": "line", "due": "moment"}),
        "progress": _form(of="id", state="progress", optional={"words": "words"}),
        "decision": _form(words="words", reasons="words"),
        "level": _form(level="level", optional={"words": "words"}),
        "title": _form(title="line"),
        "handover": _form(words="words", to="line"),
        "correct": _form(of="id", words="words"),
        "playbook": _form(name="line", step="line", state="progress"),
        "close": _SAYS,
        "reopen": _SAYS,
    },
    Sort.QUESTION: {
        "open": _opening(words="words", due="moment", optional={"about": "ids"}),
        "answer": _form(answer="answer", words="words", optional={"about": "ids"}),
        "close": _SAYS,
    },
    Sort.LINE: {
        "open": _opening(words="words", optional={"due": "moment"}),
        "say": _form(words="words", optional={"due": "moment"}),
        "ack": _OF,
    },
    Sort.ACCORD: {
        "open": _opening(
            parties="some ids",
            observers="ids",
            classes="lines",
            techniques="lines",
            start="moment",
            end="moment",
            zone="line",
            clauses="clauses",
            breach="words",
            shown="words",
            judges="judges",
            quorum="whole",
            notice_hours="whole",
        ),
        "sign": _form(terms="id", optional={"words": "words"}),
        "decline": _SAYS,
        "allege": _form(
            accused="id", clause="whole", words="words", evidence="some ids", due="moment"
        ),
        "reply": _form(of="id", words="words", evidence="ids"),
        "judge": _form(of="id", verdict="verdict", reasons="words"),
        "link": _form(clause="whole", about="id", words="words"),
        "suspend": _SAYS,
        "resume": _SAYS,
        "withdraw": _form(words="words", mode="mode"),
        "report": _form(period="period", figures="figures", words="words"),
    },
    Sort.HELP: {
        "open": _opening(
            side="side", capability="line", hours="whole", due="moment", words="words"
        ),
        "offer": _form(words="words", hours="whole", until="moment"),
        "accept": _OF,
        "decline": _OF,
        "close": _SAYS,
    },
    Sort.CAPABILITY: {
        "open": _opening(
            people="whole", hours="whole", tools="lines", until="moment", words="words"
        ),
        "close": _SAYS,
    },
    Sort.PLAN: {
        "open": _opening(words="words"),
        "duty": _form(level="level", caller="line", called="line", playbook="line", words="words"),
        "strike": _OF,
        "endorse": _form(terms="id"),
    },
    Sort.ATTRIBUTION: {
        "open": _opening(
            actor="line",
            words="words",
            likelihood="likelihood",
            confidence="confidence",
            source="source grade",
            content="content grade",
            evidence="ids",
        ),
        "support": _form(words="words", evidence="ids"),
        "doubt": _form(words="words", evidence="ids"),
        "deny": _form(words="words", evidence="ids"),
        "withdraw": _SAYS,
    },
    Sort.LEDGER: {"open": _opening(period="period", figures="figures", words="words")},
    Sort.PRESS: {
        "open": _opening(words="words", by="line"),
        "revise": _form(words="words", by="line"),
        "approve": _form(of="id", by="line"),
        "withdraw": _form(words="words", by="line"),
        "send": _form(of="id", by="line", to="lines"),
        "unsent": _form(of="id", to="lines"),
    },
    Sort.SITUATION: {
        "open": _opening(period="line", lines="traced", withheld="figures", words="words")
    },
}


def acts_of(sort: Sort) -> tuple[str, ...]:
    """Return what can be said in a thread of one sort, the opening first."""
    return tuple(_ACTS[sort])


def why_not(sort: Sort, act: str, body: Mapping[str, JsonValue]) -> str:
    """Say what is wrong with a body, "" where nothing is."""
    form = _ACTS[sort].get(act)
    if form is None:
        return f"nobody says {act[:40]!r} in a thread of the sort {sort}"
    if not form.required.keys() <= body.keys():
        return f"{sort} {act} lacks {', '.join(sorted(form.required.keys() - body.keys()))}"
    for name, value in body.items():
        holds = form.required.get(name) or form.optional.get(name)
        if holds is None:
            return f"{sort} {act} has no {name[:40]!r}"
        is_good, words = _CHECKS[holds]
        if not is_good(value):
            return f"{name} of {sort} {act} is {words}"
    return ""
