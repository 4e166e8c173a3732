"""`detente charter`: who the members are and which rules bind them."""

from pathlib import Path

import click

from detente.cli.charter_changes import admit, leave, propose
from detente.cli.charter_votes import read_member
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
from detente.signing import canonical

_OUT = click.option(
    "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write."
)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("charter")
def command() -> None:
    """Found a unit, change its rules, leave it. By files, or over the network.

    \b
    Founding by files, in order:
      every member   detente charter card --out aurel.card
      one of them    detente charter found aurel.card borea.card --name Unit --out offer
      every member   detente charter vote offer --out aurel.yes
      every member   detente charter apply offer aurel.yes borea.yes
    Over the network, beside nodes that run:
      one of them    detente charter found https://borea.example --name Unit --open
      the others     detente charter vote https://aurel.example
      the first      detente charter vote
    """


for _each in (propose, leave, admit):
    command.add_command(_each)


@command.command("card")
@_OUT
@node_option
@json_option
def card(out: Path, directory: Path, as_json: bool) -> None:
    """Write this node's card: its name and public keys, for whoever makes the offer.

    A member that left gets the card to come back with: new keys, the same member.

    \b
    Example:
      detente charter card --out aurel.card --node office
    """
    from detente.node.leaving import own_card

    with open_home(directory) as home:
        member = own_card(home)
    write_file(out, canonical(member.to_json()))
    if wants_json(as_json):
        print_json({"member": member.id, "fingerprint": list(member.fingerprint)})
    if not as_json:
        say(f"{out}: read these words to the others over the telephone")
        say(" ".join(member.fingerprint))


@command.command("found")
@click.argument("cards", nargs=-1, required=True, metavar="CARD|URL...")
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
@click.option("--out", type=_FILE, help="File to write.")
@click.option("--open", "is_open", is_flag=True, help="Keep it open at --node, which takes part.")
@node_option
@json_option
def found(
    cards: tuple[str, ...],
    name: str,
    hostile: int,
    witnesses: tuple[str, ...],
    out: Path | None,
    is_open: bool,
    directory: Path,
    as_json: bool,
) -> None:
    """Offer version 1 of a charter to the members whose CARDs are named.

    A unit that cannot be safe for the --f it asks is refused with the table's row.
    With --open the offer stands at this node, with its own card in it, where the others
    answer it over the network; a URL is where a node without a unit shows its card.

    \b
    Examples:
      detente charter found aurel.card borea.card --name Unit --out offer
      detente charter found https://borea.example --name Unit --open --node office
    """
    from detente.node.clock import now
    from detente.node.founding import make_offer, read_witness
    from detente.node.offering import open_offer

    if (out is None) == (not is_open):
        raise InputError("an offer goes into a file or stays open", remedy="Name --out or --open")
    members = [read_member(each) for each in cards]
    exercise = False
    if is_open:
        with open_home(directory) as home:
            members.append(home.card)
            exercise = home.identity.exercise
    charter = make_offer(
        name=name,
        members=members,
        witnesses=[read_witness(words) for words in witnesses],
        f=hostile,
        now=now(),
        exercise=exercise,
    )
    if out is not None:
        write_file(out, charter.to_bytes())
    else:
        with open_home(directory) as home:
            open_offer(home, charter)
    if wants_json(as_json):
        print_json({"unit": charter.unit_id, "members": [each.id for each in charter.members]})
    if not as_json:
        say(f"{out or 'open here'}: unit {charter.unit_id}; now every member votes")


@command.command("vote")
@click.argument("what", required=False, metavar="[OFFER|URL|PROPOSAL]")
@click.option("--withdraw", is_flag=True, help="Withdraw the whole offer instead.")
@click.option("--out", type=_FILE, help="File for the answer to an OFFER in a file.")
@node_option
@json_option
def vote(
    what: str | None, withdraw: bool, out: Path | None, directory: Path, as_json: bool
) -> None:
    """Accept an offer with this node's governance key, withdraw it, or vote for a PROPOSAL.

    OFFER is a file, answered into --out; URL is where a node keeps an offer open; without
    either, the offer that is open at this node. A withdrawal before the last acceptance
    leaves nothing behind. Read it first (`detente charter show`), and compare the
    fingerprint words of every member over another channel.

    \b
    Examples:
      detente charter vote offer --out aurel.yes --node office
      detente charter vote https://aurel.example --node office
      detente charter vote 3f9c8a --node office
    """
    from detente.cli.charter_votes import vote_here, vote_in_file

    if out is not None:
        vote_in_file(Path(what or ""), out, directory, withdraw=withdraw)
        return
    vote_here(what or "", directory, withdraw=withdraw, as_json=as_json)


@command.command("apply")
@click.argument("offer", type=_FILE, metavar="OFFER")
@click.argument("answers", nargs=-1, type=_FILE, metavar="[ANSWER...]")
@click.option("--chain", type=_FILE, help="The charter chain of a member.")
@node_option
@json_option
def apply(
    offer: Path, answers: tuple[Path, ...], chain: Path | None, directory: Path, as_json: bool
) -> None:
    """Bind this node to a unit that every member accepted, and begin its log.

    Who was admitted to a unit that exists names the draft it accepted and, with --chain,
    the charter chain of any member, once the others have voted.

    \b
    Examples:
      detente charter apply offer aurel.yes borea.yes --node office
      detente charter apply draft --chain unit.chain --node office
    """
    if chain is not None:
        from detente.cli.charter_votes import join_by_chain

        join_by_chain(offer, chain, directory, as_json=as_json)
        return
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
@click.argument("offer", required=False, metavar="[OFFER|URL]")
@node_option
@json_option
def show(offer: str | None, directory: Path, as_json: bool) -> None:
    """Show the charter this node is bound to and what is proposed, or an OFFER that was sent.

    \b
    Examples:
      detente charter show --node office
      detente charter show https://aurel.example
    """
    from detente.cli.charter_votes import show_bound, show_offer

    if offer is not None:
        show_offer(offer, as_json=as_json)
    else:
        show_bound(directory, as_json=as_json)


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
    from detente.charter import KeySlot
    from detente.node.founding import require_bound
    from detente.proofs.cosigners import policy_text

    with open_home(directory) as home:
        charter = home.present_charter(require_bound(home))
        wanted = member or home.identity.member
        mirrors = {each.id: home.key_in_force(KeySlot.MIRROR, each.id) for each in charter.members}
    found = [each for each in charter.members if wanted in (each.id, each.name)]
    if len(found) != 1:
        names = ", ".join(each.name for each in charter.members)
        raise InputError(f"no member is called {wanted!r}", remedy=f"The members are {names}")
    suspended = [each for each, key in mirrors.items() if key is None]
    write_file(out, policy_text(charter, found[0], suspended=suspended).encode())
    say(f"{out}: receipts from {found[0].name}")
