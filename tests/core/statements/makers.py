"""Values the tests of this room share: keys made from seeds, headers, contents, objects."""

import random
from datetime import UTC, datetime

from hypothesis import strategies as st
from nacl import bindings

from detente.signing import canonical
from detente.statements import (
    UNIT,
    Clear,
    Content,
    Handling,
    Header,
    Kind,
    Leaf,
    Pap,
    Sealed,
    SealingError,
    Tlp,
    identity_of,
    padme,
)

AUREL, BOREA, CALDA = "a1" * 32, "b2" * 32, "c3" * 32
MEMBERS = (AUREL, BOREA, CALDA)
THE_UNIT, OTHER_UNIT = "01" * 32, "02" * 32
CHARTER, OLD_CHARTER = "0c" * 32, "0b" * 32
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


class SeededSigner:
    """An Ed25519 key from a seed."""

    def __init__(self, seed: int = 1) -> None:
        self.public_key, self._secret = bindings.crypto_sign_seed_keypair(bytes([seed]) * 32)

    def sign(self, message: bytes) -> bytes:
        return bindings.crypto_sign(message, self._secret)[:64]


class CountingEntropy:
    """Repeatable bytes that are all different."""

    def __init__(self, seed: int = 0) -> None:
        self._chance = random.Random(seed)

    def draw(self, count: int) -> bytes:
        return self._chance.randbytes(count)


class GlassSealer:
    """A sealer anybody can open: info and key stand in the wrap. For rules, not for secrecy."""

    def seal(self, *, public_key: bytes, info: bytes, plaintext: bytes) -> bytes:
        return public_key[:32] + info + plaintext + bytes(1168 - 64 - len(info))


class GlassOpener:
    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key

    def open(self, *, info: bytes, sealed: bytes) -> bytes:
        end = 32 + len(info)
        if sealed[:32] != self.public_key[:32] or sealed[32:end] != info:
            raise SealingError("the wrap does not open")
        return sealed[end : end + 32]


def uuid(number: int, version: int = 4) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{version}{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def indicator(number: int = 1, member: str = AUREL, **more: object) -> dict[str, object]:
    """A valid indicator; `more` replaces properties, None removes them."""
    properties = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid(number)}",
        "created_by_ref": identity_of(member),
        "created": "2026-11-02T10:00:00.000Z",
        "modified": "2026-11-02T10:00:00.000Z",
        "name": "Second stage server",
        "pattern": f"[ipv4-addr:value = '198.51.100.{number}']",
        "pattern_type": "stix",
        "valid_from": "2026-11-02T10:00:00Z",
    }
    merged = properties | more
    return {name: value for name, value in merged.items() if value is not None}


def observable(number: int, value: str, version: int = 5) -> dict[str, object]:
    return {
        "type": "domain-name",
        "spec_version": "2.1",
        "id": f"domain-name--{uuid(number, version)}",
        "value": value,
    }


def handling(count: int = 1, kind: Kind = Kind.INDICATOR, **more: object) -> Handling:
    fields = {"tlp": Tlp.GREEN, "pap": Pap.AMBER, "licence": "NOASSERTION"} | more
    return Handling(kind=kind, count=count, **fields)


def content_of(*objects: bytes, first: bytes | None = None) -> Content:
    """Content with salts that differ; leaf 0 counts the objects unless given."""
    leaf0 = handling(len(objects)).to_bytes() if first is None else first
    salts = [bytes([number]) * 32 for number in range(1, len(objects) + 3)]
    leaves = tuple(map(Leaf, salts[1:], (leaf0, *objects)))
    return Content(salt=salts[0], leaves=leaves)


def small_content(count: int = 3) -> Content:
    return content_of(*(canonical(indicator(number)) for number in range(1, count + 1)))


def sealed_header(**more: object) -> Header:
    """A header with sealed content at position 7 of Aurel's first log."""
    says = Sealed(
        audience=UNIT,
        commitment="d0" * 32,
        ciphertext="e0" * 32,
        size=1024,
        wraps=("f1" * 32, "f2" * 32),
    )
    fields = {
        "unit": THE_UNIT,
        "charter": CHARTER,
        "issuer": AUREL,
        "epoch": 1,
        "seq": 7,
        "time": NOON,
        "says": says,
    }
    return Header(**(fields | more))


hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
integers = st.integers(0, 2**53 - 1)
moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))
sizes = st.integers(0, 2**32).map(padme)


@st.composite
def sealed_says(draw: st.DrawFn) -> Sealed:
    ids = draw(st.lists(hashes, max_size=5, unique=True).map(sorted))
    named = draw(st.booleans())
    return Sealed(
        audience=tuple(ids) if named else UNIT,
        commitment=draw(hashes),
        ciphertext=draw(hashes),
        size=draw(sizes),
        wraps=tuple(draw(st.lists(hashes, min_size=len(ids), max_size=len(ids)))),
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
clear_says = st.builds(
    Clear.of,
    st.sampled_from(["proposal", "yes", "undelivered", "grant"]),
    st.dictionaries(st.text(max_size=6), json_values, max_size=4),
)
headers = st.builds(
    Header,
    unit=hashes,
    charter=hashes,
    issuer=hashes,
    epoch=integers,
    seq=integers,
    time=moments,
    says=sealed_says() | clear_says,
).filter(lambda header: header.issuer not in getattr(header.says, "audience", ()))
