"""`detente elections audit`, step by step: a folder of public files that anybody verifies."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from detente.cli.opening import open_home
from detente.cli.output import (
    EXIT_GOOD,
    EXIT_WRONG,
    json_option,
    naming,
    plain,
    print_json,
    read_file,
    say,
    say_table,
    wants_json,
)

if TYPE_CHECKING:
    from datetime import datetime

    from detente.node.audits.commitment import Commitment
    from detente.node.audits.figures import State
    from detente.node.audits.folder import AuditFolder
    from detente.tlog import Policy

_folder_argument = click.argument(
    "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR"
)
_file_argument = click.argument(
    "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE"
)
_some_node_option = click.option(
    "--node",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DETENTE_NODE",
    metavar="DIR",
    help="The node whose log takes it; without one only the document is made.",
)


@click.command("commit")
@_folder_argument
@_some_node_option
@json_option
def commit(folder: Path, directory: Path | None, as_json: bool) -> int:
    """Commit to the files of the audit in DIR before the seed is thrown.

    DIR holds audit.json and the files it names. Their SHA-256 go into
    commitment.json, and from there into the node's log, for everybody to read.

    \b
    Example:
      detente elections audit commit sf2019 --node office

    Then wait until others cosigned, and take the receipt with
    `detente elections audit prove`: only that shows what came first.
    """
    from detente.node.audits.folder import COMMITMENT, AuditFolder, digest_of

    place = AuditFolder(folder)
    said = None
    if directory is None:
        _commitment(place)
    else:
        from detente.node.audits.logged import COMMITTED, say_document
        from detente.node.clock import now

        with open_home(directory) as home:
            made = _commitment(place)
            said = say_document(
                home, place, COMMITTED, made.text, rehearsal=made.rehearsal, now=now
            ).payload_hash
    sha256 = digest_of(place.read(COMMITMENT))
    document = {"file": plain(place.file(COMMITMENT)), "sha256": sha256, "statement": said}
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        say(f"{document['file']}: SHA-256 {sha256}")
        say(f"said as {said}" if said else "in no log yet: name a node with --node")
    return EXIT_GOOD


def _commitment(place: "AuditFolder") -> "Commitment":
    from detente.node.audits.commitment import commit as write_commitment
    from detente.node.audits.commitment import read_commitment
    from detente.node.audits.definition import load_audit
    from detente.node.audits.folder import COMMITMENT
    from detente.node.clock import now

    if place.has(COMMITMENT):
        return read_commitment(place)
    return write_commitment(load_audit(place), now())


@click.command("prove")
@_folder_argument
@click.option(
    "--node",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="DETENTE_NODE",
    required=True,
    metavar="DIR",
    help="The office's node, or any that heard the commitment.",
)
@json_option
def prove(folder: Path, directory: Path, as_json: bool) -> int:
    """Write receipts of what DIR said to the log: the commitment, and its reports.

    Do it for the commitment before the seed is thrown. Exit status 1 while too
    few of the others have cosigned: do it again then.

    \b
    Example:
      detente elections audit prove sf2019 --node office
    """
    from detente.node.audits.folder import RECEIPT, AuditFolder
    from detente.node.audits.logged import prove_document, unproven
    from detente.node.clock import now

    place = AuditFolder(folder)
    with open_home(directory) as home:
        proven = {stem: prove_document(home, place, stem, now) for stem in unproven(place)}
    settled = all(seen.settled for seen in proven.values())
    rows = [
        {"file": plain(place.file(f"{stem}{RECEIPT}")), "seen": str(seen), "settled": seen.settled}
        for stem, seen in proven.items()
    ]
    if wants_json(as_json):
        print_json({"receipts": rows, "settled": settled})
    if not as_json:
        for row in rows:
            say(f"{row['file']}: {row['seen']}, {'' if row['settled'] else 'not '}settled")
    return EXIT_GOOD if settled else EXIT_WRONG


@click.command("round")
@_folder_argument
@click.option("--seed", metavar="DIGITS", help="With the first round: what was thrown in public.")
@click.option("--thrown", metavar="TIME", help="When, such as 2026-11-05T10:00:00Z; else now.")
@click.option("--by", "throwers", multiple=True, metavar="NAME", help="Who threw; for each one.")
@click.option("--cards", type=click.IntRange(1), help="Cards of each open contest, in all.")
@json_option
def round_(
    folder: Path,
    seed: str | None,
    thrown: str | None,
    throwers: tuple[str, ...],
    cards: int | None,
    as_json: bool,
) -> int:
    """Draw the next round of the audit in DIR, and write sheets to print.

    The files must be those committed to, and the seed must have been thrown
    later. Without --cards as many are drawn as will suffice four times in five.

    \b
    Example:
      detente elections audit round sf2019 --seed 53417960661093690826
        --by Aurel --by Borea
    """
    from detente.node.audits.conducting import begin_round
    from detente.node.audits.definition import load_audit
    from detente.node.audits.folder import AuditFolder
    from detente.node.audits.rounds import Seed
    from detente.node.clock import now

    audit = load_audit(AuditFolder(folder))
    given = (
        None
        if seed is None
        else Seed(seed, _moment(thrown) or now().replace(microsecond=0), throwers)
    )
    drawn = begin_round(audit, seed=given, cards=cards, now=now())
    stem = folder / f"round-{drawn.number}"
    if wants_json(as_json):
        print_json(
            {
                "round": drawn.number,
                "drawn": dict(drawn.drawn),
                "cards": list(drawn.cards),
                "files": [plain(Path(f"{stem}.{end}")) for end in ("json", "csv", "html")],
            }
        )
    if not as_json:
        say(f"round {drawn.number}: pull {len(drawn.cards)} cards")
        say(f"{stem}.html to print, {stem}.csv to fill in")
    return EXIT_GOOD


def _moment(text: str | None) -> "datetime | None":
    from detente.signing import parse_time

    return None if text is None else parse_time(text)


@click.command("enter")
@_folder_argument
@_file_argument
@json_option
def enter(folder: Path, file: Path, as_json: bool) -> int:
    """Enter what people found on the cards: the filled-in table, or ballots as JSON.

    All of FILE is taken, or nothing, with every row that is wrong. A card that
    was entered before is entered again only with a reason, and both stay.

    \b
    Example:
      detente elections audit enter sf2019 sf2019/round-1.csv
    """
    from detente.node.audits.conducting import enter as take
    from detente.node.audits.definition import load_audit
    from detente.node.audits.folder import AuditFolder

    data = read_file(file)
    with naming(file, "nothing was taken"):
        state = take(load_audit(AuditFolder(folder)), data, file.name)
    return _show(state, as_json)


@click.command("count")
@_folder_argument
@_file_argument
@json_option
def count(folder: Path, file: Path, as_json: bool) -> int:
    """Enter a full hand count of one contest: it decides, whatever was reported.

    FILE is {"contest": NAME, "tally": {CANDIDATE: VOTES}}, or with "rankings"
    instead of "tally" where voters rank.

    \b
    Example:
      detente elections audit count county mayor.json
    """
    from detente.node.audits.conducting import enter_count
    from detente.node.audits.definition import load_audit
    from detente.node.audits.folder import AuditFolder

    data = read_file(file)
    with naming(file, "nothing was taken"):
        state = enter_count(load_audit(AuditFolder(folder)), data, file.name)
    return _show(state, as_json)


@click.command("report")
@_folder_argument
@_some_node_option
@json_option
def report(folder: Path, directory: Path | None, as_json: bool) -> int:
    """Write every figure of the audit in DIR as it stands now, for publication.

    With a node its SHA-256 goes into the log, as the commitment did.

    Exit status 1 until each contest is confirmed or counted in full as reported.

    \b
    Example:
      detente elections audit report sf2019 --node office
    """
    from detente.node.audits.conducting import report as write_report
    from detente.node.audits.definition import load_audit
    from detente.node.audits.figures import state_of
    from detente.node.audits.folder import AuditFolder

    if directory is None:
        audit = load_audit(AuditFolder(folder))
        name, _ = write_report(audit)
        return _show(state_of(audit), as_json, file=folder / name)
    from detente.node.audits.conducting import say_report
    from detente.node.clock import now

    with open_home(directory) as home:
        audit = load_audit(AuditFolder(folder))
        name = say_report(home, audit, now)
        return _show(state_of(audit), as_json, file=folder / name)


def _show(state: "State", as_json: bool, file: Path | None = None) -> int:
    from detente.elections.audit import Confirmed, Counted
    from detente.node.audits.figures import report_document

    document = report_document(state)
    if wants_json(as_json):
        print_json(document | ({} if file is None else {"file": plain(file)}))
    if not as_json:
        rows = [
            {
                "contest": each.audited.title,
                "cards": f"{each.entered} of {each.drawn}",
                "risk": f"{max((one.p_value for one in each.judged), default=1):.2%}",
                "outcome": str(each.outcome),
            }
            for each in state.found.values()
        ]
        say_table(rows, ("contest", "cards", "risk", "outcome"))
        say(state.line)
    done = all(
        isinstance(each.outcome, Confirmed)
        or (isinstance(each.outcome, Counted) and each.outcome.is_as_reported)
        for each in state.found.values()
    )
    return EXIT_GOOD if done else EXIT_WRONG


@click.command("verify")
@_folder_argument
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Your own tlog-policy for the office's log: whose signatures count.",
)
@json_option
def verify(folder: Path, policy_file: Path | None, as_json: bool) -> int:
    """Check a whole audit from its public files: every figure is computed again.

    The committed files, the receipt under your own policy, the seed after the
    commitment, each card of each draw, each figure of each report.

    \b
    Example:
      detente elections audit verify sf2019 --policy office.policy

    Exit status 0 if all of it holds, whatever the audit found; 1 if not.
    """
    from detente.node.audits.verification import verify_audit

    found = verify_audit(folder, _policy(policy_file))
    if wants_json(as_json):
        print_json(
            {
                "valid": found.good,
                "audit": found.audit,
                "rehearsal": found.rehearsal,
                "checks": [
                    {"check": each.name, "good": each.good, "said": each.said}
                    for each in found.checks
                ],
                "contests": list(found.contests),
            }
        )
    if not as_json:
        for each in found.checks:
            say(f"{'good' if each.good else 'NOT GOOD'}: {each.name}: {each.said}")
        flag = "a REHEARSAL: " if found.rehearsal else ""
        say(f"{flag}{'all of it holds' if found.good else 'NOT everything holds'}")
    return EXIT_GOOD if found.good else EXIT_WRONG


def _policy(file: Path | None) -> "Policy | None":
    from detente.cli.receipt import read_policy

    return None if file is None else read_policy(file)


STEPS = (commit, prove, round_, enter, count, report, verify)
