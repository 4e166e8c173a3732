"""`detente elections`: guards of results, audits, rolls, names, systems; a module per check."""

import importlib

import click

# Loaded only when called, as in `detente.cli.main`.
_CHECKS = {
    "results": "Figures from tape to public page.",
    "names": "Names that look like the office's own.",
    "rolls": "Two snapshots of a roll, and what happened between them.",
    "systems": "Web and mail logs of the office as a whole.",
    "audit": "The statistics of a risk-limiting audit.",
}


class _Checks(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_CHECKS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _CHECKS:
            return None
        command = importlib.import_module(f"detente.cli.elections.{cmd_name}").command
        assert isinstance(command, click.Command)  # noqa: S101 - our own modules
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_CHECKS.items()))


@click.command("elections", cls=_Checks)
def command() -> None:
    """Guards of an election, from public exports and read-only media.

    Needs no node, no partner and no network. Never install this on voting or
    tabulation equipment, and never connect it to any.
    """
