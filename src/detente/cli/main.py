"""The entry point: finds the noun, maps errors to exit statuses."""

import importlib
import sys

import click

from detente import __version__
from detente.cli.output import EXIT_ENVIRONMENT, EXIT_USAGE, say_error
from detente.errors import EnvironmentFault, UnitError

# Loaded only when called: help must come at once on an old laptop.
_NOUNS = {
    "backup": "Copy a node's state, keys still encrypted, into one archive.",
    "bench": "Run a benchmark and print its figures with their spread.",
    "charter": "Who the members are and which rules bind them.",
    "doctor": "Check versions, libraries, clock, disk, keys.",
    "exercise": "Run the main job: a unit at work, scene by scene, with a verdict for each.",
    "init": "Make a node in an empty directory.",
    "keys": "Show, rotate, suspend and recover a node's keys.",
    "proof": "Verify a proof of misbehaviour, offline.",
    "receipt": "Make or verify a portable proof that a statement is in a log.",
    "restore": "Put a back-up into an empty directory, every hash checked.",
    "run": "Run a node: its log, its outward face, the exchange with its peers.",
    "statement": "Say something to the unit, and see what was said.",
}


class _Nouns(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _NOUNS:
            return None
        command = importlib.import_module(f"detente.cli.{cmd_name}").command
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


def main() -> None:
    """Run `detente` and exit with the contract's status."""
    try:
        status = root.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except EnvironmentFault as error:
        say_error(error)
        sys.exit(EXIT_ENVIRONMENT)
    except UnitError as error:
        say_error(error)
        sys.exit(EXIT_USAGE)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(EXIT_ENVIRONMENT)
    sys.exit(status if isinstance(status, int) else 0)
