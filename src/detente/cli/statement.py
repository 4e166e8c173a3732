"""`detente statement`: say something to the unit, and see what was said."""

import json
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
    say_table,
    wants_json,
)
from detente.cli.readers import find_readers
from detente.errors import InputError

if TYPE_CHECKING:
    from detente.signing import JsonValue

_KINDS = (
    "indicator",
    "rule",
    "sighting",
    "observed-data",
    "report",
    "incident",
    "claim",
    "question",
    "veto",
    "promise",
    "note",
)
_PAP = ("clear", "green", "amber", "red")
_TLP = ("clear", "green", "amber", "amber+strict", "red")


@click.group("statement")
def command() -> None:
    """Publish, list, show, retract, dispute and disclose statements."""


@command.command("publish")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--tlp", type=click.Choice(_TLP), default="amber", show_default=True)
@click.option("--to", "readers", multiple=True, metavar="MEMBER", help="A member by name or id.")
@click.option("--pap", type=click.Choice(_PAP), default="amber", show_default=True)
@click.option(
    "--kind",
    type=click.Choice(_KINDS),
    help="What it is; guessed from the objects where not given.",
)
@click.option("--licence", default="NOASSERTION", show_default=True, help="SPDX identifier.")
@node_option
@json_option
def publish(
    file: Path,
    tlp: str,
    readers: tuple[str, ...],
    pap: str,
    kind: str | None,
    licence: str,
    directory: Path,
    as_json: bool,
) -> None:
    """Say the objects in FILE to the whole unit, or to the members named with --to.

    FILE is a STIX 2.1 bundle or object (.json), one object a line (.ndjson), or a
    table with the columns type and value (.csv). All of it is said, or nothing.
    An object's own markings count where they are stricter than --tlp and --pap.

    \b
    Examples:
      detente statement publish scanners.csv --tlp green
      detente statement publish incident.json --tlp red --to Borea
    """
    from detente.node.clock import now
    from detente.node.importing import import_file
    from detente.node.publishing import guess_kind, publish, strictest_labels
    from detente.statements import Kind, Pap, Tlp
    from detente.statements.handling import Handling

    data = read_file(file)
    with open_home(directory) as home:
        member = home.identity.member
        imported = import_file(file, data, member=member, now=now())
        label, permitted = strictest_labels(imported.objects, Tlp(tlp), Pap(pap))
        handling = Handling(
            kind=Kind(kind) if kind else guess_kind(imported.objects),
            tlp=label,
            pap=permitted,
            licence=licence,
            count=len(imported.objects),
        )
        audience = find_readers(home, readers)
        with naming(file, "nothing was said"):
            said = publish(home, imported.objects, handling, audience=audience, now=now)
    if wants_json(as_json):
        print_json(
            {
                "id": said.payload_hash,
                "origin": said.origin,
                "index": said.seq,
                "objects": [each.id for each in imported.objects],
                "reissued": imported.reissued,
                "tlp": str(handling.tlp),
            }
        )
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


@command.command("list")
@click.option("--kind", help="Only of this kind.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=100,
    show_default=True,
    help="So many of the newest.",
)
@node_option
@json_option
def list_statements(kind: str | None, limit: int, directory: Path, as_json: bool) -> None:
    """List the newest statements, in the order in which this node took them.

    \b
    Example:
      detente statement list --kind indicator --node office
    """
    from detente.node.reading import newest_statements

    with open_home(directory) as home:
        rows = [
            {
                "id": each.row.payload_hash,
                "issuer": each.row.issuer,
                "kind": each.row.kind,
                "time": each.row.said_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "origin": each.row.origin,
                "index": each.row.seq,
                "objects": each.objects,
                "erased": each.erased,
            }
            for each in newest_statements(home, kind=kind, limit=limit)
        ]
    if wants_json(as_json):
        print_json({"statements": rows})
    if not as_json:
        shown = [
            {"id": str(row["id"])[:16], "kind": str(row["kind"]), "time": str(row["time"])}
            for row in rows
        ]
        say_table(shown, ("id", "kind", "time"))


@command.command("show")
@click.argument("statement_id", metavar="ID")
@node_option
@json_option
def show(statement_id: str, directory: Path, as_json: bool) -> None:
    """Show one statement: header, handling and objects. ID may be shortened.

    \b
    Example:
      detente statement show 5c9f --json --node office
    """
    from detente.node.dating import describe_time
    from detente.node.reading import read_redacted, read_said
    from detente.node.showing import describe_said

    with open_home(directory) as home:
        said = read_said(home, statement_id)
        document = describe_said(said, read_redacted(home, said.statement.payload_hash))
        document |= describe_time(home, said)
    if wants_json(as_json):
        print_json(document)
    if not as_json:
        _say_document(document)


@command.command("retract")
@click.argument("statement_id", metavar="ID")
@click.option("--reason", default="Taken back by its issuer.", help="For the readers.")
@node_option
@json_option
def retract(statement_id: str, reason: str, directory: Path, as_json: bool) -> None:
    """Take back an own statement. It stays in the log; the retraction stands beside it.

    \b
    Example:
      detente statement retract 5c9f --reason "a test of ours" --node office
    """
    _stand_beside("retraction", statement_id, reason, directory, as_json=as_json)


@command.command("dispute")
@click.argument("statement_id", metavar="ID")
@click.option("--reason", default="Doubted.", help="For the readers.")
@node_option
@json_option
def dispute(statement_id: str, reason: str, directory: Path, as_json: bool) -> None:
    """Doubt a statement, one's own or another's. ID is the whole id where it is another's.

    \b
    Example:
      detente statement dispute 5c9f… --reason "our scanner" --node office
    """
    _stand_beside("dispute", statement_id, reason, directory, as_json=as_json)


@command.command("disclose")
@click.argument("statement_id", metavar="ID")
@click.confirmation_option(prompt="Let everybody read it for good? The log does not forget.")
@node_option
@json_option
def disclose(statement_id: str, directory: Path, as_json: bool) -> None:
    """Let anybody read an own statement on the public page of the console.

    Only what stands under TLP:CLEAR, PAP:CLEAR and an open licence can go there. Both the
    log and the trail keep that it was let out.

    \b
    Example:
      detente statement disclose 5c9f --yes --node office
    """
    from detente.node.clock import now
    from detente.node.disclosing import disclose
    from detente.node.offices import OWNER, Office

    with open_home(directory) as home:
        said = disclose(home, statement_id, now=now)
        Office(home, now=now).record(OWNER, "disclose", statement_id)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "index": said.seq})
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


@command.command("erase")
@click.argument("statement_id", metavar="ID")
@click.option("--object", "objects", multiple=True, metavar="STIX-ID", help="Only this object.")
@click.confirmation_option(prompt="Erase it here for good? Who received it keeps what it has.")
@node_option
@json_option
def erase(statement_id: str, objects: tuple[str, ...], directory: Path, as_json: bool) -> None:
    """Erase the content of an own statement, or some of its objects, from this node.

    Its place in the log stays, and what is not erased stays provable. Salts, sealed
    bytes and the content key go with the object.

    \b
    Example:
      detente statement erase 5c9f --object indicator--36feb957-8394-51b4-a340-d4f61bc1a704 --yes
    """
    from detente.node.erasing import erase

    with open_home(directory) as home:
        done = erase(home, statement_id, objects=objects)
    if wants_json(as_json):
        print_json({"id": done.payload_hash, "objects": done.objects, "kept": done.kept})
    if not as_json:
        say(f"{done.objects} objects erased, {done.kept} kept in a redacted copy")


def _stand_beside(
    kind: str, statement_id: str, reason: str, directory: Path, *, as_json: bool
) -> None:
    from detente.node.beside import stand_beside
    from detente.node.clock import now
    from detente.statements import Kind

    if not reason.strip():
        raise InputError("a reason of no words", remedy="Say with --reason what the readers need")
    with open_home(directory) as home:
        said = stand_beside(home, Kind(kind), statement_id, reason=reason, now=now)
    if wants_json(as_json):
        print_json({"id": said.payload_hash, "origin": said.origin, "index": said.seq})
    if not as_json:
        say(f"said as {said.payload_hash}, entry {said.seq} of log {said.origin}")


def _say_document(document: "dict[str, JsonValue]") -> None:
    for name, value in document.items():
        if isinstance(value, list) and name == "objects":
            say("objects:")
            for each in value:
                say("  " + json.dumps(each, ensure_ascii=False))
        else:
            say(f"{name}: {value if isinstance(value, str) else json.dumps(value)}")
