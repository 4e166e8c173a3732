"""Answers to offers and proposals, wherever they stand; and showing them."""

from pathlib import Path
from typing import TYPE_CHECKING

from detente.cli.opening import open_home
from detente.cli.output import naming, print_json, read_file, say, wants_json, write_file
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.charter import Member


def is_url(text: str) -> bool:
    """Say whether a word is the address of a node."""
    return text.startswith(("http://", "https://"))


def read_member(where: str) -> "Member":
    """Return the card in a file, or the one that a node without a unit shows at a URL."""
    from detente.node.entering import fetch_card
    from detente.node.founding import read_card

    if is_url(where):
        return fetch_card(where)
    with naming(Path(where), "not a card"):
        return read_card(read_file(Path(where)))


def vote_in_file(offer: Path, out: Path, directory: Path, *, withdraw: bool) -> None:
    """Answer an offer that was sent as a file."""
    from detente.node.clock import now
    from detente.node.offering import answer, refuse

    document = read_file(offer)
    with open_home(directory) as home, naming(offer, "this offer is not answered"):
        said = refuse(home, document) if withdraw else answer(home, document, now())
    write_file(out, said)
    say(f"{out}: {'withdrawn' if withdraw else 'accepted'}; send it to every member")


def vote_here(what: str, directory: Path, *, withdraw: bool, as_json: bool) -> None:
    """Vote for a proposal, or answer an offer at a URL or at this node."""
    if is_url(what):
        from detente.node.clock import now
        from detente.node.entering import answer_at

        with open_home(directory) as home:
            told = answer_at(home, what, withdrawn=withdraw, now=now())
    elif what:
        told = _vote_for(what, directory, withdraw=withdraw)
    else:
        told = _answer_own(directory, withdraw=withdraw)
    if wants_json(as_json):
        print_json({"state": told.partition(":")[0]})
    if not as_json:
        say(told)


def _vote_for(proposal: str, directory: Path, *, withdraw: bool) -> str:
    from detente.node.clock import now
    from detente.node.desk import HomeDesk
    from detente.node.founding import require_bound
    from detente.node.governing import say_yes

    if Path(proposal).is_file():
        raise InputError(
            "an offer in a file is answered into a file", file=proposal, remedy="Name it with --out"
        )
    if withdraw:
        raise InputError("a yes to a proposal is not taken back", remedy="It ends with its round")
    with open_home(directory) as home:
        require_bound(home)
        say_yes(HomeDesk(home, now), proposal, now())
    return f"yes: said to {proposal}; the rest follows by itself while the nodes run"


def _answer_own(directory: Path, *, withdraw: bool) -> str:
    from detente.node.clock import now
    from detente.node.offering import answer_own

    with open_home(directory) as home:
        return answer_own(home, now, withdrawn=withdraw).value


def join_by_chain(draft: Path, chain: Path, directory: Path, *, as_json: bool) -> None:
    """Enter a unit whose chain shows that an accepted draft came about."""
    from detente.node.clock import now
    from detente.node.offering import join
    from detente.proofs.chain import parse_chain

    with naming(chain, "not a charter chain"):
        known = parse_chain(read_file(chain))
    document = read_file(draft)
    with open_home(directory) as home, naming(draft, "the unit is not entered"):
        charter = join(home, document, known, now())
    if wants_json(as_json):
        print_json({"unit": charter.unit_id, "version": charter.version})
    if not as_json:
        say(f"entered the unit {charter.name!r}: {charter.unit_id}")


def show_offer(where: str, *, as_json: bool) -> None:
    """Show a charter in a file, or the one that a node keeps open at a URL."""
    from detente.charter import parse_charter
    from detente.node.entering import fetch_offer
    from detente.node.founding import describe_charter

    if is_url(where):
        charter = parse_charter(fetch_offer(where))
    else:
        with naming(Path(where), "not a charter"):
            charter = parse_charter(read_file(Path(where)))
    view = describe_charter(charter)
    if wants_json(as_json):
        print_json(view.document)
    if not as_json:
        for line in view.lines:
            say(line)


def show_bound(directory: Path, *, as_json: bool) -> None:
    """Show the charter a node is bound to, who stands where, and what is proposed."""
    from detente.node.clock import now
    from detente.node.desk import HomeDesk
    from detente.node.founding import describe_charter, require_bound
    from detente.node.offering import read_offer
    from detente.node.proposals import describe_proposals

    with open_home(directory) as home:
        kept = read_offer(home)
        if home.charter is None and kept is not None:
            view, more = describe_charter(kept.charter), None
        else:
            view = describe_charter(require_bound(home))
            more = describe_proposals(HomeDesk(home, now), now())
    document, lines = dict(view.document), list(view.lines)
    if more is None:
        document["open"] = True
        lines.append("an offer: nothing is binding before everybody has accepted")
    else:
        document["proposals"] = list(more.rows)
        document["standings"] = list(more.standings)
        lines += more.lines
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        for line in lines:
            say(line)
