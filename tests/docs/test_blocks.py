"""The documents cannot drift: what they show is run, and must show the same. (README)"""

import doctest
import os
import pty
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest

from tests.docs.pages import PAGES, RUN, SHOWN, Block, blocks, matches, typed
from tests.shared import ROOT, shared_path

BLOCKS = {page: blocks(page) for page in PAGES}
RUNNING = {
    page: [block for block in found if block.language in RUN and not block.excuse]
    for page, found in BLOCKS.items()
}

_SHARED = "DETENTE_SHARED"


def named(page):
    return page.relative_to(ROOT).as_posix()


def environment(home: Path) -> dict[str, str]:
    """Return what a newcomer's shell knows: our commands, a home, nothing of this run."""
    commands = Path(sys.executable).parent
    return {
        "PATH": f"{commands}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "100",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "TZ": "UTC",
    }


def run_console(block: Block, folder: Path) -> None:
    for step in typed(block):
        # Published records that a page works on lie beside the repository, or it is skipped.
        more = {_SHARED: str(shared_path("data").parent)} if _SHARED in step.command else {}
        status, shown = type_at_terminal(step.command, folder, more)
        said = f"{block.place}: $ {step.command}\n{shown}"
        assert status == step.status, f"{said}\nexit status {status}"
        if step.expected:
            expected = "\n".join(step.expected)
            assert matches(step.expected, shown), f"{said}\n--- the page shows\n{expected}"


def type_at_terminal(command: str, folder: Path, more: dict[str, str]) -> tuple[int, str]:
    """Run a command as at a terminal: programs may show people other things than pipes."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment(folder) | more,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    watch = Timer(300, running.kill)
    watch.start()
    shown = b""
    try:
        while data := os.read(ours, 65_536):
            shown += data
    except OSError:  # so Linux says that nobody writes any more
        pass
    finally:
        watch.cancel()
        os.close(ours)
    return running.wait(), shown.decode(errors="replace").replace("\r\n", "\n")


def run_python(block: Block, names: dict[str, object]) -> None:
    source = "\n".join(block.lines) + "\n"
    if not source.startswith(">>>"):
        exec(compile(source, block.place, "exec"), names)
        return
    test = doctest.DocTestParser().get_doctest(source, names, block.place, named(block.page), 0)
    test.globs = names
    shown: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=shown.append, clear_globs=False)
    assert not shown, "".join(shown)


def test_there_are_blocks_that_run():
    assert sum(len(found) for found in RUNNING.values()) >= 3


@pytest.mark.parametrize("page", [page for page in PAGES if RUNNING[page]], ids=named)
def test_what_a_page_shows_is_what_happens(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "page"}
    for block in RUNNING[page]:
        if block.language == "console":
            run_console(block, tmp_path)
        else:
            run_python(block, names)


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCKS[page]], ids=named)
def test_a_block_runs_or_says_why_not(page):
    for block in BLOCKS[page]:
        assert block.language in (*RUN, *SHOWN), (
            f"{block.place}: '{block.language}' is neither run {RUN} nor a picture {SHOWN}"
        )


def test_an_ellipsis_stands_for_any_text_and_nothing_else_does():
    assert matches(("size ... of 4", "...", "done"), "size 3 of 4\nmore\nlines\ndone\n")
    assert not matches(("size 3",), "size 3 of 4")
    assert not matches(("done",), "not done")


def test_a_command_may_promise_another_exit_status(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cat <<END\n> one\n> END\none\n$ exit 2   # exit status 2\n```\n")
    (block,) = blocks(page)
    first, second = typed(block)
    assert (first.command, first.expected) == ("cat <<END\none\nEND", ("one",))
    assert (second.command, second.status) == ("exit 2", 2)
