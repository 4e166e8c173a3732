"""A unit of four invented members, and statements about reserved names, for the gate's tests."""

from datetime import UTC, datetime
from hashlib import sha256

from nacl import bindings

from detente.release import Circle, Standing, hold
from detente.signing import canonical
from detente.statements import (
    Content,
    Handling,
    Header,
    Kind,
    Pap,
    Sealed,
    Tlp,
    make_content,
    padme,
    sign_statement,
)
from detente.statements.markings import TLP_MARKING_IDS

UNIT = sha256(b"unit").hexdigest()
CHARTER = sha256(b"charter").hexdigest()
AUREL, BOREA, CEDAR, DUNE = sorted(sha256(name).hexdigest() for name in (b"a", b"b", b"c", b"d"))
MEMBERS = frozenset((AUREL, BOREA, CEDAR, DUNE))
STRANGER = sha256(b"stranger").hexdigest()
ADDRESS = "ipv4-addr--ff26c055-6336-5bc5-b98d-13d6226742dd"  # computed from the value: version 5


class Counter:
    """Implements `Entropy`: salts that differ and repeat from run to run."""

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self, count: int) -> bytes:
        self._drawn += 1
        blocks = (
            sha256(b"%d %d" % (self._drawn, place)).digest() for place in range(count // 32 + 1)
        )
        return b"".join(blocks)[:count]


class Ed25519Seed:
    """Implements `signing.Signer`."""

    def __init__(self, seed: bytes) -> None:
        self.public_key, self._secret = bindings.crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        return bindings.crypto_sign(message, self._secret)[:64]


def note_object(number, tlp=None, **more):
    """A STIX note with a random (version 4) id."""
    value = {
        "type": "note",
        "id": f"note--{number:08x}-0000-4000-8000-000000000000",
        "content": f"secret-{number:04}-text",
        **more,
    }
    if tlp is not None:
        value["object_marking_refs"] = [TLP_MARKING_IDS[tlp]]
    return value


def content_of(objects, *, tlp=Tlp.AMBER, pap=Pap.GREEN, licence="CC-BY-4.0", kind=Kind.NOTE):
    handling = Handling(kind=kind, tlp=tlp, pap=pap, licence=licence, count=len(objects))
    data = [each if isinstance(each, bytes) else canonical(each) for each in objects]
    return make_content(data, handling.to_bytes(), Counter())


def statement_of(content: Content, *, issuer=AUREL, audience="unit", charter=CHARTER):
    size = padme(len(content.to_bytes()))
    readers = sorted(MEMBERS - {issuer}) if audience == "unit" else audience
    header = Header(
        unit=UNIT,
        charter=charter,
        issuer=issuer,
        epoch=1,
        seq=7,
        time=datetime(2026, 11, 3, 12, tzinfo=UTC),
        says=Sealed(
            audience=audience,
            commitment="00" * 32,
            ciphertext="11" * 32,
            size=size,
            wraps=tuple(sha256(reader.encode()).hexdigest() for reader in readers),
        ),
    )
    says = Sealed(
        audience=audience,
        commitment=content.commitment(header.position),
        ciphertext="11" * 32,
        size=size,
        wraps=header.says.wraps,
    )
    header = Header(UNIT, charter, issuer, 1, 7, header.time, says)
    return sign_statement(header, Ed25519Seed(bytes(32)))


def held_of(objects, *, issuer=AUREL, audience="unit", tlp=Tlp.AMBER, pap=Pap.GREEN,
            licence="CC-BY-4.0", **more):  # fmt: skip
    content = content_of(objects, tlp=tlp, pap=pap, licence=licence)
    return hold(statement_of(content, issuer=issuer, audience=audience), content, **more)


def circle_of(holder=AUREL, **standings):
    """Everybody active, but those named by keyword (aurel, borea, cedar, dune)."""
    names = {"aurel": AUREL, "borea": BOREA, "cedar": CEDAR, "dune": DUNE}
    everybody = dict.fromkeys(MEMBERS, Standing.ACTIVE)
    return Circle(
        holder=holder,
        standings=everybody | {names[name]: standing for name, standing in standings.items()},
        rosters={CHARTER: MEMBERS},
    )
