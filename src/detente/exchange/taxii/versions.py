"""Which of several objects with one id an asker gets.

An id belongs to whoever was first here to use it, as far as the asker may see: what
another member or account says under it later neither replaces nor revokes the first.
Among the owner's own versions, one that repeats a version with another content counts
as never said here; the log keeps it.
"""

from collections.abc import Mapping, Sequence

from detente.exchange.taxii.clearing import Clearances
from detente.exchange.taxii.ports import SharedId
from detente.exchange.taxii.query import Query, time_key
from detente.release import Reader


def pick_versions(versions: Mapping[str, int], query: Query) -> set[int]:
    """Return the objects that a version filter means.

    Args:
        versions: time key -> number of the object; all of one id and one owner.
        query: its versions are keywords and time keys.
    """
    order = sorted(versions)
    if not order:
        return set()
    if "all" in query.keywords:
        return set(versions.values())
    chosen = {versions[key] for key in query.versions if key in versions}
    if "last" in query.keywords:
        chosen.add(versions[order[-1]])
    if "first" in query.keywords:
        chosen.add(versions[order[0]])
    return chosen


def owned_versions(
    shared: Sequence[SharedId],
    reader: Reader,
    clearances: Clearances,
    visible: Mapping[int, int],
) -> dict[str, int]:
    """Return time key -> object number of the versions of one id that one reader is shown.

    Args:
        shared: every object of the id, in the order they came.
        reader: who asks.
        clearances: the gate.
        visible: object number -> moment, of those in the view.
    """
    owner, found = "", dict[str, int]()
    for each in sorted(shared, key=lambda one: one.number):
        if each.number not in visible:
            continue
        answer = clearances.of(each.statement, reader)
        if answer is None or answer.permits(each.grade) is None:
            continue
        owner = owner or answer.owner
        if answer.owner == owner:
            found.setdefault(time_key(each.version) if each.version else "", each.number)
    return found
