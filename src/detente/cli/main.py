"""The entry point: finds the noun, maps errors to exit statuses."""

import importlib
import os
import signal
import sys
import traceback
from keyword import iskeyword

import click

from detente import __version__
from detente.cli.output import EXIT_ENVIRONMENT, EXIT_GOOD, EXIT_USAGE, say_error
from detente.errors import EnvironmentFault, UnitError

_EXIT_INTERRUPTED = 130
_LOOK = "Look for a full disk, missing rights or an exhausted memory, then try again"

# Loaded only when called: help must come at once on an old laptop.
_NOUNS = {
    "accord": "What members promise each other, and what became of it.",
    "attribution": "Who did it, as a named member holds, beside every denial.",
    "backup": "Copy a node's state, keys still encrypted, into one archive.",
    "bench": "Run a benchmark and print its figures with their spread.",
    "case": "Open, share, keep and close cases.",
    "charter": "Who the members are and which rules bind them.",
    "console": "Say where a node's pages are; make a link to come in by.",
    "doctor": "Check versions, libraries, clock, disk, keys.",
    "elections": "Guards of results, audits, rolls and names; needs no node.",
    "exercise": "Run the main job: a unit at work, scene by scene, with a verdict for each.",
    "export": "Write what others would pull from this node into a file.",
    "hunt": "Rules and indicators over the events a node kept.",
    "import": "Take up what came on media.",
    "indicators": "What values do here and why; lists for tools, feeds of others.",
    "init": "Make a node in an empty directory.",
    "keys": "Show, rotate, suspend and recover a node's keys.",
    "ledger": "What was given and got, per partner and month.",
    "line": "The hot line: messages to one member that cannot be denied.",
    "notify": "People of this office are told, step by step, until one confirms.",
    "playbook": "Playbooks (CACAO 2.0) as check lists; manual steps only.",
    "press": "A sentence for the press: drafted by one, approved by another, then sent.",
    "proof": "Verify a proof of misbehaviour, offline.",
    "question": "Ask members, answer them, see who did not.",
    "receipt": "Make or verify a portable proof that a statement is in a log.",
    "restore": "Put a back-up into an empty directory, every hash checked.",
    "run": "Run a node: its log, its outward face, the exchange with its peers.",
    "situation": "The joint picture, capabilities, help, the crisis plan.",
    "source": "See and read TAXII servers, MISP feeds and lists of others.",
    "statement": "Say something to the unit, and see what was said.",
    "token": "Make, list and revoke the tokens of outside tools.",
    "watch": "Rules over events: detections out.",
}


class _ReaderGone(Exception):
    """Whoever read the standard output wants no more."""


class _Nouns(click.Group):
    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would end with status 1, which says that something was found wrong.
            raise _ReaderGone from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _NOUNS:
            return None
        # `import` cannot be the name of a module.
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command = importlib.import_module(f"detente.cli.{module}").command
        assert isinstance(command, click.Command)  # noqa: S101 - our own modules
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_NOUNS.items()))


@click.command(cls=_Nouns, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="detente")
def root() -> None:
    """A joint cyber security unit for organisations that do not trust each other.

    \b
    First steps:
      detente doctor                      is this machine ready?
      detente exercise --headless         see the whole unit at work
      detente init office --name "Aurel"  make a node of your own

    Exit status: 0 done and good, 1 something was found wrong, 2 usage or bad
    input, 3 a fault of the environment. With --json the answer is one JSON
    document on standard output; everything for people goes to standard error.
    """


def program() -> None:
    """Be the process `detente`: run it, and let no late interrupt blur how it ended."""
    try:
        main()
    finally:
        # What is done is done; the interpreter would print its own insides in its last moments.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> None:
    """Run `detente` and exit with the contract's status."""
    status: object = EXIT_GOOD
    try:
        words = sys.argv[1:] or ["--help"]
        status = root.main(words, prog_name="detente", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        status = _EXIT_INTERRUPTED
    except (_ReaderGone, BrokenPipeError):
        # Nothing more can be said there, not even at the end of the interpreter.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = EXIT_ENVIRONMENT
    except Exception as error:
        status = _explain(error)
    sys.exit(status if isinstance(status, int) else EXIT_GOOD)


def _explain(error: Exception) -> int:
    """Say what failed, and return the contract's status: never 1, which is a finding."""
    match error:
        case EnvironmentFault():
            say_error(error)
        case UnitError():
            say_error(error)
            return EXIT_USAGE
        case UnicodeEncodeError():
            word = ascii(error.object)[:80]
            say_error(UnitError(f"not UTF-8: {word}", remedy="Type it as UTF-8 text"))
            return EXIT_USAGE
        case OSError() | MemoryError():
            say_error(EnvironmentFault(f"this machine refused: {error}", remedy=_LOOK))
        case _:
            traceback.print_exception(error)
            say_error(EnvironmentFault("a fault of detente itself", remedy="Please report it"))
    return EXIT_ENVIRONMENT
