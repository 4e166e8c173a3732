"""Reading a MISP feed bit by bit: each event becomes one statement of the importer.

What was read is noted after it was said; an object that this node said in that
version already is not said again. So an interrupted reading goes on where it
was, and reading twice says nothing new.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from detente.errors import InputError, UnitError
from detente.exchange.fetching import FetchError
from detente.exchange.misp.feed import MANIFEST, Announced, news, parse_manifest
from detente.exchange.misp.limits import EVENT_BYTES_MAX, MANIFEST_LIMITS
from detente.node.acting import Acting
from detente.node.home import Home
from detente.node.outside import event_objects
from detente.node.publishing import guess_kind, publish, strictest_labels
from detente.statements import UNIT, Pap, Tlp
from detente.statements.handling import Handling
from detente.statements.stix import StixObject
from detente.storage.disk import read_capped

_UNANSWERED_MAX = 3
Fetch = Callable[[str, int], bytes]
"""Gives the bytes of one file of a feed by its name, at most so many."""


@dataclass(frozen=True, slots=True)
class FeedRead:
    """What reading a feed came to.

    Attributes:
        said: payload hashes of the statements made.
        unchanged: events that were read before.
        refused: events that cannot be said, with the reason.
    """

    said: tuple[str, ...]
    unchanged: int
    refused: tuple[tuple[str, str], ...]


def folder_of(path: Path) -> Fetch:
    """Return how to fetch the files of a feed that lies in a folder.

    Raises:
        InputError: there is no manifest in it.
    """
    if not (path / MANIFEST).is_file():
        raise InputError(
            f"no {MANIFEST} is in it", file=str(path), remedy="Name the folder of a MISP feed"
        )
    return lambda name, most: read_capped(path / name, bytes_max=most)


def read_feed(
    home: Home,
    acting: Acting,
    source: str,
    fetch: Fetch,
    *,
    now: Callable[[], datetime],
    least: Tlp = Tlp.AMBER,
    most: int = 1_000,
) -> FeedRead:
    """Say what is new in a feed, oldest change first.

    Args:
        home: open.
        acting: where what was said is looked up.
        source: what this feed is called here; what was read is kept under it.
        fetch: gives its files.
        now: the clock.
        least: the label of what carries none.
        most: events at once; the others come next time.

    Raises:
        JsonError, MispError: the manifest is none.
        FetchError: the feed does not answer; what came before was said.
        InputError, SigningRefused, StorageFault: this node cannot speak.
    """
    manifest = parse_manifest(fetch(MANIFEST, MANIFEST_LIMITS.size_bytes))
    known = acting.shelf.marks_done(f"misp {source}")
    fresh = news(manifest, known)
    said: list[str] = []
    refused: list[tuple[str, str]] = []
    unanswered = 0
    for announced in fresh[:most]:
        acting.bring_up()
        try:
            objects = _objects(home, acting, announced, fetch, now)
        except FetchError as error:
            # Not noted as read: it is asked for again, and one lost file stops no other.
            refused.append((announced.uuid, error.message))
            unanswered += 1
            if unanswered == _UNANSWERED_MAX:
                raise
            continue
        except InputError as error:
            refused.append((announced.uuid, error.message))
            objects = []
        if objects:
            said.append(say_objects(home, objects, now=now, least=least))
        acting.shelf.mark_done(f"misp {source}", {announced.uuid: str(announced.timestamp)})
    acting.bring_up()
    return FeedRead(tuple(said), len(manifest) - len(fresh), tuple(refused))


def _objects(
    home: Home, acting: Acting, announced: Announced, fetch: Fetch, now: Callable[[], datetime]
) -> list[StixObject]:
    """Return what of an event was not said in this version yet.

    Raises:
        InputError: the event is not there, or none.
    """
    try:
        data = fetch(announced.file, EVENT_BYTES_MAX)
    except FetchError:
        raise
    except (OSError, UnitError) as error:
        raise InputError(f"its file cannot be read: {error}") from None
    member = home.identity.member
    made = event_objects(Path(announced.file), data, member=member, now=now())
    versions = acting.shelf.versions(member, [each.id for each in made])
    fresh = [each for each in made if versions.get(each.id, ("", "")) < each.version]
    return fresh if any(each.type == "indicator" for each in fresh) else []


def say_objects(
    home: Home,
    objects: Sequence[StixObject],
    *,
    now: Callable[[], datetime],
    least: Tlp = Tlp.AMBER,
) -> str:
    """Say objects of a feed in one statement and return its id; raises as `publish`."""
    tlp, pap = strictest_labels(objects, Tlp.CLEAR, Pap.CLEAR)
    is_labelled = any("object_marking_refs" in each.properties for each in objects)
    handling = Handling(
        kind=guess_kind(objects),
        tlp=tlp if is_labelled else least,
        pap=pap if pap is not Pap.CLEAR else Pap.AMBER,
        licence="NOASSERTION",
        count=len(objects),
    )
    return publish(home, objects, handling, audience=UNIT, now=now).payload_hash
