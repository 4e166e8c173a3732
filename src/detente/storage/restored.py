"""The mark of a restored state: it may be older than what this node signed since.

TRUSTED. Signing on from an old state forks the own log, which everyone can
prove and nobody can undo; so a restored node signs nothing until its state was
compared with what peers and witnesses hold.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, insert, select

from detente.signing import TimeError, format_time, parse_time
from detente.storage.database import Database
from detente.storage.errors import DamagedStore, RestoredState
from detente.storage.schema import mark
from detente.tlog.recovery import Fresh, RolledBack

_NAME = "restored"
_AT = " at "
ASK = (
    "Ask at least f + 1 of the other members and witnesses which checkpoint of this log is the "
    "newest they hold now: each member writes it with `detente keys vouch`, an outside witness "
    "shows it at its monitoring path"
)
_COMPARE = (
    f"{ASK}. Then `detente keys confirm` compares; where theirs is newer, open a new epoch with "
    "`detente keys recover`"
)


def mark_restored(database: Database, *, source: str, now: datetime) -> None:
    """Note that the state came from `source`; a second restore replaces the note.

    Raises:
        StorageFault: the database refused.
    """
    text = f"restored from {source}{_AT}{format_time(now)}"
    with database.writing("marking the state as restored") as connection:
        connection.execute(delete(mark).where(mark.c.name == _NAME))
        connection.execute(insert(mark).values(name=_NAME, text=text))


def restored_note(database: Database) -> str | None:
    """Return where the state came from while it is unconfirmed, otherwise None.

    Raises:
        StorageFault: the database refused.
    """
    with database.reading("reading the marks") as connection:
        found = connection.execute(select(mark.c.text).where(mark.c.name == _NAME)).scalar()
    return None if found is None else str(found)


def restored_at(database: Database) -> datetime | None:
    """Return when the unconfirmed state was restored, None for a confirmed one.

    Raises:
        DamagedStore: the mark is not as this program writes it.
        StorageFault: the database refused.
    """
    note = restored_note(database)
    if note is None:
        return None
    try:
        return parse_time(note.rpartition(_AT)[2])
    except TimeError:
        raise DamagedStore(f"{database.where} is marked as {note[:200]!r}") from None


def refuse_unconfirmed(database: Database) -> None:
    """Stop whoever is about to sign or cosign from a state that nobody compared.

    Raises:
        RestoredState: the state is restored and unconfirmed.
        StorageFault: the database refused.
    """
    note = restored_note(database)
    if note is not None:
        raise RestoredState(
            f"{database.where} was {note} and may be older than what this node signed; "
            "it signs nothing",
            remedy=_COMPARE,
        )


def confirm_restored(
    database: Database, memories: Iterable[Fresh | RolledBack], *, compared: int
) -> None:
    """Lift the mark after a comparison that found nothing newer.

    Args:
        memories: verdicts of `tlog.judge_memory` on what others hold: of the own
            log by its keys, and of every log this node cosigned by its cosigner
            keys, for an old cosigner state is as harmful as an old checkpoint.
        compared: how many others were asked and answered; at least f + 1 of them,
            or a hostile one could hide what it knows. Who asks decides that.

    Raises:
        RestoredState: others hold what this state does not know, or nobody was
            asked; the mark stays.
        StorageFault: the database refused.
    """
    for memory in memories:
        if isinstance(memory, RolledBack):
            raise RestoredState(
                f"{database.where} is older than what this node signed: others hold its "
                f"signature on {memory.seen.origin} at size {memory.seen.size}",
                remedy="Never sign from it. If that log is the own one, open a new epoch with "
                "`detente keys recover` and fetch the lost entries from a mirror; if it is "
                "another's, rotate the witness and mirror keys",
            )
    if compared < 1:
        raise RestoredState("nobody was asked what they hold of this log", remedy=_COMPARE)
    with database.writing("confirming the restored state") as connection:
        connection.execute(delete(mark).where(mark.c.name == _NAME))
