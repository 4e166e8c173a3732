"""One step under way: the state as it is being changed, and the commands it gives.

Mutable, and alive for the events of one step only; what comes in and goes out is frozen.
"""

from dataclasses import replace

from detente.errors import PeerFault
from detente.exchange.protocol.commands import Command, Fetch, FetchBlob, KeepFault, Place
from detente.exchange.protocol.model import Held
from detente.exchange.protocol.state import Content, PeerState, Purpose, Visit


class Turn:
    """A step of one peer's machine.

    Args:
        state: before the events.

    Attributes:
        is_room: a content may have left room for others; looked at once the events are in.
    """

    def __init__(self, state: PeerState) -> None:
        self.state = replace(state)
        self.commands: list[Command] = []
        self.is_room = False
        self._owns_contents = False
        self._owns_requests = False

    def set(self, **changes: object) -> None:
        """Change attributes of the state."""
        for name, value in changes.items():
            # The copy is this turn's own until the step ends; a new one for each change
            # would cost a node with many peers a fifth of its time.
            object.__setattr__(self.state, name, value)

    def contents(self) -> dict[str, Content]:
        """Return the contents to be changed: this turn's own, copied once for all its events."""
        contents = self.state.contents
        if not (self._owns_contents and isinstance(contents, dict)):
            contents = dict(contents)
            self.set(contents=contents)
            self._owns_contents = True
        return contents

    def do(self, command: Command) -> None:
        """Give a command."""
        self.commands.append(command)

    def fault(self, rule: str, evidence: bytes, *, by: str | None = None) -> None:
        """Keep what the peer, or whoever it shows, did wrong."""
        self.do(KeepFault(PeerFault(peer=by or self.state.peer, rule=rule, evidence=evidence)))

    def ask(self, purpose: Purpose, path: str, bytes_max: int, place: Place = Place.PEER) -> None:
        """Fetch a path for a purpose."""
        self.do(Fetch(self._number(purpose), place, path, bytes_max))

    def ask_blob(
        self, purpose: Purpose, digest: str, bytes_max: int, *, origin: str, seq: int
    ) -> None:
        """Fetch a blob for a purpose."""
        number = self._number(purpose)
        self.do(FetchBlob(number, digest, bytes_max, origin=origin, seq=seq))

    def answered(self, request: int) -> Purpose | None:
        """Return what a request was for, and forget it; None for one that is nobody's."""
        return self._requests().pop(request, None)

    def is_asked(self, purpose: Purpose) -> bool:
        """Say whether a request for this is on its way."""
        return purpose in self.state.requests.values()

    def held(self, origin: str) -> Held:
        """Return what is held of a log."""
        return self.state.held.get(origin) or Held.nothing(origin)

    def visiting(self, **changes: object) -> Visit:
        """Change the visit under way, and return it."""
        visit = self.state.visit
        if visit is None:
            raise RuntimeError("no log is being looked at")  # a bug of ours, not a peer's
        visit = replace(visit, **changes)  # type: ignore[arg-type]  # checked by replace
        self.set(visit=visit)
        return visit

    def _number(self, purpose: Purpose) -> int:
        number = self.state.next_request
        self._requests()[number] = purpose
        self.set(next_request=number + 1)
        return number

    def _requests(self) -> dict[int, Purpose]:
        requests = self.state.requests
        if not (self._owns_requests and isinstance(requests, dict)):
            requests = dict(requests)
            self.set(requests=requests)
            self._owns_requests = True
        return requests
