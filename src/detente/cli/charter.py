"""`detente charter`: who the members are and which rules bind them."""

from pathlib import Path

import click

from detente.cli.opening import node_option, open_home
from detente.cli.output import (
    json_option,
    naming,
    print_json,
    read_file,
    say,
    wants_json,
    write_file,
)
from detente.errors import InputError

_OUT = click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("charter")
def command() -> None:
    """Found a unit and see its rules. Every step is a file, so that no network is needed.

    \b
    Founding, in order:
      every member   detente charter card --out aurel.card
      one of them    detente charter found aurel.card borea.card --name Unit --out offer
      every member   detente charter vote offer --out aurel.yes
      every member   detente charter apply offer aurel.yes borea.yes
    """


@command.command("card")
@_OUT
@node_option
@json_option
def card(out: Path, directory: Path, as_json: bool) -> None:
    """Write this node's card: its name and public keys, for whoever makes the offer.

    \b
    Example:
      detente charter card --out aurel.card --node office
    """
    from detente.node.founding import write_card

    with open_home(directory) as home:
        write_file(out, write_card(home))
        member = home.card
    if wants_json(as_json):
        print_json({"member": member.id, "fingerprint": list(member.fingerprint)})
    if not as_json:
        say(f"{out}: read these words to the others over the telephone")
        say(" ".join(member.fingerprint))


@command.command("found")
@click.argument("cards", nargs=-1, required=True, type=_FILE, metavar="CARD...")
@click.option("--name", required=True, help="What the unit is called.")
@click.option(
    "--f",
    "hostile",
    type=click.IntRange(0, 64),
    default=0,
    show_default=True,
    help="How many members it is prepared to see hostile at once.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY[,VKEY]",
    help="An outside witness by its verifier keys: 0x04, and 0x06 where it has one.",
)
@_OUT
@json_option
def found(
    cards: tuple[Path, ...],
    name: str,
    hostile: int,
    witnesses: tuple[str, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Offer version 1 of a charter to the members whose CARDs are named.

    A unit that cannot be safe for the --f it asks is refused with the table's row.

    \b
    Example:
      detente charter found aurel.card borea.card --name Unit --out offer
    """
    from detente.node.clock import now
    from detente.node.founding import make_offer, read_card, read_witness

    members = []
    for path in cards:
        with naming(path, "not a card"):
            members.append(read_card(read_file(path)))
    charter = make_offer(
        name=name,
        members=members,
        witnesses=[read_witness(words) for words in witnesses],
        f=hostile,
        now=now(),
    )
    write_file(out, charter.to_bytes())
    if wants_json(as_json):
        print_json({"unit": charter.unit_id, "members": [each.id for each in charter.members]})
    if not as_json:
        say(f"{out}: unit {charter.unit_id}; now every member votes")


@command.command("vote")
@click.argument("offer", type=_FILE, metavar="OFFER")
@click.option("--withdraw", is_flag=True, help="Withdraw the whole offer instead.")
@_OUT
@node_option
def vote(offer: Path, withdraw: bool, out: Path, directory: Path) -> None:
    """Accept an offered founding with this node's governance key, or withdraw it.

    Read the charter first (`detente charter show OFFER`) and compare the
    fingerprint words of every member over another channel.

    \b
    Example:
      detente charter vote offer --out aurel.yes --node office
    """
    from detente.node.clock import now
    from detente.node.founding import accept_offer, withdraw_offer

    document = read_file(offer)
    with open_home(directory) as home, naming(offer, "this offer is not answered"):
        answer = withdraw_offer(home, document) if withdraw else accept_offer(home, document, now())
    write_file(out, answer)
    say(f"{out}: {'withdrawn' if withdraw else 'accepted'}; send it to every member")


@command.command("apply")
@click.argument("offer", type=_FILE, metavar="OFFER")
@click.argument("answers", nargs=-1, required=True, type=_FILE, metavar="ANSWER...")
@node_option
@json_option
def apply(offer: Path, answers: tuple[Path, ...], directory: Path, as_json: bool) -> None:
    """Bind this node to a unit that every member accepted, and begin its log.

    \b
    Example:
      detente charter apply offer aurel.yes borea.yes --node office
    """
    from detente.node.clock import now
    from detente.node.founding import apply_founding, gather_founding

    document, said = read_file(offer), [read_file(path) for path in answers]
    with naming(offer, "not an offer"):
        gather_founding(document, [])
    for path, answer in zip(answers, said, strict=True):
        with naming(path, "not an answer to this offer"):
            gather_founding(document, [answer])
    with open_home(directory) as home, naming(offer, "the unit is not founded"):
        charter = apply_founding(home, document, said, now())
    if wants_json(as_json):
        print_json({"unit": charter.unit_id, "version": charter.version})
    if not as_json:
        say(f"the unit {charter.name!r} is founded: {charter.unit_id}")


@command.command("show")
@click.argument("offer", required=False, type=_FILE, metavar="[OFFER]")
@node_option
@json_option
def show(offer: Path | None, directory: Path, as_json: bool) -> None:
    """Show the charter this node is bound to, or an OFFER that was sent.

    \b
    Example:
      detente charter show offer
    """
    from detente.charter import parse_charter
    from detente.node.founding import describe_charter, require_bound

    if offer is not None:
        with naming(offer, "not a charter"):
            charter = parse_charter(read_file(offer))
    else:
        with open_home(directory) as home:
            charter = require_bound(home)
    view = describe_charter(charter)
    if wants_json(as_json):
        print_json(view.document)
    if not as_json:
        for line in view.lines:
            say(line)


@command.command("chain")
@_OUT
@node_option
def chain(out: Path, directory: Path) -> None:
    """Write the charter chain: what an offline verifier of proofs is given.

    \b
    Example:
      detente charter chain --out unit.chain --node office
    """
    from detente.node.founding import require_bound

    with open_home(directory) as home:
        require_bound(home)
        chain = home.chain
    if chain is None:
        raise InputError("this node keeps no charter chain", file=str(directory))
    write_file(out, chain.file.to_bytes())
    say(f"unit {chain.unit}, version {chain.latest.version}")
    say(f"{out}: compare the unit's id with the one known from elsewhere before relying on it")


@command.command("policy")
@click.option("--member", help="Whose receipts; this node's own where not given.")
@_OUT
@node_option
def policy(member: str | None, out: Path, directory: Path) -> None:
    """Write the tlog-policy under which receipts from a member's log are settled.

    \b
    Example:
      detente charter policy --member Borea --out borea.policy --node office
    """
    from detente.node.founding import require_bound
    from detente.proofs.cosigners import policy_text

    with open_home(directory) as home:
        charter = home.present_charter(require_bound(home))
        wanted = member or home.identity.member
    found = [each for each in charter.members if wanted in (each.id, each.name)]
    if len(found) != 1:
        names = ", ".join(each.name for each in charter.members)
        raise InputError(f"no member is called {wanted!r}", remedy=f"The members are {names}")
    write_file(out, policy_text(charter, found[0]).encode())
    say(f"{out}: receipts from {found[0].name}")
