"""`detente watch coverage`: what could not fire on some events, and why."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.output import EXIT_GOOD, json_option, print_json, say, wants_json, write_file
from detente.cli.rule_options import FORMATS, ManyPaths, rule_options

if TYPE_CHECKING:
    from detente.node.covering import Covered
    from detente.node.rulesets import RuleChoice

_SHOWN = 10


@click.command("coverage", cls=ManyPaths)
@rule_options
@click.option(
    "--events",
    multiple=True,
    required=True,
    metavar="PATH...",
    help="Events: files (plain, gzip, zstd), folders, - for standard input.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="The form of the events.",
)
@click.option(
    "--layer",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write an ATT&CK Navigator layer of the rules that can fire.",
)
@json_option
def show_coverage(
    *,
    choice: "RuleChoice",
    events: tuple[str, ...],
    form: str,
    layer: Path | None,
    as_json: bool,
) -> int:
    """Say which rules can fire on events such as these, which cannot, and why.

    A rule can fire where events of its log source come and every field it cannot do
    without has been seen in them. Whether values ever match is another question.

    \b
    Example:
      detente watch coverage --rules sigma.zip --events logs/ --layer covered.json
    """
    from detente.node.clock import now
    from detente.node.covering import cover_inputs
    from detente.node.rulesets import load_rules
    from detente.watch.reading import Format

    moment = now()
    loaded = load_rules(choice, today=moment.date())
    covered = cover_inputs(loaded, events, form=Format(form), now=moment.timestamp())
    if layer is not None:
        import orjson

        write_file(layer, orjson.dumps(covered.layer(), option=orjson.OPT_INDENT_2))
    if wants_json(as_json):
        print_json(covered.document())
    else:
        _say(covered)
    return EXIT_GOOD


def _say(covered: "Covered") -> None:
    coverage = covered.coverage
    _say_refused(covered)
    silent = [each for each in coverage.sources if not each.events]
    if silent:
        count = sum(each.rules for each in silent)
        say(f"no event of {len(silent)} log sources, so {count} rules never look:")
    for source in silent[:_SHOWN]:
        say(f"  {'/'.join(part or '-' for part in source.source)}: {source.rules} rules")
    _say_more(len(silent))
    _say_blind(covered)
    if coverage.unmet:
        say(f"{coverage.unmet} events no rule looks at")
    if covered.bad:
        say(f"{covered.bad} lines could not be read")
    for _, reason in covered.unread[:_SHOWN]:
        say(f"passed over: {reason}")
    _say_more(len(covered.unread))
    say(
        f"{len(coverage.firing)} of {covered.count} rules can fire on these {covered.events} events"
    )


def _say_blind(covered: "Covered") -> None:
    """Tell of rules whose log source comes, without what they need."""
    rules = covered.coverage.rules
    blind = [each for each in rules if each.is_met and not each.can_fire]
    if blind:
        say(f"{len(blind)} rules cannot fire though events of their log source come:")
    for rule in blind[:_SHOWN]:
        say(f"  {covered.rule(rule).title}: {covered.why(rule)}")
    _say_more(len(blind))
    partly = sum(1 for each in rules if each.can_fire and each.unseen)
    if partly:
        say(f"{partly} rules can fire, and name fields that were never seen; --json lists them")


def _say_refused(covered: "Covered") -> None:
    refused = covered.loaded.rules.refused
    if refused:
        say(f"{len(refused)} rules refused:")
    for each in refused[:_SHOWN]:
        say(f"  {each.file}:{each.line}: {each.reason}")
    _say_more(len(refused))


def _say_more(count: int) -> None:
    if count > _SHOWN:
        say(f"  and {count - _SHOWN} more; --json lists them")
