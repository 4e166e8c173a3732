"""Members that lie: each way of misbehaving by a name, alone and mixed.

A liar holds real, admitted keys and runs the program too; it shows something else.
"""

from random import Random

from detente.charter import KeySlot
from detente.exchange.protocol.paths import cosigned_path
from detente.tlog import Checkpoint, SignedNote
from tests.simulation.world import Copies, Node, cosigning_key, sign_log, write_log


class Liar(Node):
    """Lies as its ways say."""

    is_honest = False

    def __init__(self, world, name, ways: frozenset[str]) -> None:
        super().__init__(world, name)
        self.ways = ways
        self.other_face: Copies | None = None
        self.other_entries: list[bytes] = []
        self.deceived: frozenset[str] = frozenset()
        self.old_notes: list[bytes] = []
        self.chance = Random(world.random.random())

    def fork(self, at: int, entry_at, growth: int, deceived) -> None:
        """Keep a second history from entry `at` on, for some of the others."""
        self.other_entries = self.entries[:at]
        for _ in range(growth):
            self.other_entries.append(entry_at(len(self.other_entries), "other"))
        self.deceived = frozenset(deceived)
        self.publish_other()

    def publish_other(self) -> None:
        """Sign the second history."""
        self.other_face = Copies(lambda _place: None)
        origin = self.holdings.own_origin
        root = write_log(
            self.other_face, self.other_entries, Checkpoint(origin, 0, b""), lambda _place: None
        )
        self.other_face.note = sign_log(self.name, root)

    def copies_for(self, origin, asker):
        if origin == self.holdings.own_origin and self.other_face is not None:
            deceived = asker in self.deceived
            if "waver" in self.ways and self.chance.random() < 0.3:
                deceived = not deceived
            if deceived:
                return self.other_face
        return super().copies_for(origin, asker)

    def serve(self, path, asker):
        data = super().serve(path, asker)
        if not asker:
            return data
        if "withhold" in self.ways and self.chance.random() < 0.3:
            return None
        if "garbage" in self.ways and data and self.chance.random() < 0.3:
            return self._garbled(data)
        if "shrink" in self.ways and path.endswith("/checkpoint") and data:
            self.old_notes.append(data)
            if self.chance.random() < 0.3:
                return self.chance.choice(self.old_notes)
        if "cosign-all" in self.ways and path.startswith("witness/"):
            return self._both(path) or data
        return data

    def serve_blob(self, digest):
        return None if "withhold" in self.ways else super().serve_blob(digest)

    def _garbled(self, data: bytes) -> bytes:
        place = self.chance.randrange(len(data))
        match self.chance.randrange(3):
            case 0:
                return data[:place]
            case 1:
                return data + b"more"
            case _:
                return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]

    def _both(self, path):
        """Cosign the other branch of a log, as no witness may."""
        for other in self.world.nodes.values():
            is_other = isinstance(other, Liar) and other is not self and other.other_face
            if is_other and path == cosigned_path(other.holdings.own_origin):
                signed = SignedNote.parse(other.other_face.note)
                now = int(self.world.now.timestamp())
                line = cosigning_key(self.name, KeySlot.MIRROR).cosign(signed.text, now)
                return signed.with_lines([line]).to_bytes()
        return None
