"""Code blocks in a page of the documents, as a reader would meet them.

Two kinds run, in reading order, in one empty folder a page: `console` (each line
after `$ ` is typed into a new shell, `> ` continues it, what follows is the expected
output, where `...` stands for any text) and `python` (one namespace a page; `>>>`
shows expected values). A
`text` block is a picture or a format. A block that cannot run here stands under
`<!-- not executed: the reason -->`.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.shared import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]

RUN = ("console", "python")
SHOWN = ("text",)

_FENCE = re.compile(r"^```(\w*)\s*$")
_EXCUSE = re.compile(r"^<!-- not executed: (\S.*) -->$")
_EXIT = re.compile(r"\s+# exit status (\d+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: where it stands, its language, its lines, why it does not run."""

    page: Path
    line: int
    language: str
    lines: tuple[str, ...]
    excuse: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}:{self.line}"


@dataclass(frozen=True, slots=True)
class Typed:
    """One command of a console block, and what it shows and returns."""

    command: str
    expected: tuple[str, ...]
    status: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in reading order."""
    found: list[Block] = []
    lines = page.read_text(encoding="utf-8").splitlines()
    opened: tuple[int, str, str] | None = None
    before = ""
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if fence and opened is None:
            excuse = _EXCUSE.match(before)
            opened = (number, fence.group(1), excuse.group(1) if excuse else "")
        elif fence and opened is not None:
            start, language, reason = opened
            found.append(Block(page, start, language, tuple(lines[start : number - 1]), reason))
            opened = None
        elif line.strip():
            before = line
    assert opened is None, f"{page}: the block opened in line {opened} is not closed"
    return found


def typed(block: Block) -> list[Typed]:
    """Split a console block into its commands."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.lines:
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1][1]:
            command, expected = commands[-1]
            commands[-1] = (f"{command}\n{line[2:]}", expected)
        else:
            assert commands, f"{block.place}: output before the first '$ ' line"
            commands[-1][1].append(line)
    return [_with_status(command, tuple(expected)) for command, expected in commands]


def matches(expected: tuple[str, ...], shown: str) -> bool:
    """Say whether a command showed what the page promises; trailing blanks do not count."""
    pattern = "\n".join(line.rstrip() for line in expected).strip("\n")
    actual = "\n".join(line.rstrip() for line in shown.splitlines()).strip("\n")
    pieces = (re.escape(piece) for piece in pattern.split("..."))
    return re.fullmatch(".*".join(pieces), actual, re.DOTALL) is not None


def _with_status(command: str, expected: tuple[str, ...]) -> Typed:
    status = _EXIT.search(command)
    if status is None:
        return Typed(command, expected, 0)
    return Typed(command[: status.start()], expected, int(status.group(1)))
