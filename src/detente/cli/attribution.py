"""`detente attribution`: who holds whom to have done it, beside every denial."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import node_option
from detente.cli.output import json_option
from detente.cli.responding import add_entry, begin, responding, tell_rows, tlp_option, with_option

if TYPE_CHECKING:
    from detente.signing import JsonValue

_LIKELIHOODS = (
    "almost no chance",
    "very unlikely",
    "unlikely",
    "roughly even chance",
    "likely",
    "very likely",
    "almost certain",
)


@click.group("attribution")
def command() -> None:
    """Who did it, as a named member holds, with its confidence. Never automatic, never decided."""


@command.command("claim")
@click.argument("actor", metavar="ACTOR")
@click.argument("words", metavar="WORDS")
@click.option("--likelihood", type=click.Choice(_LIKELIHOODS), required=True, help="ICD 203.")
@click.option("--confidence", type=click.Choice(("low", "moderate", "high")), required=True)
@click.option("--grade", required=True, help="Admiralty grade, as B2.")
@click.option("--evidence", multiple=True, metavar="HASH")
@with_option
@tlp_option
@node_option
@json_option
def claim(
    actor: str,
    words: str,
    members: tuple[str, ...],
    directory: Path,
    as_json: bool,
    **said: object,
) -> None:
    """Claim who did it: this member's word, with its likelihood, confidence and evidence.

    \b
    Example:
      detente attribution claim "the group behind I6" "same attachment, same sender"
          --likelihood likely --confidence moderate --grade B2 --node office
    """
    from detente.response import Sort

    evidence = said["evidence"]
    grade = str(said["grade"])
    body: dict[str, JsonValue] = {
        "title": f"{actor[:100]}: {said['likelihood']}",
        "actor": actor,
        "words": words,
        "likelihood": str(said["likelihood"]),
        "confidence": str(said["confidence"]),
        "source": grade[:1],
        "content": grade[1:],
        "evidence": [*sorted(evidence)] if isinstance(evidence, tuple) else [],
    }
    with responding(directory) as lent:
        tlp = str(said["tlp"])
        begin(lent, Sort.ATTRIBUTION, body, members=members, tlp=tlp, as_json=as_json)


@command.command("beside")
@click.argument("claim", metavar="CLAIM")
@click.argument("stance", type=click.Choice(("support", "doubt", "deny")))
@click.argument("words", metavar="WORDS")
@click.option("--evidence", multiple=True, metavar="HASH")
@node_option
@json_option
def beside(
    claim: str,
    stance: str,
    words: str,
    evidence: tuple[str, ...],
    directory: Path,
    as_json: bool,
) -> None:
    """Support, doubt or deny a claim; it stands beside it and decides nothing.

    \b
    Example:
      detente attribution beside 5c9f deny "our network was used by others" --node office
    """
    from detente.response import Sort

    body: dict[str, JsonValue] = {"words": words, "evidence": [*sorted(evidence)]}
    add_entry(directory, Sort.ATTRIBUTION, claim, stance, body, as_json=as_json)


@command.command("withdraw")
@click.argument("claim", metavar="CLAIM")
@click.argument("words", metavar="WORDS")
@node_option
@json_option
def withdraw(claim: str, words: str, directory: Path, as_json: bool) -> None:
    """Take back an own claim; that it was made stays.

    \b
    Example:
      detente attribution withdraw 5c9f "the address was reassigned" --node office
    """
    from detente.response import Sort

    add_entry(directory, Sort.ATTRIBUTION, claim, "withdraw", {"words": words}, as_json=as_json)


@command.command("list")
@node_option
@json_option
def list_claims(directory: Path, as_json: bool) -> None:
    """List claims with everything that stands beside them.

    \b
    Example:
      detente attribution list --node office
    """
    from detente.response import Sort, attribution_of

    with responding(directory) as lent:
        rows: list[dict[str, JsonValue]] = []
        for row in lent.responder.shelf.threads(Sort.ATTRIBUTION.value, limit=1_000):
            found = attribution_of(lent.responder.read(row.id))
            entry = found.claim.entry
            rows.append(
                {
                    "id": row.id,
                    "by": lent.name(entry.author),
                    "actor": entry.text("actor"),
                    "words": entry.text("words"),
                    "likelihood": entry.text("likelihood"),
                    "confidence": entry.text("confidence"),
                    "grade": found.grade,
                    "evidence": [*entry.texts("evidence")],
                    "standing": found.standing,
                    "beside": [
                        {
                            "by": lent.name(each.entry.author),
                            "stance": each.entry.act,
                            "words": each.entry.text("words"),
                        }
                        for each in found.beside
                    ],
                }
            )
    columns = ("id", "by", "actor", "likelihood", "confidence", "grade", "standing")
    tell_rows(rows, columns, as_json=as_json, what="claims")
