"""What is addressed to this member: fetched beside the log, opened, indexed.

Nothing in the log waits for it. What does not come is asked for again in later rounds;
what comes and does not open is kept as a fault, and left to a person after some tries.
"""

from dataclasses import replace

from detente.exchange.protocol.commands import Open, Remind
from detente.exchange.protocol.limits import (
    CONTENT_TRIES_MAX,
    CONTENTS_AT_ONCE_MAX,
    CONTENTS_WAITING_MAX,
    SMALL_CONTENTS_AT_ONCE_MAX,
    SMALL_CONTENTS_BYTES_MAX,
    WRAP_BYTES_MAX,
)
from detente.exchange.protocol.model import Awaited
from detente.exchange.protocol.state import Content, ForPart, Part
from detente.exchange.protocol.turn import Turn


def remind(turn: Turn) -> None:
    """Ask storage what of this peer's contents is still to come."""
    room = CONTENTS_WAITING_MAX - len(turn.state.contents)
    if room > 0:
        turn.do(Remind(turn.state.peer, room))


def await_contents(turn: Turn, awaits: tuple[Awaited, ...]) -> None:
    """Take up contents to fetch; those of other issuers are fetched from their own faces."""
    contents = dict(turn.state.contents)
    for awaited in awaits:
        tries = turn.state.tries.get(awaited.payload_hash, 0)
        if awaited.issuer == turn.state.peer and tries < CONTENT_TRIES_MAX:
            contents.setdefault(awaited.payload_hash, Content(awaited))
    large_first = sorted(contents.items(), key=lambda each: each[1].is_small)
    turn.set(contents=dict(large_first))
    fetch_contents(turn)


def on_reminded(turn: Turn, awaits: tuple[Awaited, ...]) -> None:
    """Take up what storage says is still to come; where it filled the room, there may be more."""
    if awaits and len(awaits) >= CONTENTS_WAITING_MAX - len(turn.state.contents):
        turn.set(is_held_up=True)
    await_contents(turn, awaits)


def on_opened(turn: Turn, payload_hash: str) -> bool:
    """Take up that a content is indexed; say whether what was held up can go on.

    Only what came lets it: a peer that gives nothing is asked as seldom as ever.
    """
    drop_content(turn, payload_hash)
    room = len(turn.state.contents) <= CONTENTS_WAITING_MAX // 2
    if not (room and turn.state.is_held_up):
        return False
    turn.set(is_held_up=False, is_hinted=True)
    return True


def fetch_contents(turn: Turn) -> None:
    """Keep some contents on their way: a few large ones, and small ones in greater number."""
    contents = turn.state.contents
    busy = {p.payload_hash for p in turn.state.requests.values() if isinstance(p, ForPart)}
    busy |= {key for key, content in contents.items() if content.is_opening}
    # What was given up and still has a request counts as large: its size is forgotten.
    small = [contents[key] for key in busy if key in contents and contents[key].is_small]
    room, large = SMALL_CONTENTS_AT_ONCE_MAX - len(small), CONTENTS_AT_ONCE_MAX
    large -= len(busy) - len(small)
    size = SMALL_CONTENTS_BYTES_MAX - sum(each.awaited.size for each in small)
    for key, content in contents.items():
        if key in busy:
            continue
        if content.is_small:
            room, size = room - 1, size - content.awaited.size
            if room < 0 or size < 0:
                return  # nothing but small ones follow
        else:
            large -= 1
        if content.is_small or large >= 0:
            _ask_parts(turn, content)


def on_part(turn: Turn, purpose: ForPart) -> None:
    """Take up that a part is here: fetch the other, or open it."""
    content = turn.state.contents.get(purpose.payload_hash)
    if content is None or content.is_opening:
        return
    missing = tuple(part for part in content.missing if part is not purpose.part)
    content = replace(content, missing=missing, is_opening=not missing)
    turn.contents()[purpose.payload_hash] = content
    if not missing:
        turn.do(Open(content.awaited))
    elif not turn.is_asked(ForPart(purpose.payload_hash, missing[0])):
        _ask_part(turn, content, missing[0])


def on_part_failed(turn: Turn, purpose: ForPart, *, missing: bool) -> None:
    """Leave a content to a later round; storage still knows that it is to come."""
    content = turn.state.contents.get(purpose.payload_hash)
    if content is not None and missing:
        place = f"entry {content.awaited.seq} of log {content.awaited.origin}"
        turn.fault(
            f"the {purpose.part.value} of {place} is withheld", bytes.fromhex(purpose.payload_hash)
        )
    drop_content(turn, purpose.payload_hash)


def drop_content(turn: Turn, payload_hash: str) -> None:
    """Think no more of a content in this round, and go on with others."""
    turn.contents().pop(payload_hash, None)
    turn.is_room = True


def on_unopened(turn: Turn, payload_hash: str, reason: str) -> None:
    """Keep that what came is not what was said."""
    content = turn.state.contents.get(payload_hash)
    if content is not None:
        tries = {**turn.state.tries, payload_hash: turn.state.tries.get(payload_hash, 0) + 1}
        turn.set(tries=tries)
        place = f"entry {content.awaited.seq} of log {content.awaited.origin}"
        turn.fault(f"the content of {place}: {reason}", bytes.fromhex(payload_hash))
    drop_content(turn, payload_hash)


def _ask_parts(turn: Turn, content: Content) -> None:
    """Ask for what is missing; for a large ciphertext only once its wrap is here."""
    for part in content.missing if content.is_small else content.missing[:1]:
        _ask_part(turn, content, part)


def _ask_part(turn: Turn, content: Content, part: Part) -> None:
    awaited = content.awaited
    purpose = ForPart(awaited.payload_hash, part)
    digest = awaited.wrap if part is Part.WRAP else awaited.ciphertext
    limit = WRAP_BYTES_MAX if part is Part.WRAP else awaited.size
    turn.ask_blob(purpose, digest, limit, origin=awaited.origin, seq=awaited.seq)
