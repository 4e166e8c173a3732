"""Changing the charter of a unit that exists: `detente charter propose`, `admit` and `leave`."""

from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from datetime import datetime

    from detente.charter import Charter, Topic
    from detente.node.desk import HomeDesk
    from detente.node.home import Home

_FILE = click.Path(path_type=Path, dir_okay=False)
_TOPICS = ("renew", "rules", "witnesses", "remove", "lapse", "admit", "again")


@click.command("propose")
@click.argument("topic", type=click.Choice(_TOPICS))
@click.argument("subject", required=False, metavar="[MEMBER]")
@click.option("--draft", type=_FILE, help="Admit: what `detente charter admit` wrote.")
@click.option("--answer", type=_FILE, help="Admit: the newcomer's acceptance of it.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 90), help="To vote.")
@click.option("--for-days", default=365, show_default=True, help="Renew: how long from now.")
@click.option("--name", help="Rules: what the unit is called.")
@click.option("--f", "hostile", type=click.IntRange(0, 64), help="Rules: members seen hostile.")
@click.option("--add", "added", multiple=True, metavar="VKEY[,VKEY]", help="Witnesses: one more.")
@click.option("--drop", "dropped", multiple=True, metavar="NAME", help="Witnesses: one less.")
@click.option("--evidence", multiple=True, metavar="ID", help="Statement or file hash as reason.")
@node_option
@json_option
def propose(directory: Path, as_json: bool, **asked: object) -> None:
    """Put one change of the charter to the vote; this member says yes to it as well.

    \b
    renew                        the same rules for longer
    rules --name --f             what the unit is called, how many hostile members it bears
    witnesses --add --drop       outside witnesses
    remove MEMBER, lapse MEMBER  who is accused, who was silent for 30 days
    admit --draft --answer       who accepted what `detente charter admit` wrote
    again                        what the round before could not decide

    \b
    Example:
      detente charter propose remove Borea --evidence 3f9c --node office
    """
    from detente.node.changing import newest_proposal, propose_again
    from detente.node.clock import now
    from detente.node.desk import HomeDesk
    from detente.node.founding import require_bound
    from detente.node.governing import say_yes

    with open_home(directory) as home:
        require_bound(home)
        desk = HomeDesk(home, now)
        if asked["topic"] == "again":
            propose_again(desk, now=now(), days=int(str(asked["days"])))
        else:
            _put(home, desk, asked, now())
        proposal = newest_proposal(desk)
        if asked["topic"] not in ("remove", "lapse") or _may_vote(desk, proposal):
            say_yes(desk, proposal, now())
        version = desk.roster.charter.version + 1
    if wants_json(as_json):
        print_json({"proposal": proposal, "version": version})
    if not as_json:
        say(f"proposed for version {version}, and said yes: {proposal}")
        say(f"the others vote: detente charter vote {proposal[:12]}")


def _may_vote(desk: "HomeDesk", proposal: str) -> bool:
    from detente.node.governing import read_assembly

    subject = read_assembly(desk).proposals[proposal].subject
    return subject != desk.roster.me


def _put(home: "Home", desk: "HomeDesk", asked: dict[str, object], now: "datetime") -> str:
    from detente.charter import Topic
    from detente.node.changing import put_to_vote

    topic = Topic(str(asked["topic"]))
    answers: list[bytes] = []
    if topic is Topic.ADMIT:
        answers = [_file(asked["answer"], "--answer", "not an answer")]
    new = _document(desk, topic, asked, now)
    evidence = [_full_id(home, str(each)) for each in _many(asked["evidence"])]
    return put_to_vote(
        desk,
        new,
        topic,
        now=now,
        acceptances=answers,
        evidence=evidence,
        days=int(str(asked["days"])),
    )


def _document(
    desk: "HomeDesk",
    topic: "Topic",
    asked: dict[str, object],
    now: "datetime",
) -> "Charter":
    from dataclasses import replace
    from datetime import timedelta

    from detente.charter import Topic, parse_charter
    from detente.node.changing import find_member, next_version, require_silent, without_member
    from detente.node.founding import read_witness

    base = desk.roster.charter
    new = next_version(base, now)
    match topic:
        case Topic.REMOVE | Topic.LAPSE:
            gone = find_member(base, _subject(asked))
            if topic is Topic.LAPSE:
                require_silent(desk, gone, now)
            return without_member(base, gone, now)
        case Topic.ADMIT:
            return parse_charter(_file(asked["draft"], "--draft", "not a draft"))
        case Topic.RENEW:
            until = now.replace(microsecond=0) + timedelta(days=int(str(asked["for_days"])))
            return replace(new, expires=until)
        case Topic.WITNESSES:
            drop = {str(each) for each in _many(asked["dropped"])}
            kept = [each for each in base.witnesses if each.name not in drop]
            kept += [read_witness(str(each)) for each in _many(asked["added"])]
            return replace(new, witnesses=tuple(sorted(kept, key=lambda each: each.name)))
        case _:
            name, hostile = asked["name"], asked["hostile"]
            return replace(
                new,
                name=base.name if name is None else str(name),
                f=base.f if hostile is None else int(str(hostile)),
            )


def _subject(asked: dict[str, object]) -> str:
    if asked["subject"] is None:
        raise InputError(f"`propose {asked['topic']}` needs a MEMBER", remedy="By name or id")
    return str(asked["subject"])


def _file(path: object, option: str, what: str) -> bytes:
    if not isinstance(path, Path):
        raise InputError(f"`propose admit` needs {option}", remedy="See its --help")
    with naming(path, what):
        return read_file(path)


def _full_id(home: "Home", name: str) -> str:
    from detente.node.reading import find_statement

    return name if len(name) == 64 else find_statement(home, name).row.payload_hash  # noqa: PLR2004


def _many(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, tuple | list) else ()


@click.command("leave")
@click.option("--yes", is_flag=True, help="Really; nobody needs to agree, and it cannot be undone.")
@node_option
@json_option
def leave(yes: bool, directory: Path, as_json: bool) -> None:
    """Leave the unit. What this member said stays provable; nothing more is given to it.

    Its log ends with this statement and goes on being shown while the node runs. To come
    back, `detente charter card` writes the card, and the others admit it again.

    \b
    Example:
      detente charter leave --yes --node office
    """
    from detente.node.clock import now
    from detente.node.leaving import leave

    if not yes:
        raise InputError("leaving cannot be undone", remedy="Say so with --yes")
    with open_home(directory) as home:
        said = leave(home, now=now)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "seq": said.seq})
    if not as_json:
        say(f"left, with entry {said.seq} of log {said.origin}")
        say("keep the node running until the others have seen it")


@click.command("admit")
@click.argument("card", metavar="CARD|URL")
@click.option("--out", type=_FILE, help="File for the draft.")
@click.option("--open", "is_open", is_flag=True, help="Keep it open at this node instead.")
@node_option
@json_option
def admit(card: str, out: Path | None, is_open: bool, directory: Path, as_json: bool) -> None:
    """Draft the next charter, in which whoever has CARD is a member too.

    It enters once it has accepted the draft and a quorum has voted. With --open it answers
    at this node's address (`detente charter vote URL`), which then proposes the admission;
    with --out it answers into a file, for `detente charter propose admit`. Compare the
    fingerprint words over another channel. Traces of earlier members are shown.

    \b
    Example:
      detente charter admit https://dovar.example --open --node office
    """
    from detente.charter import traces
    from detente.cli.charter_votes import read_member
    from detente.node.changing import with_member
    from detente.node.clock import now
    from detente.node.desk import HomeDesk
    from detente.node.founding import require_bound
    from detente.node.offering import open_offer

    if (out is None) == (not is_open):
        raise InputError("a draft goes into a file or stays open", remedy="Name --out or --open")
    joiner = read_member(card)
    with open_home(directory) as home:
        require_bound(home)
        roster = HomeDesk(home, now).roster
        charter = with_member(roster.charter, joiner, now())
        known = traces(joiner, roster.chain.charters)
        if is_open:
            open_offer(home, charter)
    if out is not None:
        write_file(out, charter.to_bytes())
    if wants_json(as_json):
        print_json({"member": joiner.id, "digest": charter.digest, "traces": list(known)})
    if not as_json:
        say(f"{out or 'open here'}: version {charter.version} with {joiner.name}")
        say(" ".join(joiner.fingerprint))
        for each in known:
            say(f"  was seen before: {each}")
