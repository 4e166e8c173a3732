"""`detente keys`: a node's keys over time."""

from pathlib import Path

import click

from detente.cli.opening import find_unlock, node_option, open_home
from detente.cli.output import (
    json_option,
    plain,
    print_json,
    read_file,
    require_file,
    say,
    say_table,
    wants_json,
    write_file,
)

_FILE = click.Path(path_type=Path, dir_okay=False)
_SLOTS = click.argument("slots", nargs=-1, required=True, metavar="SLOT...")


@click.group("keys")
def command() -> None:
    """Show, rotate, suspend and recover keys. Nobody else's consent is needed.

    A SLOT is one of statement, log, log_mldsa44, witness, witness_mldsa44, mirror,
    mirror_mldsa44, transport, sealing, governance.
    """


@command.command("show")
@node_option
@json_option
def show(directory: Path, as_json: bool) -> None:
    """Show which keys are held here and which of them are in force. Never shows a secret.

    \b
    Example:
      detente keys show --node office
    """
    from detente.node.keykeeping import list_keys

    with open_home(directory) as home:
        rows = list_keys(home)
    if wants_json(as_json):
        print_json({"keys": rows})
    if not as_json:
        say_table(rows, ("slot", "generation", "public", "state"))


@command.command("suspend")
@_SLOTS
@node_option
@json_option
def suspend(slots: tuple[str, ...], directory: Path, as_json: bool) -> None:
    """Say that these keys count for nothing from here on: the first thing to do after a theft.

    \b
    Example:
      detente keys suspend statement --node office
    """
    from detente.node.clock import now
    from detente.node.keykeeping import parse_slots, suspend

    chosen = parse_slots(slots)
    with open_home(directory) as home:
        said = suspend(home, chosen, now=now)
    _told(said.payload_hash, f"suspended: {', '.join(slots)}", as_json=as_json)


@command.command("rotate")
@_SLOTS
@click.option("--recovery", type=_FILE, help="The recovery key; needed for governance.")
@click.option("--next", "next_recovery", type=_FILE, help="Where the next recovery key goes.")
@node_option
@json_option
def rotate(
    slots: tuple[str, ...],
    recovery: Path | None,
    next_recovery: Path | None,
    directory: Path,
    as_json: bool,
) -> None:
    """Make new keys and say so; they count from the next statement on.

    \b
    Examples:
      detente keys rotate statement transport --node office
      detente keys rotate governance --recovery recovery.key --next recovery-2.key
    """
    from detente.node.clock import now
    from detente.node.keykeeping import parse_slots, rotate

    chosen = parse_slots(slots)
    if recovery is not None:
        require_file(recovery)
    with open_home(directory) as home:
        secret = None if recovery is None else (recovery, find_unlock(home.layout))
        said = rotate(home, chosen, now=now, recovery=secret, next_recovery=next_recovery)
    _told(said.payload_hash, f"rotated: {', '.join(slots)}", as_json=as_json)


@command.command("recover")
@click.option("--recovery", required=True, type=_FILE, help="The recovery key.")
@click.option("--next", "next_recovery", required=True, type=_FILE, help="Where the next one goes.")
@click.option("--last", type=_FILE, help="The newest checkpoint of this log that others hold.")
@node_option
@json_option
def recover(
    recovery: Path, next_recovery: Path, last: Path | None, directory: Path, as_json: bool
) -> None:
    """Open the next epoch of this node's log after a loss, a theft or an old back-up.

    The old log is never resumed. All keys are new; others let them count 72 hours
    after they saw this, unless the old governance key objects. Stopped half-way it is
    done again with the same files.

    \b
    Example:
      detente keys recover --recovery recovery.key --next recovery-2.key --node office
    """
    from detente.node.clock import now
    from detente.node.recovering import recover

    note = None if last is None else read_file(last)
    require_file(recovery)
    with open_home(directory) as home:
        unlock = find_unlock(home.layout)
        said = recover(home, recovery, unlock, next_recovery=next_recovery, now=now, last_note=note)
    _told(said.payload_hash, f"epoch {said.epoch} is open: log {said.origin}", as_json=as_json)
    if not as_json:
        say(f"Take {next_recovery} to a safe place, and destroy the recovery key just used.")


@command.command("confirm")
@click.argument("notes", nargs=-1, required=True, type=_FILE, metavar="CHECKPOINT...")
@node_option
@json_option
def confirm(notes: tuple[Path, ...], directory: Path, as_json: bool) -> None:
    """Compare a restored node with CHECKPOINTs of its log that others hold, then let it sign.

    Ask at least f + 1 of the others which one is the newest they hold now: a member
    writes it with `detente keys vouch`, an outside witness shows it at its monitoring
    path. Only cosignatures given after the restore count, those of f + 1 of them: what
    the back-up holds is no evidence, and one liar could hide what it knows.

    \b
    Example:
      detente keys confirm from-borea.checkpoint from-cantor.checkpoint --node office
    """
    from detente.node.confirming import confirm_memory

    held = [read_file(path) for path in notes]
    with open_home(directory) as home:
        confirm_memory(home, held)
    if wants_json(as_json):
        print_json({"compared": len(held)})
    if not as_json:
        say(f"nothing newer in {len(held)} checkpoints: this node signs again")


@command.command("vouch")
@click.argument("member", metavar="MEMBER")
@click.option("--out", required=True, type=_FILE, help="Where the checkpoint goes.")
@node_option
@json_option
def vouch(member: str, out: Path, directory: Path, as_json: bool) -> None:
    """Cosign, now, the newest checkpoint of MEMBER's log that this node holds.

    For a member that was restored from a back-up: `detente keys confirm` compares.

    \b
    Example:
      detente keys vouch Aurel --out from-borea.checkpoint --node borea
    """
    from detente.node.clock import now
    from detente.node.confirming import vouch

    with open_home(directory) as home:
        note = vouch(home, member, now=now)
    write_file(out, note)
    if wants_json(as_json):
        print_json({"file": plain(out), "log": note.partition(b"\n")[0].decode()})
    if not as_json:
        say(f"{out}: the newest checkpoint of {member} that is held here")


def _told(payload_hash: str, text: str, *, as_json: bool) -> None:
    if wants_json(as_json):
        print_json({"id": payload_hash})
    if not as_json:
        say(text)
