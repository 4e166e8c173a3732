"""Open proposals as people and machines see them: what would change, and who said what."""

from dataclasses import dataclass
from datetime import datetime

from detente.charter import Charter, Line, Proposal, difference, is_certified, visible
from detente.node.circle import standing_of
from detente.node.desk import HomeDesk
from detente.node.governing import Assembly, read_assembly
from detente.node.seen import last_seen
from detente.release import Standing
from detente.signing import JsonValue, format_time

_SHORT = 12
_DIGITS_SHOWN_MAX = 96  # of one value; a sealing key has 2,432


@dataclass(frozen=True, slots=True)
class ProposalsView:
    """What is under way, and who stands where.

    Attributes:
        rows: the JSON answer: a row for each proposal.
        standings: member id -> standing, and when it was last seen here.
        lines: the same for people.
    """

    rows: tuple[dict[str, JsonValue], ...]
    standings: tuple[dict[str, JsonValue], ...]
    lines: tuple[str, ...]


def describe_proposals(desk: HomeDesk, now: datetime) -> ProposalsView:
    """Return everything that is proposed for the next version.

    Raises:
        StorageFault: the disk or the database refused.
    """
    assembly = read_assembly(desk)
    rows = [
        _row(assembly, name, each, now)
        for name, each in sorted(assembly.proposals.items(), key=lambda one: one[1].round)
    ]
    standings = [_standing_row(desk, assembly.base, member.id) for member in assembly.base.members]
    lines: list[str] = []
    for row, standing in zip(assembly.base.members, standings, strict=True):
        if standing["standing"] != Standing.ACTIVE.value:
            lines.append(f"  {row.name} {_said_of(standing)}")
    for each in rows:
        lines += _lines(assembly, each)
    return ProposalsView(tuple(rows), tuple(standings), tuple(lines))


def _standing_row(desk: HomeDesk, base: Charter, member: str) -> dict[str, JsonValue]:
    return {
        "member": member,
        "name": next(each.name for each in base.members if each.id == member),
        "standing": standing_of(desk.roster.chain, member).value,
        "last_seen": format_time(last_seen(desk, member)),
    }


def _said_of(standing: dict[str, JsonValue]) -> str:
    return f"{standing['standing']}: nothing new is given to it"


def _row(assembly: Assembly, name: str, proposal: Proposal, now: datetime) -> dict[str, JsonValue]:
    view, election = assembly.gathered.view, assembly.election
    names = {each.id: each.name for each in assembly.base.members}
    new = assembly.documents[proposal.digest]
    by: dict[str, list[JsonValue]] = {"yes": [], "confirm": [], "close": []}
    for cast in sorted(view, key=lambda each: (each.member, each.hash)):
        about = cast.kind == "close" or cast.digest == proposal.digest
        if about and cast.round == proposal.round:
            by[cast.kind].append(names.get(cast.member, cast.member))
    subject = next((each.name for each in new.members if each.id == proposal.subject), None)
    certified = is_certified(election, view, round=proposal.round, digest=proposal.digest)
    return {
        "proposal": name,
        "version": proposal.version,
        "round": proposal.round,
        "topic": proposal.topic.value,
        "subject": names.get(proposal.subject or "", subject),
        "digest": proposal.digest,
        "expires": format_time(proposal.expires),
        "state": _state(proposal, now, is_certified=certified, closed=len(by["close"])),
        "needed": election.quorum,
        "yes": by["yes"],
        "confirm": by["confirm"],
        "close": by["close"],
        "evidence": list(proposal.evidence),
        "difference": [
            {"path": line.path, "before": line.before, "after": line.after}
            for line in difference(assembly.base, new)
        ],
    }


def _state(proposal: Proposal, now: datetime, *, is_certified: bool, closed: int) -> str:
    if is_certified:
        return "certified"
    if closed or now >= proposal.expires:
        return "over"
    return "open"


def _lines(assembly: Assembly, row: dict[str, JsonValue]) -> list[str]:
    about = f" {visible(str(row['subject']))}" if row["subject"] else ""
    needed, proposal = row["needed"], str(row["proposal"])
    lines = [
        f"proposal {proposal[:_SHORT]}: {row['topic']}{about}, version {row['version']}, "
        f"round {row['round']}, {row['state']} until {row['expires']}",
        f"  yes {_count(row['yes'])} of {needed}; confirmed {_count(row['confirm'])} of {needed}",
    ]
    new = assembly.documents[str(row["digest"])]
    lines += [f"    {_change(line)}" for line in difference(assembly.base, new)]
    if row["evidence"]:
        lines.append(f"  reason: {row['evidence']}")
    return lines


def _count(names: JsonValue) -> str:
    some = names if isinstance(names, list) else []
    return f"{len(some)} ({', '.join(str(each) for each in some)})" if some else "0"


def _change(line: Line) -> str:
    before, after = (_cut(each) for each in (line.before, line.after))
    if before is None:
        return f"+ {line.path}: {after}"
    if after is None:
        return f"- {line.path}: {before}"
    return f"{line.path}: {before} -> {after}"


def _cut(value: str | None) -> str | None:
    if value is None or len(value) <= _DIGITS_SHOWN_MAX:
        return value
    return f"{value[:_DIGITS_SHOWN_MAX]}… ({len(value)} characters)"
