"""What every command that runs rules takes: which rules, read how, and many paths an option."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    pass

FORMATS = (
    "auto", "jsonl", "json", "evtx", "xml", "access", "nginx", "error", "w3c", "squid", "syslog",
    "auditd", "cef", "leef", "dns", "zeek", "csv",
)  # fmt: skip
_LEVELS = ("informational", "low", "medium", "high", "critical")
_STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")


class ManyPaths(click.Command):
    """A command whose repeated options take every word up to the next option: `--rules A B`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Write `--rules A B` as `--rules A --rules B`, which click understands."""
        many = {
            word
            for option in self.params
            if isinstance(option, click.Option) and option.multiple
            for word in option.opts
        }
        spread: list[str] = []
        current: str | None = None
        for at, word in enumerate(args):
            if word == "--":
                spread.extend(args[at:])
                break
            if word.startswith("-") and word != "-":
                current = word if word in many else None
                if current is None:
                    spread.append(word)
            elif current is not None:
                spread.extend((current, word))
            else:
                spread.append(word)
            if current is not None and word == current and not _has_word(args, at):
                spread.append(word)  # click says what is missing
        return super().parse_args(ctx, spread)


def _has_word(args: list[str], at: int) -> bool:
    following = args[at + 1 : at + 2]
    return bool(following) and (following[0] == "-" or not following[0].startswith("-"))


_OPTIONS = (
    click.option(
        "--rules",
        "paths",
        multiple=True,
        required=True,
        metavar="PATH...",
        help="Sigma rules: files, folders, zip archives; `shipped` for those of this program.",
    ),
    click.option(
        "--pipeline",
        "pipelines",
        multiple=True,
        metavar="NAME|FILE...",
        help="sysmon, windows-audit or windows (both, the default); files of pySigma pipelines.",
    ),
    click.option(
        "--exclusions",
        multiple=True,
        metavar="FILE...",
        help="Sigma filters of your own, each with reason, owner and expires.",
    ),
    click.option(
        "--min-level",
        type=click.Choice(_LEVELS),
        default=_LEVELS[0],
        show_default=True,
        help="Leave out rules below it.",
    ),
    click.option(
        "--status",
        "statuses",
        multiple=True,
        type=click.Choice(_STATUSES),
        help="Only rules of these; stable, test and experimental where not said.",
    ),
)


def rule_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that choose rules, as one argument `choice`."""

    @wraps(command)
    def with_choice(
        *,
        paths: tuple[str, ...],
        pipelines: tuple[str, ...],
        exclusions: tuple[str, ...],
        min_level: str,
        statuses: tuple[str, ...],
        **others: object,
    ) -> int:
        from detente.node.rulesets import USUAL_STATUSES, RuleChoice

        choice: RuleChoice = RuleChoice(
            paths, pipelines, exclusions, min_level, statuses or USUAL_STATUSES
        )
        return command(choice=choice, **others)

    decorated: Any = with_choice
    for option in reversed(_OPTIONS):
        decorated = option(decorated)
    made: Callable[..., int] = decorated
    return made
