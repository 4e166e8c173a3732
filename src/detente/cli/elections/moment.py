"""A moment that a person gives instead of now."""

from datetime import datetime

import click

from detente.errors import InputError

moment_option = click.option(
    "--at", metavar="TIME", help="Judge who is late for this moment (with a zone) instead of now."
)


def as_given(text: str | None) -> datetime | None:
    """The moment, or None where none was given; raises InputError."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InputError(
            f"{text!r:.60} is no moment with a zone", remedy="Write 2026-11-03T20:00:00-05:00"
        )
    return moment
