"""Sentences for the press at one office: drafted by one, approved by another, then sent.

The history is this node's alone; the signed trail says beside it who approved and sent.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from detente.errors import InputError
from detente.node.delivering import deliver
from detente.node.home import Home
from detente.node.notice_settings import Settings
from detente.node.offices import OWNER, Office, Role
from detente.node.responding import Responder, Written
from detente.response import Sort
from detente.response.errors import PressRefused
from detente.response.press import (
    Press,
    check_approval,
    clear,
    is_same_person,
    press_letters,
    press_of,
)
from detente.signing import JsonValue, format_time
from detente.storage.notices import Try
from detente.storage.threads import ThreadRow

_LISTED_MAX = 200
_PREFIX_MIN = 4  # hex digits that name a sentence or a draft


class PressRoom:
    """The sentences of one node.

    Args:
        home: open.
        settings: how the office notifies, None where it has no channel.
        now: the clock.
    """

    def __init__(self, home: Home, settings: Settings | None, now: Callable[[], datetime]) -> None:
        self._home = home
        self._settings = settings
        self._now = now
        self._responder = Responder(home, now=now)
        self._office = Office(home, now=now)

    def draft(self, title: str, words: str, *, by: str) -> Written:
        """Keep a draft; raises InputError where it is not in its form."""
        body = {"title": title, "words": words, "by": by, "with": "unit", "tlp": "clear"}
        return self._responder.open(Sort.PRESS, body, private=True)

    def revise(self, name: str, words: str, *, by: str) -> Written:
        """Change the words: they are a draft again; raises as `read`."""
        return self._add(name, "revise", {"words": words, "by": by})

    def approve(self, name: str, *, draft: str, by: str) -> Written:
        """Approve words that were read.

        Args:
            name: of the sentence.
            draft: beginning of the digest that `read` gave with the words.
            by: a releaser who wrote none of them.

        Raises:
            InputError: no such sentence.
            PressRefused: who approves is no releaser or wrote some of it, or the words changed.
        """
        _, press = self.read(name)
        is_named = len(draft) >= _PREFIX_MIN and press.draft.startswith(draft.lower())
        if not any(is_same_person(by, each) for each in self.releasers()):
            raise PressRefused(
                f"{by[:64]!r} is no releaser of this office",
                remedy="Name releasers in notify.toml, or give the role in the console",
            )
        check_approval(press, of=press.draft if is_named else draft, by=by)
        written = self._add(name, "approve", {"of": press.draft, "by": by})
        self._office.record(OWNER, "approve press", press.title, detail=f"{by}: {press.draft}")
        return written

    def withdraw(self, name: str, words: str, *, by: str) -> Written:
        """Let nothing more of it be sent, for ever; raises as `read`."""
        return self._add(name, "withdraw", {"words": words, "by": by})

    def send(self, name: str, people: Sequence[str], *, by: str) -> list[Try]:
        """Send the approved words to people on all their channels.

        Raises:
            InputError: no such sentence, or no channels.
            PressRefused: it is not approved as it stands, or somebody is not reached.
        """
        _, press = self.read(name)
        cleared = clear(press)
        settings = self._settings
        if settings is None or not people:
            raise InputError("there is nobody to send it to", remedy="Name people in notify.toml")
        letters = press_letters(settings.plan, cleared, people)
        addresses: list[JsonValue] = [f"{each.channel} {each.address}"[:200] for each in letters]
        # Written down before it goes: the history never knows less than the press.
        self._add(name, "send", {"of": cleared.draft, "by": by, "to": addresses})
        self._office.record(OWNER, "send press", cleared.title, detail=f"{by}: {cleared.draft}")
        tries, unsent = list[Try](), list[JsonValue]()
        for letter, address in zip(letters, addresses, strict=True):
            route = settings.routes[letter.channel]
            fault = deliver(letter, route, self._home.layout.directory)
            seconds = int(self._now().timestamp())
            tries.append(Try(seconds, letter.address, letter.channel, fault))
            unsent += [address] if fault else []
        if unsent:
            self._add(name, "unsent", {"of": cleared.draft, "to": unsent})
        return tries

    def read(self, name: str) -> tuple[str, Press]:
        """Return a sentence of this office with its id.

        Raises:
            InputError: none is called so, or more than one.
        """
        own = self._rows()
        is_id = len(name) >= _PREFIX_MIN
        found = [each for each in own if is_id and each.id.startswith(name.lower())]
        found = found or [each for each in own if each.title == name]
        if len(found) != 1:
            raise InputError(
                f"{len(found) or 'no'} sentences are called so or have an id that begins so: "
                f"{name[:64]!r}",
                remedy="See `detente press list`",
            )
        return found[0].id, press_of(self._responder.read(found[0].id))

    def history(self, name: str) -> list[Mapping[str, JsonValue]]:
        """Return every entry in its order; raises as `read`."""
        identifier, press = self.read(name)
        return [
            {
                "entry": each.digest,
                "act": each.entry.act,
                "at": format_time(each.entry.at),
                "by": each.entry.text("by"),
                "words": each.entry.text("words"),
                "to": [*each.entry.texts("to")],
                "without_effect": each.digest in press.without_effect,
            }
            for each in self._responder.read(identifier).placed
        ]

    def listed(self) -> list[tuple[str, Press]]:
        """Return sentences with their ids, the last changed first."""
        return [(row.id, press_of(self._responder.read(row.id))) for row in self._rows()]

    def releasers(self) -> list[str]:
        """Return who may approve: named in notify.toml, or with the role in the console."""
        named = () if self._settings is None else self._settings.releasers
        people = self._office.shelf.people()
        roles = [each.name for each in people if not each.removed and Role.RELEASER in each.roles]
        return [*named, *roles]

    def _rows(self) -> list[ThreadRow]:
        rows = self._responder.shelf.threads(Sort.PRESS.value, limit=_LISTED_MAX)
        return [row for row in rows if row.private]  # a partner's words are never ours to say

    def _add(self, name: str, act: str, body: Mapping[str, JsonValue]) -> Written:
        identifier, _ = self.read(name)
        return self._responder.add(identifier, act, body, private=True)
