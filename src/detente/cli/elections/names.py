"""`detente elections names`: names that look like the office's own."""

from pathlib import Path

import click

from detente.cli.output import EXIT_GOOD, EXIT_WRONG, json_option, print_json, say, wants_json

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("names")
def command() -> None:
    """Find names that a voter would mistake for the office's own."""


@command.command("scan")
@click.option("--protect", type=_FILE, required=True, help="The office's names.")
@click.option("--observed", type=_FILE, required=True, help="Names seen; gzip is read too.")
@click.option("--facts", type=_FILE, help="What is known of names, as JSON; see the guide.")
@click.option("--known", type=_FILE, help="Names known to be good; left out.")
@json_option
def scan(
    protect: Path, observed: Path, facts: Path | None, known: Path | None, as_json: bool
) -> int:
    """Compare observed names with the office's own, each in a handful of look-ups.

    Observed names come from a look-up or mail log, a stream of certificates, a
    zone file, one a line, a table with a column "name", or JSON lines. With
    --facts the score says how new a name is, whether it takes mail and so on.
    A likeness is no proof of harm: look at who registered it, and since when.

    \b
    Example:
      detente elections names scan --protect ours.txt --observed seen.txt.gz
    """
    from detente.elections.names import WORDS, Facts, weigh
    from detente.node.clock import now
    from detente.node.look_alikes import Count, scan_names
    from detente.node.name_pages import read_facts

    count, found = Count(), 0
    machine = wants_json(as_json)
    of_names = read_facts(facts) if facts else {}
    for row in scan_names(protect, observed, count, known=known):
        found += 1
        told = of_names.get(row.observed.lower().rstrip("."), Facts())
        score, why = weigh(row, told, now().date())
        if machine:
            print_json(
                {
                    "observed": row.observed,
                    "protects": row.protects,
                    "class": row.likeness.value,
                    "score": score,
                    "facts": why,
                }
            )
        if not as_json:
            known_of = f" ({why}; score {score})" if why else ""
            say(f"{row.observed}  is like {row.protects}: {WORDS[row.likeness]}{known_of}")
    if not as_json:
        say(f"{count.names} names seen, {found} like one of ours, {count.refusals} rows left out")
        for reason in count.refused:
            say(f"  left out: {reason}")
    return EXIT_GOOD


@command.command("links")
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
@click.option("--protect", type=_FILE, help="The office's names.")
@json_option
def links(before: Path, after: Path, protect: Path | None, as_json: bool) -> int:
    """Say where a page leads that it did not lead BEFORE, from two saved copies of it.

    A new host that reads like one that is gone, or like the office's own, comes
    first: exit status 1 then. Nothing is fetched.

    \b
    Example:
      detente elections names links donate-august.html donate-october.html
    """
    from detente.elections.names import WORDS
    from detente.node.name_pages import compare_links

    drifts = compare_links(before, after, protect)
    rows = [
        {
            "host": each.host,
            "links": each.links,
            "replaces": each.replaces,
            "is_like": each.found.protects if each.found else "",
            "class": each.found.likeness.value if each.found else "",
        }
        for each in drifts
    ]
    if wants_json(as_json):
        print_json({"links": rows})
    if not as_json:
        for each in drifts:
            like = each.found
            said = f"is like {like.protects}: {WORDS[like.likeness]}" if like else "is new"
            say(f"{each.host}  {said}; {each.links} links lead there")
        say(f"{len(drifts)} new hosts. Innocent: a new service, a page built anew. "
            "Settled by: whoever edits the page.")  # fmt: skip
    return EXIT_WRONG if any(each.found for each in drifts) else EXIT_GOOD
